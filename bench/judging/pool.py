"""The pairs of query and document that can be judged, and what each weighs in each retriever's value.

The value that is estimated is linear in the gains: the gains of the first hits, weighed by rank, over what they would
be if all had the highest gain. By nDCG's discounts that is DCG over its largest possible value; by P's it is P. A pair
has then one weight in a retriever's value, whatever the other pairs are, so that a sum over all pairs can be estimated
from a sample of them. nDCG and R are no such sums: what they divide by is known when all is judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.evaluation.measures import closed_form
from bench.evaluation.units import Floats, Groups
from retrievers.base import NO_HIT, Ranking

Positions = NDArray[np.int64]


def rank_weights(measure: str) -> Floats:
    """What the gain at each rank weighs, [cutoff], adding up to 1: the discounts of a measure that has a cutoff.

    Raises BenchError for one that is not linear in the gains, as RR, or has no cutoff.
    """
    form = closed_form(measure, 0)
    if form is None or not form.linear or not form.cutoff:
        raise BenchError(
            f"Judgements cannot be sampled for {measure}: it is not a weighted sum of the first hits.",
            "Take nDCG@10 (whose discounted gain is estimated) or P@10.",
        )
    weights: Floats = form.discount / form.discount.sum()
    return weights


@dataclass(frozen=True)
class Pool:
    """All pairs within the cutoff of any retriever, by query, then document.

    query, document: int64 [pairs], positions. rank: int64 [pairs, retrievers], from 1, 0 where not within the cutoff.
    weight: float64 [pairs, retrievers], of the pair's gain in the retriever's value of that query. queries: how many
    were asked, those without any hit among them. groups: int64 [queries], the wordings of one question, which vary
    together; None where each query stands alone.
    """

    query: Positions
    document: Positions
    rank: Positions
    weight: Floats
    queries: int
    groups: Groups = None

    def __len__(self) -> int:
        return len(self.query)

    @property
    def retrievers(self) -> int:
        return int(self.rank.shape[1])

    @property
    def apart(self) -> Floats:
        """How far apart a pair's weights are, [pairs]: the root of the sum of their squares around their mean.

        The sum of squares of all differences of two retrievers is, but for a factor, that.
        """
        middle = self.weight.mean(axis=1, keepdims=True)
        apart: Floats = np.sqrt(((self.weight - middle) ** 2).sum(axis=1))
        return apart

    def by_query(self, amounts: Floats) -> Floats:
        """Sums of amounts [pairs, columns] over the pairs of each query, [queries, columns]."""
        sums = np.zeros((self.queries, amounts.shape[1]))
        np.add.at(sums, self.query, amounts)
        return sums

    def values(self, gain: Floats) -> Floats:
        """The value of each query and retriever where all gains are known, [queries, retrievers]. gain: [pairs]."""
        return self.by_query(self.weight * gain[:, None])


def pool_hits(rankings: Sequence[Ranking], weights: Floats, groups: Groups = None) -> Pool:
    """The pool of the first hits of several retrievers over the same queries.

    Args:
        rankings: one a retriever, a row a query.
        weights: what the gain at each rank weighs, [cutoff].
        groups: int64 [queries], the wordings of one question; None where each query stands alone.

    Returns:
        The pool.

    Raises:
        BenchError: Where the rankings are not of as many queries, or nothing was retrieved.
    """
    queries = {len(ranking.documents) for ranking in rankings}
    if len(queries) != 1:
        raise BenchError("The rankings are not of the same queries.", "Rank one list of queries by all retrievers.")
    documents = np.stack([ranking.to_depth(len(weights)).documents for ranking in rankings], axis=-1)
    query, place, retriever = np.nonzero(documents != NO_HIT)
    if not len(query):
        raise BenchError(
            "No retriever returned a document: there is nothing to judge.", "See that the queries are right."
        )
    pairs, row = np.unique(np.stack([query, documents[query, place, retriever]], axis=1), axis=0, return_inverse=True)
    rank = np.zeros((len(pairs), len(rankings)), dtype=np.int64)
    rank[row.ravel(), retriever] = place + 1
    weight = np.where(rank > 0, np.append(weights, 0.0)[rank - 1], 0.0)
    return Pool(pairs[:, 0], pairs[:, 1], rank, weight, queries.pop(), groups)
