"""What a comparison of two stored runs says, in figures and plain values; the forms of bench.report only show it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from bench.regression.gates import ALL, Gate

ALPHA = 0.05

# So many queries, or groups of them, that sign flips can be rarer than ALPHA: of five, all the same way, one in sixteen
# is as far by chance. An interval of fewer is too narrow by far, and would fail equal systems in up to a quarter.
FEWEST = 6

# Said of a measure whose value moved on no query, where rankings did, or are not kept as deep as it looks.
UNMOVED = "the same on every query"

State = Literal["pass", "fail", "inconclusive"]
# What became of a gate; "missing": its figure is not there, which is never a pass. "advice": a time that exceeds it.
Result = Literal["pass", "fail", "inconclusive", "missing", "advice"]
# The worst first.
WORST: tuple[Result, ...] = ("missing", "fail", "inconclusive", "advice", "pass")


class CellPair(NamedTuple):
    """One cell in both runs. dataset and retriever: its names in head, base_dataset and base_retriever those in base.

    note: empty, or why two names are taken for one ("renamed from …", "parameters changed from …").
    """

    dataset: str
    retriever: str
    base_dataset: str
    base_retriever: str
    note: str


class Change(NamedTuple):
    """A measure of a cell in both runs, over the answerable queries (of a slice) that both have.

    base, head: means; difference: head - base, with its paired 95% interval low to high. p: of the paired
    randomisation test; p_holm: corrected within its family, which is the main measures over all queries of a set, or
    all else that is shown of it; both NaN where no query's value moved and nothing was tested. detectable: the smallest
    true difference that these queries show with 80% power, NaN likewise.
    same: "identical" (bit by bit), "same order", "identical in the top 10" (of a measure that looks no further),
    UNMOVED, or empty; settled: no query's value moved. groups: how many vary independently (queries, where the set
    names no groups). main: is it the main measure of its set? noise_floor: the largest that either run knew of its
    retriever, NaN where neither did.
    """

    dataset: str
    retriever: str
    measure: str
    slice: str
    base: float
    head: float
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    detectable: float
    queries: int
    groups: int
    same: str
    settled: bool
    main: bool
    noise_floor: float = math.nan

    @property
    def below_noise(self) -> bool:
        """Is the difference smaller than what its noise floor says to be nothing?"""
        return not self.settled and abs(self.difference) < self.noise_floor

    def state(self, tolerance: float, p: float) -> State:
        """Fail where the interval is below -tolerance and the test says so, pass where it is nowhere below it.

        Inconclusive otherwise, and where the difference is below its noise floor. p: of the test against the tolerance,
        corrected for the gates of the set. An interval alone would cry wolf: one of forty lies below by chance, and of
        few queries that moved more.
        """
        if self.settled or self.low >= -tolerance:
            return "pass"
        shown = self.high < -tolerance and p < ALPHA and not self.below_noise
        return "fail" if shown else "inconclusive"

    @property
    def significant(self) -> State:
        """The state for a tolerance of 0, by p_holm."""
        return self.state(0.0, self.p_holm)


class CostChange(NamedTuple):
    """A cost of a cell in both runs, by its name in gates; NaN where it was not measured. cached: vectors came from the
    embedding cache in at least one of the runs, which shortens index_s and peak_memory_mb. base_noisy, head_noisy: the
    machine was noisy meanwhile. busy: in at least one of the runs too busy for this time, which is NaN there."""

    dataset: str
    retriever: str
    name: str
    base: float
    head: float
    cached: bool
    base_noisy: bool = False
    head_noisy: bool = False
    busy: bool = False

    @property
    def marks(self) -> tuple[str, str]:
        """What stands before base and before head."""
        sides = ((self.base, self.base_noisy), (self.head, self.head_noisy))
        base, head = ("~" if noisy and not math.isnan(value) else "" for value, noisy in sides)
        return base, head


class RankedHit(NamedTuple):
    """A shown hit. grade: the judgement, None where the pair is not judged. text: its head, perhaps empty."""

    rank: int
    document: str
    grade: int | None
    text: str


class Flip(NamedTuple):
    """A query whose top 10 lost its last relevant document (lost), or gained a first one."""

    dataset: str
    retriever: str
    query: str
    text: str
    lost: bool
    relevant: tuple[str, ...]
    base: tuple[RankedHit, ...]
    head: tuple[RankedHit, ...]


class Check(NamedTuple):
    """A gate on one cell."""

    dataset: str
    retriever: str
    result: Result
    reason: str


@dataclass(frozen=True)
class Judged:
    """A gate and its checks, one a cell that it covers."""

    gate: Gate
    checks: tuple[Check, ...]

    @property
    def result(self) -> Result:
        """The worst of its checks; a gate that met no figure at all is never a pass."""
        return min((check.result for check in self.checks), key=WORST.index, default="missing")


class Changed(NamedTuple):
    """Something beside the figures that differs: what, and its value in both runs."""

    what: str
    base: str
    head: str


@dataclass(frozen=True)
class Regression:
    """Head against base.

    changes: figures of every cell in both, over all queries, then those on the slices that gates ask for. problems: why
    a part cannot be compared (gone, another fingerprint). failures: (set, retriever, reason) of head's failed cells.
    added: (set, retriever) of cells without a base.
    """

    base: str
    head: str
    pairs: tuple[CellPair, ...] = ()
    changes: tuple[Change, ...] = ()
    costs: tuple[CostChange, ...] = ()
    flips: tuple[Flip, ...] = ()
    judged: tuple[Judged, ...] = ()
    problems: tuple[str, ...] = ()
    failures: tuple[tuple[str, str, str], ...] = ()
    added: tuple[tuple[str, str], ...] = ()
    surroundings: tuple[Changed, ...] = field(default=())

    @property
    def results(self) -> set[Result]:
        """What became of the gates."""
        return {judged.result for judged in self.judged}

    @property
    def comparable(self) -> bool:
        """Is everything that base has, and each gate's figure, there in head?"""
        return not self.problems and "missing" not in self.results

    @property
    def outcome(self) -> Literal["failed", "not comparable", "regression", "inconclusive", "pass"]:
        """The first that applies, in the order of the exit codes."""
        if self.failures:
            return "failed"
        if not self.comparable:
            return "not comparable"
        if "fail" in self.results:
            return "regression"
        return "inconclusive" if "inconclusive" in self.results else "pass"

    def whole(self) -> tuple[Change, ...]:
        """The changes over all queries."""
        return tuple(change for change in self.changes if change.slice == ALL)
