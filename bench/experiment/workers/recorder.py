"""What a retriever tells of itself while it works, added up."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from bench.experiment.workers.failure import storable
from bench.experiment.workers.messages import Progress, Work
from retrievers.base import RetrieverError


@dataclass
class Recorder:
    """Sums what a retriever tells; passes progress on, at most ten times a second."""

    progress: Progress | None = None
    nanoseconds: dict[str, int] = field(default_factory=dict)
    quantities: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    _totals: dict[str, int | None] = field(default_factory=dict)
    _done: dict[str, int] = field(default_factory=dict)
    _told: float = 0.0

    def started(self, phase: str, total: int | None) -> None:
        phase = storable(phase)
        self._totals[phase], self._done[phase] = total, 0
        if self.progress is not None and (total is not None or phase == "load"):
            self.progress(phase, 0, total)

    def advanced(self, phase: str, steps: int) -> None:
        phase = storable(phase)
        self._done[phase] += steps
        if self.progress is not None and time.monotonic() - self._told > 0.1:
            self._told = time.monotonic()
            self.progress(phase, self._done[phase], self._totals[phase])

    def ended(self, phase: str, nanoseconds: int) -> None:
        phase = storable(phase)
        self.nanoseconds[phase] = self.nanoseconds.get(phase, 0) + nanoseconds

    def recorded(self, quantity: str, value: float) -> None:
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            raise RetrieverError(f"It records {quantity} = {value!r}, which is no finite number.", "Record a number.")
        self.quantities[storable(str(quantity))] = number

    def warned(self, text: str) -> None:
        self.warnings.append(storable(str(text)))

    def work(self, seconds: float) -> Work:
        phases = {name: ns / 1e9 for name, ns in self.nanoseconds.items()}
        return Work(seconds, phases, self.quantities, tuple(dict.fromkeys(self.warnings)))
