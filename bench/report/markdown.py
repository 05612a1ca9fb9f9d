"""Blocks in GitHub's markdown, safe from what users call their things."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from bench.report.blocks import (
    Block,
    Chart,
    Code,
    FlippedQuery,
    Folded,
    Heading,
    Items,
    Paragraph,
    Pieces,
    Remark,
    Strong,
    Text,
)
from bench.report.table import Table, inert, log_line

# What GitHub would make a link of without being asked: addresses of pages, of mails, and of people.
_LINK = re.compile(r"(?i)\b(?:https?|ftp)(?=://)|\bwww(?=\.)|(?<!\w)(?=@\w)|(?=@[\w-]+\.\w)")

# What would make a list, a rule or a heading at the beginning of a line; a signed number does not.
_BLOCK = re.compile(r"^(\d*)([-+.)=])(?=\s|$|[-=\s]+$)")


def render(blocks: Iterable[Block], change: Callable[[str], str] = str) -> str:
    """The blocks in their order. change: what labels of retrievers are shown as."""
    return "\n\n".join(_rendered(block.relabelled(change) for block in blocks)) + "\n"


def escape(text: str) -> str:
    """Text that stays text, in a table and at the beginning of a line: no markup, formula, link, border or line end."""
    return _BLOCK.sub(r"\1\\\2", _escape_within(text))


def _escape_within(text: str) -> str:
    """The same within a line, where no list begins."""
    text = inert(text)
    for character in "\\`*_{}[]<>#|~&!$":
        text = text.replace(character, "\\" + character)
    return _LINK.sub(lambda match: match.group() + "\\", text)


def code(text: str) -> str:
    """Text as a code span, in which no markup, mention, link or HTML is read; fit for a table too."""
    plain = log_line(text).replace("`", "'").replace("|", "¦").strip()
    return f"`{plain or ' '}`"


def _rendered(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        yield from _render(block)


def _render(block: Block) -> Iterator[str]:
    match block:
        case Heading():
            yield f"{'#' * block.level} {escape(block.text)}"
        case Paragraph():
            yield " ".join((f"**{escape(block.first)}**", *map(escape, block.rest)))
        case Text():
            yield _line(block.pieces)
        case Remark():
            yield f"**{block.kind.capitalize()}:** {escape(block.whole)}"
        case Items():
            yield "\n".join(_entry(item.pieces, item.details) for item in block.items)
        case FlippedQuery():
            details = [(f"{side} ", Code(hit)) for side, hit in block.hits]
            yield _entry((Strong(block.state), f", {block.where}: ", Code(block.query)), details)
        case Chart():
            yield f"![{escape(block.text)}]({block.path})"
            yield escape(block.text)
        case Folded():
            yield from (f"<details><summary>{block.title}</summary>", *_rendered(block.blocks), "</details>")
        case Table():
            yield _table(block)
        case _:
            raise TypeError(block)


def _line(pieces: Pieces) -> str:
    """A text's pieces in a row."""
    return "".join(_piece(piece, first=not place) for place, piece in enumerate(pieces))


def _piece(piece: str, *, first: bool) -> str:
    if isinstance(piece, Code):
        return code(piece)
    if isinstance(piece, Strong):
        return f"**{escape(piece)}**"
    before, after = " " * piece.startswith(" "), " " * piece.endswith(" ")
    return before + (escape if first else _escape_within)(piece) + after


def _entry(pieces: Pieces, details: Iterable[Pieces]) -> str:
    return "\n".join((f"- {_line(pieces)}", *(f"  - {_line(detail)}" for detail in details)))


def _table(table: Table) -> str:
    """A table under its title, with its notes."""
    lines = [f"{'#' * table.level} {escape(table.title)}", "", _row([escape(name) for name in table.header])]
    right = len(table.header) - table.columns_left
    lines.append(_row([*["---"] * table.columns_left, *["---:"] * right]))
    for number, row in enumerate(table.rows):
        cells = [f"**{escape(cell)}**" if (number, i) in table.best else escape(cell) for i, cell in enumerate(row)]
        lines.append(_row(cells))
    return "\n".join([*lines, *(f"\n{escape(note)}" for note in table.notes)])


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
