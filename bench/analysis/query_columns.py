"""Columns of queries.parquet beside the shown hits: a query's words in the documents, and the traps it fell into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.analysis.judged_hits import NOWHERE, Hits
from bench.analysis.overlap import overlap
from bench.analysis.terms import Terms
from bench.data.dataset import Dataset
from bench.data.formats.traps import judged_traps, read_traps
from bench.data.passages import spellings
from bench.storage.cell import Cell

Positions = NDArray[np.int64]
RANKS = pa.list_(pa.struct([("retriever", pa.string()), ("rank", pa.int32())]))
KINDS = {
    "overlap": pa.float32(),
    "unknown": pa.list_(pa.string()),
    "traps": pa.list_(pa.struct([("document", pa.string()), ("named", pa.bool_()), ("ranks", RANKS)])),
}


def overlaps(dataset: Dataset, terms: Terms) -> pa.Array:
    """[queries] float32: `bench.analysis.overlap.overlap`; null where a query has none."""
    return pa.array(overlap(dataset, terms).astype(np.float32), from_pandas=True)


def unknown_words(dataset: Dataset, terms: Terms) -> pa.Array:
    """[queries] The words of each, as it writes them, of which no document has the term."""
    frequency = terms.frequency
    rows = [
        list(dict.fromkeys(word for term, word in spellings(text).items() if not frequency[term]))
        for text in dataset.query_texts
    ]
    return pa.array(rows, KINDS["unknown"])


def traps(dataset: Dataset, cells: Sequence[tuple[str, Cell]], file: str | None) -> pa.Array:
    """[queries] Wrong documents that a retriever ranks above every relevant one, with their ranks by such retrievers.

    Wrong is what is judged so, and what the file of traps names (`named`).
    """
    wrong = [(judged_traps(dataset), False)]
    if file:
        wrong.append((read_traps(Path(file), dataset), True))
    named = {
        pair: by_name
        for pairs, by_name in wrong
        for pair in zip(pairs.query.tolist(), pairs.document.tolist(), strict=True)
    }
    query, document = np.array(sorted(named), dtype=np.int64).reshape(-1, 2).T
    above = {label: _ranks_above(Hits.of(dataset, cell.ranking), query, document) for label, cell in cells}
    fallen = np.flatnonzero(np.any([ranks != NOWHERE for ranks in above.values()], axis=0)) if above else query[:0]
    rows: list[list[dict[str, object]]] = [[] for _ in dataset.query_ids]
    for place, name in zip(fallen.tolist(), dataset.document_ids(document[fallen]), strict=True):
        pair = int(query[place]), int(document[place])
        ranks = ranks_by({label: int(ranks[place]) for label, ranks in above.items()})
        rows[pair[0]].append({"document": name, "named": named[pair], "ranks": ranks})
    return pa.array(rows, KINDS["traps"])


def ranks_by(ranks: Mapping[str, int]) -> list[dict[str, object]]:
    """A document's ranks as RANKS holds them. ranks: label -> rank, NOWHERE left out."""
    return [{"retriever": label, "rank": rank} for label, rank in ranks.items() if rank != NOWHERE]


def _ranks_above(hits: Hits, query: Positions, document: Positions) -> Positions:
    """[pairs] The rank of the document where it is above every relevant one, else NOWHERE."""
    rank, relevant = hits.rank(query, document), hits.first_relevant[query]
    return np.where((relevant == NOWHERE) | (rank < relevant), rank, NOWHERE)
