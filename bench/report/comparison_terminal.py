"""A comparison of two runs -> rich tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from bench.regression import Flip, Regression
from bench.report import comparison
from bench.report.fitted import Fitted

# More would push the figures out of sight.
SHOWN_FLIPS = 10
_STYLES = {"pass": "bold green", "inconclusive": "bold yellow"}


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
