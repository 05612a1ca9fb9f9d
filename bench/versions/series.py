"""Rounds of alternating blocks: the same queries on both sides, the order of the sides by a coin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.machine import latency
from bench.machine.gauge import SpeedGauge
from bench.versions.process import SideTiming

# Long enough for a median of many queries, short against the seconds that a busy neighbour lasts.
BLOCK_SECONDS = 0.05
LEAST_QUERIES, MOST_QUERIES = 8, 2000


@dataclass(frozen=True)
class Round:
    """Two blocks a side, in the order base head head base or head base base head: a steady drift cancels in either.

    base, head: nanoseconds [2, queries], of the same queries in the same order. base_first: which of the orders.
    gauge: seconds that a fixed piece of work took before the round (bench.machine.gauge).
    """

    base: NDArray[np.int64]
    head: NDArray[np.int64]
    base_first: bool
    gauge: float

    @property
    def log_ratio(self) -> float:
        """Log of head's time over base's: block medians, geometric means of two."""
        # At least 1 ns: a coarse clock may show none.
        head, base = (np.log(np.maximum(np.median(times, axis=1), 1)).mean() for times in (self.head, self.base))
        return float(head - base)


class Series:
    """Takes rounds of two sides that are ready. queries: how many the dataset has; rng decides orders and queries."""

    def __init__(
        self, base: SideTiming, head: SideTiming, queries: int, rng: np.random.Generator, gauge: SpeedGauge
    ) -> None:
        self._base, self._head, self._queries, self._rng, self._gauge = base, head, queries, rng, gauge
        self._block = LEAST_QUERIES
        self.rounds: list[Round] = []

    def warm_up(self) -> None:
        """Warm both sides, bounded; choose the size of a block, the same for both; run one round and forget it."""
        for side in (self._base, self._head):
            latency.warm_up(side.time, self._queries, self._rng)
        probe = self._rng.integers(0, self._queries, LEAST_QUERIES)
        slowest = max(np.median(side.time(probe).astype(np.float64)).item() for side in (self._base, self._head))
        self._block = math.ceil(min(max(BLOCK_SECONDS * 1e9 / max(slowest, 1.0), LEAST_QUERIES), MOST_QUERIES))
        self._take()

    def take(self) -> Round:
        """One round more."""
        self.rounds.append(self._take())
        return self.rounds[-1]

    @property
    def logs(self) -> NDArray[np.float64]:
        """The log ratios so far, [rounds]."""
        return log_ratios(self.rounds)

    def _take(self) -> Round:
        queries = self._rng.choice(self._queries, self._block, replace=self._block > self._queries)
        base_first = bool(self._rng.integers(2))
        outer, inner = (self._base, self._head) if base_first else (self._head, self._base)
        gauge = self._gauge.read().seconds
        first, second, third, fourth = (side.time(queries) for side in (outer, inner, inner, outer))
        ends, middle = np.stack([first, fourth]), np.stack([second, third])
        return Round(*((ends, middle) if base_first else (middle, ends)), base_first, gauge)


def log_ratios(rounds: Sequence[Round]) -> NDArray[np.float64]:
    """[rounds]"""
    return np.array([round_.log_ratio for round_ in rounds], dtype=np.float64)
