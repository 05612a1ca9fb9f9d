"""A comparison of two runs -> rich tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from bench.regression import Flip, Regression
from bench.report.regression import content
from bench.report.terminal_table import TerminalTable

# More would push the figures out of sight.
SHOWN_FLIPS = 10
_STYLES = {"pass": "bold green", "inconclusive": "bold yellow"}


def render(found: Regression) -> Iterator[RenderableType]:
    """What matters most comes last, where a reader looks: costs, figures, flipped queries, gates, the outcome."""
    if found.costs:
        yield TerminalTable(content.costs(found))
    if found.changes:
        yield TerminalTable(content.quality(found))
    for flip in content.shown_flips(found, SHOWN_FLIPS):
        yield from _flip(flip)
    if found.flips:
        yield Text(content.left_out(found, SHOWN_FLIPS), style="dim")
    for note in content.notes(found):
        yield Text(f"changed: {note}", style="dim")
    yield TerminalTable(content.gates(found))
    for trouble in content.troubles(found):
        yield Text(trouble, style="bold red")
    names = f"{content.inert(found.head)} against {content.inert(found.base)}: "
    yield Text(names + content.headline(found), style=_STYLES.get(found.outcome, "bold red"))


def _flip(flip: Flip) -> Iterator[RenderableType]:
    what = "lost" if flip.lost else "gained"
    where = f"{content.inert(flip.retriever)} on {content.inert(flip.dataset)}"
    query = content.inert(f"{flip.query}: {flip.text}", content.SHOWN_CHARACTERS)
    yield Text(f"{what} ({where}) {query}", style="red" if flip.lost else "green")
    for side, hit in content.first_hits(flip):
        yield Text(f"    {side} {hit}", style="dim")
