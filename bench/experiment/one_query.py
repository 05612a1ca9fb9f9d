"""One query through every retriever, side by side: the quickest way to see how they differ."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.data.dataset import Dataset
from bench.data.passages import within
from bench.errors import BenchError
from bench.experiment.labels import refuse_same, split_label
from bench.experiment.one_retriever import rank
from retrievers import Ranking
from retrievers.base import NO_SPAN
from retrievers.dense.vector_cache import VectorCache


@dataclass(frozen=True)
class Hit:
    """One hit. text: the characters that earned its place, where the retriever says which, else the whole document.

    grade: the judgement, None where the pair is not judged.
    """

    document: str
    text: str
    score: float
    grade: int | None


@dataclass(frozen=True)
class QueryHits:
    """The hits of each retriever, by its label; `judged` where the query is one of the dataset's."""

    query: str
    dataset: str
    judged: bool
    hits: dict[str, list[Hit]]


def search(
    query: str,
    dataset: Dataset,
    retrievers: Sequence[str],
    *,
    k: int = 5,
    min_score: float | None = None,
    cache: VectorCache | None = None,
) -> QueryHits:
    """Index the dataset with each retriever and search it for one query.

    min_score: hits below it are left out; it means what each retriever's score means (a cosine for tfidf and dense,
    an open scale for bm25). Raises BenchError where a retriever fails.
    """
    if k < 1:
        raise BenchError(f"k is {k}.", "Give at least 1.")
    check_floor(min_score)
    if not query.strip():
        raise BenchError("The query is empty.", "Give the words to search for.")
    asked = _asked(query, dataset)
    chosen = list(map(split_label, retrievers))
    refuse_same(chosen)
    hits: dict[str, list[Hit]] = {}
    for label, specification in chosen:
        ranking = rank([query], dataset, specification, min(k, len(dataset.documents)), cache)
        hits[label] = [hit for hit in _hits(dataset, ranking, asked) if min_score is None or hit.score >= min_score]
    return QueryHits(query, dataset.name, asked is not None, hits)


def check_floor(min_score: float | None) -> None:
    """Raise BenchError for a floor that is no number."""
    if min_score is not None and math.isnan(min_score):
        raise BenchError("--min-score is not a number.", "Give the score below which hits are left out.")


def _hits(dataset: Dataset, ranking: Ranking, asked: int | None) -> list[Hit]:
    """Those of a ranking of one query. asked: its position in the dataset, None where it is not one of it."""
    real = ranking.documents[0] >= 0
    positions, scores = ranking.documents[0][real], ranking.scores[0][real].tolist()
    spans = np.full((len(positions), 2), NO_SPAN) if ranking.spans is None else ranking.spans[0][real]
    return [
        Hit(
            name,
            within(dataset.texts[position], span),
            score,
            None if asked is None else dataset.grade_of(asked, position),
        )
        for position, name, score, span in zip(
            positions.tolist(), dataset.document_ids(positions), scores, spans.tolist(), strict=True
        )
    ]


def _asked(query: str, dataset: Dataset) -> int | None:
    """The position of the dataset's query with this text or id, None where there is none."""
    wanted = query.strip().casefold()
    for position, (name, text) in enumerate(zip(dataset.query_ids, dataset.query_texts, strict=True)):
        if wanted in (text.strip().casefold(), name.casefold()):
            return position
    return None
