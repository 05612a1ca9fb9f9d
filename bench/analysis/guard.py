"""The last pass of a run is many questions; one that cannot be answered costs its own section, never the run."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

Section = TypeVar("Section")
Instead = TypeVar("Instead")


@dataclass
class Guard:
    """Runs the sections of a pass. troubles: (what failed, its reason in a line, its traceback) of each that failed."""

    troubles: list[tuple[str, str, str]] = field(default_factory=list)

    def __call__(self, what: str, make: Callable[[], Section], instead: Instead) -> Section | Instead:
        """What `make` gives, else `instead`. what: the section and its set, for the warning."""
        try:
            return make()
        except Exception as error:  # noqa: BLE001 - whatever it is, hours of work are not lost to it
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            self.troubles.append((what, reason, traceback.format_exc()))
            return instead
