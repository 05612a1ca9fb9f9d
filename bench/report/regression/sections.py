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


def sections(found: Regression) -> Sections:
    """The outcome, what is wrong, the gates, the main measures, what flipped and changed, all figures."""
    parts = (_outcome, _troubles, _gates, _main, _moved, _quality, _costs)
    return [list(part(found)) for part in parts]


def _outcome(found: Regression) -> Iterator[Block]:
    names, headline = f"{content.inert(found.head)} against {content.inert(found.base)}", content.headline(found)
    yield Heading(names, level=1, only=FULL)
    yield Paragraph(headline, state=found.outcome, only=FULL)
    yield Paragraph(f"{names}: {headline}", state=found.outcome, only=SHORT)


def _troubles(found: Regression) -> Iterator[Block]:
    return (Paragraph(each, state="failed") for each in content.troubles(found))


def _gates(found: Regression) -> Iterator[Block]:
    yield content.gates(found)


def _main(found: Regression) -> Iterator[Block]:
    if moved := content.main(found):
        yield replace(moved, only=FULL)


def _moved(found: Regression) -> Iterator[Block]:
    if found.flips:
        lost = sum(flip.lost for flip in found.flips)
        yield Heading("Flipped queries", only=FULL)
        yield Folded(f"{lost:,} lost, {len(found.flips) - lost:,} gained", tuple(_flips(found, FULL)), only=FULL)
        yield from _flips(found, SHORT)
    notes = list(content.notes(found))
    if notes:
        yield Heading("Changed", only=FULL)
        yield Items(tuple(Item((note,)) for note in notes), only=FULL)
    yield from (Remark("changed", note, only=SHORT) for note in notes)


def _flips(found: Regression, only: Only) -> Iterator[Block]:
    most = SHOWN_FLIPS[only]
    yield from (_flip(flip, only) for flip in content.shown_flips(found, most))
    more = content.left_out(found, most)
    if more or only == SHORT:
        yield Text((more,), state="aside", only=only)


def _flip(flip: Flip, only: Only) -> Block:
    where = f"{content.inert(flip.retriever)} on {content.inert(flip.dataset)}"
    query = content.inert(f"{flip.query}: {flip.text}", content.SHOWN_CHARACTERS)
    return FlippedQuery("lost" if flip.lost else "gained", where, query, tuple(content.first_hits(flip)), only=only)


def _quality(found: Regression) -> Iterator[Block]:
    if found.changes:
        yield Folded("all measures", (content.quality(found),))


def _costs(found: Regression) -> Iterator[Block]:
    if found.costs:
        yield Folded("all costs", (content.costs(found),))
