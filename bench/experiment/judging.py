"""Beginning a judging: documents ranked by every retriever for every query, and the pool's record that goes on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.data.dataset import Dataset
from bench.errors import BenchError
from bench.experiment.labels import refuse_same, split_label
from bench.experiment.one_retriever import rank
from bench.judging.folder import GRADE_NAMES
from bench.judging.judging_record import JudgedQuery, JudgingRecord, JudgingSettings, write_record
from bench.judging.pool import rank_weights
from retrievers.dense.vector_cache import VectorCache


def begin_judging(
    folder: Path,
    source: str,
    documents: Dataset,
    queries: Sequence[JudgedQuery],
    retrievers: Sequence[str],
    *,
    made_queries: bool = False,
    seed: int = 0,
    cache: VectorCache | None = None,
) -> JudgingRecord:
    """Rank all queries and write the record.

    Args:
        folder: Where it is written; grades come beside it.
        source: What the documents were read from, as it is told.
        documents: Read from there.
        queries: With ids of their own.
        retrievers: Specifications, with labels where wanted.
        made_queries: Were the queries made from the documents?
        seed: Of the order in which pairs are judged.
        cache: Of vectors.

    Returns:
        The record.

    Raises:
        BenchError: Where a retriever fails, two have one label, there is no query, or the disk refuses.
    """
    if not queries:
        raise BenchError("There is no query to judge for.", "Give a log: --queries FILE.")
    chosen = list(map(split_label, retrievers))
    refuse_same(chosen)
    settings = JudgingSettings(
        source,
        documents.fingerprint,
        tuple(label for label, _ in chosen),
        seed=seed,
        made_queries=made_queries,
        grade_names=documents.card.grades if len(documents.card.grades) > 1 else GRADE_NAMES,
    )
    depth = len(rank_weights(settings.measure))
    texts = [query.text for query in queries]
    k = min(depth, len(documents.documents))
    rankings = [rank(texts, documents, written, k, cache).to_depth(depth).documents for _, written in chosen]
    record = JudgingRecord(settings, tuple(queries), np.stack(rankings))
    record.pool()  # an empty one is an error before anything is written
    write_record(folder, record)
    return record
