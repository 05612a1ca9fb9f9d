"""Measures that have a closed form over arrays of grades, to ask what a value would be had things fallen otherwise.

The figures of a run never come from here: ir_measures takes those. A test holds both equal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.data.dataset import Dataset

Values = NDArray[np.float64]

LINEAR = ("nDCG", "P", "R")  # in the gains at each rank, given the judgements
_KNOWN = (*LINEAR, "RR", "Success")


@dataclass(frozen=True)
class ClosedForm:
    """A measure: its name in ir_measures, the rank that it looks down to, and the least grade that counts."""

    name: str
    cutoff: int
    rel: int = 1

    def gain(self, grade: NDArray[np.int64]) -> Values:
        """What a grade is worth: nDCG's gain is the grade (trec_eval), that of the others 1 from `rel` on."""
        worth: Values = (np.maximum(grade, 0) if self.name == "nDCG" else grade >= self.rel).astype(np.float64)
        return worth

    @property
    def discount(self) -> Values:
        """[cutoff]: the weight of each rank: 1 / log2(rank + 1) for nDCG, else 1."""
        ones = np.ones(self.cutoff)
        if self.name != "nDCG":
            return ones
        logarithmic: Values = 1 / np.log2(ones.cumsum() + 1)
        return logarithmic

    def worth(self, dataset: Dataset) -> Values:
        """[queries]: what a sum of discounted gains is divided by; 0 where nothing is relevant, or a constant."""
        if self.name == "nDCG":
            return weighed(ideal(dataset, self), self.discount)
        if self.name == "R":
            relevant = dataset.judged_query[dataset.grade >= self.rel]
            counts: Values = np.bincount(relevant, minlength=len(dataset.queries)).astype(np.float64)
            return counts
        return np.full(len(dataset.queries), float(self.cutoff) if self.name == "P" else 1.0)

    def values(self, gain: Values, worth: Values) -> Values:
        """[rows]: the measure of rows of gains [rows, depth], 0 where a row's worth is 0."""
        seen = gain[:, : self.cutoff]
        if self.name in LINEAR:
            return divided(weighed(seen, self.discount[: seen.shape[1]]), worth)
        reciprocal: Values = ((seen > 0) / np.arange(1, seen.shape[1] + 1)).max(axis=1, initial=0)
        return np.ceil(reciprocal) if self.name == "Success" else reciprocal


def closed_form(name: str, depth: int) -> ClosedForm | None:
    """The closed form of a measure by ir_measures' name, None where there is none here. depth: RR's without cutoff."""
    import ir_measures

    measure = ir_measures.parse_measure(name)
    given = dict(measure.params)
    if measure.NAME not in _KNOWN or set(given) - {"cutoff", "rel"}:
        return None
    if "cutoff" not in given and measure.NAME != "RR":  # an uncut ideal ranking may be longer than what is stored
        return None
    return ClosedForm(measure.NAME, int(given.get("cutoff", depth)), int(given.get("rel", 1)))


def ideal(dataset: Dataset, form: ClosedForm) -> Values:
    """[queries, cutoff]: the highest gains among a query's judgements, descending, 0 where there are no more."""
    gain = form.gain(dataset.grade)
    order = np.lexsort((-gain, dataset.judged_query))
    query = dataset.judged_query[order]
    starts = np.searchsorted(query, np.arange(len(dataset.queries)))
    place = np.arange(len(query)) - starts[query]
    best = np.zeros((len(dataset.queries), form.cutoff))
    kept = place < form.cutoff
    best[query[kept], place[kept]] = gain[order][kept]
    return best


def weighed(gain: Values, discount: Values) -> Values:
    """[rows]: the sum of each row's gains times the discounts of their ranks."""
    total: Values = gain @ discount
    return total


def mean(values: Values) -> float:
    """The mean, NaN of nothing."""
    return float(values.mean()) if len(values) else float("nan")


def divided(part: Values, whole: Values) -> Values:
    """part / whole, 0 where the whole is 0."""
    return np.divide(part, whole, out=np.zeros_like(part, dtype=np.float64), where=whole > 0)
