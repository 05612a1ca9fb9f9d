"""What counts as which time: scripted workers, no clock."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from fakes import Scripted

import bench
from bench.data.formats import load_dataset
from bench.experiment import timing
from bench.experiment.participants import Participant, RunningParticipant
from bench.experiment.timing import TimedCell, TimedRetriever, Timing
from bench.experiment.workers import in_process, process
from bench.experiment.workers.messages import Ranked, Timed, Work
from bench.machine import latency
from retrievers.base import Ranking


class Slow:
    """Takes 5 s to index, of which 4 are a load, and a second for a query; half a second of load where rehearsed."""

    def __init__(self, worker):
        self.sizes = (3, 5)

    def await_start(self):
        pass

    def load(self, cached):
        return Work(1.0, {"load": 0.5}, {})

    def open(self, folder):
        pass

    def build(self, cached=True, saved=False):
        return Work(5.0, {"load": 4.0}, {})

    def rank(self, k):
        ranking = Ranking.empty(self.sizes[0], k)
        return Ranked(ranking, Work(1.0, {}, {}), None)

    def time(self, queries, together=False):
        return Timed(np.full(1 if together else len(queries), 10**9), {})

    def close(self):
        pass


def scripted_run(monkeypatch, write_set, tmp_path, datasets=1, **settings):
    from fakes import Fixed

    monkeypatch.setattr(in_process, "InProcess", Slow)
    sets = [load_dataset(write_set(f"set{number}")) for number in range(datasets)]
    return bench.run(sets, [Fixed()], results=str(tmp_path / "out"), measures=("R@10",), **settings)


def test_the_load_is_a_figure_of_its_own_and_no_part_of_the_index(monkeypatch, write_set, tmp_path):
    found = scripted_run(monkeypatch, write_set, tmp_path, latency=False)
    cell = found.cell("set0", "Fixed").info
    assert (cell["load_seconds"], cell["index_seconds"]) == (4.0, [1.0])
    shown = found.latency.set_index("quantity")["value"]
    assert (shown["load"], shown["index"]) == (4.0, 1.0)


def test_a_load_on_each_set_is_not_added_up(monkeypatch, write_set, tmp_path):
    """Each set has an object of its own, which may load its model again."""
    found = scripted_run(monkeypatch, write_set, tmp_path, datasets=2, latency=False)
    assert [found.cell(f"set{n}", "Fixed").info["load_seconds"] for n in (0, 1)] == [4.0, 4.0]


def test_a_load_after_a_failure_is_not_counted_twice():
    participant = RunningParticipant(Participant("x", "x", {}), Slow(None))
    participant.rehearsal_seconds = 4.0
    participant.own_seconds += 1.0
    participant.close()  # it failed on a set; its next process loads anew
    participant.own_seconds += 4.5
    assert participant.load_seconds == 4.5


def test_retrievers_are_rehearsed_one_after_the_other_when_all_have_started(monkeypatch, write_set, tmp_path):
    steps = []

    class Told(Slow):
        def __init__(self, label, *rest):
            super().__init__(None)
            self.label = label

        def await_start(self):
            steps.append(("started", self.label))

        def load(self, cached):
            steps.append(("loads", self.label))
            found = super().load(cached)
            steps.append(("loaded", self.label))
            return found

    monkeypatch.setattr(process, "ProcessWorker", Told)
    bench.run(
        load_dataset(write_set()), ["bm25", "tfidf"], results=str(tmp_path / "out"), measures=("R@10",), latency=False
    )
    assert steps == [
        ("started", "bm25"),
        ("started", "tfidf"),
        ("loads", "bm25"),
        ("loaded", "bm25"),
        ("loads", "tfidf"),
        ("loaded", "tfidf"),
    ]


def test_the_warm_up_is_no_part_of_the_time_budget():
    timed_retriever = TimedRetriever(Scripted(), np.arange(100))
    timed_retriever.warm_up(100, np.random.default_rng(0))
    assert timed_retriever.seconds >= latency.WARM_WINDOW  # of a second each
    assert not timed_retriever.is_over(latency.Plan(samples=100, seconds=2.0))
    timed_retriever.block(26)
    assert timed_retriever.is_over(latency.Plan(samples=100, seconds=2.0))
    assert timed_retriever.seconds_single == 27, "26 samples, and a query before them"


class Gauge:
    def __init__(self):
        self.readings = 0

    def read(self):
        self.readings += 1
        return float(self.readings)


def timed(seed=0, gauge=None):
    return Timing(
        latency.Plan(samples=78, seconds=1000.0),
        seed,
        gauge or Gauge(),
        step=lambda *a: None,
        failed=lambda *a: None,
        stored=lambda cell: None,
    )


def test_the_gauge_is_read_more_than_once_while_a_retriever_is_timed():
    assert latency.Plan().seconds >= 2 * timing.GAUGE_SECONDS


def test_the_gauge_is_read_between_the_blocks(monkeypatch):
    monkeypatch.setattr(timing, "GAUGE_SECONDS", -1.0)
    cells = [
        TimedCell(RunningParticipant(Participant("x", "x", {})), None, TimedRetriever(Scripted(), np.arange(78)))
        for _ in range(2)
    ]
    assert timed()._single_queries(cells) == [1.0, 2.0, 3.0, 4.0, 5.0], "before, after each of three rounds, at the end"


class Positions(Slow):
    """Of 40 queries the one at position p takes p + 1 ms."""

    def __init__(self, worker):
        self.sizes = (40, 5)

    def time(self, queries, together=False):
        return Timed((np.array(queries[:1] if together else queries) + 1) * 10**6, {})


def test_intervals_know_which_query_a_sample_is_of(monkeypatch, write_set, tmp_path):
    """It is not stored: the order is drawn once more."""
    from fakes import Fixed

    monkeypatch.setattr(in_process, "InProcess", Positions)
    texts = [{"_id": f"q{n}", "text": f"cat {n}"} for n in range(40)]
    path = write_set("many", queries=texts, qrels=[(each["_id"], "d1", 1) for each in texts])
    asked = []
    taken = latency.percentile

    def told(samples, percent, queries=None):
        asked.append((samples, queries))
        return taken(samples, percent, queries)

    monkeypatch.setattr(latency, "percentile", told)
    bench.run(path, [Fixed()], results=str(tmp_path / "out"), measures=("R@10",), samples=90, seconds=1.0, seed=5)
    samples, queries = asked[0]
    assert len(samples) >= 78
    assert ((queries + 1) * 10**6).tolist() == samples.tolist()


@pytest.mark.parametrize(("other", "same"), [(0, True), (1, False)])
def test_the_seed_decides_which_queries_are_timed_in_which_order(other, same):
    def asked(seed):
        worker = Scripted()
        (cell,) = timed(seed)._warmed_up([(SimpleNamespace(worker=worker, label="x"), None)], 500)
        return worker.asked, cell.retriever.order.tolist()

    assert (asked(0) == asked(other)) == same


class TwoStages(Scripted):
    """A query at p takes 2 ms for the first stage, p ms for five candidates, 1 s for five more, and 1 ms beside."""

    def time(self, queries, together=False):
        five = np.array([position * 1_000_000 for position in queries])
        phases = {"first stage": np.full_like(five, 2_000_000), "rerank@5": five}
        phases["rerank@10"] = np.full_like(five, 10**9)
        return Timed(five + 10**9 + 3_000_000, phases)


def test_fewer_candidates_take_what_is_left_without_the_scoring_of_the_others():
    timed_retriever = TimedRetriever(TwoStages(), np.arange(131))
    for _ in range(6):
        timed_retriever.block(26)
    assert timed_retriever.describe(131, [])["stages_ns"] == {
        "0": {"p50": 2_000_000, "p95": 2_000_000},
        "5": {"p50": 68_000_000, "p95": 127_000_000},
        "10": {"p50": 1_068_000_000, "p95": 1_127_000_000},
    }


def test_who_searches_in_one_stage_has_no_times_of_stages():
    timed_retriever = TimedRetriever(Scripted(), np.arange(26))
    timed_retriever.block(26)
    assert "stages_ns" not in timed_retriever.describe(26, [])
