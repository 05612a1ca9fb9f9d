"""What to judge next: a random order whose every beginning is a sample with known chances.

A pair's size is its weight in the differences of the retrievers, times how unsure its gain is. Each pair draws one
number, uniform between 0 and 1, and its turn is that number over its size: pairs are judged in the order of their
turns. Given the turn t of the first pair that is not judged, a pair of size s was judged with chance min(1, s t), and
its gain over that chance is unbiased, for any two pairs uncorrelated (priority sampling: Duffield, Lund & Thorup,
Priority sampling for estimation of arbitrary subset sums, Journal of the ACM 2007; permanent random numbers and
sequential Poisson sampling: Ohlsson, Journal of Official Statistics 1998). Sizes in proportion to the standard
deviation of what a pair adds make the variance least for a number of judgements (Neyman, Journal of the Royal
Statistical Society 1934). A small share goes to what the retrievers' own values are unsure of, and one to all pairs
alike, so that no size is 0 and any pair may be judged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.evaluation.units import Floats
from bench.judging.pool import Pool

# The share of the sizes that is by the retrievers' values, and the one that is the same for all pairs.
VALUE_SHARE = 0.2
RANDOM_SHARE = 0.1


def chance_relevant(pool: Pool) -> Floats:
    """How likely a pair is relevant, by its ranks alone, [pairs]: a shape before any judgement, no figure.

    Half of the mean of 1 / rank over the retrievers: a document that all have first is relevant as often as not.
    """
    reciprocal = np.where(pool.rank > 0, 1 / np.maximum(pool.rank, 1), 0.0)
    chance: Floats = reciprocal.mean(axis=1) / 2
    return chance


def sizes(pool: Pool) -> Floats:
    """How much each pair counts in the draw, [pairs], adding up to 1."""
    likely = chance_relevant(pool)
    unsure = np.sqrt(likely * (1 - likely))
    middle = pool.weight.mean(axis=1)
    apart = pool.apart * unsure
    even, values = np.full(len(pool), 1 / len(pool)), middle * unsure
    # One retriever, or several that return the same, leave nothing to decide between.
    deciding = apart / apart.sum() if apart.any() else values / values.sum()
    size: Floats = (
        (1 - VALUE_SHARE - RANDOM_SHARE) * deciding + VALUE_SHARE * values / values.sum() + RANDOM_SHARE * even
    )
    return size


@dataclass(frozen=True)
class JudgingOrder:
    """order: int64 [pairs], positions in the pool, the first to judge first. turn, size: float64 [pairs], of each.

    known: how many from the beginning were judged before anything was drawn, by no chance: turn 0, size infinite.
    """

    order: NDArray[np.int64]
    turn: Floats
    size: Floats
    known: int = 0

    def chances(self, judged: int) -> Floats:
        """The chance that each pair was among the first `judged`, [pairs]; 1 for all where all are.

        judged: at least those that were known.
        """
        if judged >= len(self.order):
            return np.ones(len(self.order))
        chances: Floats = np.minimum(1.0, self.size * self.turn[self.order[judged]])
        return chances

    def batch(self, pool: Pool, start: int, stop: int) -> NDArray[np.int64]:
        """The pairs from one number of judgements to another, those of a query together, queries as they come first."""
        pairs = self.order[start:stop]
        _, first, group = np.unique(pool.query[pairs], return_index=True, return_inverse=True)
        return pairs[np.argsort(first[group], kind="stable")]


def judging_order(pool: Pool, rng: np.random.Generator, known: NDArray[np.bool_] | None = None) -> JudgingOrder:
    """The order in which to judge: the same from a generator of the same seed.

    known: bool [pairs], those that somebody judged before; they come first, and the others are drawn as without them.
    """
    size = sizes(pool)
    turn = (1 - rng.random(len(pool))) / size  # above 0
    if known is None or not known.any():
        return JudgingOrder(np.argsort(turn, kind="stable"), turn, size)
    turn, size = np.where(known, 0.0, turn), np.where(known, np.inf, size)
    return JudgingOrder(np.argsort(turn, kind="stable"), turn, size, int(known.sum()))
