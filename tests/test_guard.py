"""The project's own guard: its baseline is sound, and a broken analyser does not get past the gates of CI."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from places import ROOT

import bench
from bench.config import load_gates
from bench.regression import BASELINE

CONFIG = ROOT / ".ci" / "bench.toml"
KEPT = ROOT / BASELINE
STEP = "return stem.stemWords(terms) if stem is not None else terms"


@pytest.fixture
def tree(tmp_path):
    """A copy of the code, to be broken."""
    for name in ("bench", "retrievers", "datasets"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.fixture
def break_stemmer(tree):
    """Words keep their endings, and no parameter says so."""

    def edit():
        path = tree / "retrievers" / "analyzer.py"
        code = path.read_text("utf-8")
        assert code.count(STEP) == 1
        path.write_text(code.replace(STEP, "return terms"), "utf-8")

    return edit


@pytest.fixture
def call(tree):
    """Run a command of the copy in the copy's folder."""

    def call(*arguments):
        environment = {**os.environ, "PYTHONPATH": str(tree)}
        command = [sys.executable, "-m", "bench", *map(str, arguments)]
        return subprocess.run(command, check=False, cwd=tree, env=environment, capture_output=True, text=True)

    return call


def guarded(tree, call, *arguments):
    found = call("run", "--config", CONFIG, "--name", "guard", "--fresh", *arguments)
    assert found.returncode == 0, found.stderr
    return tree / "results" / "guard"


def compared(run):
    """Lexical retrievers alone: a model need not be loaded to see an analyser's fault."""
    config = load_gates(CONFIG)
    assert config.strict
    return bench.compare(KEPT, run, config.gates, partial=True)


LEXICAL = ("-r", "tfidf", "-r", "bm25")


def test_the_baseline_is_of_the_default_run_and_small():
    found = bench.load_run(KEPT)
    assert found.retrievers == ["tfidf", "bm25", "minilm"]
    assert [each["name"] for each in found.datasets] == ["phenomena", "support-faq", "vector-notes"]
    assert not found.failures
    assert not str(found.info["environment"]["git"]).endswith("+changes"), "made of a commit"
    assert sum(path.stat().st_size for path in KEPT.iterdir()) < 1_000_000


@pytest.mark.slow
def test_code_as_it_is_passes(tree, call):
    found = compared(guarded(tree, call, *LEXICAL))
    assert found.outcome == "pass"
    assert not found.flips


@pytest.mark.slow
def test_a_broken_analyser_does_not(tree, call, break_stemmer):
    break_stemmer()
    found = compared(guarded(tree, call, *LEXICAL))
    assert found.outcome == "regression", [check for judged in found.judged for check in judged.checks]
    assert not any(each.what.endswith("stemmer") for each in found.surroundings), "no parameter tells"
    failed = {
        (check.retriever, check.dataset) for judged in found.judged for check in judged.checks if check.result == "fail"
    }
    assert "tfidf" in {name for name, _ in failed}
    unsure = {check.retriever for judged in found.judged for check in judged.checks if check.result == "inconclusive"}
    assert {"tfidf", "bm25"} == unsure | {name for name, _ in failed}
    assert any(flip.lost for flip in found.flips)


@pytest.mark.slow
def test_the_commands_of_ci_see_it(tree, call, break_stemmer):
    """All three retrievers and the exit codes, as `make guard` runs them."""
    shutil.copytree(KEPT, tree / BASELINE)
    compare = ("compare", "baseline", "results/guard", "--config", CONFIG)
    guarded(tree, call)
    assert call(*compare).returncode == 0
    break_stemmer()
    guarded(tree, call)
    found = call(*compare)
    assert found.returncode == 1
    assert "Regression." in found.stdout
