"""A comparison of two runs as the blocks that every form for people renders, the most important first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bench.regression import Flip, Regression
from bench.report.blocks import (
    FULL,
    SHORT,
    Block,
    FlippedQuery,
    Folded,
    Heading,
    Item,
    Items,
    Only,
    Paragraph,
    Remark,
    Sections,
    Text,
)
from bench.report.regression import content

# Flipped queries: on a page one takes about a thousand characters; in a terminal more would push the figures out of
# sight.
SHOWN_FLIPS: dict[Only, int] = {FULL: 25, SHORT: 10}


def sections(comparison: Regression) -> Sections:
    """The outcome, what is wrong, the gates, the main measures, what flipped and changed, all figures."""
    parts = (_outcome, _troubles, _gates, _main, _moved, _quality, _costs)
    return [list(part(comparison)) for part in parts]


def _outcome(comparison: Regression) -> Iterator[Block]:
    names = f"{content.inert(comparison.head)} against {content.inert(comparison.base)}"
    headline = content.headline(comparison)
    yield Heading(names, level=1, only=FULL)
    yield Paragraph(headline, state=comparison.outcome, only=FULL)
    yield Paragraph(f"{names}: {headline}", state=comparison.outcome, only=SHORT)


def _troubles(comparison: Regression) -> Iterator[Block]:
    return (Paragraph(trouble, state="failed") for trouble in content.troubles(comparison))


def _gates(comparison: Regression) -> Iterator[Block]:
    yield content.gates(comparison)


def _main(comparison: Regression) -> Iterator[Block]:
    if moved := content.main(comparison):
        yield replace(moved, only=FULL)


def _moved(comparison: Regression) -> Iterator[Block]:
    if comparison.flips:
        lost = sum(flip.lost for flip in comparison.flips)
        counts = f"{lost:,} lost, {len(comparison.flips) - lost:,} gained"
        yield Heading("Flipped queries", only=FULL)
        yield Folded(counts, tuple(_flips(comparison, FULL)), only=FULL)
        yield from _flips(comparison, SHORT)
    notes = list(content.notes(comparison))
    if notes:
        yield Heading("Changed", only=FULL)
        yield Items(tuple(Item((note,)) for note in notes), only=FULL)
    yield from (Remark("changed", note, only=SHORT) for note in notes)


def _flips(comparison: Regression, only: Only) -> Iterator[Block]:
    most = SHOWN_FLIPS[only]
    yield from (_flip(flip, only) for flip in content.shown_flips(comparison, most))
    more = content.left_out(comparison, most)
    if more or only == SHORT:
        yield Text((more,), state="aside", only=only)


def _flip(flip: Flip, only: Only) -> Block:
    where = f"{content.inert(flip.retriever)} on {content.inert(flip.dataset)}"
    query = content.inert(f"{flip.query}: {flip.text}" if flip.text else flip.query, content.SHOWN_CHARACTERS)
    return FlippedQuery("lost" if flip.lost else "gained", where, query, tuple(content.first_hits(flip)), only=only)


def _quality(comparison: Regression) -> Iterator[Block]:
    if comparison.changes:
        yield Folded("all measures", (content.quality(comparison),))


def _costs(comparison: Regression) -> Iterator[Block]:
    if comparison.costs:
        yield Folded("all costs", (content.costs(comparison),))
