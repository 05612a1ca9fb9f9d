"""How large a difference is, and how large it would have to be for these queries to show it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bench.evaluation.units import TIE, Floats, Groups, summed

POWER = 0.8


def wins_ties_losses(differences: Floats) -> NDArray[np.int64]:
    """Queries above, at and below zero, [3, columns]; within TIE of it counts as at."""
    won, lost = (differences > TIE).sum(axis=0), (differences < -TIE).sum(axis=0)
    return np.stack([won, len(differences) - won - lost, lost])


def effect_size(differences: Floats) -> Floats:
    """Mean difference in standard deviations of the differences, [columns]: d_z.

    0 where all differences are 0, NaN where they are all alike otherwise or fewer than two.
    (Cohen, Statistical Power Analysis for the Behavioral Sciences, 1988, 2.3.5.)
    """
    if len(differences) < 2:
        return np.full(differences.shape[1], np.nan)
    mean, sd = differences.mean(axis=0), differences.std(axis=0, ddof=1)
    flat = sd <= TIE
    alike = np.where(np.abs(mean) <= TIE, 0.0, np.nan)
    return np.where(flat, alike, mean / np.where(flat, 1, sd))


def standard_error(values: Floats, groups: Groups = None) -> Floats:
    """Standard error of the mean over queries, [columns]; NaN for fewer than two queries (groups).

    With groups that of a ratio of sums (Cochran, Sampling Techniques, 1977, 6.4), which for groups of one query is
    the usual sd / sqrt(n).
    """
    sums, sizes = summed(values, groups)
    n = len(sums)
    if n < 2:
        return np.full(values.shape[1], np.nan)
    residuals = sums - sizes[:, None] * (sums.sum(axis=0) / sizes.sum())
    error: Floats = np.sqrt((residuals**2).sum(axis=0) * n / (n - 1)) / sizes.sum()
    return error


def detectable(differences: Floats, groups: Groups = None) -> Floats:
    """The smallest true mean difference found with 80% power by a two-sided paired test at .05, [columns].

    From the spread of the differences seen; see `detectable_difference`.
    """
    units = len(differences) if groups is None else len(np.unique(groups))
    return _quantiles(units) * standard_error(differences, groups)


def detectable_difference(queries: int, sd: float) -> float:
    """The same from a standard deviation of the differences per query.

    (t(.975) + t(.80)) sd / sqrt(queries), t with queries - 1 degrees of freedom (Cohen 1988, ch. 2; the sum of
    quantiles in place of the noncentral t). NaN for fewer than two queries.
    """
    return _quantiles(queries) * sd / math.sqrt(queries) if queries > 1 else math.nan


def spread(detectable: float, queries: int, units: int) -> float:
    """The standard deviation of the differences per query behind a detectable difference.

    Where queries come in groups (units) it is the one of as many independent queries that would tell as much.
    """
    return detectable * math.sqrt(queries) / _quantiles(units)


def queries_needed(difference: float, sd: float, power: float = POWER) -> int:
    """The fewest queries on which a two-sided paired test at .05 finds a true mean difference with that power.

    difference: above 0. sd: of the differences per query. The least n, at least 2, for which
    (t(.975) + t(power)) sd / sqrt(n) is no more than the difference; see `detectable_difference`.
    """
    few, enough = 1, 2
    while not _quantiles(enough, power) * sd / math.sqrt(enough) <= difference:
        few, enough = enough, 2 * enough
    while enough - few > 1:
        middle = (few + enough) // 2
        shown = _quantiles(middle, power) * sd / math.sqrt(middle) <= difference
        few, enough = (few, middle) if shown else (middle, enough)
    return enough


def _quantiles(units: int, power: float = POWER) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(units - 1, 0.975) + stdtrit(units - 1, power)) if units > 1 else math.nan
