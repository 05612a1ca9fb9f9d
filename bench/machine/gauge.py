"""Is the machine quiet enough for a time to mean something? A fixed piece of work is timed around every figure.

It runs on as many threads as the retrievers may use: one busy neighbour then shows even where a core is left over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

_SIZE = 40_000  # a few milliseconds of sorting
_REPEATS = 7


class SpeedGauge:
    """Times the fixed work. threads: how many do it at once."""

    def __init__(self, threads: int, clock: Callable[[], float] = time.perf_counter) -> None:
        self._pool = ThreadPoolExecutor(threads)
        self._threads, self._clock = threads, clock
        self._values = np.random.default_rng(0).permutation(_SIZE).astype(np.float64)

    def read(self) -> float:
        """Seconds that the work takes now: the least of a few times.

        A slow minute slows them all; a median of so few also jumps with what interrupts one of them.
        """
        return min(self._once() for _ in range(_REPEATS))

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def _once(self) -> float:
        start = self._clock()
        list(self._pool.map(lambda _: np.sort(self._values, kind="stable"), range(self._threads)))
        return self._clock() - start


def drift(readings: Sequence[float], quickest: float) -> float:
    """How much slower the slowest of the readings was than the quickest of the run, as a share."""
    return max(readings, default=quickest) / quickest - 1
