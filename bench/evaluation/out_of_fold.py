"""Quality after tuning that does not flatter: each query is scored by settings that were chosen without it.

Settings are tried on all queries once, since nothing here learns from queries but the choice. The queries are dealt to
folds; for each fold the settings with the best mean on the *other* queries are chosen, and score it (cross-validation
around the choice: Stone, Cross-validatory choice and assessment of statistical predictions, JRSS B 1974; Varma and
Simon, Bias in error estimation when using cross-validation for model selection, BMC Bioinformatics 2006). The mean of
these values estimates what the choosing is worth on queries that it has not seen. The best mean over all queries does
not: it is the highest of many noisy ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.evaluation.units import TIE, Floats, Groups

FOLDS = 5


@dataclass(frozen=True)
class OutOfFold:
    """What was chosen, and what it is worth.

    folds: int64 [queries], which one each lies in. chosen: int64 [folds], the trial that each fold is scored by.
    values: float64 [queries], out of fold. in_fold: the mean of what was chosen on the queries that chose it, folds
    weighted by their queries. best: the trial with the best mean over all queries; best_mean: that mean.
    """

    folds: NDArray[np.int64]
    chosen: NDArray[np.int64]
    values: Floats
    in_fold: float
    best: int
    best_mean: float

    @property
    def mean(self) -> float:
        """What the choice is worth on queries that it has not seen."""
        return float(self.values.mean())

    @property
    def optimism(self) -> float:
        """By how much a choice looks better on the queries that it was made on."""
        return self.in_fold - self.mean


def deal(queries: int, folds: int, rng: np.random.Generator, groups: Groups = None) -> NDArray[np.int64]:
    """A fold for each query, int64 [queries]; queries of a group lie in one.

    Groups go to the fold that has the fewest queries so far, the largest first, in random order among equals: so folds
    are as even as their groups allow.

    Args:
        queries: How many there are.
        folds: How many are wanted; there are no more than groups.
        rng: Of the order.
        groups: int64 [queries], None where each query stands alone.
    """
    codes = np.arange(queries) if groups is None else np.unique(groups, return_inverse=True)[1]
    sizes = np.bincount(codes)
    order = rng.permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    held = np.zeros(min(folds, len(sizes)), dtype=np.int64)
    fold_of = np.empty(len(sizes), dtype=np.int64)
    for group in order.tolist():
        fold_of[group] = fold = int(held.argmin())
        held[fold] += sizes[group]
    return fold_of[codes]


def choose(means: Floats) -> int:
    """The trial of the highest mean; of equal ones the first, which is that of the defaults. means: [trials]."""
    return int(np.flatnonzero(means >= means.max() - TIE)[0])


def out_of_fold(values: Floats, folds: NDArray[np.int64]) -> OutOfFold:
    """Choose for each fold by the other queries, and score it by what was chosen.

    Args:
        values: float64 [trials, queries], the first trial by the defaults.
        folds: int64 [queries], at least two folds, as `deal` gives them.
    """
    count = int(folds.max()) + 1
    chosen = np.empty(count, dtype=np.int64)
    scored, in_fold = np.empty(values.shape[1]), 0.0
    for fold in range(count):
        inside = folds == fold
        means = values[:, ~inside].mean(axis=1)
        chosen[fold] = choose(means)
        scored[inside] = values[chosen[fold], inside]
        in_fold += float(means[chosen[fold]]) * int(inside.sum())
    overall = values.mean(axis=1)
    best = choose(overall)
    return OutOfFold(folds, chosen, scored, in_fold / values.shape[1], best, float(overall[best]))
