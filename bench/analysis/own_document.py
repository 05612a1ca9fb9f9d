"""Hits that are the query itself, which a set may leave out."""

from __future__ import annotations

import numpy as np

from bench.data.dataset import Dataset
from retrievers.base import NO_HIT, NO_SPAN, Ranking


def dropped_hits(dataset: Dataset) -> int:
    """How many more hits to fetch, so that the depth stays where a query itself is left out."""
    return int((dataset.left_out >= 0).any())


def without_own(ranking: Ranking, dataset: Dataset, depth: int) -> Ranking:
    """Drop the hit that is the query itself; one more was fetched."""
    documents = ranking.documents
    own = (documents == dataset.left_out[:, None]) & (documents >= 0)
    spans = None if ranking.spans is None else np.where(own[:, :, None], NO_SPAN, ranking.spans)
    kept = Ranking(np.where(own, NO_HIT, documents), np.where(own, np.float32(-np.inf), ranking.scores), spans)
    return kept.in_order(np.argsort(own, axis=1, kind="stable")[:, :depth])
