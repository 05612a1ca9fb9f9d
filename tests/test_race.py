"""One retriever's timing on one dataset."""

from __future__ import annotations

import numpy as np

from bench.race import Race
from bench.worker import Timed


class Scripted:
    """A worker that takes a second for whatever it is asked, and keeps what that was."""

    def __init__(self):
        self.asked = []

    def time(self, queries, together=False):
        self.asked.append(list(queries))
        return Timed(np.full(1 if together else len(queries), 10**9), {})


def test_throughput_is_measured_on_the_queries_that_were_drawn_first():
    """Not on the lowest positions, which are the first by their ids: those may all be of one kind."""
    order = np.random.default_rng(0).permutation(100)
    race = Race(Scripted(), np.concatenate([order, order]))
    race.block(26)
    race.batch(seconds=40)
    assert race.worker.asked == [order[:26].tolist(), order[:40].tolist()]
    assert race.throughput == 40
