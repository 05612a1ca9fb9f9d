"""Measures that have a closed form over arrays of grades, to ask what a value would be had things fallen otherwise.

The figures of a run never come from here: ir_measures takes those. A test holds both equal.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sized
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Grades = NDArray[np.int64]


class JudgedQueries(Protocol):
    """What of a set the highest possible value depends on. judged_query, grade: one entry a judgement."""

    @property
    def judged_query(self) -> NDArray[np.int64]: ...
    @property
    def grade(self) -> Grades: ...
    @property
    def queries(self) -> Sized: ...


@dataclass(frozen=True)
class ClosedForm(ABC):
    """A measure: the rank that it looks down to, and the least grade that counts.

    linear: in the gains at each rank, given the judgements. graded: a gain is the grade, not 1. worth_grows: a further
    relevant document makes the highest possible value higher.
    """

    cutoff: int
    rel: int = 1

    linear: ClassVar[bool] = True
    graded: ClassVar[bool] = False
    worth_grows: ClassVar[bool] = False

    def gain(self, grade: Grades) -> Values:
        """What a grade is worth: 1 from `rel` on."""
        worth: Values = (grade >= self.rel).astype(np.float64)
        return worth

    @property
    def discount(self) -> Values:
        """[cutoff]: the weight of each rank."""
        return np.ones(self.cutoff)

    @abstractmethod
    def worth(self, judged: JudgedQueries) -> Values:
        """[queries]: what a sum of discounted gains is divided by; 0 where nothing is relevant, or a constant."""

    def values(self, gain: Values, worth: Values) -> Values:
        """[rows]: the measure of rows of gains [rows, depth], 0 where a row's worth is 0."""
        seen = gain[:, : self.cutoff]
        return divided(weighed(seen, self.discount[: seen.shape[1]]), worth)


class NormalisedGain(ClosedForm):
    """nDCG: the gain is the grade (trec_eval), its discount 1 / log2(rank + 1)."""

    graded = worth_grows = True

    def gain(self, grade: Grades) -> Values:
        return np.maximum(grade, 0).astype(np.float64)

    @property
    def discount(self) -> Values:
        logarithmic: Values = 1 / np.log2(np.arange(2, self.cutoff + 2))
        return logarithmic

    def worth(self, judged: JudgedQueries) -> Values:
        return weighed(ideal(judged, self), self.discount)


class PrecisionForm(ClosedForm):
    """P: relevant hits over the cutoff."""

    def worth(self, judged: JudgedQueries) -> Values:
        return np.full(len(judged.queries), float(self.cutoff))


class RecallForm(ClosedForm):
    """R: relevant hits over the relevant documents."""

    worth_grows = True

    def worth(self, judged: JudgedQueries) -> Values:
        relevant = judged.judged_query[judged.grade >= self.rel]
        counts: Values = np.bincount(relevant, minlength=len(judged.queries)).astype(np.float64)
        return counts


class FirstRelevant(ClosedForm):
    """RR: one over the rank of the first relevant hit."""

    linear = False

    def worth(self, judged: JudgedQueries) -> Values:
        return np.ones(len(judged.queries))

    def at(self, rank: int) -> float:
        """The value where the first relevant hit stands at that rank."""
        return 1 / rank

    def values(self, gain: Values, worth: Values) -> Values:  # noqa: ARG002 - the first is what it is, of how many ever
        seen = gain[:, : self.cutoff] > 0
        of_rank = np.array([self.at(rank) for rank in range(1, seen.shape[1] + 1)])
        first: Values = (seen * of_rank).max(axis=1, initial=0)
        return first


class AnyRelevant(FirstRelevant):
    """Success: is there a relevant hit?"""

    def at(self, rank: int) -> float:  # noqa: ARG002
        return 1.0


def ideal(judged: JudgedQueries, form: ClosedForm) -> Values:
    """[queries, cutoff]: the highest gains among a query's judgements, descending, 0 where there are no more."""
    gain = form.gain(judged.grade)
    order = np.lexsort((-gain, judged.judged_query))
    query = judged.judged_query[order]
    starts = np.searchsorted(query, np.arange(len(judged.queries)))
    place = np.arange(len(query)) - starts[query]
    best = np.zeros((len(judged.queries), form.cutoff))
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
