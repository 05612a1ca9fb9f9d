"""One dataset and one measure of which a verdict is given, and what every way to choose has in common."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench.analysis.verdict import sentences
from bench.analysis.verdict.choices import Limits, RetrieverSummary, by_mean
from bench.analysis.verdict.more_queries import holm_steps
from bench.analysis.verdict.result import UNDECIDED, Basis, Choice, Verdict
from bench.evaluation.intervals import least_units
from bench.evaluation.pairs import ALPHA, PairedDifference, outcome
from bench.evaluation.significance import least_p
from bench.evaluation.units import LEVEL


@dataclass(frozen=True)
class Case:
    """candidates: in order of their labels. rows: of this dataset and measure alone."""

    dataset: str
    measure: str
    margin: float
    candidates: Sequence[RetrieverSummary]
    rows: Sequence[PairedDifference]
    limits: Limits

    def row(self, a: RetrieverSummary, b: RetrieverSummary) -> PairedDifference:
        """The two, seen from a. Raises ValueError where they were not compared."""
        for row in self.rows:
            if {row.a, row.b} == {a.label, b.label}:
                return row.seen_from(a.label)
        raise ValueError(f"{a.label} and {b.label} were not compared by {self.measure} on {self.dataset}")

    def keeping_limits(self, candidates: Sequence[RetrieverSummary]) -> list[RetrieverSummary]:
        """Those that exceed no limit, in the same order."""
        return [candidate for candidate in candidates if not self.limits.exceeded(candidate)]

    @property
    def level_of_bounds(self) -> float:
        """Of the two-sided interval whose ends are the bounds of comparisons with the best."""
        return 1 - 2 * (1 - LEVEL) / max(1, len(by_mean(self.candidates)) - 1)

    def not_beaten(self, leader: RetrieverSummary, candidates: Sequence[RetrieverSummary]) -> list[PairedDifference]:
        """The rows of the leader against the others that do not show it better, seen from it."""
        rows = [self.row(leader, candidate) for candidate in candidates if candidate is not leader]
        return [row for row in rows if outcome(row) != "a"]

    def use(self, pick: RetrieverSummary, reason: str) -> str:
        """What is recommended, and on which condition."""
        return sentences.use(self.dataset, pick, reason, unknown=self.limits.unknown(pick))

    def verdict(self, choice: Choice, basis: Basis, *text: str, row: PairedDifference | None = None) -> Verdict:
        """row: of the pair that it is about."""
        compared: dict[str, Any] = {}
        if row:
            compared = {"pair": (row.a, row.b), "difference": row.difference}
            compared |= {"low": row.low, "high": row.high, "p_holm": row.p_holm}
        return Verdict(self.dataset, self.measure, self.margin, choice, basis, text, **compared)

    def nothing_to_compare(self, reason: str, *more: str) -> Verdict:
        """reason: how the sentence goes on."""
        return self.verdict(UNDECIDED, "no pair", f"Undecided on {self.dataset}: {reason}", *more)

    def too_few_to_compare(self, row: PairedDifference, *more: str) -> Verdict:
        """row: without an interval, as those of one query are."""
        count = "1 query is" if row.queries == 1 else f"{row.queries} queries are"
        verdict = self.nothing_to_compare(f"{count} too few to compare by.", *more)
        return replace(verdict, pair=(row.a, row.b))

    def no_one_affords(self, candidates: Sequence[RetrieverSummary], *more: str) -> Verdict:
        """All exceed a limit."""
        costs = "; ".join(f"{candidate.label} has {self.limits.exceeded(candidate)}" for candidate in candidates)
        first = f"Undecided on {self.dataset}: every retriever exceeds the limits."
        return self.verdict(UNDECIDED, "no one affords", first, f"{costs}.", *more)

    def by_cost(
        self, kept: RetrieverSummary, out: RetrieverSummary, candidates: Sequence[RetrieverSummary], *more: str
    ) -> Verdict:
        """Of the candidates only one keeps the limits; out: the best of the others."""
        row = self.row(out, kept)
        leader = out if row.difference > 0 else kept
        blocking = self.not_beaten(leader, candidates)
        text = (
            self.use(kept, f": {out.label} has {self.limits.exceeded(out)}"),
            sentences.too_costly(kept, out, blocking, row),
            *sentences.limited(self.limits, (kept,), [one for one in candidates if one not in (kept, out)]),
            *more,
        )
        verdict = self.verdict(kept.kind, "cost", *text, row=row.seen_from(leader.label))
        return replace(verdict, retriever=kept.label, winner=None if blocking else leader.label, best=leader.label)

    def too_few_for_holm(self, row: PairedDifference) -> tuple[str, ...]:
        """A sentence where no outcome on so few queries (groups) would have been shown."""
        least = least_p(row.groups)
        steps = holm_steps(self.rows, least)
        return (sentences.too_few(row, steps, fewer_help=least < ALPHA),) if least * steps >= ALPHA else ()

    def too_few_for_margin(self, row: PairedDifference, level: float) -> tuple[str, ...]:
        """A sentence where so few queries (groups) could not show a difference within the margin, whatever they say."""
        if not self.margin or math.isnan(row.low) or row.groups >= (least := least_units(self.margin, level)):
            return ()
        return (sentences.too_few_for_margin(row, self.margin, least),)
