"""The texts of a set on a page, each once, and which of them each retriever returned: explorer and map show both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.report.page.explorer_rows import counts, distinct, flat, of_retriever
from bench.report.page.passages import Passages
from bench.report.table import head

QUERY = 1_000  # characters of its text


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
    chosen, candidates = _hits(hits, [kept.number[added] for added in of_hits], len(queries))
    of_relevant = kept.number[of_relevant]
    content = {
        "documents": passages.ids,
        "passages": {"counts": kept.counts, "text": kept.texts},
        "queries": {
            "id": distinct(queries["query"].to_pylist()),
            "text": [head(text, QUERY) for text in queries["text"].to_pylist()],
        },
        "retrievers": distinct([retriever.label for retriever in retrievers]),
        **chosen,
        "relevant": {"counts": counts(relevant, len(queries)), "passage": of_relevant},
    }
    named = np.union1d(of_relevant, np.array(chosen["candidates"]["passage"], dtype=np.int64))
    shown = [kept.texts[number] for number in named.tolist()]
    return SetTexts(content, passages.documents, relevant, hits, candidates, shown, passages.one_a_document)


def _hits(
    rows: Sequence[pa.Table], passages: Sequence[NDArray[np.int64]], queries: int
) -> tuple[dict[str, Any], dict[str, list[int | None]]]:
    """Which passages any retriever shows for a query, and by retriever which of these; grade and shared terms of each.

    rows: by retriever its hits. passages: of each of these its number.
    """
    candidates: list[dict[int, tuple[int | None, int | None]]] = [{} for _ in range(queries)]
    hits = []
    for hit, numbers in zip(rows, passages, strict=True):
        shared = hit["shared"].to_pylist() if "shared" in hit.column_names else [None] * len(hit)
        query = hit["query"].to_pylist()
        for asked, passage, *known in zip(query, numbers.tolist(), hit["grade"].to_pylist(), shared, strict=True):
            candidates[asked].setdefault(passage, (known[0], known[1]))
        places = [{passage: place for place, passage in enumerate(row)} for row in candidates]
        chosen = [places[asked][passage] for asked, passage in zip(query, numbers.tolist(), strict=True)]
        hits.append({"counts": counts(hit, queries), "candidate": chosen})
    passage = [number for row in candidates for number in row]
    known = [pair for row in candidates for pair in row.values()]
    about = {"grade": [grade for grade, _ in known], "shared": [shared for _, shared in known]}
    return {"candidates": {"counts": list(map(len, candidates)), "passage": passage}, "hits": hits}, about
