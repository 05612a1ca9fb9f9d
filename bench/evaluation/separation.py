"""Can a score tell one kind of query from another? The area under the ROC curve, with its interval."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from bench.evaluation.power import standard_error
from bench.evaluation.units import LEVEL, Floats, Groups


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
    positives, negatives = (len(scores) if own is None else len(np.unique(own)) for scores, own in sides)
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
    error = math.hypot(*(standard_error(share[:, None], own)[0] for share, own in zip(shares, groups, strict=True)))
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
