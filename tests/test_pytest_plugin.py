"""The fixture `retrieval`, in a pytest of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib

import pytest
from places import ROOT
from planted import write_planted

pytestmark = pytest.mark.slow

TESTS = """
import pytest
from planted import Planted
import bench
from bench.regression import baseline

@pytest.fixture
def reference(retrieval, pytestconfig):
    run = retrieval.run("planted", Planted(), "bm25").run
    baseline.update(run, pytestconfig.rootpath / "results" / "baseline")

def test_same(reference, retrieval):
    found = retrieval.run("planted", Planted()).assert_no_regression("baseline", "nDCG@10 >= -0.01")
    assert found.outcome == "pass"

def test_worse(reference, retrieval):
    retrieval.run("planted", Planted(lost=0.9)).assert_no_regression("baseline", "nDCG@10 >= -0.01")

def test_unsure(reference, retrieval):
    made = retrieval.run("planted", Planted(redrawn=0.3))
    made.assert_no_regression("baseline", "nDCG@10 >= -0.01")
    made.assert_no_regression("baseline", "nDCG@10 >= -0.01", strict=True)

def test_nothing_to_compare(reference, retrieval):
    retrieval.run("planted", "tfidf").assert_no_regression()

def test_same_and_timed(reference, retrieval, benchmark):
    retriever = Planted()
    retrieval.run("planted", retriever).assert_no_regression("baseline", "nDCG@10 >= -0.01")
    assert benchmark(retriever.search, ["query 7"], 10).documents.shape == (1, 10)
"""


# Told of pytest-xdist's processes, pytest-benchmark would measure nothing.
OWN = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}


@pytest.fixture
def shown(write_set, tmp_path):
    write_planted(write_set, 40)
    (tmp_path / "test_quality.py").write_text(TESTS)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "bench.pytest_plugin", "-p", "no:cacheprovider", "--rootdir", ".", "-q"],
        cwd=tmp_path,
        env={**OWN, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests" / "support")))},
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def test_a_regression_is_a_failed_test_with_the_queries_that_flipped(shown):
    assert "3 failed, 2 passed" in shown, shown
    assert "test_same_and_timed" in shown, "pytest-benchmark's table"
    for text in (
        "Regression.",
        "fail: Planted on planted: nDCG@10",
        "lost: q",
        "base 1.",
        "head 1. f0",
        "more flipped queries",
        "inconclusive: Planted on planted",
        "tfidf on planted is not in base.",
    ):
        assert text in shown, shown


def test_it_is_found_by_pytest():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"bench.pytest_plugin": "bench.pytest_plugin"}


def test_nothing_of_weight_is_imported_when_pytest_starts():
    code = "import sys, pytest; before = set(sys.modules); import bench.pytest_plugin; print(set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.strip("{}\n").replace("'", "").split(", ")}
    assert not loaded & {"numpy", "pyarrow", "pandas", "scipy", "torch", "rich", "retrievers"}


def test_set_and_baseline_are_found_from_the_root_whatever_folder_pytest_is_called_in(write_set, tmp_path):
    write_planted(write_set, 40)
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "test_quality.py").write_text(TESTS.partition("def test_worse")[0])
    command = [sys.executable, "-m", "pytest", "-p", "bench.pytest_plugin", "-p", "no:cacheprovider", "-q"]
    done = subprocess.run(
        [*command, "--rootdir", str(tmp_path)],
        cwd=inner,
        env={**OWN, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests" / "support")))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in done.stdout
    assert (tmp_path / "results" / "baseline").is_dir()
