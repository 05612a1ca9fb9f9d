"""Two rankings of the same queries by the same retriever: which hits moved, how far, and what ties alone have moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrievers.base import NO_HIT, Ranking

TOP = 10


@dataclass(frozen=True)
class RankingChanges:
    """What another ranking has otherwise, bool [queries].

    top1: the first hit. top10_set: which documents are among the first ten. top10_order: those, or their order.
    """

    top1: NDArray[np.bool_]
    top10_set: NDArray[np.bool_]
    top10_order: NDArray[np.bool_]


def ranking_changes(base: Ranking, other: Ranking) -> RankingChanges:
    """What moved among the first ten hits; of rankings that are cut before, among those that there are."""
    before, after = base.documents[:, :TOP], other.documents[:, :TOP]
    differ = before != after
    return RankingChanges(
        top1=differ[:, 0],
        top10_set=(np.sort(before, axis=1) != np.sort(after, axis=1)).any(axis=1),
        top10_order=differ.any(axis=1),
    )


def with_ties_settled(base: Ranking, other: Ranking) -> Ranking:
    """The other ranking with its equal scores in order of position, as the tie rule has them.

    Equal scores that reach down to the last place may go on below it, so that which documents are shown of them is the
    tie rule's choice too: there the documents of base stand, where base has the same scores above others that are the
    same. Both are [queries, k].
    """
    known = np.where(other.documents == NO_HIT, np.iinfo(np.int64).max, other.documents)
    settled = other.in_order(np.lexsort((known, -other.scores), axis=1))
    cut = (settled.scores == settled.scores[:, -1:]) & (settled.documents[:, -1:] != NO_HIT)
    above = (np.sort(np.where(cut, NO_HIT, ranking.documents), axis=1) for ranking in (base, settled))
    alike = (np.equal(*above) & (~cut | (base.scores == settled.scores))).all(axis=1)
    documents = np.where(cut & alike[:, None], base.documents, settled.documents)
    return Ranking(documents, settled.scores)


def largest_rank_change(base: Ranking, other: Ranking, query: NDArray[np.int64], document: NDArray[np.int64]) -> int:
    """By how many ranks one of these documents moved at most; a document without a rank stands below the last one.

    query, document: [pairs] rows of the rankings, and positions of documents.
    """
    before, after = (_ranks(ranking, query, document) for ranking in (base, other))
    return int(np.abs(before - after).max(initial=0))


def _ranks(ranking: Ranking, query: NDArray[np.int64], document: NDArray[np.int64]) -> NDArray[np.int64]:
    """[pairs], from 0."""
    at = ranking.documents[query] == document[:, None]
    ranks: NDArray[np.int64] = np.where(at.any(axis=1), at.argmax(axis=1), ranking.documents.shape[1])
    return ranks


def largest_score_difference(base: Ranking, other: Ranking) -> float:
    """By how much the score of a document that both rankings have differs at most; 0 where they share none."""
    largest = 0.0
    for row in range(len(base.documents)):
        both, before, after = np.intersect1d(base.documents[row], other.documents[row], return_indices=True)
        real = both != NO_HIT
        apart = base.scores[row, before[real]].astype(np.float64) - other.scores[row, after[real]]
        largest = max(largest, float(np.abs(apart).max(initial=0)))
    return largest
