"""What every form of a report shows: tables of text, and numbers and strangers' texts as text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bench.report.blocks import Block

FEWEST = 6  # queries of which a best one is marked: of five no outcome has a p below .05 (two of 2^5 orders of signs)
DAGGER, FRONT, NO_INDEX, NOISE = "†", "◆", "§", "≈"


@dataclass(frozen=True)
class Table(Block):
    """A title, a header, rows of text, and which cells are the best of their column.

    columns_left: how many of the first columns hold words. line: the same in one line, for a form without room. level:
    of its title, as a heading.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    best: frozenset[tuple[int, int]] = frozenset()
    notes: tuple[str, ...] = ()
    columns_left: int = 1
    line: str = ""
    level: int = 2

    def relabelled(self, change: Callable[[str], str]) -> Table:
        return replace(
            self,
            title=change(self.title),
            header=tuple(map(change, self.header)),
            rows=tuple(tuple(map(change, row)) for row in self.rows),
            notes=tuple(map(change, self.notes)),
            line=change(self.line),
        )


def number(value: float | None, digits: int = 4) -> str:
    """A figure, or n/a where it is NaN (in CSV) or None (in JSON); never -0.0000."""
    return "n/a" if value is None or math.isnan(value) else f"{value:z.{digits}f}"


def signed(value: float | None, digits: int = 4) -> str:
    """A difference with its sign; never -0.0000."""
    return "n/a" if value is None or math.isnan(value) else f"{value:+z.{digits}f}"


def interval(figure: Mapping[str, Any], of: str = "value") -> str:
    """A figure with its interval."""
    return f"{number(figure[of])} [{number(figure['low'], 3)}, {number(figure['high'], 3)}]"


def signed_interval(figure: Mapping[str, Any], of: str = "value") -> str:
    """A difference with its interval."""
    return f"{signed(figure[of])} [{signed(figure['low'], 3)}, {signed(figure['high'], 3)}]"


def p_value(p: float) -> str:
    """A p-value as people read it."""
    return "<0.001" if p < 0.001 else number(p, 3)


def shows_from(detectable: float) -> str:
    """The smallest difference that is shown; n/a where no query differs, from which nothing follows."""
    if detectable == 0:
        return "n/a"
    return "<0.001" if 0 < detectable < 0.001 else number(detectable, 3)


def share(value: float | None) -> str:
    """A share as a percentage."""
    return "n/a" if value is None or math.isnan(value) else f"{value:.0%}"


def best_of(values: Iterable[float | None], queries: int = FEWEST) -> set[int]:
    """The places of the highest value, where at least two are known; none where there are too few queries to tell."""
    if queries < FEWEST:
        return set()
    known = {place: value for place, value in enumerate(values) if value is not None and not math.isnan(value)}
    return {place for place, value in known.items() if len(known) > 1 and value == max(known.values())}


def inert(text: str) -> str:
    """A stranger's text on one line, without characters that steer a terminal or turn the direction of writing."""
    line = " ".join(text.split())
    if line.isprintable():  # as most are, in a hundredth of the time
        return line
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line)


def log_line(text: str) -> str:
    """The same, which no CI system takes for a command in a job's log, wherever its lines are broken."""
    return re.sub(r"(?<=:)(?=:)|(?<=##)(?=[\[a-z])", " ", inert(text))


def head(text: str, characters: int) -> str:
    """The beginning of a text on one line."""
    line = inert(text)
    return line if len(line) <= characters else line[: characters - 1] + "…"
