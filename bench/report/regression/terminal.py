"""A comparison of two runs -> rich tables for the terminal. What matters most comes last, where a reader looks."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from bench.regression import Regression
from bench.report import terminal
from bench.report.blocks import Block, Paragraph, Remark, Text
from bench.report.regression import content, parts

SHOWN_FLIPS = 10  # more would push the figures out of sight


def render(comparison: Regression) -> Iterator[RenderableType]:
    """Costs, figures, flipped queries, gates, and last the outcome."""
    return terminal.render(_blocks(comparison))


def _blocks(comparison: Regression) -> Iterator[Block]:
    yield from parts.costs(comparison)
    yield from parts.quality(comparison)
    if comparison.flips:
        yield from parts.flips(comparison, SHOWN_FLIPS)
        yield Text((content.left_out(comparison, SHOWN_FLIPS),), state="aside")
    yield from (Remark("changed", note) for note in content.notes(comparison))
    yield content.gates(comparison)
    yield from parts.troubles(comparison)
    headline = f"{parts.names(comparison)}: {content.headline(comparison)}"
    yield Paragraph(headline, state=comparison.outcome)
