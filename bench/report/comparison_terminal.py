"""A comparison of two runs -> rich tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.text import Text

from bench.regression import Flip, Regression
from bench.report import comparison
from bench.report.table import Table
from bench.report.terminal import table_block

# More would push the figures out of sight.
SHOWN_FLIPS = 10
INDENT = 4
_STYLES = {"pass": "bold green", "inconclusive": "bold yellow"}


@dataclass(frozen=True)
class Fitted:
    """A table where there is room for it, else a paragraph a row: figures are never broken in two."""

    table: Table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = zip(self.table.header, *self.table.rows, strict=True)
        if sum(max(map(cell_len, column)) + 3 for column in columns) < options.max_width:
            yield table_block(self.table)
            return
        yield Text(self.table.title, style="bold")
        for number, row in enumerate(self.table.rows):
            words = [each for each in row[: self.table.columns_left] if each]
            figures = zip(self.table.header, row, strict=True)
            named = [f"{name} {cell}" for name, cell in list(figures)[self.table.columns_left :] if cell]
            style = "bold" if (number, 0) in self.table.best else ""
            yield Text(" · ".join(words), style=style)
            if named:
                yield Padding(Text(", ".join(named)), (0, 0, 0, INDENT))
        yield from (Text(note, style="dim") for note in self.table.notes)
        yield Text("")


def render(found: Regression) -> Iterator[RenderableType]:
    """What matters most comes last, where a reader looks: costs, figures, flipped queries, gates, the outcome."""
    if found.costs:
        yield Fitted(comparison.costs(found))
    if found.changes:
        yield Fitted(comparison.quality(found))
    for flip in comparison.shown_flips(found, SHOWN_FLIPS):
        yield from _flip(flip)
    if found.flips:
        yield Text(comparison.left_out(found, SHOWN_FLIPS), style="dim")
    for note in comparison.notes(found):
        yield Text(f"changed: {note}", style="dim")
    yield Fitted(comparison.gates(found))
    for trouble in comparison.troubles(found):
        yield Text(trouble, style="bold red")
    names = f"{comparison.inert(found.head)} against {comparison.inert(found.base)}: "
    yield Text(names + comparison.headline(found), style=_STYLES.get(found.outcome, "bold red"))


def _flip(flip: Flip) -> Iterator[RenderableType]:
    what = "lost" if flip.lost else "gained"
    where = f"{comparison.inert(flip.retriever)} on {comparison.inert(flip.dataset)}"
    query = comparison.inert(f"{flip.query}: {flip.text}", comparison.SHOWN_CHARACTERS)
    yield Text(f"{what} ({where}) {query}", style="red" if flip.lost else "green")
    for side, hit in comparison.first_hits(flip):
        yield Text(f"    {side} {hit}", style="dim")
