"""The parts of a comparison of two runs as blocks. A form says which of them it shows, in its order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bench.regression import CellPair, Flip, Regression
from bench.report.blocks import Block, FlippedQuery, LinkedQuery, Paragraph
from bench.report.page.addresses import query_address
from bench.report.regression import content
from bench.report.run.labels import shortened
from bench.report.table import Table
from bench.storage.files import slug


def names(comparison: Regression) -> str:
    """What is compared with what."""
    return f"{content.inert(comparison.head)} against {content.inert(comparison.base)}"


def troubles(comparison: Regression) -> Iterator[Block]:
    """Why the runs cannot be compared in full."""
    return (Paragraph(trouble, state="failed") for trouble in content.troubles(comparison))


def flips(comparison: Regression, most: int) -> Iterator[FlippedQuery]:
    """So many of the queries that lost or gained their hits."""
    short = short_labels(comparison)
    shown = {(pair.dataset, pair.retriever): sides(pair, short) for pair in comparison.pairs}
    flips = content.shown_flips(comparison, most)
    return (_flip(flip, *shown[flip.dataset, flip.retriever]) for flip in flips)


def _flip(flip: Flip, base: str, head: str) -> FlippedQuery:
    """base, head: what the page calls the retriever of each side."""
    where = f"{content.inert(flip.retriever)} on {content.inert(flip.dataset)}"
    text = content.inert(f"{flip.query}: {flip.text}" if flip.text else flip.query, content.SHOWN_CHARACTERS)
    query = LinkedQuery.to(text, query_address(slug(flip.dataset), flip.query, head, base))
    return FlippedQuery("lost" if flip.lost else "gained", where, query, tuple(content.first_hits(flip)))


def short_labels(comparison: Regression) -> dict[str, str]:
    """What the retrievers of both runs are called where there is little room."""
    labels = [label for pair in comparison.pairs for label in (pair.retriever, pair.base_retriever)]
    return shortened(list(dict.fromkeys(labels)))


def sides(pair: CellPair, short: Mapping[str, str]) -> tuple[str, str]:
    """What the retriever is called in base and in head, where both stand side by side. short: `short_labels`."""
    return f"base {short[pair.base_retriever]}", f"head {short[pair.retriever]}"


def quality(comparison: Regression) -> Iterator[Table]:
    """All measures."""
    if comparison.changes:
        yield content.quality(comparison)


def costs(comparison: Regression) -> Iterator[Table]:
    """All costs."""
    if comparison.costs:
        yield content.costs(comparison)
