"""What to use of all that ran: the cheapest of those not shown worse than the best, in sentences.

The choice is among the retrievers that worked and keep the limits on cost, of whatever kind; the *best* is the one of
the highest mean, and m the margin below which a gain is not worth having (0 where none is given). Another one is
*shown worse* where the best is better by p after Holm's correction (over all pairs of this set by its main measure)
below .05 and an interval that leaves out 0, and by m or more at its near end. The others are *level* with the best,
and the cheapest of them (`choices.cheapest`) is the *pick*. The first rule that applies:

| basis          | where                                                                     | choice              |
|----------------|---------------------------------------------------------------------------|---------------------|
| no pair        | the run has one retriever alone, or one query                             | undecided           |
| no one affords | all exceed a limit                                                        | undecided           |
| cost           | all but one exceed a limit                                                | the kind of that    |
| undecided      | so few queries show nothing, whatever they say                            | undecided           |
| fusion         | no hybrid ran, and the fusion estimated from stored rankings gains        | hybrid worth trying |
| beyond margin  | all others are shown worse by m or more, m above 0                        | the best one's kind |
| better         | the pick is shown better than all others (by m or more is open, if m > 0) | the best one's kind |
| within margin  | no other is better than the pick by m or more, whichever is truly best    | the pick's kind     |
| level          | otherwise: whether another is better than the pick is open                | the pick's kind     |

The best was chosen by the same queries, so what it is better by reads too high. What a verdict states of it instead is
by how much the truly best one, whichever it is, may be better than the pick (`intervals.bounds_with_best`): with 95%
by no more than that, of all choices at once. *Within the margin* is where that is below m.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bench.analysis.verdict import sentences
from bench.analysis.verdict.baseline import against_baseline
from bench.analysis.verdict.case import Case
from bench.analysis.verdict.choices import Limits, RetrieverSummary, by_mean, cheapest, in_order
from bench.analysis.verdict.fusion import FusionEstimate
from bench.analysis.verdict.more_queries import more_queries
from bench.analysis.verdict.recommendation import Recommendation
from bench.analysis.verdict.result import HYBRID, UNDECIDED, Basis, Verdict
from bench.evaluation.pairs import PairedDifference, outcome


def decide(
    dataset: str,
    measure: str,
    candidates: Sequence[RetrieverSummary],
    rows: Sequence[PairedDifference],
    *,
    margins: Mapping[str, float] | None = None,
    limits: Limits | None = None,
    fusion: FusionEstimate | None = None,
    against: str | None = None,
) -> Verdict:
    """The verdict for one dataset by one measure.

    rows: `pairs.adjusted` rows, of which those of other sets and measures are left aside.
    margins: measure -> smallest gain worth having, 0 where it names none. fusion: the best one of them by an estimate
    (`fusion.best_fusion`). against: the baseline, where the rows are of the others against it alone (`baseline`).
    The order of candidates and rows does not matter.
    Raises ValueError for a margin below 0, for rows of another margin or not yet adjusted, and where a pair has none.
    """
    margin = (margins or {}).get(measure, 0.0)
    if not margin >= 0:
        raise ValueError(f"the margin of {measure} is {margin}, not 0 or more")
    mine = [row for row in rows if (row.dataset, row.measure) == (dataset, measure)]
    if any(math.isnan(row.p_holm) and not math.isnan(row.p) for row in mine):
        raise ValueError("rows without p_holm: they are not adjusted yet")
    if any(row.margin != margin for row in mine):
        raise ValueError(f"rows that were not tested against the margin of {margin}")
    case = Case(dataset, measure, margin, in_order(candidates), mine, limits or Limits())
    if against is not None:
        return against_baseline(case, against)
    return _among_all(case, fusion)


def _among_all(case: Case, fusion: FusionEstimate | None) -> Verdict:
    working = by_mean(case.candidates)
    missing = sentences.not_compared(working)
    if len(working) < 2:
        return case.nothing_to_compare(*sentences.alone(case.measure, working), *missing)
    row = case.row(working[0], working[1])
    if math.isnan(row.low):
        return case.too_few_to_compare(row, *missing)
    return _within_limits(case, working, fusion, missing)


def _within_limits(
    case: Case, working: Sequence[RetrieverSummary], fusion: FusionEstimate | None, missing: Sequence[str]
) -> Verdict:
    allowed = case.keeping_limits(working)
    if not allowed:
        return case.no_one_affords(working, *missing)
    if len(allowed) == 1:
        out = next(candidate for candidate in working if candidate is not allowed[0])
        return case.by_cost(allowed[0], out, working, *missing)
    best, other, *_ = allowed
    seen = case.row(best, other)
    out_of = [candidate for candidate in working if candidate not in allowed]
    about = (*sentences.limited(case.limits, allowed, out_of), *missing)
    if too_few := case.too_few_for_holm(seen):
        return _too_few(case, allowed, (*too_few, *about))
    if fusion and fusion.low > 0 and fusion.high >= case.margin:
        text = (sentences.hybrid(case.dataset, fusion), sentences.means(best, other, allowed, seen), *about)
        winner = None if case.not_beaten(best, allowed) else best.label
        return replace(case.verdict(HYBRID, "fusion", *text, row=seen), winner=winner, best=best.label)
    return _cheapest_of_level(case, allowed, about)


def _too_few(case: Case, allowed: Sequence[RetrieverSummary], about: Sequence[str]) -> Verdict:
    best, other, *_ = allowed
    seen = case.row(best, other)
    more = more_queries(seen, [seen], case.rows, case.margin)
    first = sentences.undecided(case.dataset, best.label, other.label, [seen], case.margin)
    hidden = max(abs(seen.low), abs(seen.high))
    text = (first, sentences.means(best, other, allowed, seen), *about, sentences.wanted(more, seen, hidden))
    return replace(case.verdict(UNDECIDED, "undecided", *text, row=seen), best=best.label, more_queries=more)


def _cheapest_of_level(case: Case, allowed: Sequence[RetrieverSummary], about: Sequence[str]) -> Verdict:
    """allowed: two or more, the best first. about: sentences on those that are not."""
    best = allowed[0]
    worse = [candidate for candidate in allowed[1:] if _is_shown_worse(case.row(best, candidate), case.margin)]
    level = [candidate for candidate in allowed if candidate not in worse]
    cheap = cheapest(level)
    pick = cheap.retriever
    winner = None if case.not_beaten(best, allowed) else best
    at_most = max(0.0, *(case.row(candidate, pick).high_best for candidate in allowed if candidate is not pick))
    basis = _basis(level, pick, winner, at_most, case.margin)
    other = allowed[1] if pick is best else pick
    recommendation = Recommendation(best, other, cheap, winner, basis, case.margin, at_most, level, worse)
    seen = case.row(best, other)
    is_open = basis == "level" and pick is not best
    more = more_queries(seen, [seen], case.rows, case.margin, beyond=case.margin) if is_open else None
    text = (
        case.use(pick, recommendation.why()),
        *recommendation.level_with(),
        *recommendation.figures(seen),
        *(case.too_few_for_margin(seen, case.level_of_bounds) if is_open else ()),
        *((recommendation.settled_by(more, seen),) if is_open else ()),
        *sentences.costs(pick, other if pick is best else best),
        *recommendation.untimed(),
        *about,
    )
    return replace(
        case.verdict(pick.kind, basis, *text, row=seen),
        retriever=pick.label,
        winner=winner.label if winner else None,
        best=best.label,
        level=tuple(candidate.label for candidate in level),
        worse=tuple(candidate.label for candidate in worse),
        at_most=at_most,
        more_queries=more,
    )


def _basis(
    level: Sequence[RetrieverSummary],
    pick: RetrieverSummary,
    winner: RetrieverSummary | None,
    at_most: float,
    margin: float,
) -> Basis:
    if len(level) == 1:
        return "beyond margin" if margin else "better"
    if winner is pick:
        return "better"
    return "within margin" if at_most < margin else "level"


def _is_shown_worse(row: PairedDifference, margin: float) -> bool:
    """row: seen from the best."""
    return outcome(row) == "a" and row.low >= margin
