"""A comparison of two runs -> an HTML file: the gates and what moved, and the queries that moved side by side."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from bench.regression import Regression
from bench.report.blocks import Block, Folded, Heading, Item, Items, Paragraph
from bench.report.page import explorer
from bench.report.page.blocks import rendered
from bench.report.page.document import View, document
from bench.report.page.sets import blocks as set_blocks
from bench.report.regression import content as texts
from bench.report.regression import parts
from bench.report.regression.explored import moved_sets
from bench.storage.run import Run


def render(comparison: Regression, base: Run, head: Run) -> bytes:
    """The page as one HTML file. base, head: the runs that were compared."""
    sets = list(moved_sets(comparison, base, head))
    views = [
        View("comparison", "Comparison", Markup('<div class="card">{}</div>').format(rendered(_blocks(comparison))))
    ]
    if sets:
        views.append(explorer.view(sets))
    modules = [explorer.MODULE] if sets else []
    return document(parts.names(comparison), views, set_blocks(sets), modules).encode()


def _blocks(comparison: Regression) -> Iterator[Block]:
    yield Paragraph(texts.headline(comparison), state=comparison.outcome)
    yield from parts.troubles(comparison)
    yield texts.gates(comparison)
    if moved := texts.main(comparison):
        yield moved
    if notes := list(texts.notes(comparison)):
        yield Heading("Changed")
        yield Items(tuple(Item((note,)) for note in notes))
    yield from parts.quality(comparison)
    yield from (Folded("All costs", (table,)) for table in parts.costs(comparison))
    if comparison.flips:
        yield Heading("Flipped queries")
        yield from parts.flips(comparison, texts.SHOWN_FLIPS)
