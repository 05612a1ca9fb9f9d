"""TREC runs of other systems: scored as cells of their own beside retrievers."""

from __future__ import annotations

import pytest

import bench
from bench.errors import BenchError

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
    from bench.config import stored_config
    from bench.experiment.runner import run

    config = stored_config(found.info["config"])
    with pytest.raises(BenchError, match="other \\(signature\\)"):
        run(config, datasets=[bench.load_dataset(tmp_path / "small")], resume=True)
