"""Several searches of one index: built once, each as if the index were its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes import Fixed
from numbered import Clustered, nearest_are_relevant

from bench.experiment.cell import CellSettings, make_cell
from bench.experiment.workers import start_worker
from bench.experiment.workers.messages import WorkerError, WorkerSettings
from bench.experiment.workers.shared_index import IndexSearch, SharedIndex
from bench.machine.gauge import SpeedGauge
from retrievers.indexes.ann import Ann

pytest.importorskip("faiss")


@pytest.fixture
def texts(tmp_path):
    nearest_are_relevant().write_texts(tmp_path / "texts")
    return tmp_path / "texts"


def silent(phase, done, total):
    pass


def ann(**settings):
    return Ann((Clustered(),), index_type="hnsw", m=2, construction=4, **settings)


def searching(index, **parameters):
    return start_worker("shared index", IndexSearch(index, parameters), WorkerSettings(), silent)


def hits(worker, texts, k=10):
    worker.open(texts)
    worker.build()
    return worker.rank(k)


def test_each_finds_what_an_index_of_its_own_finds_and_it_is_built_once(texts, monkeypatch):
    built, exact = [], []
    index, search_exact = Ann.index, Ann.search_exact
    monkeypatch.setattr(Ann, "index", lambda *its: built.append(1) or index(*its))
    monkeypatch.setattr(Ann, "search_exact", lambda *its: exact.append(1) or search_exact(*its))
    shared = SharedIndex("this process", ann())
    few, many = (hits(searching(shared, ef=ef), texts) for ef in (2, 200))
    assert (len(built), len(exact)) == (1, 1)
    for ef, ranked in ((2, few), (200, many)):
        alone = hits(start_worker("this process", ann(ef=ef), WorkerSettings(), silent), texts)
        assert np.array_equal(ranked.ranking.documents, alone.ranking.documents)
        assert np.array_equal(ranked.exact.documents, alone.exact.documents)
    assert not np.array_equal(few.ranking.documents, many.ranking.documents)


def test_turns_of_one_do_not_change_what_another_searches_with(texts):
    shared = SharedIndex("this process", ann())
    few, many = searching(shared, ef=2), searching(shared, ef=200)
    before = hits(few, texts).ranking.documents
    hits(many, texts)
    assert len(few.time([3, 1]).nanoseconds) == 2
    assert len(many.time([0], together=True).nanoseconds) == 1
    assert np.array_equal(few.rank(10).ranking.documents, before)


def test_what_a_process_can_tell_of_one_alone_is_of_the_first(texts):
    """The first query after the build, the peak of memory, the seconds of the build."""
    settings = CellSettings({}, 10, 1, True, SpeedGauge(1))
    shared, dataset = SharedIndex("this process", ann()), nearest_are_relevant()
    cells = []
    for ef in (2, 4):
        cells.append(make_cell(searching(shared, ef=ef), texts, dataset, settings, loaded=0.0, step=lambda *_: None))
        shared.built = replace(shared.built, seconds=1e6)
    assert [cell.cost["first_query_seconds"] is None for cell in cells] == [False, True]
    assert cells[1].cost["peak_bytes"] is None
    assert cells[1].cost["index_seconds"] == [pytest.approx(1e6, abs=1e3)]
    assert cells[1].seconds < 1e6


def test_an_index_that_cannot_be_built_is_not_tried_for_each(texts, monkeypatch):
    tried = []

    def fails(*_):
        tried.append(1)
        raise ValueError("no room")

    monkeypatch.setattr(Ann, "index", fails)
    shared = SharedIndex("this process", ann())
    for ef in (2, 4):
        worker = searching(shared, ef=ef)
        with pytest.raises(WorkerError, match="no room"):
            hits(worker, texts)
        worker.close()
    assert len(tried) == 1


def test_after_a_search_that_fails_the_next_has_a_new_index(texts):
    shared = SharedIndex("this process", ann())
    one, other = searching(shared, ef=2), searching(shared, ef=200)
    before = hits(other, texts).ranking.documents
    one.close()
    with pytest.raises(WorkerError, match="ended when another search of it failed"):
        other.time([0])
    assert np.array_equal(hits(other, texts).ranking.documents, before)


def test_a_process_holds_it_too(texts):
    shared = SharedIndex("own process", "ann(numbered:Clustered, index=hnsw, m=2, construction=4)")
    few, many = searching(shared, ef=2), searching(shared, ef=200)
    try:
        few.await_start()
        assert few.load(False) is many.load(False)
        found = [hits(worker, texts).ranking.documents for worker in (few, many)]
        assert len(few.time([3, 1]).nanoseconds) == 2
    finally:
        few.close()
    wanted = [hits(searching(SharedIndex("this process", ann()), ef=ef), texts).ranking.documents for ef in (2, 200)]
    assert all(map(np.array_equal, found, wanted))


def test_only_what_approximates_can_be_searched_otherwise(texts):
    worker = searching(SharedIndex("this process", Fixed()), ef=2)
    worker.open(texts)
    worker.build()
    with pytest.raises(WorkerError):
        worker.rank(3)
