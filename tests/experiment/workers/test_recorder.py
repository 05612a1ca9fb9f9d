"""What a retriever and its parts tell of themselves, added up."""

from __future__ import annotations

import time

import pytest
from fakes import Fixed, Fused, HashedDense

import bench
from bench.data.formats import load_dataset
from bench.experiment.workers.recorder import SummingRecorder
from bench.experiment.workers.worker import Worker
from retrievers import create
from retrievers.base import (
    CACHE_DAMAGED,
    ENCODE,
    INDEX_BYTES,
    LOAD,
    SCORE,
    VECTORS_ENCODED,
    listening,
    part,
    phase,
    record,
    warn,
)
from retrievers.dense.vector_cache import VectorCache


@pytest.fixture
def clock(monkeypatch):
    """One reading of the clock is one nanosecond after the one before."""
    ticks = iter(range(10**6))
    monkeypatch.setattr(time, "perf_counter_ns", lambda: next(ticks))


@pytest.fixture
def recorder():
    recorder = SummingRecorder()
    with listening(recorder):
        yield recorder


@pytest.fixture
def texts(write_set, tmp_path):
    load_dataset(write_set()).write_texts(tmp_path / "texts")
    return tmp_path / "texts"


def test_amounts_add_up_over_calls(recorder):
    for number in (3, 4):
        record(VECTORS_ENCODED, number)
    assert recorder.quantities == {"vectors_encoded": 7.0}


def test_of_what_is_no_amount_the_last_one_told_stands(recorder):
    for number in (1, 2):
        record(CACHE_DAMAGED, number)  # so many so far
        record("probes", number)
    assert recorder.quantities == {"cache_damaged": 2.0, "probes": 2.0}


def test_amounts_add_up_over_parts_each_with_its_share(recorder):
    record(INDEX_BYTES, 1)
    with part("bm25"):
        record(INDEX_BYTES, 20)
    with part("both"):
        for name, size in (("tfidf", 300), ("minilm", 4000)):
            with part(name):
                record(INDEX_BYTES, size)
    assert recorder.quantities == {
        "index_bytes": 4321.0,
        "bm25/index_bytes": 20.0,
        "both/index_bytes": 4300.0,
        "both/tfidf/index_bytes": 300.0,
        "both/minilm/index_bytes": 4000.0,
    }


def test_phases_add_up_over_parts_each_with_its_share(recorder, clock):
    for name in ("bm25", "tfidf", "bm25"):
        with part(name), phase(SCORE):
            pass
    assert recorder.nanoseconds == {"score": 3, "bm25/score": 2, "tfidf/score": 1}


def test_time_in_a_phase_of_the_same_name_counts_once(recorder, clock):
    with phase(SCORE):  # reads the clock at 0 and 5
        for name in ("bm25", "tfidf"):
            with part(name), phase(SCORE):
                pass
    with phase(SCORE):
        pass
    assert recorder.nanoseconds == {"bm25/score": 1, "tfidf/score": 1, "score": 6}


def test_another_phase_within_one_has_its_own_time(recorder, clock):
    """An encoder loads its model while it encodes."""
    with phase(ENCODE), phase(LOAD):
        pass
    assert recorder.nanoseconds == {"load": 1, "encode": 3}


def test_a_slash_in_a_retrievers_own_name_makes_no_part(recorder):
    with phase("graph/build"):
        record("graph/edges", 5)
    assert recorder.quantities == {"graph/edges": 5.0}
    assert recorder.nanoseconds.keys() == {"graph/build"}


def test_a_warning_names_the_part(recorder):
    with part("both"), part("minilm"):
        warn("mean pooling")
    warn("few documents")
    assert recorder.work(1.0).warnings == ("both/minilm: mean pooling", "few documents")


def test_progress_is_that_of_each_part():
    told = []
    with listening(SummingRecorder(lambda *progress: told.append(progress))):
        for name, total in (("one", 2), ("other", 3)):
            with part(name), phase(ENCODE, total) as encoding:
                encoding.advance(total)
        with part("one"), phase(LOAD):
            pass
    assert [each for each in told if not each[1]] == [
        ("one/encode", 0, 2),
        ("other/encode", 0, 3),
        ("one/load", 0, None),
    ]


def worked(retriever, texts, cache=None):
    """What building and ranking tell."""
    worker = Worker(retriever, cache=cache)
    worker.open(texts)
    work = worker.build(), worker.rank(5).work
    worker.close()
    return work


def test_a_retriever_of_two_has_their_sum_and_each_share_is_what_the_part_tells_alone(texts):
    alone = [worked(create(name), texts) for name in ("tfidf", "bm25")]
    together = worked(Fused(), texts)
    sizes = [built.quantities[INDEX_BYTES] for built, _ in alone]
    assert together[0].quantities == {
        "index_bytes": sum(sizes),
        "0/index_bytes": sizes[0],
        "1/index_bytes": sizes[1],
    }
    for number, (built, ranked) in enumerate(alone):
        for one, both in ((built, together[0]), (ranked, together[1])):
            shares = {name.removeprefix(f"{number}/") for name in both.phases if name.startswith(f"{number}/")}
            assert shares == one.phases.keys()
            assert shares <= both.phases.keys()
    searched = together[1].phases
    assert searched["score"] == pytest.approx(searched["0/score"] + searched["1/score"])
    assert sum(searched[name] for name in ("encode", "score", "select")) <= together[1].seconds


def test_vectors_add_up_over_parts(texts, tmp_path):
    """The second part has the first one's model, so that the cache holds its vectors."""
    work, _ = worked(Fused((HashedDense(), HashedDense())), texts, VectorCache(tmp_path / "vectors.sqlite"))
    told = {name: value for name, value in work.quantities.items() if "vectors" in name}
    assert told == {
        "vectors_encoded": 5.0,
        "0/vectors_encoded": 5.0,
        "1/vectors_encoded": 0.0,
        "vectors_from_cache": 5.0,
        "0/vectors_from_cache": 0.0,
        "1/vectors_from_cache": 5.0,
    }


def test_the_size_of_a_second_index_replaces_that_of_the_first(texts):
    worker = Worker(Fused((Fixed(), Fixed())))
    worker.open(texts)
    assert [worker.build().quantities[INDEX_BYTES] for _ in range(2)] == [80.0, 80.0]


def test_a_run_of_a_retriever_of_two(write_set, tmp_path):
    settings = {"results": str(tmp_path / "out"), "samples": 20, "seconds": 0.01}
    found = bench.run(write_set(), ["fakes:Fused", "tfidf", "bm25"], name="first", **settings)
    assert (found.failures, found.warnings) == ([], [])
    described = found.info["retrievers"][0]
    assert described["kind"] == "hybrid"
    assert described["parameters"]["parts.1.k1"] == 1.5
    costs = {(row["retriever"], row["quantity"]): row["value"] for row in found.rows("latency")}
    sizes = [costs[label, "index_size"] for label in ("fakes:Fused", "tfidf", "bm25")]
    assert sizes[0] == pytest.approx(sizes[1] + sizes[2])
    for quantity in ("score_p50", "0/score_p50", "1/score_p50"):
        assert costs["fakes:Fused", quantity] > 0
    assert ("tfidf", "0/score_p50") not in costs
    again = bench.load_run(found.folder)
    assert again.info["retrievers"][0] == described
