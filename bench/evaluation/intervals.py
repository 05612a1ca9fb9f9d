"""95% intervals of means and of paired differences, and the test that a difference is within a margin.

Values of a measure lie between 0 and 1, differences between -1 and 1, and that is used: where all of twenty queries are
solved, a bootstrap has nothing to draw but ones and says [1, 1], while one query in seven may be unsolved. The bounded
interval adds to each side what was not seen. Randomness comes only from a numpy Generator that is passed in; columns
and `groups` are as in bench.evaluation.significance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.evaluation.units import LEVEL, TIE, Floats, Groups, summed

DRAWS = 10_000
# Where fewer units than this differ between two retrievers, resampling them says too little of those not asked.
FEWEST_MOVED = 15
# Cells of one batch: small enough to stay in a core's cache, where counting and multiplying are fastest.
_CELLS = 50_000


class Interval(NamedTuple):
    """low, high: [columns], NaN where nothing can be said. bounded: [columns], is it the bounded one?"""

    low: Floats
    high: Floats
    bounded: NDArray[np.bool_]


def mean_interval(
    values: Floats, rng: np.random.Generator, draws: int = DRAWS, level: float = LEVEL, groups: Groups = None
) -> Interval:
    """Interval of the mean over queries. values: [queries, columns].

    The bounded one; the bootstrap for a column that leaves 0 to 1 (a count), whose ends nobody knows. Generators of one
    seed give the same draws. NaN for fewer than two queries (groups), which say nothing of their spread.
    """
    inside = np.all((values >= -TIE) & (values <= 1 + TIE), axis=0)
    return _chosen(values, inside, (0.0, 1.0), rng, draws, level, groups)


def difference_interval(
    differences: Floats, rng: np.random.Generator, draws: int = DRAWS, level: float = LEVEL, groups: Groups = None
) -> Interval:
    """Interval of a paired mean difference, [queries, columns] as in `mean_interval`.

    The bootstrap where at least FEWEST_MOVED units differ, else the bounded one. Between two retrievers of values 0
    and 1 the bounded one leaves 0 out exactly where the sign test (McNemar's, exact) does.
    """
    inside = np.all(np.abs(differences) <= 1 + TIE, axis=0)
    moved = np.count_nonzero(np.abs(summed(differences, groups)[0]) > TIE, axis=0)
    return _chosen(differences, inside & (moved < FEWEST_MOVED), (-1.0, 1.0), rng, draws, level, groups)


def bounds_with_best(
    differences: Floats, others: int, rng: np.random.Generator, *, draws: int = DRAWS, groups: Groups = None
) -> tuple[Floats, Floats]:
    """Lower and upper bounds of paired mean differences, [columns], for comparing each of several with the best of all.

    differences: [queries, columns]. others: with how many others each is compared, over which a one-sided error of .05
    is divided (Bonferroni). The truly best one is compared with so many, whichever it is, so that with 95% it is
    better than any chosen one by at most the highest upper bound of another one over that, however the one was chosen
    (Hsu, Constrained simultaneous confidence intervals for multiple comparisons with the best, The Annals of Statistics
    1984; Multiple Comparisons, 1996, ch. 4). The bounded interval, which tied values do not shorten; the bootstrap for
    a column that leaves -1 to 1.
    """
    inside = np.all(np.abs(differences) <= 1 + TIE, axis=0)
    level = 1 - 2 * (1 - LEVEL) / others
    return _chosen(differences, inside, (-1.0, 1.0), rng, draws, level, groups)[:2]


def _chosen(  # noqa: PLR0917
    values: Floats,
    bounded: NDArray[np.bool_],
    ends: tuple[float, float],
    rng: np.random.Generator,
    draws: int,
    level: float,
    groups: Groups,
) -> Interval:
    """The bounded interval of the columns marked so, the bootstrap of the others, each from a stream of its own."""
    low, high = _unknown(values)
    streams = rng.spawn(2)
    if bounded.any():
        low[bounded], high[bounded] = bounded_interval(
            values[:, bounded], streams[0], ends, draws=draws, level=level, groups=groups
        )
    if not bounded.all():
        low[~bounded], high[~bounded] = bootstrap_interval(
            values[:, ~bounded], streams[1], draws=draws, level=level, groups=groups
        )
    return Interval(low, high, bounded)


def bounded_interval(
    values: Floats,
    rng: np.random.Generator,
    ends: tuple[float, float] = (0.0, 1.0),
    *,
    draws: int = DRAWS,
    level: float = LEVEL,
    groups: Groups = None,
) -> tuple[Floats, Floats]:
    """Interval of the mean of values that lie between `ends`, whatever their distribution.

    The queries have random weights that add up to 1, and one more query stands among them that has the lowest (highest)
    value possible: the tail of the weighted mean is the end of the interval (Gaffke, Three test statistics for a
    nonparametric one-sided hypothesis on the mean of a nonnegative variable, Mathematical Methods of Statistics 2005;
    Learned-Miller & Thomas, A new confidence interval for the mean of a bounded random variable, 2019). Of values 0 and
    1 it is Clopper and Pearson's (Biometrika 1934), which is computed in closed form where no groups are given. Whole
    groups have one weight; the one more is of their mean size.
    """
    sums, sizes = summed(values, groups)
    if len(sums) < 2:
        return _unknown(values)
    under, over = _weighted(sums, sizes, ends, rng, draws)
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(under, tail, axis=0), np.percentile(over, 100 - tail, axis=0)
    if groups is None and ends == (0.0, 1.0):
        exact = np.all((values == 0) | (values == 1), axis=0)
        low[exact], high[exact] = _clopper_pearson(values[:, exact].sum(axis=0), len(values), level)
    return low, high


def _clopper_pearson(count: Floats, n: int, level: float) -> tuple[Floats, Floats]:
    from scipy.special import betaincinv

    tail = (1 - level) / 2
    low = np.where(count > 0, betaincinv(np.maximum(count, 1), n - count + 1, tail), 0.0)
    high = np.where(count < n, betaincinv(count + 1, np.maximum(n - count, 1), 1 - tail), 1.0)
    return low, high


def _weighted(
    sums: Floats, sizes: Floats, ends: tuple[float, float], rng: np.random.Generator, draws: int
) -> tuple[Floats, Floats]:
    """Weighted means, [draws, columns], with one more unit at the lower and at the upper end."""
    units, columns = sums.shape
    under, over = np.empty((draws, columns)), np.empty((draws, columns))
    step = max(1, _CELLS // units)
    for start in range(0, draws, step):
        stop = min(start + step, draws)
        weights = rng.standard_exponential((stop - start, units + 1))
        unseen = weights[:, units] * sizes.mean()
        total = (weights[:, :units] @ sizes + unseen)[:, None]
        seen = weights[:, :units] @ sums
        under[start:stop] = (seen + (unseen * ends[0])[:, None]) / total
        over[start:stop] = (seen + (unseen * ends[1])[:, None]) / total
    return under, over


def within_margin(
    differences: Floats, margin: Floats, rng: np.random.Generator, *, draws: int = DRAWS, groups: Groups = None
) -> tuple[Floats, Floats]:
    """P-values of two one-sided tests, [columns]: that the mean difference is above -margin, and below margin.

    differences: [queries, columns] between -1 and 1; margin: [columns]. The null of the first is a true mean of -margin
    or less, of the second margin or more; both rejected at .025 show the difference within the margin (Schuirmann,
    Journal of Pharmacokinetics and Biopharmaceutics 1987). p is where the bounded interval ends, so that the null holds
    on tied data as well. NaN without a query, without a margin, and for a column that leaves -1 to 1.
    """
    sums, sizes = summed(differences, groups)
    testable = (margin > 0) & np.all(np.abs(differences) <= 1 + TIE, axis=0)
    if not len(sums) or not testable.any():
        return _unknown(differences)
    under, over = _weighted(sums, sizes, (-1.0, 1.0), rng, draws)
    above = (1 + (under <= -margin + TIE).sum(axis=0)) / (1 + draws)
    below = (1 + (over >= margin - TIE).sum(axis=0)) / (1 + draws)
    return np.where(testable, above, np.nan), np.where(testable, below, np.nan)


def least_units(margin: float, level: float = LEVEL) -> int:
    """The fewest queries (groups) that can show a difference within the margin: all of them without a difference."""
    if margin >= 1:
        return 1
    return math.ceil(math.log((1 - level) / 2) / math.log1p(-margin))


def bootstrap_interval(
    values: Floats, rng: np.random.Generator, *, draws: int = DRAWS, level: float = LEVEL, groups: Groups = None
) -> tuple[Floats, Floats]:
    """Bootstrap interval of the mean, [columns] (expanded percentile).

    Whole groups are drawn. Their sizes differ, so the mean of a draw is a ratio: what was drawn, summed, over how
    many queries that was (Davison & Hinkley, Bootstrap Methods and their Application, 1997, 2.4 and 3.8). The
    percentiles are taken further out by what resampling loses for n units, at the normal's share beyond
    t(level, n - 1) sqrt(n / (n - 1)) (Hesterberg, What Teachers Should Know About the Bootstrap, The American
    Statistician 2015).
    """
    from scipy.special import ndtr, stdtrit

    sums, sizes = summed(values, groups)
    n = len(sums)
    if n < 2:
        return _unknown(values)
    tail = 100 * ndtr(math.sqrt(n / (n - 1)) * stdtrit(n - 1, (1 - level) / 2))
    low, high = np.percentile(_means(sums, sizes, rng, draws), [tail, 100 - tail], axis=0)
    return low, high


def _unknown(values: Floats) -> tuple[Floats, Floats]:
    return np.full(values.shape[1], np.nan), np.full(values.shape[1], np.nan)


def _means(sums: Floats, sizes: Floats, rng: np.random.Generator, draws: int) -> Floats:
    means = np.empty((draws, sums.shape[1]))
    start = 0
    for counts in _counts(len(sums), rng, draws, max(1, _CELLS // len(sums))):
        stop = start + len(counts)
        np.divide(counts @ sums, (counts @ sizes)[:, None], out=means[start:stop])
        start = stop
    return means


def _counts(n: int, rng: np.random.Generator, draws: int, step: int) -> Iterator[Floats]:
    """How often each of n units is in each resample of n, [step or fewer, n] at a time, until there are `draws`."""
    # One matrix product with the counts serves all columns. Narrow integers take half the random bits.
    kind = np.uint16 if n <= 2**16 else np.uint32
    for start in range(0, draws, step):
        size = min(step, draws - start)
        drawn = rng.integers(0, n, (size, n), dtype=kind).astype(np.intp)
        drawn += n * np.arange(size)[:, None]
        yield np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)
