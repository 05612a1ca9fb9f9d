"""queries.parquet: what a reader is shown of each query, of a document the passage that matches it best.

Where a ranking says which characters of a hit earned its place, the passage lies within them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.analysis.judged_hits import Hits
from bench.analysis.query_columns import RANKS, ranks_by
from bench.data.dataset import Dataset, is_relevant
from bench.data.passages import passage, query_terms, shared_terms, spellings, within
from bench.storage.cell import Cell

SHOWN_HITS = 10
SHOWN_CHARACTERS = 300

# Queries whose shown hits are gathered at once.
BLOCK = 1_000
_HIT = pa.struct(
    [
        ("retriever", pa.string()),
        ("rank", pa.int32()),
        ("document", pa.string()),
        ("score", pa.float32()),
        ("grade", pa.int64()),
        ("text", pa.string()),
        ("shared", pa.int32()),
    ]
)
_RELEVANT = pa.struct(
    [
        ("document", pa.string()),
        ("grade", pa.int64()),
        ("text", pa.string()),
        ("shared", pa.list_(pa.string())),
        ("ranks", RANKS),
    ]
)


def queries_table(dataset: Dataset, cells: list[tuple[str, Cell]]) -> pa.Table:
    """A set's queries, each with its relevant documents and the first hits of every retriever.

    `shared` are the query's words of which a document has the terms, and of a hit their number; `ranks` are a
    document's ranks by the retrievers that have it among their hits, however deep; `terms` are a query's.
    """
    n = len(dataset.queries)
    hits = {label: Hits.of(dataset, cell.ranking) for label, cell in cells}
    # Block by block: as Python's objects, what is shown takes ten times the memory.
    blocks = [_shown(dataset, cells, hits, range(start, min(start + BLOCK, n))) for start in range(0, n, BLOCK)]
    return pa.table(
        {
            "dataset": pa.array([dataset.name] * n, pa.string()),
            "query": pa.array(dataset.query_ids, pa.string()),
            "text": pa.array(dataset.query_texts, pa.string()),
            "metadata": dataset.queries["metadata"].cast(pa.string()),
            "answerable": dataset.answerable,
            "terms": pa.array([len(query_terms(text)) for text in dataset.query_texts], pa.int32()),
            "relevant": pa.chunked_array([relevant for relevant, _ in blocks], pa.list_(_RELEVANT)),
            "hits": pa.chunked_array([hits for _, hits in blocks], pa.list_(_HIT)),
        }
    )


def _shown(
    dataset: Dataset, cells: list[tuple[str, Cell]], hits: Mapping[str, Hits], queries: range
) -> tuple[pa.Array, pa.Array]:
    """The relevant documents and the first hits of some queries, in columns `relevant` and `hits`."""
    shown = [cell.ranking.documents[queries.start : queries.stop, :SHOWN_HITS] for _, cell in cells]
    judged = {query: _relevant(dataset, query) for query in queries}
    none = np.zeros(0, dtype=np.int64)
    wanted = np.unique(np.concatenate([none, *judged.values(), *(rows[rows >= 0] for rows in shown)]))
    texts = dict(zip(wanted.tolist(), dataset.documents["text"].take(pa.array(wanted)).to_pylist(), strict=True))
    ids = dict(zip(wanted.tolist(), dataset.document_ids(wanted), strict=True))
    seen = [
        (document, query)
        for row, query in enumerate(queries)
        for document in np.unique(np.concatenate([judged[query], *(rows[row] for rows in shown)])).tolist()
        if document >= 0
    ]
    spelled = {query: spellings(dataset.query_texts[query]) for query in queries}
    terms = {query: frozenset(words) for query, words in spelled.items()}
    passages, shared = {}, {}
    for document, query in sorted(seen):  # document by document, since each is cut into words once
        text = texts[document]
        passages[document, query] = passage(text, terms[query], SHOWN_CHARACTERS)
        shared[document, query] = shared_terms(text, terms[query])

    def shown_text(cell: Cell, query: int, rank: int, document: int) -> str:
        spans = cell.ranking.spans
        if spans is None:
            return passages[document, query]
        return passage(within(texts[document], spans[query, rank - 1].tolist()), terms[query], SHOWN_CHARACTERS)

    ranks = _ranks(hits, judged)
    shown_hits, relevant = [], []
    for row, query in enumerate(queries):
        grades = dataset.judgements[query]
        relevant.append(
            [
                {
                    "document": ids[document],
                    "grade": grades[document],
                    "text": passages[document, query],
                    "shared": [word for term, word in spelled[query].items() if term in shared[document, query]],
                    "ranks": ranks[query, document],
                }
                for document in judged[query].tolist()
            ]
        )
        shown_hits.append(
            [
                {
                    "retriever": label,
                    "rank": rank,
                    "document": ids[document],
                    "score": float(cell.ranking.scores[query, rank - 1]),
                    "grade": grades.get(document),
                    "text": shown_text(cell, query, rank, document),
                    "shared": len(shared[document, query]),
                }
                for (label, cell), documents in zip(cells, shown, strict=True)
                for rank, document in enumerate(documents[row].tolist(), 1)
                if document >= 0
            ]
        )
    return pa.array(relevant, pa.list_(_RELEVANT)), pa.array(shown_hits, pa.list_(_HIT))


def _ranks(
    hits: Mapping[str, Hits], judged: Mapping[int, NDArray[np.int64]]
) -> dict[tuple[int, int], list[dict[str, object]]]:
    """(query, document) -> its ranks. judged: query -> the documents asked for."""
    pairs = [(query, document) for query, documents in judged.items() for document in documents.tolist()]
    query, document = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    columns = [hit_list.rank(query, document).tolist() for hit_list in hits.values()]
    rows = zip(*columns, strict=True) if columns else [()] * len(pairs)
    return {pair: ranks_by(dict(zip(hits, row, strict=True))) for pair, row in zip(pairs, rows, strict=True)}


def _relevant(dataset: Dataset, query: int) -> NDArray[np.int64]:
    """The positions of a query's relevant documents, ascending."""
    grades = dataset.judgements[query]
    return np.array(sorted(document for document, grade in grades.items() if is_relevant(grade)), dtype=np.int64)
