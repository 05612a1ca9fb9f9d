"""Timing retrievers in turn: each is a race that runs a block of single queries when it is its turn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.experiment.workers.messages import Timed, WorkerLike
from bench.machine import latency


class Race:
    """One retriever's timing on one dataset."""

    def __init__(self, worker: WorkerLike, order: NDArray[np.int64]) -> None:
        self.worker, self.order = worker, order
        self.samples = np.zeros(0, dtype=np.int64)
        self.phases: dict[str, list[NDArray[np.int64]]] = {}
        self.seconds = self.seconds_single = 0.0
        self.throughput, self.warmed, self.batched = float("nan"), 0, 0

    def warm_up(self, queries: int, rng: np.random.Generator) -> None:
        self.warmed = latency.warm_up(lambda order: self._time(order.tolist()).nanoseconds, queries, rng)

    def over(self, plan: latency.Plan) -> bool:
        return len(self.samples) >= len(self.order) or plan.is_over(len(self.samples), self.seconds_single)

    def block(self, size: int) -> None:
        """Time the next block of single queries; a query more goes before them, whose time is no sample.

        Whoever had the turn before has left the processor's caches cold, so that the first query takes up to twice
        as long as the others, which says nothing of the retriever. It is the one timed last, not the next one: that
        would find its own data warm. What it takes counts for the budget, as that bounds how long all of it lasts.
        """
        start = len(self.samples)
        before = self.seconds
        timed = self._time(self.order[[start - 1, *range(start, min(start + size, len(self.order)))]].tolist())
        self.seconds_single += self.seconds - before
        self.samples = np.concatenate([self.samples, timed.nanoseconds[1:]])
        for name, values in timed.phases.items():
            self.phases.setdefault(name, []).append(values[1:])

    def batch(self, seconds: float) -> None:
        """Throughput: as many queries at once as should fit into `seconds`, going by the single ones."""
        fitting = int(seconds * 1e9 / max(float(np.median(self.samples)), 1.0))
        queries = list(dict.fromkeys(self.order.tolist()))[: max(fitting, 32)]  # in the order drawn, as timed singly
        timed = self._time(queries, together=True)
        self.batched = len(queries)
        self.throughput = len(queries) / (float(timed.nanoseconds[0]) / 1e9)

    def describe(self, queries: int, readings: list[float]) -> dict[str, Any]:
        """What a cell stores. readings: seconds of the gauge, taken between the blocks."""
        phases = {name: np.concatenate(parts) for name, parts in self.phases.items()}
        return {
            "hits": latency.LATENCY_HITS,
            "samples": len(self.samples),
            "queries": min(queries, len(self.order)),
            "warm_up": self.warmed,
            "gauge_seconds": readings,
            "phase_p50_ns": {name: float(np.median(values)) for name, values in sorted(phases.items())},
            "batch_queries": self.batched,
            "batch_per_second": self.throughput,
            "error": None,
        }

    def _time(self, queries: list[int], together: bool = False) -> Timed:
        timed = self.worker.time(queries, together)
        self.seconds += float(timed.nanoseconds.sum()) / 1e9
        return timed
