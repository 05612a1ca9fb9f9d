"""Is the machine quiet enough for a time to mean something? A fixed piece of work is timed around every figure.

It runs on as many threads as the retrievers may use: one busy neighbour then shows even where a core is left over.
Two things are read: how long it takes (a slow machine), and for how much of that its threads stood ready and had no
processor (a busy one). The first shows only against quicker readings; the second needs none.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median

import numpy as np

from bench.machine import environment

_SIZE = 40_000  # a few milliseconds of sorting
_REPEATS = 7
_LOOKS, _LOOK_SECONDS = 3, 0.05  # before a run: so many readings, so far apart


@dataclass(frozen=True)
class Reading:
    """seconds: that the work takes, the least of a few times: a slow minute slows them all, and a median of so few also
    jumps with what interrupts one of them. waited: the share of the time of all of them in which its threads were ready
    and had no processor, 0 to 1.
    """

    seconds: float
    waited: float


class SpeedGauge:
    """Times the fixed work. threads: how many do it at once; at most one a core, since more wait for one another.

    clock: seconds of wall time. own_clock: of the processor's time that the calling thread had.
    """

    def __init__(
        self,
        threads: int,
        clock: Callable[[], float] = time.perf_counter,
        own_clock: Callable[[], float] = time.thread_time,
    ) -> None:
        self._threads = min(threads, environment.usable_cores())
        self._pool = ThreadPoolExecutor(self._threads)
        self._clock, self._own_clock = clock, own_clock
        self._values = np.random.default_rng(0).permutation(_SIZE).astype(np.float64)

    def read(self) -> Reading:
        """What the work takes now."""
        least, present, working = float("inf"), 0.0, 0.0
        for _ in range(_REPEATS):
            start = self._clock()
            turns = list(self._pool.map(lambda _: self._once(), range(self._threads)))
            least = min(least, self._clock() - start)
            present += sum(wall for wall, _ in turns)
            working += sum(own for _, own in turns)
        return Reading(least, max(0.0, 1 - working / present) if present > 0 else 0.0)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def _once(self) -> tuple[float, float]:
        """Seconds of wall time, and of the processor's, that one thread takes."""
        start, own_start = self._clock(), self._own_clock()
        np.sort(self._values, kind="stable")
        return self._clock() - start, self._own_clock() - own_start


def waited(readings: Sequence[float]) -> float:
    """The share of waiting that stands for several readings of it: their median, 0 of none."""
    return median(readings) if readings else 0.0


def drift(readings: Sequence[float], quickest: float) -> float:
    """How much slower the slowest of the readings was than the quickest of the run, as a share."""
    return max(readings, default=quickest) / quickest - 1


@dataclass(frozen=True)
class Load:
    """How busy the machine is. waited: as of a Reading. average: processes that want to run, over the last minute;
    None where the system does not say. cores: that this process may use."""

    waited: float
    average: float | None
    cores: int

    def __str__(self) -> str:
        average = "" if self.average is None else f"; load {self.average:.1f} on {self.cores} cores"
        return f"a fixed piece of work waits {self.waited:.0%} of its time for a processor{average}"


def look(gauge: SpeedGauge) -> Load:
    """How busy the machine is now, in about a quarter of a second."""
    readings = []
    for _ in range(_LOOKS):
        readings.append(gauge.read().waited)
        time.sleep(_LOOK_SECONDS)
    average = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return Load(waited(readings), average, environment.usable_cores())
