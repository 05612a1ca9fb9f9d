"""How sure a figure is. Randomness comes only from a numpy Generator that is passed in.

Columns (measures, retrievers, pairs) of one array share their draws. Where queries come in groups (paraphrases of
one question, questions on one document), they vary together, so the group is what is drawn and what is flipped:
`groups` gives each query's, int64 [queries], as `group_codes` makes them; None says that each stands alone.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Groups = NDArray[np.int64] | None

FLIPS = 100_000
LEVEL = 0.95
# Two values of a measure closer than this are the same value, summed in another order.
TIE = 1e-9
# Signs of one batch: fewer make the products of matrices small, more leave the cache.
_SIGNS = 1_250_000


def group_codes(labels: Sequence[str | None]) -> NDArray[np.int64]:
    """Group labels as numbers, in order of appearance; a query without a label is a group of its own."""
    seen: dict[object, int] = {}
    keys = (label if label else position for position, label in enumerate(labels))
    return np.array([seen.setdefault(key, len(seen)) for key in keys], dtype=np.int64)


def summed(values: Floats, groups: Groups) -> tuple[Floats, Floats]:
    """Sums [units, columns] and sizes [units] of the units that vary independently: groups, else queries."""
    if groups is None:
        return values, np.ones(len(values))
    codes, unit = np.unique(groups, return_inverse=True)
    sums = np.zeros((len(codes), values.shape[1]))
    np.add.at(sums, unit, values)
    return sums, np.bincount(unit, minlength=len(codes)).astype(np.float64)


# ------------------------------------------------------------------------------------------------------ tests


def randomisation_test(
    differences: Floats, rng: np.random.Generator, groups: Groups = None, flips: int = FLIPS
) -> Floats:
    """Two-sided p-values of the paired randomisation test on the mean difference, [columns].

    differences: [queries, columns]. If the two retrievers were alike, each difference could as well have had the
    other sign; p is the share of sign assignments whose |mean| is at least the observed one (Fisher, The Design of
    Experiments, 1935; for retrieval: Smucker, Allan & Carterette, CIKM 2007). One sign a group. All assignments of a
    column's units are tried where there are at most `flips` of them, else `flips` random ones: p = (1 + b) / (1 +
    flips), never 0 (Phipson & Smyth, Permutation p-values should never be zero, 2010).
    """
    sums, _ = summed(differences, groups)
    observed = np.abs(sums.sum(axis=0))
    # Sums over another order of signs differ in their last bits; equal ones count as equal.
    reached = observed - 1e-10 * np.abs(sums).sum(axis=0)
    few = np.count_nonzero(sums, axis=0) <= math.log2(flips)  # flipping a zero changes nothing
    p = np.empty(sums.shape[1])
    for column in np.flatnonzero(few):
        p[column] = (_of_all_signs(sums[:, column]) >= reached[column]).mean()
    if few.all():
        return p
    sums, reached = sums[np.any(sums != 0, axis=1)][:, ~few], reached[~few]
    units = len(sums)
    extreme, step = np.zeros(sums.shape[1], dtype=np.int64), max(1, _SIGNS // units)
    for start in range(0, flips, step):
        size, width = min(step, flips - start), -(-units // 8)
        drawn = np.frombuffer(rng.bytes(size * width), np.uint8).reshape(size, width)
        extreme += (_flipped(sums, np.unpackbits(drawn, axis=1, count=units)) >= reached).sum(axis=0)
    p[~few] = (1 + extreme) / (1 + flips)
    return p


def least_p(units: int) -> float:
    """The smallest p that all signs of so many units (queries, groups) can give: all differ, and all one way."""
    return 2.0 ** (1 - units) if units else 1.0


def _of_all_signs(values: Floats) -> Floats:
    """|Sum| of the values under every assignment of signs to those that are not 0, [2^those]."""
    found: Floats = values.sum(keepdims=True)
    for value in values[values != 0]:
        found = np.concatenate([found, found - 2 * value])
    return np.abs(found, out=found)


def _flipped(sums: Floats, bits: NDArray[np.uint8]) -> Floats:
    """|Sums|, [assignments, columns], where units whose bit is set have the other sign; bits: [assignments, units]."""
    flipped: Floats = bits.astype(np.float64) @ (-2 * sums)
    flipped += sums.sum(axis=0)
    return np.abs(flipped, out=flipped)


def holm(p: Floats) -> Floats:
    """P-values adjusted for being that many, [m]: step-down; NaN stays NaN and is not counted.

    (Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 1979.)
    """
    adjusted = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    steps = np.arange(len(order), 0, -1) * p[order]
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1) if len(order) else steps
    return adjusted


def holm_within(families: Sequence[Hashable], p: Sequence[float]) -> list[float]:
    """The p-values adjusted within each family, [m]. families: of each p-value, [m]."""
    found, given = np.full(len(p), np.nan), np.array(p, dtype=np.float64)
    for family in dict.fromkeys(families):
        mine = np.array([each == family for each in families])
        found[mine] = holm(given[mine])
    return list(found.tolist())


# -------------------------------------------------------------------------------------------- size and power


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


def _quantiles(units: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(units - 1, 0.975) + stdtrit(units - 1, 0.8)) if units > 1 else math.nan


# ------------------------------------------------------------------------------------ answerable or not


def auroc(positive: Floats, negative: Floats) -> float:
    """The chance that a positive scores above a negative, ties counting half; NaN where either has none.

    positive, negative: scores, [any number] each (top scores of answerable and of unanswerable queries). .5 says
    that the score tells nothing. (Mann & Whitney 1947; Hanley & McNeil, Radiology 1982.)
    """
    if not len(positive) or not len(negative):
        return math.nan
    return float(_above(positive, negative).mean())


def _above(scores: Floats, others: Floats) -> Floats:
    """The share of the others that each score is above, ties counting half."""
    ordered = np.sort(others)
    ranks = np.searchsorted(ordered, scores, "left") + np.searchsorted(ordered, scores, "right")
    return ranks / (2 * len(others))


def auroc_interval(
    positive: Floats, negative: Floats, level: float = LEVEL, groups: tuple[Groups, Groups] = (None, None)
) -> tuple[float, float]:
    """Interval of `auroc`: from the lower of two lower ends to the higher of two upper ones.

    One is by the spread of the scores seen (DeLong, DeLong & Clarke-Pearson, Biometrics 1988, on the logit scale),
    which sees too little where nearly all pairs are in order; the other by the spread that so high a figure has of
    itself (Newcombe, Statistics in Medicine 2006, part 2, method 5), which supposes that both kinds spread alike.
    groups: of the positives and of the negatives, whose members count as one. NaN where either has fewer than two.
    """
    from scipy.special import ndtri

    sides = zip((positive, negative), groups, strict=True)
    positives, negatives = (len(scores) if each is None else len(np.unique(each)) for scores, each in sides)
    if min(positives, negatives) < 2:
        return math.nan, math.nan
    z, area = float(ndtri((1 + level) / 2)), auroc(positive, negative)
    ends = [_newcombe(area, positives, negatives, z), *_delong(area, positive, negative, groups, z)]
    return min(low for low, _ in ends), max(high for _, high in ends)


def _delong(
    area: float, positive: Floats, negative: Floats, groups: tuple[Groups, Groups], z: float
) -> Iterator[tuple[float, float]]:
    """Nothing where all pairs, or none, are in order."""
    if not 0 < area < 1:
        return
    shares = (_above(positive, negative), _above(negative, positive))
    error = math.hypot(*(standard_error(each[:, None], own)[0] for each, own in zip(shares, groups, strict=True)))
    middle, half = math.log(area / (1 - area)), z * error / (area * (1 - area))
    yield tuple(1 / (1 + math.exp(-end)) for end in (middle - half, middle + half))  # type: ignore[misc]


def _newcombe(area: float, positives: int, negatives: int, z: float) -> tuple[float, float]:
    from scipy.optimize import brentq

    def beyond(truth: float) -> float:
        spread = (1 - truth) / (2 - truth) + truth / (1 + truth)
        variance = truth * (1 - truth) * (1 + ((positives + negatives) / 2 - 1) * spread) / (positives * negatives)
        return float((area - truth) ** 2 - z**2 * variance)

    inside = min(max(area, 1e-9), 1 - 1e-9)
    low = float(brentq(beyond, 0, inside)) if area > 0 else 0.0
    return low, float(brentq(beyond, inside, 1)) if area < 1 else 1.0
