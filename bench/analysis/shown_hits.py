"""queries.parquet: what a reader is shown of each query."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from bench.data.dataset import Dataset, is_relevant
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
    judged = [
        document for query in queries for document, grade in dataset.judgements[query].items() if is_relevant(grade)
    ]
    wanted = np.unique(
        np.concatenate([np.array(judged, dtype=np.int64), *(documents[documents >= 0] for documents in shown)])
    )
    whole = dataset.documents["text"].take(pa.array(wanted)).to_pylist()
    texts = {document: text[:SHOWN_CHARACTERS] for document, text in zip(wanted.tolist(), whole, strict=True)}
    ids = dict(zip(wanted.tolist(), dataset.document_ids(wanted), strict=True))
    hits, relevant = [], []
    for query in queries:
        grades = dataset.judgements[query]
        relevant.append(
            [
                {"document": ids[document], "grade": grade, "text": texts[document]}
                for document, grade in sorted(grades.items())
                if is_relevant(grade)
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
                    "text": texts[document],
                }
                for (label, cell), documents in zip(cells, shown, strict=True)
                for rank, document in enumerate(documents[query - queries.start].tolist(), 1)
                if document >= 0
            ]
        )
    return pa.array(relevant, pa.list_(_RELEVANT)), pa.array(hits, pa.list_(_HIT))
