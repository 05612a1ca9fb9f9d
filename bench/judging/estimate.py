"""What the judgements so far say of the retrievers' values.

A pair that was judged with chance c adds m + (g - m) / c, any other m: g is its gain, m what its ranks let expect
(the difference estimator: Särndal, Swensson & Wretman, Model Assisted Survey Sampling, 1992, 6.3). Its mean over the
draw is g, whatever m is, where m does not depend on whether the pair was judged: m is therefore fitted on the queries
of the other folds. Summed over a query's pairs by their weights that estimates the query's value. The estimates
of two queries are uncorrelated, so that their spread holds both what the choice of queries and what the choice of
documents leaves open.

Where a program graded all pairs of a query, m moves towards its grades, by as much as they were right in the other
folds on the pairs that decide: the prediction-powered estimate (Angelopoulos, Bates, Fannjiang, Jordan & Zrnic,
Prediction-powered inference, Science 2023; its tuned form: Angelopoulos, Duchi & Zrnic, PPI++, arXiv 2311.01453). A
program that is wrong makes the estimate no less true, and its interval hardly wider.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.evaluation.units import Floats
from bench.judging.design import JudgingOrder, chance_relevant
from bench.judging.pool import Pool

FOLDS = 5


@dataclass(frozen=True)
class Estimate:
    """After `judged` pairs of the order.

    values: float64 [queries, retrievers], unbiased; that of a single query may lie outside of 0 to 1. All others are of
    the pairs: the gain that is estimated, is it judged, has it a gain above 0, the chance of being judged, gain less
    what was expected (0 where not judged), and size in the draw, infinite for what was known before (`known` of them).
    """

    pool: Pool
    judged: int
    values: Floats
    gain: Floats
    is_judged: NDArray[np.bool_]
    is_relevant: NDArray[np.bool_]
    chance: Floats
    residual: Floats
    size: Floats
    known: int

    @property
    def means(self) -> Floats:
        """[retrievers]"""
        means: Floats = self.values.mean(axis=0)
        return means

    def sampling_variance(self, contrast: Floats, judged: int | None = None) -> float:
        """Variance of the mean of a contrast that comes of documents not judged. contrast: [retrievers].

        judged: after so many judgements, more than now (default: now), by the pairs known now.
        """
        weight = self.pool.weight @ contrast
        later = self.chance if judged is None else chances_after(self.size, judged)
        later = np.maximum(later, self.chance)
        amounts = (weight * self.residual) ** 2 * (1 - later) / (later * self.chance)
        return float(amounts.sum()) / self.pool.queries**2


def estimate(
    pool: Pool,
    order: JudgingOrder,
    gain: Floats,
    skipped: NDArray[np.bool_] | None = None,
    predicted: Floats | None = None,
) -> Estimate:
    """The estimate from the longest beginning of the order that is judged.

    Args:
        pool: The pairs.
        order: In which they are judged.
        gain: float64 [pairs], between 0 and 1 (a grade over the highest one), NaN where not judged. What is judged
            further on in the order is not used: its chance is not known.
        skipped: bool [pairs], those that nobody could judge: each has the gain that its ranks let expect, as if
            skipping had nothing to do with being relevant. None where there are none.
        predicted: float64 [pairs], the gain by a program's grades, NaN where there is none. Whether a pair has one may
            not depend on the order. None where there is no program.

    Returns:
        Values by query, with what is needed to say how sure they are.

    Raises:
        BenchError: For a gain outside of 0 to 1.
    """
    if np.any((gain < 0) | (gain > 1)):
        raise BenchError("A gain is outside of 0 to 1.", "Divide grades by the highest one.")
    judged = judged_so_far(order, gain, skipped)
    chance, is_judged = order.chances(judged), np.zeros(len(pool), dtype=bool)
    is_judged[order.order[:judged]] = True
    is_judged &= ~np.isnan(gain)
    gained = np.where(is_judged, gain, 0.0)
    expected = _expected(pool, gained, is_judged, chance)
    if predicted is not None:
        expected = _moved(pool, expected, predicted, gained, is_judged * (1 - chance) / chance**2)
    residual = np.where(is_judged, gained - expected, 0.0)
    estimated = expected + residual / chance
    values = pool.values(estimated)
    return Estimate(pool, judged, values, estimated, is_judged, gained > 0, chance, residual, order.size, order.known)


def judged_so_far(order: JudgingOrder, gain: Floats, skipped: NDArray[np.bool_] | None = None) -> int:
    """How many pairs from the beginning of the order are judged or skipped without a gap, as `estimate` takes them."""
    known = ~np.isnan(gain) if skipped is None else ~np.isnan(gain) | skipped
    ordered = known[order.order]
    return len(ordered) if ordered.all() else int(np.argmin(ordered))


def _expected(pool: Pool, gained: Floats, is_judged: NDArray[np.bool_], chance: Floats) -> Floats:
    """The gain that a pair's ranks let expect, [pairs]: the prior's shape at the level of the other folds' gains."""
    shape = chance_relevant(pool)
    fold = pool.query % FOLDS
    # One gain of one half at a shape's sum of two: before any judgement the level is that of a set with few relevant.
    reached = np.bincount(fold, gained / chance, FOLDS)
    hoped = np.bincount(fold, is_judged * shape / chance, FOLDS)
    level = (reached.sum() - reached + 0.5) / (hoped.sum() - hoped + 2)
    expected: Floats = np.minimum(1.0, level[fold] * shape)
    return expected


def _moved(pool: Pool, expected: Floats, predicted: Floats, gained: Floats, counts: Floats) -> Floats:
    """The expected gain moved towards the predicted one, [pairs]: by least squares on the other folds' pairs.

    counts: how much a pair's residual, squared, adds to the variance at a weight of 1, [pairs], 0 where not judged. By
    the square of what it weighs in the differences, too, what is least is their variance: fitted on all pairs alike, a
    program that is right on most of them and wrong on those that decide made intervals wider.
    """
    there = ~np.isnan(predicted)
    step, fold = np.where(there, predicted - expected, 0.0), pool.query % FOLDS
    weight = pool.apart if pool.apart.any() else pool.weight.mean(axis=1)  # one retriever has no differences
    counts = counts * there * weight**2

    def others(amount: Floats) -> Floats:
        """Sum over the judged pairs of the other folds, [folds]."""
        by_fold = np.bincount(fold, counts * amount, FOLDS)
        total: Floats = by_fold.sum() - by_fold
        return total

    size, steps, short = others(np.ones(len(step))), others(step), others(gained - expected)
    mean = np.divide(steps, size, out=np.zeros(FOLDS), where=size > 0)  # a machine that is generous to all
    right, whole = others(step * (gained - expected)) - mean * short, others(step**2) - mean * steps
    share = np.clip(np.divide(right, whole, out=np.zeros(FOLDS), where=whole > 1e-12 * size), 0.0, 1.0)
    moved: Floats = expected + there * share[fold] * (step - mean[fold])
    return moved


def chances_after(size: Floats, judged: int) -> Floats:
    """About the chance of each pair to be among so many, [pairs]: min(1, s t), with t such that they add up to that.

    A size that is infinite is among them for certain.
    """
    if judged >= len(size):
        return np.ones(len(size))
    drawn = np.isfinite(size)
    if not drawn.all():
        chances = np.ones(len(size))
        chances[drawn] = chances_after(size[drawn], judged - int((~drawn).sum()))
        return chances
    descending = np.sort(size)[::-1]
    rest = np.cumsum(descending[::-1])[::-1]  # what the sizes from here on add up to
    certain = np.arange(len(size))
    # The first so many are certain where the next one would not be: its size times what is left to give is below 1.
    fits = descending * (judged - certain) <= rest
    first = int(np.argmax(fits))
    after: Floats = np.minimum(1.0, size * (judged - first) / rest[first])
    return after
