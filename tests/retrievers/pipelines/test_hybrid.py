"""Retrievers searched side by side, and their rankings fused."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from fakes import Fixed

import bench
from bench.experiment.workers.recorder import SummingRecorder
from retrievers import RetrieverError, create, kind
from retrievers.base import listening, record
from retrievers.fusion import fuse
from retrievers.lexical.bm25 import BM25
from retrievers.lexical.tfidf import Tfidf
from retrievers.pipelines.hybrid import Hybrid
from retrievers.testing import DOCUMENTS, QUERIES


def indexed(retriever):
    retriever.index(DOCUMENTS)
    return retriever


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("fusion", ["rrf", "minmax", "tmm", "zscore", "dbsf"])
def test_is_the_fusion_of_its_parts(fusion, parallel):
    hybrid = indexed(Hybrid((BM25(), Tfidf()), fusion=fusion, weights=(1, 2), parallel=parallel))
    parts = [indexed(part).search(QUERIES, 100) for part in (BM25(), Tfidf())]
    floors = (0.0, 0.0)  # both add what terms weigh
    assert hybrid.search(QUERIES, 7) == fuse(parts, fusion, (1.0, 2.0), floors=floors).to_depth(7)


def test_a_depth_bounds_what_is_fused():
    hybrid = indexed(Hybrid((BM25(), Tfidf()), depth=1))
    assert (hybrid.search(["cat on a mat"], 10).documents[0] >= 0).sum() <= 2


def test_alone_it_is_bm25_and_minilm():
    assert [type(part).__name__ for part in create("hybrid").parts] == ["BM25", "Dense"]
    assert kind(create("hybrid(bm25, tfidf)")) == "hybrid"


@pytest.mark.parametrize("parallel", [False, True])
def test_what_parts_tell_counts_for_each_and_for_the_whole(parallel):
    recorder = SummingRecorder()
    hybrid = Hybrid((BM25(), BM25(k1=1.0)), parallel=parallel)
    with listening(recorder):
        hybrid.index(DOCUMENTS)
        hybrid.search(QUERIES, 10)
    work = recorder.work(1.0)
    assert work.quantities["index_bytes"] == pytest.approx(
        work.quantities["BM25-1/index_bytes"] + work.quantities["BM25-2/index_bytes"]
    )
    assert {"BM25-1/score", "BM25-2/score", "score", "fuse"} <= {*work.phases}


@dataclass
class Broken(Fixed):
    def search(self, queries, k):
        record("x", 1)
        raise ValueError("no such index")


def test_a_failing_part_is_one_failed_row_with_its_name(write_set, tmp_path):
    run = bench.run(write_set(), [Hybrid((BM25(), Broken())), BM25()], results=str(tmp_path / "out"), latency=False)
    ((_, retriever, reason),) = run.failures
    assert retriever == "Hybrid"
    assert reason == "Broken: ValueError: no such index"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"fusion": "sum"}, "There is no fusion 'sum'. Known: rrf, minmax, tmm, zscore, dbsf."),
        ({"weights": (1,)}, "hybrid has 2 parts and 1 weights."),
        ({"weights": (1, -1)}, "are no weights"),
        ({"weights": (0, 0)}, "are no weights"),
        ({"depth": 0}, "out of range"),
        ({"rrf_k": -1.0}, "out of range"),
        ({"rrf_k": float("inf")}, "out of range"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, says):
    with pytest.raises(RetrieverError) as raised:
        Hybrid((BM25(), Tfidf()), **settings)
    assert says in str(raised.value)


def test_one_part_is_no_hybrid():
    with pytest.raises(RetrieverError, match="two or more"):
        Hybrid((BM25(),))
