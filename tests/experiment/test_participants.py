"""TREC runs of other systems: scored as cells of their own beside retrievers."""

from __future__ import annotations

from dataclasses import replace

import pytest

import bench
from bench.config import stored_config
from bench.errors import BenchError
from bench.experiment.labels import split_label
from bench.experiment.one_query import search
from bench.experiment.runner import run
from retrievers import create, signature

# Positions by descending id: d4 d3 d2 d10 d1. For q1 the hits stand as d1 (2), d4; for q2 d3 after d4; q3 has none.
RUN = "q1 Q0 d1 1 9.5 tag\nq1 Q0 d4 2 3 tag\nq2 Q0 d3 1 1.25 tag\nq2 Q0 d4 2 1.5 tag\n"


@pytest.fixture
def scored(write_set, tmp_path):
    def score(text=RUN, name="other.trec", retrievers=(), **settings):
        path = tmp_path / name
        path.write_text(text)
        settings = {"latency": False, "results": str(tmp_path / "out"), "name": "run", **settings}
        return bench.run(write_set(), retrievers, runs=[str(path)], **settings)

    return score


def test_a_run_has_its_figures(scored):
    found = scored(measures=["RR@10", "R@10"])
    values = found.measures[found.measures["slice"] == "all"].set_index("measure")["value"]
    assert values["RR@10"] == pytest.approx((1 + 1 / 2 + 0) / 3)
    assert values["R@10"] == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert found.retrievers == ["other"]
    assert len(found.latency) == 0


def test_a_missing_query_counts_0_and_is_named(scored):
    (absent,) = [each for each in scored().warnings if "ends after" not in each]
    assert "1 of the 3 judged queries of small (q3)" in absent


def test_it_stands_beside_a_retriever(scored):
    found = scored(retrievers=["bm25"], latency=True, seconds=0.05)
    assert found.retrievers == ["bm25", "other"]
    assert set(found.latency["retriever"]) == {"bm25"}
    assert len(found.per_query) == 6


def test_our_own_run_scores_as_it_did(scored, write_set, tmp_path):
    first = bench.run(write_set("first"), ["bm25"], latency=False, results=str(tmp_path / "out"), name="first")
    import gzip

    text = gzip.decompress((first.folder / "runs" / "first" / "bm25.run.gz").read_bytes()).decode()
    again = scored(text)
    assert again.measures["value"].tolist() == first.measures["value"].tolist()


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        ("1 Q0 d1 1 1 t\n", {}, "has none of the queries of small: it has '1'; the set has 'q1', 'q2', 'q3'"),
        ("q1 Q0 d1 1 x t\n", {}, "other.trec:1: the score 'x'"),
        ("q1 Q0\n", {}, "other.trec:1: 2 columns"),
        (RUN, {"name": "bm25.run", "retrievers": ["bm25"]}, "Two are called 'bm25'"),
    ],
)
def test_a_bad_run_is_one_error_and_nothing_is_written(scored, tmp_path, text, settings, message):
    name = settings.pop("name", "other.trec")
    with pytest.raises(BenchError) as caught:
        scored(text, name, **settings)
    assert message in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("file", "label"), [("a.b.run.txt", "a.b"), ("x.trec", "x"), (".run", ".run"), (".gz.run", ".gz")]
)
def test_a_run_is_called_by_its_file(scored, file, label):
    assert scored(name=file).retrievers == [label]


def test_a_changed_run_is_not_continued(scored, tmp_path, write_set):
    found = scored()
    (tmp_path / "other.trec").write_text(RUN.replace("9.5", "9.75"))
    config = stored_config(found.info["config"])
    with pytest.raises(BenchError, match="other \\(signature\\)"):
        run(config, datasets=[bench.load_dataset(tmp_path / "small")], resume=True)


def test_a_label_before_the_specification_is_what_it_is_called(scored):
    found = scored(retrievers=["bm25", "low=bm25:k1=0.5,b=0.4", "idf only=bm25:k1=0.0"], measures=["RR@10"])
    assert found.retrievers == ["bm25", "low", "idf only", "other"]
    signatures = {entry["label"]: entry["signature"] for entry in found.info["retrievers"]}
    assert signatures["low"] == signature(create("bm25:k1=0.5,b=0.4"))
    assert found.info["config"]["retrievers"][1] == "low=bm25:k1=0.5,b=0.4"
    assert not found.failures


@pytest.mark.parametrize(
    ("given", "label", "specification"),
    [
        ("bm25", "bm25", "bm25"),
        ("bm25:k1=0.9,b=0.4", "bm25:k1=0.9,b=0.4", "bm25:k1=0.9,b=0.4"),
        ("my.module:Class", "my.module:Class", "my.module:Class"),
        ("my.module:Class:size=3", "my.module:Class:size=3", "my.module:Class:size=3"),
        ("tuned=bm25:k1=0.9", "tuned", "bm25:k1=0.9"),
        ("mine=my.module:Class", "mine", "my.module:Class"),
        ("bm25=bm25:k1=0.9", "bm25", "bm25:k1=0.9"),
        ("E5 (large), a/b=dense:model=a=b", "E5 (large), a/b", "dense:model=a=b"),
    ],
)
def test_what_has_a_colon_before_its_first_equals_sign_is_no_label(given, label, specification):
    assert split_label(given) == (label, specification)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("=bm25", "'' before the = of '=bm25' cannot name a retriever"),
        (" a=bm25", "' a' before the = of ' a=bm25' cannot name a retriever"),
        ("a\tb=bm25", "cannot name a retriever"),
        ("tuned=", "'tuned=' names no retriever behind the =. Write it so: -r tuned=bm25:k1=0.9"),
        ("bm25=tfidf", "'bm25' is the name of a retriever and cannot name 'tfidf'"),
        ("bm25=0.9", "parameters follow a colon: bm25:PARAMETER=VALUE"),
        ("tuned=bm52", "There is no retriever 'bm52'. Did you mean 'bm25'?"),
    ],
)
def test_a_label_that_cannot_be_is_one_error(scored, given, message):
    with pytest.raises(BenchError) as caught:
        scored(retrievers=[given])
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("retrievers", "message"),
    [
        (["a=bm25", "a=tfidf"], "Two are called 'a': bm25 and tfidf."),
        (["other=bm25"], "Two are called 'other': bm25 and {folder}/other.trec."),
    ],
)
def test_two_of_one_label_are_both_named(scored, tmp_path, retrievers, message):
    with pytest.raises(BenchError) as caught:
        scored(retrievers=retrievers)
    assert message.format(folder=tmp_path) in str(caught.value)


def test_a_label_of_another_retriever_is_not_continued(scored, tmp_path):
    config = stored_config(scored(retrievers=["a=bm25:k1=0.5"]).info["config"])
    changed = replace(config, retrievers=("a=bm25:k1=0.6",))
    with pytest.raises(BenchError, match=r"a: k1: 0\.5 is now 0\.6"):
        run(changed, datasets=[bench.load_dataset(tmp_path / "small")], resume=True)


def test_an_object_gets_a_name_that_no_label_has(scored):
    assert scored(retrievers=["BM25=bm25:k1=0.5", create("bm25")]).retrievers == ["BM25", "BM25-2", "other"]


def test_a_search_shows_labels():
    results = search("card", bench.load_dataset("support-faq"), ["low=bm25:k1=0.5", "bm25"])
    assert list(results.hits) == ["low", "bm25"]
    with pytest.raises(BenchError, match="Two are called 'low': bm25 and tfidf"):
        search("card", bench.load_dataset("support-faq"), ["low=bm25", "low=tfidf"])
