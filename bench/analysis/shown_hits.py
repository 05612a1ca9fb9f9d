"""queries.parquet: what a reader is shown of each query, of a document the passage that matches it best.

Where a ranking says which characters of a hit earned its place, the passage lies within them.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.data.dataset import Dataset, is_relevant
from bench.data.passages import passage, query_terms, within
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
    ]
)
_RELEVANT = pa.struct([("document", pa.string()), ("grade", pa.int64()), ("text", pa.string())])


def queries_table(dataset: Dataset, cells: list[tuple[str, Cell]]) -> pa.Table:
    """A set's queries, each with its relevant documents and the first hits of every retriever."""
    n = len(dataset.queries)
    # Block by block: as Python's objects, what is shown takes ten times the memory.
    blocks = [_shown(dataset, cells, range(start, min(start + BLOCK, n))) for start in range(0, n, BLOCK)]
    return pa.table(
        {
            "dataset": pa.array([dataset.name] * n, pa.string()),
            "query": pa.array(dataset.query_ids, pa.string()),
            "text": pa.array(dataset.query_texts, pa.string()),
            "metadata": dataset.queries["metadata"].cast(pa.string()),
            "answerable": dataset.answerable,
            "relevant": pa.chunked_array([relevant for relevant, _ in blocks], pa.list_(_RELEVANT)),
            "hits": pa.chunked_array([hits for _, hits in blocks], pa.list_(_HIT)),
        }
    )


def _shown(dataset: Dataset, cells: list[tuple[str, Cell]], queries: range) -> tuple[pa.Array, pa.Array]:
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
    terms = {query: query_terms(dataset.query_texts[query]) for query in queries}
    # Document by document, since each is cut into words once.
    passages = {
        (document, query): passage(texts[document], terms[query], SHOWN_CHARACTERS) for document, query in sorted(seen)
    }

    def shown_text(cell: Cell, query: int, rank: int, document: int) -> str:
        spans = cell.ranking.spans
        if spans is None:
            return passages[document, query]
        return passage(within(texts[document], spans[query, rank - 1].tolist()), terms[query], SHOWN_CHARACTERS)

    hits, relevant = [], []
    for row, query in enumerate(queries):
        grades = dataset.judgements[query]
        relevant.append(
            [
                {"document": ids[document], "grade": grades[document], "text": passages[document, query]}
                for document in judged[query].tolist()
            ]
        )
        hits.append(
            [
                {
                    "retriever": label,
                    "rank": rank,
                    "document": ids[document],
                    "score": float(cell.ranking.scores[query, rank - 1]),
                    "grade": grades.get(document),
                    "text": shown_text(cell, query, rank, document),
                }
                for (label, cell), documents in zip(cells, shown, strict=True)
                for rank, document in enumerate(documents[row].tolist(), 1)
                if document >= 0
            ]
        )
    return pa.array(relevant, pa.list_(_RELEVANT)), pa.array(hits, pa.list_(_HIT))


def _relevant(dataset: Dataset, query: int) -> NDArray[np.int64]:
    """The positions of a query's relevant documents, ascending."""
    grades = dataset.judgements[query]
    return np.array(sorted(document for document, grade in grades.items() if is_relevant(grade)), dtype=np.int64)
