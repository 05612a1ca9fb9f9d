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

from bench.analysis.closed import Closed, Values, divided, ideal, mean, weighed
from bench.analysis.hits import Hits
from bench.dataset import Dataset


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


def unjudged(dataset: Dataset, hits: Mapping[str, Hits], form: Closed) -> dict[str, Unjudged]:
    """By retriever."""
    asked = dataset.answerable
    found = {}
    for label, each in hits.items():
        unknown = (each.real & ~each.judged)[:, : form.cutoff][asked]
        by_query = bounds(dataset, each, form)
        found[label] = Unjudged(
            form.cutoff,
            int(each.real[:, : form.cutoff][asked].sum()),
            int(unknown.sum()),
            int(unknown.any(axis=1).sum()),
            mean(by_query.value[asked]),
            mean(by_query.all_relevant[asked]),
            mean(by_query.low[asked]),
            mean(by_query.high[asked]),
        )
    return found


def bounds(dataset: Dataset, hits: Hits, form: Closed) -> Bounds:
    """The value as judged and its bounds. Time grows with the cutoff squared for nDCG."""
    gain = form.gain(hits.grade)[:, : form.cutoff]
    unknown = (hits.real & ~hits.judged)[:, : form.cutoff]
    worth = form.worth(dataset)
    value = form.values(gain, worth)
    if form.name == "nDCG":
        return _ndcg(dataset, form, gain, unknown, value)
    # The others only gain: of recall, (f + m) / (R + m) >= f / R.
    more = worth + unknown.sum(axis=1) if form.name == "R" else worth
    most = form.values(np.where(unknown, 1.0, gain), more)
    return Bounds(value, most, value, most)


def _ndcg(dataset: Dataset, form: Closed, gain: Values, unknown: NDArray[np.bool_], value: Values) -> Bounds:
    """nDCG if the m first (for the highest) or last (for the lowest) unjudged hits were relevant, for every m.

    The ideal ranking depends on m and the grade alone, so that no other choice of m hits gives more, or less.
    """
    discount = form.discount[: gain.shape[1]]
    best = ideal(dataset, form)
    total = unknown.sum(axis=1)
    from_above, from_below = unknown.cumsum(axis=1), unknown[:, ::-1].cumsum(axis=1)[:, ::-1]
    low, high, everything = value.copy(), value.copy(), value.copy()
    grades = np.unique(dataset.grade[dataset.grade > 0]).tolist() or [1]
    for grade in grades:
        grown = best
        for m in range(1, int(total.max(initial=0)) + 1):
            grown = -np.sort(-np.concatenate([grown, np.full((len(grown), 1), float(grade))], axis=1), axis=1)
            grown = grown[:, : form.cutoff]
            worth = weighed(grown, form.discount)
            enough = total >= m
            highest, lowest = (
                divided(weighed(np.where(unknown & (place <= m), grade, gain), discount), worth)
                for place in (from_above, from_below)
            )
            high = np.where(enough, np.maximum(high, highest), high)
            low = np.where(enough, np.minimum(low, lowest), low)
            if grade == grades[-1]:
                everything = np.where(total == m, highest, everything)
    return Bounds(value, everything, low, high)
