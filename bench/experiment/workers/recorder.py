"""What a retriever tells of itself while it works, added up."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from threading import Lock

from bench.experiment.workers.failure import storable
from bench.experiment.workers.messages import Progress, Work
from retrievers.base import AMOUNTS, LOAD, RetrieverError


@dataclass
class SummingRecorder:
    """Sums what a retriever and its parts tell; passes progress on, at most ten times a second.

    Totals stand under plain names, what a part has of them under `part/name`. What is told twice adds up (of a quantity
    that is no amount, the last stands), but time within a phase of the same name counts once.
    """

    progress: Progress | None = None
    nanoseconds: dict[str, int] = field(default_factory=dict)
    quantities: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    _open: dict[str, int] = field(default_factory=dict)
    _totals: dict[str, int | None] = field(default_factory=dict)
    _done: dict[str, int] = field(default_factory=dict)
    _told: float = 0.0
    _lock: Lock = field(default_factory=Lock, repr=False, compare=False)  # parts may tell side by side, in threads

    def started(self, phase: str, total: int | None, part: str) -> None:
        names = _names(phase, part)
        with self._lock:
            for name in names:
                self._open[name] = self._open.get(name, 0) + 1
        whole = names[-1]
        self._totals[whole], self._done[whole] = total, 0
        if self.progress is not None and (total is not None or phase == LOAD):
            self.progress(whole, 0, total)

    def advanced(self, phase: str, steps: int, part: str) -> None:
        whole = _names(phase, part)[-1]
        self._done[whole] += steps
        if self.progress is not None and time.monotonic() - self._told > 0.1:
            self._told = time.monotonic()
            self.progress(whole, self._done[whole], self._totals[whole])

    def ended(self, phase: str, nanoseconds: int, part: str) -> None:
        with self._lock:
            for name in _names(phase, part):
                self._open[name] -= 1
                if not self._open[name]:
                    self.nanoseconds[name] = self.nanoseconds.get(name, 0) + nanoseconds

    def recorded(self, quantity: str, value: float, part: str) -> None:
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            raise RetrieverError(f"It records {quantity} = {value!r}, which is no finite number.", "Record a number.")
        quantity = str(quantity)
        with self._lock:
            for name in _names(quantity, part):
                before = self.quantities.get(name, 0.0) if quantity in AMOUNTS else 0.0
                self.quantities[name] = before + number

    def warned(self, text: str, part: str) -> None:
        self.warnings.append(storable(f"{part}: {text}" if part else str(text)))

    def work(self, seconds: float) -> Work:
        phases = {name: ns / 1e9 for name, ns in self.nanoseconds.items()}
        return Work(seconds, phases, self.quantities, tuple(dict.fromkeys(self.warnings)))


@lru_cache
def _names(name: str, part: str) -> tuple[str, ...]:
    """What a name counts for: the whole, then each part that it was told in, the innermost last."""
    parts = accumulate(f"{level}/" for level in part.split("/")) if part else ()
    return tuple(storable(f"{prefix}{name}") for prefix in ("", *parts))
