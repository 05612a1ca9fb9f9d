"""A retriever's fault is one failed row with its reason; the rest goes on."""

from __future__ import annotations

import pytest
from fakes import NONSENSE, Odd

import bench
from bench.data.formats import load_dataset
from bench.experiment.workers.messages import WorkerError, WorkerSettings
from bench.experiment.workers.process import ProcessWorker
from retrievers import RetrieverError, create

FAULTS = {
    "fakes:Broken:where=index": "ValueError: the index is broken",
    "fakes:Broken:where=search": "ValueError: the search is broken",
    "fakes:Dies:how=kill": "its process was killed (SIGKILL).",
    "fakes:Dies:how=segfault": "its process was killed (SIGSEGV).",
    "fakes:Dies:how=exit": "its process ended with exit status 3.",
    "fakes:Eats": "it held more than 600 MB of memory (--memory-mb).",
    **{f"fakes:Nonsense:kind={kind}": "search returned " for kind in NONSENSE},
}


@pytest.mark.slow
def test_every_fault_is_one_row_and_the_rest_goes_on(write_set, tmp_path):
    found = bench.run(
        write_set(),
        [*FAULTS, "bm25", "fakes:Talks"],
        results=str(tmp_path / "out"),
        latency=False,
        memory_mb=600,
    )
    reasons = {retriever: reason for _, retriever, reason in found.failures}
    assert reasons.keys() == FAULTS.keys()
    for retriever, expected in FAULTS.items():
        assert expected in reasons[retriever]
    assert set(found.measures["retriever"]) == {"bm25", "fakes:Talks"}
    log = (found.folder / "log.txt").read_text()
    assert "hello from the index" in log
    assert "and from below" in log
    assert "Traceback" in log


@pytest.mark.parametrize("where", ["index", "search"])
def test_a_worker_that_hangs_is_ended_and_replaced_for_the_next_dataset(write_set, tmp_path, where):
    sets = [load_dataset(write_set(name)) for name in ("first", "second")]
    hangs = f"fakes:Hangs:where={where}"
    found = bench.run(sets, [hangs], results=str(tmp_path / "out"), latency=False, timeout=1.0)
    reason = "it took longer than 1 s (--timeout)."
    assert found.failures == [("first", hangs, reason), ("second", hangs, reason)]


def test_a_limit_ends_the_process():
    worker = ProcessWorker("fakes:Hangs", WorkerSettings(timeout=0.5), lambda *_: None)
    with pytest.raises(WorkerError, match=r"longer than 0\.5 s"):
        worker.load(cached=False)
    assert worker._process.poll() is not None


ODD = {
    "surrogate": "ValueError: lone ? surrogate",
    "phase": "ValueError: in a phase",
    "exits": "SystemExit: 0",
    "interrupts": "KeyboardInterrupt",
    "mute": "Mute",
    "huge": f"ValueError: {'y' * 387}…",
    "lines": "ValueError: first last\u2028of it",
    "reads": "EOFError: EOF when reading a line",
}


@pytest.mark.slow
def test_what_no_retriever_should_do_is_a_row_with_its_reason(write_set, tmp_path):
    fine = ["fakes:Odd:how=forks", "fakes:Odd:how=pool"]
    found = bench.run(
        write_set(),
        [*(f"fakes:Odd:how={how}" for how in ODD), *fine, "bm25"],
        results=str(tmp_path / "out"),
        latency=False,
    )
    assert {label.rpartition("=")[2]: reason for _, label, reason in found.failures} == ODD
    assert set(found.measures["retriever"]) == {*fine, "bm25"}


def test_the_same_in_this_process(write_set, tmp_path):
    how = ["surrogate", "exits", "mute"]
    found = bench.run(write_set(), [*map(Odd, [1.0] * 3, how), "bm25"], results=str(tmp_path / "out"), latency=False)
    assert [reason for _, _, reason in found.failures] == [ODD[each] for each in how]


def test_times_of_nonsense_are_no_times(write_set, tmp_path):
    found = bench.run(
        write_set(), ["bm25", "fakes:NonsenseWhenTimed"], results=str(tmp_path / "out"), samples=30, seconds=0.05
    )
    assert found.failures == [
        (
            "small",
            "fakes:NonsenseWhenTimed",
            "search returned a str, not a Ranking. Give Ranking(positions, scores): int64 "
            "and float32 [len(queries), k], the best hit first.",
        )
    ]
    assert set(found.measures["retriever"]) >= {"bm25"}


@pytest.mark.parametrize("specification", ["exits:Anything", "fakes:Leaves"])
def test_a_plug_in_that_ends_the_process_is_an_error_and_not_the_end(specification):
    """With its exit code 0 a job would have been green."""
    with pytest.raises(RetrieverError, match="SystemExit"):
        create(specification)
