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
# Where a thread waited for more than this it is looked again, so often and after so long: a retriever's own threads may
# spin for a moment after their work, as those of OpenMP do, while another program's go on.
_STILL, _LOOKS, _LOOK_SECONDS = 0.05, 3, 0.1


@dataclass(frozen=True)
class Reading:
    """seconds: that the work takes, the least of a few times: a slow minute slows them all, and a median of so few also
    jumps with what interrupts one of them. waited: the share of their time in which a thread was ready and had no
    processor, 0 to 1, of the thread that waited most: work that is split among threads is done when the last is.
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
        reading = self._look()
        for _ in range(_LOOKS - 1):
            if reading.waited <= _STILL:
                break
            time.sleep(_LOOK_SECONDS)
            again = self._look()
            reading = Reading(min(reading.seconds, again.seconds), min(reading.waited, again.waited))
        return reading

    def _look(self) -> Reading:
        threads = list(self._pool.map(lambda _: self._work(), range(self._threads)))
        return Reading(min(least for least, _ in threads), max(waited for _, waited in threads))

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def _work(self) -> tuple[float, float]:
        """Of one thread, the least seconds that the work took, and the share of waiting.

        Without a break: a thread that sleeps now and then is served first when it wakes, and would see no neighbour.
        """
        start, own_start, least = self._clock(), self._own_clock(), float("inf")
        for _ in range(_REPEATS):
            before = self._clock()
            np.sort(self._values, kind="stable")
            least = min(least, self._clock() - before)
        own, wall = self._own_clock() - own_start, self._clock() - start
        return least, max(0.0, 1 - own / wall) if wall > 0 else 0.0


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
    """How busy the machine is now."""
    average = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return Load(gauge.read().waited, average, environment.usable_cores())
