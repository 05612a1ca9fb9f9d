"""Blocks as rich's tables and texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from rich import text as rich_text
from rich.console import RenderableType

from bench.report.blocks import Block, FlippedQuery, Folded, Heading, Items, Paragraph, Remark, Text
from bench.report.table import Table, log_line
from bench.report.terminal_table import TerminalTable

STYLES = {
    "aside": "dim",
    "failed": "bold red",
    "regression": "bold red",
    "not comparable": "bold red",
    "inconclusive": "bold yellow",
    "pass": "bold green",
    "warning": "yellow",
    "changed": "dim",
    "lost": "red",
    "gained": "green",
}


def render(blocks: Iterable[Block], change: Callable[[str], str] = str) -> Iterator[RenderableType]:
    """The blocks in their order. change: what labels of retrievers are shown as."""
    for block in blocks:
        yield from _render(block.relabelled(change))


def _render(block: Block) -> Iterator[RenderableType]:
    match block:
        case Heading():
            yield _text("")
            yield _text(block.text, "bold reverse")
        case Paragraph():
            yield _text(block.first, STYLES.get(block.state, "bold"))
            yield from map(_text, block.rest)
        case Text():
            yield _text("".join(block.pieces), STYLES.get(block.state, ""))
        case Remark():
            yield _text(f"{block.kind}: {block.whole}", STYLES[block.kind])
        case Items():
            for item in block.items:
                yield from map(_text, ("".join(item.pieces), *map("".join, item.details)))
        case FlippedQuery():
            yield _text(f"{block.state} ({block.where}) {block.query}", STYLES[block.state])
            yield from (_text(f"{side} {hit}", "dim", "    ") for side, hit in block.hits)
        case Folded():
            for inner in block.blocks:
                yield from _render(inner)
        case Table():
            yield TerminalTable(block)
        case _:
            raise TypeError(block)


def _text(text: str, style: str = "", before: str = "") -> rich_text.Text:
    return rich_text.Text(before + log_line(text), style=style)
