"""What the judgements allow: which queries count, how many documents were judged, what difference can be seen."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bench.data.check.finding import Finding, about
from bench.data.dataset import Dataset, is_relevant
from bench.data.normalised import normalised
from bench.data.slices import slices
from bench.errors import counted
from bench.evaluation.power import detectable_difference

# Standard deviation of paired differences per query where none was measured: usual for two retrievers on nDCG@10.
SD = 0.25


def check(dataset: Dataset, sd: float | None) -> Iterator[Finding]:
    """Findings on the judgements of a set."""
    yield from _unanswerable(dataset)
    yield from _own_documents(dataset)
    yield from _absent_fields(dataset)
    yield _per_query(dataset)
    yield from _only_relevant(dataset)
    if dataset.answerable.any():
        yield _detectable(dataset, sd)


def _unanswerable(dataset: Dataset) -> Iterator[Finding]:
    ids = [
        query_id for query_id, answerable in zip(dataset.query_ids, dataset.answerable, strict=True) if not answerable
    ]
    if not dataset.answerable.any():
        yield Finding("nothing-relevant", "error", "No query has a relevant document.", tuple(ids))
        return
    yield from about(
        ids,
        "unanswerable",
        "note",
        ("judged query has", "judged queries have"),
        "no relevant document; the means are taken without them",
    )


def _own_documents(dataset: Dataset) -> Iterator[Finding]:
    """Queries that have a document's id, where that may mean that they are the document."""
    names, out = np.array(dataset.query_ids, dtype=object), dataset.left_out >= 0
    suspect = [query for query in np.flatnonzero(dataset.own_document >= 0).tolist() if _may_be_itself(dataset, query)]
    phrase = ("query shares its id with a document", "queries share their ids with documents")
    rest = (
        "that may be hits: right where ids only happen to agree, wrong where such a document is the query itself "
        "(say which on the card: drop_self = true leaves them out, drop_self = false keeps them)"
    )
    yield from about(names[suspect].tolist(), "shared-ids", "warning", phrase, rest)
    yield from about(names[out].tolist(), "left-out", "note", phrase, "that are left out of the hits (drop_self)")


def _may_be_itself(dataset: Dataset, query: int) -> bool:
    """Is the document with a query's id, which is kept, the query itself?

    Not where the card has decided, nor where the document is judged. Queries and documents that are numbered one by one
    share ids by chance: of plain numbers only a document that begins with the query, as with its title, is suspected.
    """
    own = int(dataset.own_document[query])
    if dataset.card.drop_self is not None or dataset.left_out[query] == own or own in dataset.judgements[query]:
        return False
    asked = normalised(dataset.query_texts[query])
    numbered = dataset.query_ids[query].isdecimal()
    return not numbered or (bool(asked) and f"{normalised(dataset.texts[own])} ".startswith(f"{asked} "))


def _absent_fields(dataset: Dataset) -> Iterator[Finding]:
    """Fields that the card slices or groups by, most likely misspelt: their tables would be missing without a word."""
    names = dataset.absent_fields
    if names:
        known = sorted({key for fields in dataset.metadata for key in fields})
        rest = f"queries have {', '.join(known)}" if known else "queries have no metadata"
        listed = ", ".join(map(repr, names))
        yield Finding("absent-fields", "warning", f"The card names {listed}, which no query has; {rest}.")


def _per_query(dataset: Dataset) -> Finding:
    counts = np.array([len(judged) for judged in dataset.judgements])
    low, middle, high = int(counts.min()), float(np.median(counts)), int(counts.max())
    span = f"{low:,} to {high:,}" if low < high else f"{low:,}"
    return Finding(
        "judgements-per-query",
        "note",
        f"Judgements of a query: {span}, median {middle:g} ({counted(len(counts), 'query', 'queries')}).",
        figures={"judgements": {"queries": len(counts), "min": low, "median": middle, "max": high}},
    )


def _only_relevant(dataset: Dataset) -> Iterator[Finding]:
    if dataset.card.complete:
        return
    ids = [
        query
        for query, judged in zip(dataset.query_ids, dataset.judgements, strict=True)
        if all(is_relevant(grade) for grade in judged.values())
    ]
    rest = "no document judged not relevant: whatever was not judged counts as wrong there"
    yield from about(ids, "only-relevant-judged", "note", ("query has", "queries have"), rest)


def _detectable(dataset: Dataset, sd: float | None) -> Finding:
    spread = SD if sd is None else sd
    sizes = {name: int(mask.sum()) for name, mask in slices(dataset).items()}
    figures = {
        name: {"queries": size, "difference": detectable_difference(size, spread)}
        for name, size in sizes.items()
        if size > 1  # one query shows no spread
    }
    size = int(dataset.answerable.sum())
    least = detectable_difference(size, spread) if size > 1 else float("inf")
    # Measures lie within 0 and 1, so that a difference of two means cannot exceed 1.
    seen = "no difference at all would be found 4 times of 5"
    if least <= 1:
        seen = f"a true difference of {least:.3f} in {dataset.card.measure} would be found 4 times of 5"
    taken = "taken to be" if sd is None else "given as"
    return Finding(
        "detectable-difference",
        "note",
        f"With {counted(size, 'answerable query', 'answerable queries')} {seen} (paired, two-sided .05, "
        f"standard deviation of the differences {taken} {spread:g}).",
        figures=figures,
    )
