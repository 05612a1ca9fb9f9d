"""Known-item search, for a collection without labels: ask for each document by a field that is not indexed.

It measures whether a retriever finds what somebody knows to be there, not how it does on real questions. So the name,
the card (`made_queries`) and the note of such a set say what it is. The evaluation by known items: Beitzel et al.,
"Using titles and category names from editor-driven taxonomies for automatic evaluation" (CIKM 2003).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa

from bench.data.dataset import Card, Dataset
from bench.data.formats.records import dataset_of
from bench.errors import BenchError, counted

TITLE = "title"


def asked_by(record: Mapping[str, Any], field: str) -> str:
    """The value of a field to ask by, with its white space collapsed; "" where it is absent or no plain value."""
    value = record.get(field)
    return " ".join(str(value).split()) if isinstance(value, str | int | float) else ""


def known_item(name: str, field: str, documents: pa.Table, card: Card | None = None, note: str = "") -> Dataset:
    """A Dataset of queries made from the documents themselves.

    documents: (id, text, asked). Each value of `asked` is a query, and all documents that have it are relevant, since
    nobody could tell which of them was meant; case does not count. But a title that several documents share
    ("Overview") is no name of any of them: it is left out, and counted. A document without text asks nothing: there is
    nothing to find it by. Raises BenchError where no document has the field.
    """
    shared = _shared(documents) if field == TITLE else {}
    query_of: dict[str, str] = {}
    queries: dict[str, tuple[str, Mapping[str, Any]]] = {}
    judgements: dict[tuple[str, str], int] = {}
    verbatim = set()
    for batch in documents.to_batches():
        for document, text, asked in zip(*(batch[key].to_pylist() for key in ("id", "text", "asked")), strict=True):
            if not asked or not text or asked.casefold() in shared:
                continue
            query = query_of.setdefault(asked.casefold(), f"known-{document}")
            queries.setdefault(query, (asked, {}))
            judgements[query, document] = 1
            if asked.casefold() in text.casefold():
                verbatim.add(query)
    if not queries and shared:
        raise BenchError(
            f"{name}: several documents share each title, as {next(iter(shared.values()))[0]!r}.",
            "Name with --known-item a field that tells them apart.",
        )
    if not queries:
        raise BenchError(
            f"{name}: no document has the field {field!r}.", "Name with --known-item a field that documents have."
        )
    notes = [f"known-item queries made from {field}", *([note] if note else [])]
    if shared:
        what = counted(len(shared), "title", "titles")
        (common, most), *_ = shared.values()
        documents_of = sum(number for _, number in shared.values())
        notes.append(f"{what} that several documents share left out ({documents_of:,} documents; {common!r}: {most:,})")
    if verbatim:
        notes.append(f"{len(verbatim):,} of {len(queries):,} stand word for word in a document that answers them")
    return dataset_of(
        f"{name} (known-item: {field})",
        documents.select(["id", "text"]),
        queries,
        judgements,
        # Slices and group are fields of queries that are not asked here.
        card=replace(card or Card(), slices=(), group="", made_queries=True),
        note="; ".join(notes),
    )


def _shared(documents: pa.Table) -> dict[str, tuple[str, int]]:
    """Values of `asked` that several documents have, the most frequent first -> as the first one writes it, how many.

    The keys are casefolded: case does not count.
    """
    counts: Counter[str] = Counter()
    written: dict[str, str] = {}
    for batch in documents.to_batches():
        for asked, text in zip(*(batch[key].to_pylist() for key in ("asked", "text")), strict=True):
            if asked and text:
                counts[asked.casefold()] += 1
                written.setdefault(asked.casefold(), asked)
    return {title: (written[title], number) for title, number in counts.most_common() if number > 1}
