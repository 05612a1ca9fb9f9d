"""The times of one dataset's cells: the retrievers' single queries in alternating blocks, then a batch each.

They take turns so that a slow minute of the machine hits all alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bench.evaluation.streams import Purpose, stream
from bench.experiment.cell import store_untimed, stored_readings
from bench.experiment.participants import RunningParticipant
from bench.experiment.workers.messages import Timed, WorkerError, WorkerLike
from bench.machine import latency
from bench.machine.gauge import Reading, SpeedGauge
from bench.storage.cell import Cell, write_cell
from bench.storage.files import array_bytes, json_ready
from retrievers import RetrieverError
from retrievers.stages import FIRST_STAGE, RERANK

# Throughput is measured on one batch of so many queries as fit into this share of the time budget.
BATCH_SHARE = 0.25

# Of each stage of a search in two.
STAGE_PERCENTILES = {"p50": 50.0, "p95": 95.0}

# How often the gauge is read while single queries are timed.
GAUGE_SECONDS = 1.0


class TimedRetriever:
    """One retriever's samples on one dataset, block by block when it is its turn.

    order: int64 [samples], the queries to time, as drawn. samples: int64 nanoseconds so far, in that order.
    """

    def __init__(self, worker: WorkerLike, order: NDArray[np.int64]) -> None:
        self.worker, self.order = worker, order
        self.samples = np.zeros(0, dtype=np.int64)
        self.phases: dict[str, list[NDArray[np.int64]]] = {}
        self.seconds = self.seconds_single = 0.0
        self.throughput, self.warmed, self.batched = float("nan"), 0, 0

    def warm_up(self, queries: int, rng: np.random.Generator) -> None:
        """Ask until times no longer fall. queries: how many the dataset has."""
        self.warmed = latency.warm_up(lambda order: self._time(order.tolist()).nanoseconds, queries, rng)

    def is_over(self, plan: latency.Plan) -> bool:
        """Are there samples enough, or is the time for them spent?"""
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

    def describe(self, queries: int, readings: Sequence[Reading]) -> dict[str, Any]:
        """What a cell stores. queries: of the dataset. readings: of the gauge, taken between the blocks."""
        phases = {name: np.concatenate(parts) for name, parts in self.phases.items()}
        return {
            "hits": latency.LATENCY_HITS,
            "samples": len(self.samples),
            "queries": min(queries, len(self.order)),
            "warm_up": self.warmed,
            **stored_readings(readings),
            **self._stages(phases),
            "phase_p50_ns": {name: float(np.median(values)) for name, values in sorted(phases.items())},
            "batch_queries": self.batched,
            "batch_per_second": self.throughput,
            "error": None,
        }

    def _stages(self, phases: dict[str, NDArray[np.int64]]) -> dict[str, Any]:
        """Of a search in two stages, depth -> p50 and p95 in nanoseconds with so many candidates; 0: the first stage.

        A query takes what is left of its time without the scoring of the candidates below that depth.
        """
        if FIRST_STAGE not in phases:
            return {}
        depths = sorted(int(name.removeprefix(RERANK)) for name in phases if name.startswith(RERANK))
        times, left = {0: phases[FIRST_STAGE]}, self.samples
        for depth in reversed(depths):
            times[depth] = left
            left = left - phases[f"{RERANK}{depth}"]
        by_depth = {
            str(depth): {
                name: latency.percentile(times[depth], percent).value for name, percent in STAGE_PERCENTILES.items()
            }
            for depth in sorted(times)
        }
        return {"stages_ns": json_ready(by_depth)}

    def _time(self, queries: list[int], together: bool = False) -> Timed:
        timed = self.worker.time(queries, together)
        self.seconds += float(timed.nanoseconds.sum()) / 1e9
        return timed


class TimingStep(Protocol):
    """Is told what a participant does next, and how far it is."""

    def __call__(self, label: str, text: str, done: int = 0, total: int | None = None) -> None: ...


@dataclass(frozen=True)
class TimedCell:
    """A participant, its stored cell on a dataset, and the times that are taken for it."""

    running: RunningParticipant
    cell: Cell
    retriever: TimedRetriever


@dataclass(frozen=True)
class Timing:
    """How cells are timed. plan: samples and seconds. failed: is told of a participant that fails while it is timed.

    stored: is given each cell as it is stored anew.
    """

    plan: latency.Plan
    seed: int
    gauge: SpeedGauge
    step: TimingStep
    failed: Callable[[RunningParticipant, Exception], None]
    stored: Callable[[Cell], None]

    def of(self, built: Sequence[tuple[RunningParticipant, Cell]], queries: int) -> float:
        """Time these participants, which have the same dataset open, and store the times in their cells.

        queries: how many the dataset has. Returns the seconds that the retrievers took.
        """
        timed = list(self._warmed_up(built, queries))
        readings = self._single_queries(timed)
        seconds = 0.0
        for timed_cell in timed:
            self.step(timed_cell.running.label, "time a batch")
            if self._works(timed_cell, lambda retriever: retriever.batch(self.plan.seconds * BATCH_SHARE)):
                seconds += timed_cell.retriever.seconds
                info = {**timed_cell.cell.info, "timing": timed_cell.retriever.describe(queries, readings)}
                samples = array_bytes(np.save, timed_cell.retriever.samples)
                self.stored(write_cell(timed_cell.cell.folder, info, {"samples.npy": samples}))
        return seconds

    def _warmed_up(self, built: Sequence[tuple[RunningParticipant, Cell]], queries: int) -> Iterator[TimedCell]:
        for running, cell in built:
            assert running.worker is not None
            rng = stream(self.seed, Purpose.TIMING_ORDER)
            timed = TimedCell(running, cell, TimedRetriever(running.worker, self.plan.orders(queries, rng)))
            self.step(running.label, "warm up")
            if self._works(timed, partial(TimedRetriever.warm_up, queries=queries, rng=rng)):
                yield timed

    def _single_queries(self, timed: list[TimedCell]) -> list[Reading]:
        """Block by block in turn; who fails leaves `timed`. Returns the gauge's readings between the blocks."""
        readings, read_at = [self.gauge.read()], time.perf_counter()
        while unfinished := [timed_cell for timed_cell in timed if not timed_cell.retriever.is_over(self.plan)]:
            for timed_cell in unfinished:
                self.step(
                    timed_cell.running.label, "time", len(timed_cell.retriever.samples), len(timed_cell.retriever.order)
                )
                if not self._works(timed_cell, lambda retriever: retriever.block(self.plan.block)):
                    timed.remove(timed_cell)
            if time.perf_counter() - read_at > GAUGE_SECONDS:
                readings.append(self.gauge.read())
                read_at = time.perf_counter()
        return [*readings, self.gauge.read()]

    def _works(self, timed: TimedCell, turn: Callable[[TimedRetriever], object]) -> bool:
        """Does a turn go well? Where the retriever fails in it, its quality stands and its times are missing."""
        try:
            turn(timed.retriever)
        except (WorkerError, RetrieverError) as error:
            self.stored(store_untimed(timed.cell, error))
            self.failed(timed.running, error)
            return False
        return True
