"""The times of one dataset's cells: the retrievers' single queries in alternating blocks, then a batch each.

They take turns so that a slow minute of the machine hits all alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from bench.evaluation.streams import Purpose, stream
from bench.experiment.participants import Participant
from bench.experiment.race import Race
from bench.experiment.workers.messages import WorkerError
from bench.machine import latency
from bench.machine.gauge import SpeedGauge
from bench.storage.cell import Cell, write_cell
from bench.storage.files import array_bytes
from retrievers import RetrieverError

# Throughput is measured on one batch of so many queries as fit into this share of the time budget.
BATCH_SHARE = 0.25

# How often the gauge is read while single queries are timed.
GAUGE_SECONDS = 1.0


class Step(Protocol):
    """Is told what a participant does next, and how far it is."""

    def __call__(self, participant: Participant, text: str, done: int = 0, total: int | None = None) -> None: ...


@dataclass(frozen=True)
class _Heat:
    """A participant's race on one dataset, and the cell that its times belong to."""

    participant: Participant
    cell: Cell
    race: Race


@dataclass(frozen=True)
class Timing:
    """How cells are timed. plan: samples and seconds. failed: is told of a participant that fails while it is timed."""

    plan: latency.Plan
    seed: int
    gauge: SpeedGauge
    step: Step
    failed: Callable[[Participant, Exception], None]

    def of(self, built: Sequence[tuple[Participant, Cell]], queries: int) -> float:
        """Time these participants, which have the same dataset open, and store the times in their cells.

        queries: how many the dataset has. Returns the seconds that the retrievers took.
        """
        heats = list(self._warmed_up(built, queries))
        readings = self._single_queries(heats)
        seconds = 0.0
        for heat in heats:
            self.step(heat.participant, "time a batch")
            if self._goes_on(heat, lambda race: race.batch(self.plan.seconds * BATCH_SHARE)):
                seconds += heat.race.seconds
                info = {**heat.cell.info, "timing": heat.race.describe(queries, readings)}
                write_cell(heat.cell.folder, info, {"samples.npy": array_bytes(np.save, heat.race.samples)})
        return seconds

    def _warmed_up(self, built: Sequence[tuple[Participant, Cell]], queries: int) -> Iterator[_Heat]:
        for participant, cell in built:
            assert participant.worker is not None
            rng = stream(self.seed, Purpose.TIMING_ORDER)
            heat = _Heat(participant, cell, Race(participant.worker, self.plan.orders(queries, rng)))
            self.step(participant, "warm up")
            if self._goes_on(heat, partial(Race.warm_up, queries=queries, rng=rng)):
                yield heat

    def _single_queries(self, heats: list[_Heat]) -> list[float]:
        """Block by block in turn; who fails leaves `heats`. Returns the gauge's seconds between the blocks."""
        readings, read_at = [self.gauge.read()], time.perf_counter()
        while running := [heat for heat in heats if not heat.race.over(self.plan)]:
            for heat in running:
                self.step(heat.participant, "time", len(heat.race.samples), len(heat.race.order))
                if not self._goes_on(heat, lambda race: race.block(self.plan.block)):
                    heats.remove(heat)
            if time.perf_counter() - read_at > GAUGE_SECONDS:
                readings.append(self.gauge.read())
                read_at = time.perf_counter()
        return [*readings, self.gauge.read()]

    def _goes_on(self, heat: _Heat, lap: Callable[[Race], object]) -> bool:
        """Run a lap; where the retriever fails in it, its quality stands and its times are missing."""
        try:
            lap(heat.race)
        except (WorkerError, RetrieverError) as error:
            write_cell(heat.cell.folder, {**heat.cell.info, "timing": {"error": str(error)}}, {})
            self.failed(heat.participant, error)
            return False
        return True
