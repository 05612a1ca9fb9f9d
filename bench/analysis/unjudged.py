"""Hits that nobody judged, and what the measure could be if they had been.

A measure counts an unjudged hit as not relevant. Here the hits within the cutoff may be anything: `all_relevant` has
every one relevant, `low` and `high` are the extremes over all ways to call some of them relevant, at one grade that the
set uses. For nDCG and recall a new relevant document changes the ideal ranking and the number to be found as well, so
that `all_relevant` can lie below the value, and is no bound. Documents below the cutoff stay as judged: relevant ones
nobody knows of could lower recall and nDCG further, by an amount that no ranking tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.analysis.judged_hits import Hits
from bench.data.dataset import Dataset
from bench.evaluation.closed_form import ClosedForm, Values, divided, ideal, mean, weighed

MOST_GRADES = 10  # that are tried; evenly spaced ones, the least and the highest among them, where a set uses more


@dataclass(frozen=True)
class Unjudged:
    """One retriever, the answerable queries. hits: within the cutoff; unjudged: of those; queries: with any of them."""

    cutoff: int
    hits: int
    unjudged: int
    queries: int
    value: float
    all_relevant: float
    low: float
    high: float


@dataclass(frozen=True)
class Bounds:
    """Per query, [queries]; low <= value <= high."""

    value: Values
    all_relevant: Values
    low: Values
    high: Values


def unjudged(dataset: Dataset, hits: Mapping[str, Hits], form: ClosedForm) -> dict[str, Unjudged]:
    """By retriever."""
    asked = dataset.answerable
    results = {}
    for label, ranked in hits.items():
        unknown = (ranked.real & ~ranked.judged)[:, : form.cutoff][asked]
        by_query = bounds(dataset, ranked, form)
        results[label] = Unjudged(
            form.cutoff,
            int(ranked.real[:, : form.cutoff][asked].sum()),
            int(unknown.sum()),
            int(unknown.any(axis=1).sum()),
            mean(by_query.value[asked]),
            mean(by_query.all_relevant[asked]),
            mean(by_query.low[asked]),
            mean(by_query.high[asked]),
        )
    return results


def bounds(dataset: Dataset, hits: Hits, form: ClosedForm) -> Bounds:
    """The value as judged and its bounds."""
    gain = form.gain(hits.grade)[:, : form.cutoff]
    unknown = (hits.real & ~hits.judged)[:, : form.cutoff]
    worth = form.worth(dataset)
    value = form.values(gain, worth)
    if form.graded:
        return _graded(dataset, form, gain, unknown, value)
    if not (dataset.grade >= form.rel).any():  # no grade that the set uses is relevant to this measure
        return Bounds(value, value, value, value)
    # The others only gain: of recall, (f + m) / (R + m) >= f / R.
    more = worth + unknown.sum(axis=1) if form.worth_grows else worth
    most = form.values(np.where(unknown, 1.0, gain), more)
    return Bounds(value, most, value, most)


def _graded(dataset: Dataset, form: ClosedForm, gain: Values, unknown: NDArray[np.bool_], value: Values) -> Bounds:
    """nDCG if the m first (for the highest) or last (for the lowest) unjudged hits were relevant, for every m.

    The ideal ranking depends on m and the grade alone, so that no other choice of m hits gives more, or less.
    """
    discount = form.discount
    reached = weighed(gain, discount[: gain.shape[1]])[:, None]
    first, last = _summed(unknown, discount), _summed(unknown[:, ::-1], discount[: gain.shape[1]][::-1])
    total = unknown.sum(axis=1)
    possible = np.arange(first.shape[1]) <= total[:, None]
    low, high, everything = value, value, value
    used = np.unique(dataset.grade[dataset.relevant]) if dataset.answerable.any() else np.ones(1)
    grades = used[np.linspace(0, len(used) - 1, min(len(used), MOST_GRADES)).astype(int)]
    for grade in grades.tolist():
        worth = _worth_with(ideal(dataset, form), discount, grade, first.shape[1])
        most, least = (divided(reached + grade * gained, worth) for gained in (first, last))
        high = np.maximum(high, np.where(possible, most, -np.inf).max(axis=1))
        low = np.minimum(low, np.where(possible, least, np.inf).min(axis=1))
        everything = most[np.arange(len(total)), total]
    return Bounds(value, everything, low, high)


def _summed(unknown: NDArray[np.bool_], discount: Values) -> Values:
    """[queries, hits + 1]: the sum of the discounts of the first m unjudged hits, for m = 0, 1, …"""
    query, place = np.nonzero(unknown)
    single = np.zeros((len(unknown), unknown.shape[1] + 1))
    single[query, unknown.cumsum(axis=1)[query, place]] = discount[place]
    sums: Values = single.cumsum(axis=1)
    return sums


def _worth_with(best: Values, discount: Values, grade: float, columns: int) -> Values:
    """[queries, columns]: the ideal DCG after m = 0, 1, … further documents of a grade. best: ideal gains, descending.

    They come after what is as good, whose ranks stay, and push what is worse down by m.
    """
    cutoff, m = len(discount), np.arange(columns)
    ahead = best >= grade
    before = ahead.sum(axis=1)[:, None]
    sums = np.concatenate([[0.0], discount.cumsum()])
    rank = np.arange(cutoff)[:, None] + m
    pushed = np.where(rank < cutoff, discount[np.minimum(rank, cutoff - 1)], 0.0)
    new = grade * (sums[np.minimum(before + m, cutoff)] - sums[before])
    worth: Values = weighed(np.where(ahead, best, 0), discount)[:, None] + new + np.where(ahead, 0, best) @ pushed
    return worth
