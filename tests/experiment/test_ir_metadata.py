"""What a TREC run was made of stands beside it, as YAML by ir_metadata's schema."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess

import ir_measures
import pytest
import yaml
from fakes import Fixed
from places import ROOT

import bench
from bench.data.formats import load_dataset, trec_runs
from bench.errors import BenchError
from bench.experiment.ir_metadata import as_yaml
from retrievers.lexical.bm25 import BM25

HOSTILE = "a: [b] # {c}\n- 'd' \x1b\u2028 é 🔥 ---"


def metadata(run):
    return yaml.safe_load((runs_of(run) / "bm25.ir_metadata.yaml").read_text("utf-8"))


def runs_of(run):
    return run.folder / "runs" / run.datasets[0]["name"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = str(tmp_path_factory.mktemp("described"))
    settings = {"latency": False, "results": out, "limit": 5, "controls": True, "actor": "Ada Lovelace"}
    return bench.run(["vector-notes"], ["bm25", "low=bm25:k1=0.5"], name="r", **settings)


def test_it_has_the_parts_of_primad(run):
    found = metadata(run)
    parts = ["platform", "research goal", "implementation", "method", "actor", "data"]
    assert list(found) == ["schema-version", "run-version", "tag", *parts]
    assert found["tag"] == "bm25"
    assert found["platform"]["hardware"]["cpu"]["model"] == run.info["environment"]["cpu"]
    numpy = run.info["environment"]["libraries"]["numpy"]
    assert f"numpy=={numpy}" in found["platform"]["software"]["libraries"]["python"]
    evaluation = found["research goal"]["evaluation"]
    assert evaluation["reported measures"] == run.info["measures"]
    assert evaluation["significance test"][0]["correction method"] == "Holm"
    assert found["implementation"]["executable"]["cmd"] == run.info["commands"]["cells"]["vector-notes"]["bm25"]
    (method,) = found["method"]["retrieval"]
    assert (method["name"], method["method"], method["k1"], method["b"]) == ("bm25", "BM25", 1.5, 0.75)
    assert found["data"]["test collection"]["fingerprint"] == run.datasets[0]["fingerprint"]
    assert found["actor"] == {"name": "Ada Lovelace"}


def test_only_what_was_ranked_here_has_it(run):
    names = {path.name for path in runs_of(run).glob("*.yaml")}
    assert names == {"bm25.ir_metadata.yaml", "low.ir_metadata.yaml"}  # and no control


def test_no_name_is_invented_and_the_bytes_are_the_same_again(tmp_path, write_set):
    path = write_set()
    runs = [bench.run([path], {"bm25": BM25()}, latency=False, results=str(tmp_path), name=name) for name in "ab"]
    first, second = ((runs_of(run) / "bm25.ir_metadata.yaml").read_bytes() for run in runs)
    assert first == second
    assert "actor" not in yaml.safe_load(first)


def test_hostile_names_are_values_and_nothing_else(tmp_path, write_set):
    dataset = load_dataset(write_set())
    retriever = type(HOSTILE, (Fixed,), {})()
    run = bench.run([dataset], {HOSTILE: retriever}, latency=False, results=str(tmp_path))
    (path,) = runs_of(run).glob("*.yaml")
    assert yaml.safe_load(path.read_text("utf-8"))["method"]["retrieval"][0]["name"] == run.retrievers[0]
    assert yaml.safe_load(as_yaml({"name": HOSTILE})) == {"name": HOSTILE}


@pytest.mark.skipif(shutil.which("sed") is None, reason="a POSIX shell's tools")
def test_the_block_of_the_docs_is_read_over(run, tmp_path):
    """The files stay without it, so that every reader of TREC runs takes them; who wants it puts it on top."""
    page = (ROOT / "docs" / "reading-the-figures.md").read_text("utf-8")
    (script,) = (block for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) if "ir_metadata" in block)
    subprocess.run(["sh", "-ec", script], cwd=runs_of(run), check=True)
    annotated, plain = runs_of(run) / "bm25.trec", tmp_path / "plain.run"
    plain.write_bytes(gzip.decompress((runs_of(run) / "bm25.run.gz").read_bytes()))
    block = annotated.read_text("utf-8").partition("# ir_metadata.end\n")
    assert block[2] == plain.read_text("utf-8")
    assert trec_runs.read_run(annotated) == trec_runs.read_run(plain)
    assert yaml.safe_load(re.sub(r"(?m)^# ", "", block[0]).partition("\n")[2]) == metadata(run)
    assert len(list(ir_measures.read_trec_run(str(plain)))) == len(plain.read_text("utf-8").splitlines())


def test_a_block_without_an_end_is_an_error_and_a_query_may_begin_with_a_hash(tmp_path):
    path = tmp_path / "a.run"
    path.write_text("# ir_metadata.start\n# tag: a\n")
    with pytest.raises(BenchError, match=r"a\.run:1: the block of ir_metadata has no end"):
        trec_runs.read_run(path)
    path.write_text("# Q0 d1 1 2.0 t\n")
    assert trec_runs.read_run(path) == {"#": {"d1": 2.0}}
