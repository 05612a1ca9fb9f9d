"""Rankings of several retrievers as one."""

from __future__ import annotations

import numpy as np

from retrievers.base import NO_HIT, Ranking

RRF_K = 60


def reciprocal_rank_fusion(one: Ranking, other: Ranking, k: int = RRF_K) -> Ranking:
    """Both rankings as one: the score of a document is the sum of 1 / (k + rank) over the rankings that have it.

    Cormack, Clarke & Büttcher, Reciprocal rank fusion outperforms Condorcet and individual rank learning methods,
    SIGIR 2009: k = 60.

    Args:
        one: A ranking of some queries.
        other: Another of the same queries.
        k: The higher, the less the first ranks count above the others.

    Returns:
        Arrays [queries, depth of one + depth of the other]; ties by the rule of `retrievers.base.top_k`.
    """
    documents = np.concatenate([one.documents, other.documents], axis=1)
    ranks = np.concatenate([np.arange(ranking.documents.shape[1]) for ranking in (one, other)]) + 1
    documents[documents < 0] = NO_HIT  # also what the set does not have: no candidate of a fusion
    scores = np.where(documents >= 0, 1 / (k + ranks), -np.inf)
    order = np.argsort(documents, axis=1, kind="stable")
    documents, scores = (np.take_along_axis(array, order, axis=1) for array in (documents, scores))
    again = np.zeros(documents.shape, dtype=bool)  # a document's second entry, which hands its score to the first
    again[:, 1:] = (documents[:, 1:] == documents[:, :-1]) & (documents[:, 1:] >= 0)
    scores[:, :-1] += np.where(again[:, 1:], scores[:, 1:], 0)
    documents[again], scores[again] = NO_HIT, -np.inf
    rounded = scores.astype(np.float32)
    order = np.argsort(-rounded, axis=1, kind="stable")  # equal scores stay by ascending position
    return Ranking(np.take_along_axis(documents, order, axis=1), np.take_along_axis(rounded, order, axis=1))
