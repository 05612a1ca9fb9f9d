"""Lexical, dense, a hybrid, or not yet known: what the intervals allow one to recommend, in sentences.

D and L are the dense and the lexical retriever of the highest mean within the limits on cost, [low, high] is the 95%
interval of D's mean minus L's, and m the margin below which a gain is not worth having. One side is *shown better*
where p after Holm's correction (over the pairs of this set by its main measure) is below .05 and the interval leaves 0
out, against L (D) and every other retriever of its kind: the best of several was chosen by the same queries. One is
*within the margin* of its rivals where tests show that none of them is better than it by m or more, and that the best
of them is worse by less than m (at .025 each, the second corrected for having been chosen). The first rule that
applies:

| basis          | where                                                                     | choice              |
|----------------|---------------------------------------------------------------------------|---------------------|
| no pair        | the run has one retriever alone, or too few queries                       | undecided           |
| one kind       | no lexical or no dense one: D and L are the two of the highest mean, and  | that retriever, of  |
|                | the rules below but fusion choose between them                            | those compared      |
| no one affords | both kinds exceed a limit                                                 | undecided           |
| cost           | one kind exceeds a limit                                                  | the other kind      |
| fusion         | fusion's interval over the better of D and L is above 0, not all below m, | hybrid worth trying |
|                | and the costs of both together keep the limits                            |                     |
| within margin  | the cheaper one is within the margin of the other one's kind              | the cheaper of both |
| beyond margin  | one is shown better, by m or more at the near end of the interval         | the better kind     |
| better         | one is shown better, whether by m is open                                 | the better kind     |
| undecided      | otherwise                                                                 | undecided           |

Where both kinds were compared, a retriever that is neither has no part in the choice; one of a higher mean is named.
Where all were compared with one baseline alone, the two are the baseline and the best of the others, of whatever kind.
That one was chosen by the same queries, for which Holm's correction over all of those comparisons allows; the baseline
is shown better where it is against every other. Nothing is said of the others among themselves.
Over all sets nothing is pooled: a choice is that of more than half of the sets with no set choosing the opposite.
Of two the cheaper is the dense one only where each cost known of both is lower; otherwise it is the lexical one. Of
two of one kind it is the one of the higher mean, unless each cost known of both is lower for the other. Whatever is
chosen, one of its kind that is not shown worse, costs less and passes the same rule is recommended in its place.
The interval of fusion stands outside Holm's correction: it is a reason to try a hybrid, not a finding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.analysis.verdict import sentences
from bench.analysis.verdict.choices import (
    Limits,
    RetrieverSummary,
    best_pair,
    by_mean,
    cheaper,
    cheaper_of_kind,
    in_order,
    of_kind,
    undercuts,
)
from bench.analysis.verdict.more_queries import holm_steps, more_queries
from bench.analysis.verdict.result import AMONG, Basis, Choice, Overall, Verdict
from bench.evaluation.intervals import least_units
from bench.evaluation.pairs import ALPHA, PairedDifference, outcome
from bench.evaluation.significance import least_p
from bench.evaluation.units import TIE


def decide(
    dataset: str,
    measure: str,
    candidates: Sequence[RetrieverSummary],
    rows: Sequence[PairedDifference],
    *,
    margins: Mapping[str, float] | None = None,
    limits: Limits | None = None,
    fusion: PairedDifference | None = None,
    against: str | None = None,
) -> Verdict:
    """The verdict for one dataset by one measure.

    rows: `comparisons.adjusted` rows, of which those of other sets and measures are left aside.
    margins: measure -> smallest gain worth having, 0 where it names none. fusion: reciprocal-rank fusion of
    `best_pair` as a, the `leading` one of the two as b; left aside where b is another. against: the baseline, where the
    rows are of the others against it alone. The order of candidates and rows does not matter.
    Raises ValueError for a margin below 0, for rows of another margin or not yet adjusted, and where a pair of lexical
    and dense retrievers has no row.
    """
    margin = (margins or {}).get(measure, 0.0)
    if not margin >= 0:
        raise ValueError(f"the margin of {measure} is {margin}, not 0 or more")
    mine = [row for row in rows if (row.dataset, row.measure) == (dataset, measure)]
    if any(math.isnan(row.p_holm) and not math.isnan(row.p) for row in mine):
        raise ValueError("rows without p_holm: they are not adjusted yet")
    if any(row.margin != margin for row in mine):
        raise ValueError(f"rows that were not tested against the margin of {margin}")
    case = _Case(dataset, measure, margin, in_order(candidates), mine, limits or Limits(), fusion, against)
    return case.verdict() if against is None else case.with_baseline(against)


def leading(lexical: RetrieverSummary, dense: RetrieverSummary, row: PairedDifference) -> RetrieverSummary:
    """The one of the higher mean, of equals the lexical one. row: the two, in either order."""
    return dense if row.seen_from(dense.label).difference > TIE else lexical


def overall(verdicts: Sequence[Verdict]) -> Overall:
    """The verdict over several datasets: counted, never pooled."""
    sets: dict[str, tuple[str, ...]] = {}
    for verdict in verdicts:
        sets[verdict.choice] = (*sets.get(verdict.choice, ()), verdict.dataset)
    where = "; ".join(f"{choice} on {', '.join(names)}" for choice, names in sets.items())
    opposed = {"lexical", "dense"} <= sets.keys() or sum(choice.endswith(AMONG) for choice in sets) > 1
    majority = [choice for choice, names in sets.items() if 2 * len(names) > len(verdicts)]
    if opposed or not majority or majority == ["undecided"]:
        first = (
            "The sets disagree: no one retriever serves them all."
            if opposed
            else "Undecided over all sets: most of them do not show what to use."
            if majority
            else "Undecided over all sets: no choice is that of more than half of them."
        )
        return Overall("undecided", sets, (first, f"By set: {where}.") if where else ("No set was compared.",))
    first = f"Over all sets: {majority[0]}, on {len(sets[majority[0]])} of {len(verdicts)}."
    return Overall(majority[0], sets, (first, f"By set: {where}.") if len(sets) > 1 else (first,))


@dataclass(frozen=True)
class _Case:
    """One dataset, one measure; the methods are the rules."""

    dataset: str
    measure: str
    margin: float
    candidates: Sequence[RetrieverSummary]
    rows: Sequence[PairedDifference]
    limits: Limits
    fusion: PairedDifference | None
    against: str | None = None

    def verdict(self) -> Verdict:
        best_lexical, best_dense = best_pair(self.candidates)
        if best_lexical is None or best_dense is None:
            return self._among()
        row = self._row(best_dense.label, best_lexical.label)
        if math.isnan(row.low):
            return self._too_few(row)
        lexical, dense = best_pair(self.candidates, self.limits)
        if lexical and dense:
            return self._by_quality(lexical, dense, (best_lexical, best_dense))
        if lexical:
            return self._by_cost(lexical, best_dense, self.candidates)
        if dense:
            return self._by_cost(dense, best_lexical, self.candidates)
        return self._no_one_affords((best_lexical, best_dense))

    def _among(self) -> Verdict:
        """One kind was not compared: the choice is between the others, whatever their kind."""
        working = by_mean(self.candidates)
        kinds = " and no ".join(kind for kind in ("lexical", "dense") if not of_kind(self.candidates, kind))
        if not working:
            return self._say("undecided", "no pair", f"{self._undecided} no {kinds} retriever was compared.")
        missing = f"No {kinds} retriever was compared."
        if len(working) == 1:
            return self._say("undecided", "no pair", *sentences.alone(self.dataset, self.measure, working[0]), missing)
        row = self._row(working[0].label, working[1].label)
        if math.isnan(row.low):
            return self._too_few(row, missing)
        allowed = [retriever for retriever in working if not self.limits.exceeded(retriever)]
        if not allowed:
            return self._no_one_affords(working, missing)
        if len(allowed) == 1:
            out = next(retriever for retriever in working if retriever is not allowed[0])
            return self._by_cost(allowed[0], out, working, missing)
        leader, other, *_ = allowed
        figures = (
            sentences.means(leader, other, allowed, self._row(leader.label, other.label), kinds=False),
            *sentences.limited(self.limits, allowed, working),
        )
        rivals = {retriever.label: [rival for rival in allowed if rival is not retriever] for retriever in allowed}
        return self._settled(leader, other, rivals, figures, cheaper_of_kind(leader, other), missing=(missing,))

    def with_baseline(self, label: str) -> Verdict:
        """The baseline and the best of the others, each within the limits where it can be."""
        working = by_mean(self.candidates)
        baseline = next((retriever for retriever in working if retriever.label == label), None)
        others = [retriever for retriever in working if retriever is not baseline]
        if baseline is None:
            return self._say("undecided", "no pair", f"{self._undecided} the baseline {label} has no figures.")
        if not others:
            return self._say("undecided", "no pair", *sentences.alone(self.dataset, self.measure, baseline))
        kept = [retriever for retriever in others if not self.limits.exceeded(retriever)]
        best = next(iter(kept or others))
        about = sentences.compared_with(baseline, len(others))
        row = self._row(best.label, label)
        if math.isnan(row.low):
            return self._too_few(row, about)
        allowed = [retriever for retriever in (baseline, best) if not self.limits.exceeded(retriever)]
        if not allowed:
            return self._no_one_affords(working, about)
        if len(allowed) == 1:
            out = best if allowed[0] is baseline else baseline
            return self._by_cost(allowed[0], out, (baseline, best), about)
        leader, other = (best, baseline) if row.difference > TIE else (baseline, best)
        figures = (
            sentences.means(leader, other, (baseline, best), self._row(leader.label, other.label), kinds=False),
            *sentences.limited(self.limits, (baseline, *kept), working),
        )
        rivals = {label: kept, best.label: [baseline]}
        return self._settled(leader, other, rivals, figures, cheaper_of_kind(leader, other), missing=(about,))

    @property
    def _undecided(self) -> str:
        return f"Undecided on {self.dataset}:"

    def _use(self, pick: RetrieverSummary, reason: str) -> str:
        return sentences.use(self.dataset, pick, reason, unknown=self.limits.unknown(pick))

    def _too_few(self, row: PairedDifference, *missing: str) -> Verdict:
        count = "1 query is" if row.queries == 1 else f"{row.queries} queries are"
        first = f"{self._undecided} {count} too few to compare by."
        return self._say("undecided", "no pair", first, *missing, about=(row.a, row.b))

    def _no_one_affords(self, best: Sequence[RetrieverSummary], *missing: str) -> Verdict:
        costs = "; ".join(f"{retriever.label} has {self.limits.exceeded(retriever)}" for retriever in best)
        first = f"{self._undecided} every retriever exceeds the limits."
        return self._say("undecided", "no one affords", first, f"{costs}.", *missing)

    def _by_cost(
        self, kept: RetrieverSummary, out: RetrieverSummary, candidates: Sequence[RetrieverSummary], *missing: str
    ) -> Verdict:
        """Of `candidates` only `kept`, or only its kind, keeps the limits; out: the best of those that do not."""
        row = self._row(out.label, kept.label)
        leader, other = (out, kept) if row.difference > 0 else (kept, out)
        rivals = candidates if missing else of_kind(candidates, other.kind)
        blocking = self._not_beaten(leader, [rival for rival in rivals if rival is not leader])
        winner = None if blocking else leader.label
        allowed: dict[str, Sequence[RetrieverSummary]] = (
            {} if missing else {retriever.label: () for retriever in candidates if not self.limits.exceeded(retriever)}
        )
        chosen, thrift = self._thrifty(kept, {kept.label: (), **allowed}, lambda _: True)
        text = (
            self._use(chosen, f": {out.label} has {self.limits.exceeded(out)}"),
            *thrift,
            sentences.too_costly(kept, out, blocking, row),
            *sentences.limited(self.limits, (chosen,), ()),
            *missing,
        )
        if missing:
            about = (kept.label, out.label)
            return self._say(kept.label + AMONG, "cost", *text, pick=kept, winner=winner, about=about)
        row = row.seen_from(out.label if out.kind == "dense" else kept.label)
        return self._say(_choice(kept), "cost", *text, row=row, pick=chosen, winner=winner)

    def _by_quality(
        self, lexical: RetrieverSummary, dense: RetrieverSummary, free: Sequence[RetrieverSummary]
    ) -> Verdict:
        row = self._row(dense.label, lexical.label)
        leader = leading(lexical, dense, row)
        other = lexical if leader is dense else dense
        allowed = [candidate for candidate in self.candidates if not self.limits.exceeded(candidate)]
        lexical_ones, dense_ones = (of_kind(allowed, kind) for kind in ("lexical", "dense"))
        rivals = {retriever.label: dense_ones for retriever in lexical_ones} | {
            retriever.label: lexical_ones for retriever in dense_ones
        }
        figures = (
            sentences.means(leader, other, allowed, row.seen_from(leader.label)),
            *sentences.limited(self.limits, (lexical, dense), free),
            *sentences.another_kind(leader, allowed),
        )
        if self.fusion and self._gains(self.fusion, leader) and not self.limits.exceeded(lexical, dense):
            winner = None if self._not_beaten(leader, rivals[leader.label]) else leader.label
            first = sentences.hybrid(self.dataset, lexical, dense, self.fusion)
            return self._say("hybrid worth trying", "fusion", first, *figures, row=row, winner=winner)
        return self._settled(leader, other, rivals, figures, cheaper(lexical, dense), row=row)

    def _settled(
        self,
        leader: RetrieverSummary,
        other: RetrieverSummary,
        rivals: Mapping[str, Sequence[RetrieverSummary]],
        figures: Sequence[str],
        cheap: tuple[RetrieverSummary, str],
        *,
        row: PairedDifference | None = None,
        missing: Sequence[str] = (),
    ) -> Verdict:
        """By the margin, who is shown better than all rivals, or not at all. other: the best of the leader's rivals.
        rivals: label -> those that a choice of it has to stand against. cheap: the cheaper of leader and other, and
        what it is called; missing: a sentence on the kinds that were not compared."""
        seen = self._row(leader.label, other.label)
        blocking = self._not_beaten(leader, rivals[leader.label])
        winner = None if blocking else leader.label
        costs = (*sentences.costs(leader, other), *missing)
        about = (leader.label, other.label)
        pick, called = cheap
        loser = other if pick is leader else leader

        def alike(retriever: RetrieverSummary) -> bool:
            return self._within(retriever, loser, rivals[pick.label])

        def better(retriever: RetrieverSummary) -> bool:
            return not self._not_beaten(retriever, rivals[leader.label])

        if alike(pick):
            reason = sentences.within(loser, called, winner, self.margin)
            chosen, thrift = self._thrifty(pick, rivals, alike)
            text = (self._use(chosen, reason), *thrift, *figures, *costs)
            choice = chosen.label + AMONG if missing else _choice(chosen)
            return self._say(choice, "within margin", *text, row=row, pick=chosen, winner=winner, about=about)
        if winner:
            beyond = 0 < self.margin <= seen.low
            chosen, thrift = self._thrifty(leader, rivals, better)
            beyond = beyond and (chosen is leader or self._row(chosen.label, other.label).low >= self.margin)
            reason = sentences.better(other, self.margin, beyond=beyond)
            text = (self._use(chosen, reason), *thrift, *figures, *costs)
            basis: Basis = "beyond margin" if beyond else "better"
            choice = chosen.label + AMONG if missing else _choice(leader)
            return self._say(choice, basis, *text, row=row, pick=chosen, winner=winner, about=about)
        more = more_queries(seen, blocking, self.rows, self.margin)
        first = sentences.undecided(self.dataset, leader, other, blocking, self.margin)
        rest = (*figures, *self._too_few_for_holm(blocking), *self._too_few_for_margin(seen))
        text = (first, *rest, sentences.wanted(more, seen, pick, called), *missing)
        return self._say("undecided", "undecided", *text, row=row, wanted=more, about=about)

    def _within(self, pick: RetrieverSummary, loser: RetrieverSummary, rivals: Sequence[RetrieverSummary]) -> bool:
        """No rival is better than the pick by the margin, and the best of them is not worse by it either."""
        if not self.margin:
            return False
        rows = [self._row(pick.label, rival.label) for rival in rivals]
        best = self._row(pick.label, loser.label)
        enough = best.groups >= least_units(self.margin)
        picks = 1 if self.against in (None, pick.label) else len(self.rows)  # the best of so many others was picked
        above = all(row.p_above * picks < ALPHA / 2 for row in rows)
        return enough and above and best.p_below * len(rows) < ALPHA / 2

    def _thrifty(
        self,
        pick: RetrieverSummary,
        rivals: Mapping[str, Sequence[RetrieverSummary]],
        holds: Callable[[RetrieverSummary], bool],
    ) -> tuple[RetrieverSummary, tuple[str, ...]]:
        """One of the pick's kind that costs less and is not shown worse, where the rule holds for it too; and why."""
        against = rivals[pick.label]
        kin = [
            candidate
            for candidate in of_kind(self.candidates, pick.kind)
            if candidate is not pick and candidate.label in rivals
        ]
        kin = [candidate for candidate in kin if candidate not in against and undercuts(candidate, pick)]
        kin = [
            candidate
            for candidate in kin
            if outcome(self._row(pick.label, candidate.label)) != "a" and holds(candidate)
        ]
        if not kin:
            return pick, ()
        chosen = min(kin, key=lambda candidate: sum(undercuts(other, candidate) for other in kin))
        return chosen, (sentences.thrift(chosen, pick, self._row(pick.label, chosen.label)),)

    def _gains(self, fusion: PairedDifference, leader: RetrieverSummary) -> bool:
        return fusion.b == leader.label and fusion.low > 0 and fusion.high >= self.margin

    def _not_beaten(self, leader: RetrieverSummary, rivals: Sequence[RetrieverSummary]) -> list[PairedDifference]:
        """The rows of the leader against rivals, seen from it, that do not show it better."""
        rows = [self._row(leader.label, rival.label) for rival in rivals]
        return [row for row in rows if outcome(row) != "a"]

    def _too_few_for_holm(self, blocking: Sequence[PairedDifference]) -> tuple[str, ...]:
        """A sentence where no outcome on so few queries (groups) would have been shown."""
        for row in blocking:
            least = least_p(row.groups)
            steps = holm_steps(self.rows, least)
            if least * steps >= ALPHA:
                return (sentences.too_few(row, steps, fewer_help=least < ALPHA),)
        return ()

    def _too_few_for_margin(self, seen: PairedDifference) -> tuple[str, ...]:
        """A sentence where so few queries (groups) could not show a difference within the margin, whatever they say."""
        if not self.margin or seen.groups >= (least := least_units(self.margin)):
            return ()
        return (sentences.too_few_for_margin(seen, self.margin, least),)

    def _row(self, a: str, b: str) -> PairedDifference:
        for row in self.rows:
            if {row.a, row.b} == {a, b}:
                return row.seen_from(a)
        raise ValueError(f"{a} and {b} were not compared by {self.measure} on {self.dataset}")

    def _say(
        self,
        choice: Choice,
        basis: Basis,
        *text: str,
        row: PairedDifference | None = None,
        pick: RetrieverSummary | None = None,
        winner: str | None = None,
        wanted: int | None = None,
        about: tuple[str, str] | None = None,
    ) -> Verdict:
        """row: dense against lexical. about: the two that it is about, where they have no such row."""
        compared: dict[str, Any] = {}
        if row:
            compared = {"dense": row.a, "lexical": row.b, "difference": row.difference}
            compared |= {"low": row.low, "high": row.high, "p_holm": row.p_holm}
        compared |= {"retriever": pick.label if pick else None, "winner": winner, "more_queries": wanted}
        compared["pair"] = about or ((row.a, row.b) if row else None)
        return Verdict(self.dataset, self.measure, self.margin, choice, basis, text, **compared)


def _choice(candidate: RetrieverSummary) -> Choice:
    return "lexical" if candidate.kind == "lexical" else "dense"
