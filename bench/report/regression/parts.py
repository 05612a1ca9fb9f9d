"""The parts of a comparison of two runs as blocks. A form says which of them it shows, in its order."""

from __future__ import annotations

from collections.abc import Iterator

from bench.regression import Flip, Regression
from bench.report.blocks import Block, FlippedQuery, Paragraph
from bench.report.regression import content
from bench.report.table import Table


def names(comparison: Regression) -> str:
    """What is compared with what."""
    return f"{content.inert(comparison.head)} against {content.inert(comparison.base)}"


def troubles(comparison: Regression) -> Iterator[Block]:
    """Why the runs cannot be compared in full."""
    return (Paragraph(trouble, state="failed") for trouble in content.troubles(comparison))


def flips(comparison: Regression, most: int) -> Iterator[FlippedQuery]:
    """So many of the queries that lost or gained their hits."""
    return map(_flip, content.shown_flips(comparison, most))


def _flip(flip: Flip) -> FlippedQuery:
    where = f"{content.inert(flip.retriever)} on {content.inert(flip.dataset)}"
    query = content.inert(f"{flip.query}: {flip.text}" if flip.text else flip.query, content.SHOWN_CHARACTERS)
    return FlippedQuery("lost" if flip.lost else "gained", where, query, tuple(content.first_hits(flip)))


def quality(comparison: Regression) -> Iterator[Table]:
    """All measures."""
    if comparison.changes:
        yield content.quality(comparison)


def costs(comparison: Regression) -> Iterator[Table]:
    """All costs."""
    if comparison.costs:
        yield content.costs(comparison)
