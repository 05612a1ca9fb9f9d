"""Rankings of several retrievers as one.

A hit has a value, by its rank or by its score among the scores of its query in that ranking; a document's fused score
is the weighted sum of its values. With m, s, low and high the mean, the standard deviation, the least and the highest
of those scores:

  rrf     1 / (k + rank), k = 60 (Cormack, Clarke & Büttcher, Reciprocal rank fusion outperforms Condorcet and
          individual rank learning methods, SIGIR 2009)
  minmax  (score - low) / (high - low) (Lee, Analyses of multiple evidence combination, SIGIR 1997)
  tmm     (score - floor) / (high - floor), floor: the least score that the retriever could give (Bruch, Gai & Ingber,
          An analysis of fusion functions for hybrid retrieval, TOIS 42(1), 2023)
  zscore  (score - m) / s (Montague & Aslam, Relevance score normalization for metasearch, CIKM 2001)
  dbsf    (score - (m - 3s)) / 6s, kept within 0 and 1 (distribution-based score fusion, Mazzeschi 2023)

A document that a ranking does not have counts there as the last hit of the query does; by rrf, and where the ranking
has no hit, as 0. Hits whose scores are all equal, a single one above all, have no width to be seen in: they count
1, and what the ranking does not have 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retrievers.base import NO_SPAN, Ranking

RRF_K = 60
METHODS = ("rrf", "minmax", "tmm", "zscore", "dbsf")
# What a hybrid does where nobody says otherwise: how, and how many hits of each part.
USUAL, DEPTH = "zscore", 100

Values = NDArray[np.float64]


def reciprocal_rank_fusion(one: Ranking, other: Ranking, k: float = RRF_K) -> Ranking:
    """Both rankings as one by rrf.

    Args:
        one: A ranking of some queries.
        other: Another of the same queries.
        k: The higher, the less the first ranks count above the others.

    Returns:
        Arrays [queries, depth of one + depth of the other]; ties by the rule of `retrievers.base.top_k`.
    """
    return fuse((one, other), "rrf", rrf_k=k)


def fuse(
    rankings: Sequence[Ranking],
    method: str,
    weights: Sequence[float] = (),
    *,
    floors: Sequence[float | None] = (),
    rrf_k: float = RRF_K,
) -> Ranking:
    """Several rankings of the same queries as one.

    Args:
        rankings: Each [queries, its own depth].
        method: One of METHODS.
        weights: One a ranking, 0 or more (none: all 1).
        floors: For tmm, the least score that each retriever could give; None: it is not known, the least of the hits.
        rrf_k: For rrf: the higher, the less the first ranks count above the others.

    Returns:
        Arrays [queries, sum of the depths]; ties by the rule of `retrievers.base.top_k`.
    """
    weights, floors = weights or (1.0,) * len(rankings), floors or (None,) * len(rankings)
    absent = np.zeros((len(rankings[0].documents), 1))  # what a document would have that no ranking has
    values = []
    for ranking, weight, floor in zip(rankings, weights, floors, strict=True):
        own, last = _by_rank(ranking, rrf_k) if method == "rrf" else _by_score(ranking, method, floor)
        values.append(weight * (own - last))
        absent += weight * last
    documents = np.concatenate([ranking.documents for ranking in rankings], axis=1)
    fused = _summed(documents, np.concatenate(values, axis=1), absent)
    return Ranking(fused.documents, fused.scores, _spans(fused.documents, rankings))


def _by_rank(ranking: Ranking, k: float) -> tuple[Values, Values]:
    queries, depth = ranking.documents.shape
    return np.tile(1 / (k + 1 + np.arange(depth)), (queries, 1)), np.zeros((queries, 1))


def _by_score(ranking: Ranking, method: str, floor: float | None) -> tuple[Values, Values]:
    """The values [queries, depth] of hits, 0 beside, and [queries, 1] of a document that is none."""
    hits, scores = ranking.documents >= 0, ranking.scores.astype(np.float64)
    count = np.maximum(hits.sum(axis=1, keepdims=True), 1)
    mean = np.where(hits, scores, 0).sum(axis=1, keepdims=True) / count
    deviation = np.sqrt((np.where(hits, scores - mean, 0) ** 2).sum(axis=1, keepdims=True) / count)
    low = np.where(hits, scores, np.inf).min(axis=1, keepdims=True, initial=np.inf)
    high = np.where(hits, scores, -np.inf).max(axis=1, keepdims=True, initial=-np.inf)
    if method == "zscore":
        start, width = mean, deviation
    elif method == "dbsf":
        start, width = mean - 3 * deviation, 6 * deviation
    else:
        start = low if method == "minmax" or floor is None else np.minimum(low, floor)
        width = high - start
    apart = high > low
    with np.errstate(invalid="ignore"):  # rows without a hit
        values = np.divide(scores - start, width, out=np.ones_like(scores), where=hits & apart)
    if method == "dbsf":
        values = np.clip(values, 0, 1)
    last = np.where(hits, values, np.inf).min(axis=1, keepdims=True, initial=np.inf)
    return values, np.where(apart, last, 0.0)


def _spans(documents: NDArray[np.int64], rankings: Sequence[Ranking]) -> NDArray[np.int32] | None:
    """The span of each document in the first ranking that has one for it; None where none has spans at all."""
    if all(ranking.spans is None for ranking in rankings):
        return None
    spans = np.full((*documents.shape, 2), NO_SPAN, dtype=np.int32)
    for row, hits in enumerate(documents):
        known: dict[int, NDArray[np.int32]] = {}
        for ranking in rankings:
            if ranking.spans is not None:
                for document, span in zip(ranking.documents[row].tolist(), ranking.spans[row], strict=True):
                    if span[0] != NO_SPAN:
                        known.setdefault(document, span)
        for place, document in enumerate(hits.tolist()):
            if document in known:
                spans[row, place] = known[document]
    return spans


def _summed(documents: NDArray[np.int64], values: Values, absent: Values) -> Ranking:
    """documents, values: [queries, entries], a document perhaps in several; absent: [queries, 1], added to each sum."""
    queries, width = documents.shape
    row, _ = hit = np.nonzero(documents >= 0)
    size = int(documents.max(initial=0)) + 1
    keys, entry = np.unique(row * size + documents[hit], return_inverse=True)
    sums = np.bincount(entry, values[hit], minlength=len(keys))
    row, document = np.divmod(keys, size)
    place = np.arange(len(keys)) - np.searchsorted(row, row)
    fused = Ranking.empty(queries, width)
    fused.documents[row, place] = document
    fused.scores[row, place] = sums + absent[row, 0]
    return fused.in_order(np.argsort(-fused.scores, axis=1, kind="stable"))  # equal scores stay by ascending position
