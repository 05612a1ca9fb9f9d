"""One retriever's timing on one dataset."""

from __future__ import annotations

import numpy as np
from fakes import Scripted

from bench.experiment.timing import TimedRetriever
from bench.experiment.workers.messages import Timed
from bench.machine.latency import Plan


def test_throughput_is_measured_on_the_queries_that_were_drawn_first():
    """Not on the lowest positions, which are the first by their ids: those may all be of one kind."""
    order = np.random.default_rng(0).permutation(100)
    timed = TimedRetriever(Scripted(), np.concatenate([order, order]))
    timed.block(26)
    timed.batch(seconds=40)
    assert timed.worker.asked == [[order[-1], *order[:26]], order[:40].tolist()]
    assert timed.throughput == 40


class Cooled:
    """A worker on a machine that another one had before: the first query of a message takes twice as long.

    The time of a query is its position and 1,000 ns, so that a sample says which query it is of.
    """

    def time(self, queries, together=False):
        nanoseconds = 1000 + np.array(queries)
        nanoseconds[0] *= 2
        return Timed(nanoseconds, {"score": nanoseconds // 2})


def test_no_sample_is_of_the_first_query_of_a_block():
    """Whoever had the turn before has left the caches cold for it."""
    order = np.random.default_rng(0).permutation(60)
    timed = TimedRetriever(Cooled(), order)
    plan = Plan(samples=60, seconds=1.0, block=26)
    while not timed.is_over(plan):
        timed.block(plan.block)
    assert timed.samples.tolist() == (1000 + order).tolist()
    assert timed.phases["score"][0].tolist() == ((1000 + order[:26]) // 2).tolist()
    described = timed.describe(60, [])
    assert described["samples"] == 60
    assert described["phase_p50_ns"]["score"] == np.median((1000 + order) // 2)


def test_what_is_timed_and_thrown_away_counts_for_the_time():
    timed = TimedRetriever(Scripted(), np.arange(100))
    timed.block(26)
    assert (len(timed.samples), timed.seconds_single) == (26, 27)
    assert timed.is_over(Plan(samples=100, seconds=13.5))
