"""One retriever's life, in this process and in one of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
from fakes import NONSENSE, Fixed, HashedDense, Nonsense, Records
from hypothesis import given
from hypothesis import strategies as st

from bench.data.formats import load_dataset
from bench.experiment.workers import process as process_module
from bench.experiment.workers.messages import WorkerError, WorkerSettings
from bench.experiment.workers.process import ProcessWorker
from bench.experiment.workers.worker import Worker
from bench.machine.family import Family
from retrievers import RetrieverError
from retrievers.base import Ranking
from retrievers.contract import checked
from retrievers.dense.vector_cache import VectorCache


@pytest.fixture
def texts(write_set, tmp_path):
    load_dataset(write_set()).write_texts(tmp_path / "texts")
    return tmp_path / "texts"


def has_ended(pid):
    """One that its parent has not yet looked at has ended too. The half hour is for a hang, not for a busy machine."""
    began = time.monotonic()
    while time.monotonic() - began < 1800:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def silent(phase, done, total):
    pass


def test_the_messages(texts):
    worker = Worker(Fixed(), another=Fixed)
    worker.open(texts)
    work = worker.build()
    assert work.quantities == {"index_bytes": 40.0}
    assert 0 <= work.phases["load"] <= work.seconds
    ranked = worker.rank(3)
    assert ranked.ranking.documents.tolist() == [[0, 1, 2]] * 3
    assert ranked.peak_bytes is None
    single = worker.time([0, 2, 1])
    assert (single.nanoseconds > 0).all()
    assert len(single.nanoseconds) == len(single.phases["score"]) == 3
    assert (single.phases["score"] <= single.nanoseconds).all()
    assert len(worker.time([0, 1, 2], together=True).nanoseconds) == 1


def test_a_process_gives_what_this_process_gives(texts):
    here = Worker(__import__("retrievers").create("bm25"))
    there = ProcessWorker("bm25", WorkerSettings(), silent)
    try:
        for worker in (here, there):
            worker.open(texts)
            worker.build()
        ours, theirs = here.rank(5), there.rank(5)
        assert np.array_equal(ours.ranking.documents, theirs.ranking.documents)
        assert np.array_equal(ours.ranking.scores, theirs.ranking.scores)
        assert theirs.peak_bytes > 10**7
        assert len(there.time([0, 1]).nanoseconds) == 2
    finally:
        there.close()


def test_what_is_recorded_is_a_plain_number(texts):
    worker = Worker(Records(told=np.int64(5)))
    worker.open(texts)
    assert json.dumps(worker.build().quantities) == '{"index_bytes": 40.0, "told": 5.0}'


@pytest.mark.parametrize("told", [float("nan"), np.inf, "many", None])
def test_what_is_recorded_and_is_no_number_is_the_retrievers_error(texts, told):
    worker = Worker(Records(told=told))
    worker.open(texts)
    with pytest.raises(RetrieverError, match=r"records told = .*, which is no finite number"):
        worker.build()


def test_a_process_is_kept_over_datasets(write_set, tmp_path):
    worker = ProcessWorker("tfidf", WorkerSettings(), silent)
    try:
        for number, qrels in enumerate([[("q1", "d1", 1)], [("q2", "d3", 1), ("q3", "d10", 1)]]):
            folder = tmp_path / f"texts{number}"
            load_dataset(write_set(f"set{number}", qrels=qrels)).write_texts(folder)
            worker.open(folder)
            worker.build()
            assert len(worker.rank(2).ranking.documents) == len(qrels)
    finally:
        worker.close()


def test_a_process_that_dies_is_an_error_with_its_cause(texts):
    worker = ProcessWorker("bm25", WorkerSettings(), silent)
    worker.open(texts)
    worker._process.kill()
    with pytest.raises(WorkerError, match="killed \\(SIGKILL\\)"):
        worker.build()
    worker.close()


def test_a_message_that_a_dead_process_never_read_does_not_keep_it_from_being_closed(texts):
    """What could not be written stays in the pipe's buffer, and closing the pipe would write it once more."""
    worker = ProcessWorker("bm25", WorkerSettings(), silent)
    worker.open(texts)
    worker._process.kill()
    worker._process.wait()
    with pytest.raises(WorkerError, match="killed \\(SIGKILL\\)"):
        worker.build()
    worker.close()
    assert worker._process.stdin.closed


def test_a_failure_over_there_has_its_reason_and_its_traceback(texts):
    worker = ProcessWorker("fakes:Broken", WorkerSettings(), silent)
    worker.open(texts)
    with pytest.raises(WorkerError) as caught:
        worker.build()
    assert "the index is broken" in caught.value.message
    assert "Traceback" in caught.value.trace
    worker.close()


def test_what_cannot_be_read_here_is_a_failure_with_its_reason(texts):
    worker = ProcessWorker("fakes:Puzzles", WorkerSettings(), silent)
    worker.open(texts)
    with pytest.raises(WorkerError, match="its answer cannot be read: ValueError: invalid literal"):
        worker.build()
    worker.close()


@pytest.mark.parametrize(
    ("mb", "limits", "reason"),
    [(0, {"timeout": 5.0}, r"longer than 5 s"), (500, {"memory_mb": 500}, "more than 500 MB")],
)
def test_a_limit_counts_and_ends_what_the_process_started_too(texts, tmp_path, mb, limits, reason):
    worker = ProcessWorker(f"fakes:Starts:told={tmp_path / 'pid'},mb={mb}", WorkerSettings(**limits), silent)
    worker.open(texts)
    with pytest.raises(WorkerError, match=reason):
        worker.build()
    assert has_ended(int((tmp_path / "pid").read_text()))


def peak_mb(specification, texts, **limits):
    worker = ProcessWorker(specification, WorkerSettings(**limits), silent)
    try:
        worker.open(texts)
        worker.build()
        return worker.rank(2).peak_bytes / 2**20
    finally:
        worker.close()


@pytest.mark.skipif(not psutil.LINUX, reason="other systems do not tell what is shared")
def test_memory_that_forked_processes_share_counts_once(texts):
    """For the limit and for the figure."""
    assert 300 < peak_mb("fakes:Forks", texts, memory_mb=800) < 800


@pytest.mark.parametrize("limits", [{}, {"memory_mb": 2000}])
def test_the_peak_of_memory_counts_what_the_process_started(texts, limits):
    """However quickly it was indexed and ranked."""
    assert peak_mb("fakes:Serves:mb=300", texts, **limits) > peak_mb("fakes:Serves:mb=0", texts, **limits) + 290


def test_the_limit_is_held_to_the_memory_that_the_table_would_tell(texts):
    with pytest.raises(WorkerError, match="more than 300 MB"):
        peak_mb("fakes:Serves:mb=300", texts, memory_mb=300)


def test_a_look_for_more_than_there_is_keeps_the_peak():
    """As while queries are timed, when the limit alone is of interest."""
    family = Family(os.getpid())
    family.look(least=2**50)
    assert family.peak == 0
    family.look()
    assert family.peak > 10**7


def test_no_look_at_memory_disturbs_what_is_timed(texts, monkeypatch):
    monkeypatch.setattr(process_module, "WATCH_SECONDS", 0.001)
    worker = ProcessWorker("fakes:HashedDense", WorkerSettings(), silent)  # 20 ms a query
    try:
        worker.open(texts)
        worker.build()
        worker.rank(2)
        monkeypatch.setattr(Family, "look", lambda *a: pytest.fail("it looked"))
        worker.time([0, 1, 2])
    finally:
        worker.close()


def test_a_signal_without_a_name_has_its_number(texts):
    worker = ProcessWorker("bm25", WorkerSettings(), silent)
    worker.open(texts)
    worker._process.send_signal(signal.SIGRTMIN + 6)
    with pytest.raises(WorkerError, match=rf"killed \(signal {signal.SIGRTMIN + 6}\)"):
        worker.build()
    worker.close()


def test_a_closed_worker_lets_go_of_the_cache(tmp_path):
    cache = VectorCache(tmp_path / "vectors.sqlite")
    worker = Worker(HashedDense(), cache=cache, another=HashedDense)
    worker.load(cached=True)
    worker.close()
    assert [path.name for path in tmp_path.iterdir()] == ["vectors.sqlite"]


def test_a_process_ends_when_its_parent_is_gone(texts):
    code = (
        "import os; from bench.experiment.workers.process import ProcessWorker, WorkerSettings\n"
        "worker = ProcessWorker('bm25', WorkerSettings(), lambda *a: None)\n"
        f"worker.open(__import__('pathlib').Path({str(texts)!r}))\n"
        "print(worker._process.pid, flush=True); os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    assert has_ended(pid)


@pytest.mark.parametrize("kind", NONSENSE)
def test_nonsense_is_refused(texts, kind):
    worker = Worker(Nonsense(kind=kind))
    worker.open(texts)
    worker.build()
    with pytest.raises(RetrieverError, match="search returned"):
        worker.rank(3)


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 9), st.sampled_from([1.0, 2.0, 3.0])), max_size=6), min_size=1, max_size=4
    )
)
def test_ties_are_put_in_the_one_order(rows):
    """A plug-in may order equal scores as it likes; what is stored follows the rule."""
    ranking = Ranking.empty(len(rows), 6)
    for row, hits in enumerate(rows):
        hits = sorted(dict(hits).items(), key=lambda hit: -hit[1])
        ranking.put(
            row, np.array([h for h, _ in hits], dtype=np.int64), np.array([s for _, s in hits], dtype=np.float32)
        )
    result = checked(ranking, len(rows), 6, 10)
    for row, hits in enumerate(rows):
        expected = sorted(dict(hits).items(), key=lambda hit: (-hit[1], hit[0]))
        assert result.documents[row, : len(expected)].tolist() == [document for document, _ in expected]
        assert (result.documents[row, len(expected) :] == -1).all()


def test_loading_leaves_nothing_of_the_rehearsal(texts):
    worker = Worker(Fixed(), another=Fixed)
    assert worker.load(cached=True).phases["load"] >= 0
    worker.open(texts)
    assert worker.build().quantities == {"index_bytes": 40.0}
    assert worker.rank(9).ranking.documents.max() == 4


@pytest.mark.parametrize("cached", [True, False])
def test_loading_asks_the_cache_only_where_it_may(tmp_path, cached):
    cache = VectorCache(tmp_path / "vectors.sqlite")
    Worker(HashedDense(), cache=cache, another=HashedDense).load(cached)
    assert cache.info().vectors == (5 if cached else 0)  # four documents and a query
    cache.close()


@pytest.mark.skipif(not psutil.LINUX, reason="other systems keep one peak for the whole life of a process")
def test_the_peak_of_memory_is_of_the_open_dataset_alone(write_set, tmp_path):
    corpus = [{"_id": f"d{number}", "text": f"word{number}"} for number in range(200)]
    worker, peaks = ProcessWorker("fakes:Remembers", WorkerSettings(), silent), {}
    try:
        for name, size in (("small", 5), ("large", 200), ("small again", 5)):
            folder = tmp_path / name
            load_dataset(write_set(f"set {name}", corpus=corpus[:size], qrels=[("q1", "d1", 1)])).write_texts(folder)
            worker.open(folder)
            worker.build()
            peaks[name] = worker.rank(2).peak_bytes
    finally:
        worker.close()
    assert peaks["large"] > 400 * 2**20
    assert peaks["small again"] < peaks["small"] + 50 * 2**20
