"""A table in a terminal of any width: no figure is broken in two, and no word is cut."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table as Shown
from rich.text import Text

from bench.report.table import Table, log_line

# Behind a figure; figures without one get a space, so that digits stand below digits.
MARKS = ("†", "*")
INDENT = 4
# What a column of sentences needs to be read.
READABLE = 24
BORDER = 3  # characters of a column besides its text


@dataclass(frozen=True)
class TerminalTable:
    """A table where there is room for it, else its rows as columns, else a paragraph a row.

    styles: cell -> style, for cells that say how it stands.
    """

    table: Table
    styles: Mapping[str, str] = field(default_factory=dict)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(log_line(self.table.title), style="bold")
        yield from self._body(options.max_width)
        yield from (Text(log_line(note), style="dim") for note in self.table.notes)
        yield Text("")

    def _body(self, room: int) -> Iterator[RenderableType]:
        few = len(self.table.rows) < len(self.table.header) and self.table.columns_left < len(self.table.header)
        for table in (self.table, *([_transposed(self.table)] if few else [])):
            table = _aligned(table)
            widths = _widths(table, room)
            if widths:
                yield self._grid(table, widths)
                return
        yield from self._paragraphs(room)

    def _grid(self, table: Table, widths: Sequence[int]) -> RenderableType:
        left = table.columns_left
        names = [(cell, width) for row in table.rows for cell, width in zip(row[:left], widths[:left], strict=True)]
        shown = Shown(show_lines=any(cell_len(cell) > width for cell, width in names))
        for place, (heading, width) in enumerate(zip(table.header, widths, strict=True)):
            justify: JustifyMethod = "left" if place < left else "right"
            shown.add_column(Text(heading), justify=justify, overflow="fold", width=width)
        for number, row in enumerate(table.rows):
            cells = [
                cell if i < left or cell_len(cell) <= widths[i] else "\n".join(_parts(cell))
                for i, cell in enumerate(row)
            ]
            shown.add_row(*(Text(cell, self._style(cell, (number, i) in table.best)) for i, cell in enumerate(cells)))
        return shown

    def _paragraphs(self, room: int) -> Iterator[RenderableType]:
        for number, row in enumerate(self.table.rows):
            cells = [
                Text(log_line(cell), self._style(cell, (number, i) in self.table.best)) for i, cell in enumerate(row)
            ]
            words, figures = cells[: self.table.columns_left], cells[self.table.columns_left :]
            yield Text(" · ").join(word for word in words if word)
            named = zip(self.table.header[self.table.columns_left :], figures, strict=True)
            parts = [Text.assemble(log_line(name), " ", cell) for name, cell in named if cell]
            yield from (Padding(line, (0, 0, 0, INDENT), expand=False) for line in _lines(parts, room - INDENT))

    def _style(self, cell: str, best: bool) -> str:
        return self.styles.get(cell.strip(), "bold" if best else "")


@dataclass(frozen=True)
class FirstThatFits:
    """Of several forms of one table, the widest first: one that fits as it is, else the last as well as it goes."""

    tables: Sequence[Table]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        fitting = (table for table in self.tables if _whole_width(_aligned(table)) <= options.max_width)
        yield TerminalTable(next(fitting, self.tables[-1]))


def _whole_width(table: Table) -> int:
    """With no line broken."""
    return sum(max(map(cell_len, column)) + BORDER for column in zip(table.header, *table.rows, strict=True)) + 1


def _transposed(table: Table) -> Table:
    """Its rows as columns: for few rows of many figures."""
    header, *rows = zip(table.header, *table.rows, strict=True)
    best = frozenset((column - 1, row + 1) for row, column in table.best if column)
    return Table(table.title, header, tuple(rows), best)


def _aligned(table: Table) -> Table:
    """Its texts made plain, with room for marks."""
    marked = {place for row in table.rows for place, cell in enumerate(row) if place and cell.endswith(MARKS)}
    rows = tuple(
        tuple(f"{log_line(cell)}{' ' * (i in marked and not cell.endswith(MARKS))}" for i, cell in enumerate(row))
        for row in table.rows
    )
    header = tuple(map(log_line, table.header))
    return Table(table.title, header, rows, table.best, columns_left=table.columns_left)


def _widths(table: Table, room: int) -> list[int]:
    """Of the columns, together within `room`; empty where figures or short words would have to be broken."""
    columns = list(zip(table.header, *table.rows, strict=True))
    widths = [max(map(cell_len, column)) for column in columns]
    least = [_least(column, place < table.columns_left) for place, column in enumerate(columns)]
    if sum(least) + BORDER * len(columns) + 1 > room:
        return []
    while sum(widths) + BORDER * len(columns) + 1 > room:
        widest = max((i for i, width in enumerate(widths) if width > least[i]), key=widths.__getitem__)
        widths[widest] -= 1
    return widths


def _least(column: Sequence[str], words: bool) -> int:
    """The width below which a figure or a word would be broken, or a sentence be hard to read."""
    broken, figures = (column, ()) if words else (column[:1], column[1:])
    whole = [word for text in broken for word in text.split()]
    whole += [part for cell in figures for part in _parts(cell)]
    readable = min(READABLE, max(map(cell_len, column))) if words else 1
    return max(readable, *map(cell_len, whole))


def _parts(cell: str) -> list[str]:
    """A figure, and what stands behind it in brackets: where there is little room, on a line of its own."""
    return re.split(r" (?=[\[(])", cell)


def _lines(parts: Sequence[Text], room: int) -> list[Text]:
    """The parts, separated by commas, a new line where one would be broken."""
    lines: list[Text] = []
    for number, part in enumerate(parts):
        if number:
            lines[-1].append(",")
        if not lines or lines[-1].cell_len + 2 + part.cell_len > room:
            lines.append(part)
        else:
            lines[-1] = Text.assemble(lines[-1], " ", part)
    return lines
