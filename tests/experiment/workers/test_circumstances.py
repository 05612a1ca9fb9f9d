"""A worker over documents in another order gives the rankings of theirs; one with other threads has these."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from fakes import Placed, Wavering
from hypothesis import given
from hypothesis import strategies as st
from made import made, plain_set
from numbered import nearest_are_relevant

from bench.experiment.workers import circumstances as module
from bench.experiment.workers import start_worker
from bench.experiment.workers.circumstances import Circumstances
from bench.experiment.workers.messages import WorkerSettings
from retrievers import create
from retrievers.base import Ranking, top_k


@dataclass
class BySum:
    """Scores a document by its text alone, each text otherwise."""

    _scores: np.ndarray | None = field(init=False, repr=False, compare=False, default=None)

    def index(self, documents):
        self._scores = np.array([(int(text[4:]) * 37) % 101 for text in documents], dtype=np.float32)

    def search(self, queries, k):
        ranking = Ranking.empty(len(queries), k)
        for row in range(len(queries)):
            ranking.put(row, *top_k(self._scores, k))
        return ranking


def answer(retriever, dataset, order=None, k=5):
    """What comes back of a set whose documents are handed over in that order."""
    with tempfile.TemporaryDirectory() as folder:
        texts = Path(folder) / "texts"
        dataset.write_texts(texts)
        source = Circumstances("this process", retriever, order=None if order is None else np.array(order))
        worker = start_worker("other circumstances", source, WorkerSettings(), lambda *_: None)
        worker.open(texts)
        worker.build()
        answered = worker.rank(k)
        worker.close()
        return answered


@given(st.integers(1, 20).flatmap(lambda size: st.permutations(range(size))), st.integers(1, 25))
def test_a_retriever_without_ties_ranks_alike_in_every_order(order, k):
    dataset = plain_set(len(order), [(0, 0, 1), (1, 0, 1)], queries=2)
    assert answer(BySum(), dataset, order, k).ranking == answer(BySum(), dataset, k=k).ranking


@given(st.permutations(range(6)))
def test_equal_scores_stand_as_they_were_handed_over(order):
    dataset = made({f"d{n}": str(n) for n in range(6)}, {"q": "any"}, [("q", "d0", 1)])
    assert answer(Wavering(equal=True), dataset, order).ranking.documents.tolist() == [order[:5]]


def test_both_stages_name_documents_by_the_positions_that_they_have():
    dataset = made({f"d{n}": "word " * (n + 1) for n in range(8)}, {"q": "word"}, [("q", "d0", 1)])
    specification, order = "rerank(bm25, by=fakes:shared_words, depth=3)", np.array([5, 2, 7, 0, 1, 3, 6, 4])
    in_theirs, in_another = (answer(create(specification), dataset, its).stages for its in (None, order))
    assert in_another.ranking == in_theirs.ranking
    assert in_another.first == in_theirs.first


def test_what_is_approximated_too():
    pytest.importorskip("faiss")
    dataset = nearest_are_relevant(documents=40, queries=3)
    order = np.random.default_rng(0).permutation(40)
    in_theirs, in_another = (
        answer(create("ann(numbered:Clustered, index=flat)"), dataset, its) for its in (None, order)
    )
    assert np.array_equal(in_another.exact.documents, in_theirs.exact.documents)


def test_vectors_are_those_of_the_positions_that_are_asked_for(tmp_path):
    dataset = plain_set(6, [(0, 0, 1)])
    dataset.write_texts(tmp_path / "texts")
    order = np.array([3, 1, 5, 0, 2, 4])
    source = Circumstances("this process", Placed(), order=order)
    worker = start_worker("other circumstances", source, WorkerSettings(), lambda *_: None)
    worker.open(tmp_path / "texts")
    worker.build()
    documents, _ = worker.vectors(np.array([3, 4]), np.array([0]))
    assert documents[:, 0].tolist() == [1, 6], "document 3 was handed over first, document 4 last"


def test_threads_are_those_of_the_variant(monkeypatch):
    started = []
    monkeypatch.setattr(module, "start_worker", lambda kind, source, settings, progress: started.append(settings))
    settings = WorkerSettings({"OMP_NUM_THREADS": "2", "HOME": "here"})
    module.start(Circumstances("own process", "bm25", threads=1), settings, lambda *_: None)
    module.start(Circumstances("own process", "bm25"), settings, lambda *_: None)
    assert [its.environment["OMP_NUM_THREADS"] for its in started] == ["1", "2"]
    assert started[0].environment["HOME"] == "here"
