"""The texts of a set on a page, each once, and which of them each retriever returned: explorer and map show both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.report.page.columns import column
from bench.report.page.explorer_rows import counts, distinct, flat, of_retriever
from bench.report.page.passages import Passages
from bench.report.table import head

QUERY = 1_000  # characters of its text

_Candidates = dict[int, tuple[int | None, int | None]]  # passage -> grade, number of shared terms


@dataclass(frozen=True)
class Explored:
    """A retriever on a set. label: as it is shown, unlike all others. kind: "lexical", "dense" or another word.

    depth: hits that a query may have. queries: the set's rows of queries.parquet, in which it is called `name`.
    values: measure -> float64 [queries], of the same queries in the same order.
    """

    label: str
    kind: str
    depth: int
    name: str
    queries: pa.Table = field(repr=False)
    values: Mapping[str, NDArray[np.float64]] = field(repr=False)


class Heads(NamedTuple):
    """Documents of a set, whether they were hits or not: ids, and how their texts begin."""

    ids: Sequence[str] = ()
    texts: Sequence[str] = ()


NO_HEADS = Heads()


@dataclass(frozen=True)
class SetTexts:
    """content: of the data block. documents: id -> number there. relevant, hits: the rows whose passages it names.

    candidates: by column, what is known of each candidate but its passage. shown: the passages that those rows name.
    one_passage: is every document shown by one passage?
    """

    content: Mapping[str, Any]
    documents: Mapping[str, int]
    relevant: pa.Table
    hits: Sequence[pa.Table]
    candidates: Mapping[str, Sequence[int | None]]
    shown: Sequence[str]
    one_passage: bool


def texts_of(queries: pa.Table, retrievers: Sequence[Explored], heads: Heads = NO_HEADS) -> SetTexts:
    """The texts of a set, every one inert.

    Args:
        queries: Rows of queries.parquet, whose texts and relevant documents are shown.
        retrievers: In the order of their numbers; each has as many queries.
        heads: The documents of the first numbers.

    Returns:
        Its content has, in columns: `documents`, ids; `passages`, how many each document has and their texts, of which
        a document's first is its head; `queries`, id and text; `retrievers`, labels; `candidates`, how many passages
        any retriever shows for each query, and which; `hits`, by retriever how many each query has and which of its
        candidates they are, best first; `relevant`, how many relevant documents each query has, and passages of these.
    """
    passages = Passages(heads.ids, heads.texts)
    relevant = flat(queries, "relevant")
    of_relevant = passages.add(relevant)
    hits = [of_retriever(flat(retriever.queries, "hits"), retriever.name) for retriever in retrievers]
    of_hits = [passages.add(rows) for rows in hits]
    for retriever in retrievers:
        passages.number(flat(retriever.queries, "traps"))
    kept = passages.kept()
    of_relevant, of_hits = kept.number[of_relevant], [kept.number[added] for added in of_hits]
    candidates = _candidates(hits, of_hits, len(queries))
    named = [passage for row in candidates for passage in row]
    content = {
        "documents": passages.ids,
        "passages": {"counts": column(kept.counts), "text": kept.texts},
        "queries": {
            "id": distinct(queries["query"].to_pylist()),
            "text": [head(text, QUERY) for text in queries["text"].to_pylist()],
        },
        "retrievers": distinct([retriever.label for retriever in retrievers]),
        "candidates": {"counts": column([len(row) for row in candidates]), "passage": column(named)},
        "hits": [
            {"counts": column(counts(rows, len(queries))), "candidate": column(_places(candidates, rows, numbers))}
            for rows, numbers in zip(hits, of_hits, strict=True)
        ],
        "relevant": {"counts": column(counts(relevant, len(queries))), "passage": column(of_relevant)},
    }
    known = [pair for row in candidates for pair in row.values()]
    about = {"grade": [grade for grade, _ in known], "shared": [shared for _, shared in known]}
    shown = [kept.texts[number] for number in sorted({*named, *of_relevant.tolist()})]
    return SetTexts(content, passages.documents, relevant, hits, about, shown, passages.one_a_document)


def _candidates(hits: Sequence[pa.Table], passages: Sequence[NDArray[np.int64]], queries: int) -> list[_Candidates]:
    """By query the passages that any retriever shows, as they come, with grade and shared terms of each.

    hits: by retriever. passages: of each of these its number.
    """
    candidates: list[_Candidates] = [{} for _ in range(queries)]
    for rows, numbers in zip(hits, passages, strict=True):
        shared = rows["shared"].to_pylist() if "shared" in rows.column_names else [None] * len(rows)
        columns = (rows["query"].to_pylist(), numbers.tolist(), rows["grade"].to_pylist(), shared)
        for query, passage, grade, terms in zip(*columns, strict=True):
            candidates[query].setdefault(passage, (grade, terms))
    return candidates


def _places(candidates: Sequence[_Candidates], hits: pa.Table, passages: NDArray[np.int64]) -> list[int]:
    """Which of its query's candidates each hit is."""
    places = [{passage: place for place, passage in enumerate(row)} for row in candidates]
    return [places[query][passage] for query, passage in zip(hits["query"].to_pylist(), passages.tolist(), strict=True)]
