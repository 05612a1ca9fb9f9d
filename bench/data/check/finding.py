"""What a lint reports."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from bench.errors import counted

Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")
Ids = Collection[str] | Collection[tuple[str, ...]]


@dataclass(frozen=True)
class Finding:
    """One thing to know of a labelled set before trusting it.

    kind: a slug. message: one sentence, with the count. ids: all that it concerns, ascending, each one id, or ids that
    belong together: (query, document), or texts that are alike. figures: of a distribution, rows (slices of the
    queries, or what was found) of named numbers.
    """

    kind: str
    level: Level
    message: str
    ids: tuple[str | tuple[str, ...], ...] = ()
    figures: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def about(ids: Ids, kind: str, level: Level, phrase: tuple[str, str], rest: str) -> Iterator[Finding]:
    """A finding on these ids, or none where there are none; phrase: what follows the count 1, and any other."""
    if ids:
        yield Finding(kind, level, f"{counted(len(ids), *phrase)} {rest}.", tuple(sorted(ids)))
