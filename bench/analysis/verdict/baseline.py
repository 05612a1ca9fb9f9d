"""Where all were compared with one baseline alone: that one or the best of the others, of whatever kind.

The best of the others within the limits was chosen by the same queries, for which Holm's correction over all of those
comparisons allows; the baseline is shown better where it is against every other one. Nothing is figures of the others
among themselves. *Within the margin*: two one-sided tests at .025, of which the one that takes the best of the others
is corrected for their number. The first rule that applies:

| basis                   | where                                                                | recommended     |
|-------------------------|----------------------------------------------------------------------|-----------------|
| no pair, no one affords | as of all pairs                                                      |                 |
| cost                    | only one of the two keeps the limits                                 | that            |
| within margin           | the cheaper one is within the margin of the other                    | the cheaper one |
| beyond margin, better   | one is shown better, by m or more at the near end of the interval    | that            |
| undecided               | otherwise                                                            |                 |
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from bench.analysis.verdict import sentences
from bench.analysis.verdict.case import Case
from bench.analysis.verdict.choices import RetrieverSummary, by_mean, cheapest
from bench.analysis.verdict.more_queries import more_queries
from bench.analysis.verdict.recommendation import cheapest_of
from bench.analysis.verdict.result import UNDECIDED, Basis, Verdict
from bench.errors import counted
from bench.evaluation.intervals import least_units
from bench.evaluation.pairs import ALPHA, PairedDifference
from bench.evaluation.units import LEVEL, TIE


def against_baseline(case: Case, label: str) -> Verdict:
    """The verdict between the retriever of that label and the best of the others."""
    working = by_mean(case.candidates)
    baseline = next((retriever for retriever in working if retriever.label == label), None)
    others = [retriever for retriever in working if retriever is not baseline]
    if baseline is None:
        return case.nothing_to_compare(f"the baseline {label} has no figures.")
    if not others:
        return case.nothing_to_compare(*sentences.alone(case.measure, working))
    kept = case.keeping_limits(others)
    best = next(iter(kept or others))
    about = _compared_with(baseline, len(others))
    row = case.row(best, baseline)
    if math.isnan(row.low):
        return case.too_few_to_compare(row, about)
    allowed = case.keeping_limits([baseline, best])
    if not allowed:
        return case.no_one_affords(working, about)
    if len(allowed) == 1:
        out = best if allowed[0] is baseline else baseline
        return case.by_cost(allowed[0], out, [baseline, best], about)
    leader, other = (best, baseline) if row.difference > TIE else (baseline, best)
    text = (
        sentences.means(leader, other, [leader, other], case.row(leader, other)),
        *sentences.limited(case.limits, [baseline, *kept], [one for one in working if case.limits.exceeded(one)]),
    )
    return _between(case, label, leader, other, kept, (text, about))


def _between(  # noqa: PLR0917
    case: Case,
    label: str,
    leader: RetrieverSummary,
    other: RetrieverSummary,
    kept: Sequence[RetrieverSummary],
    figures: tuple[Sequence[str], str],
) -> Verdict:
    """The baseline of that label and the best of the `kept` others.

    figures: the sentences on them, and the one on what was compared.
    """
    text, about = figures
    seen = case.row(leader, other)
    # Those that a choice has to stand against: of the baseline all others, of another one the baseline.
    rivals = {one.label: kept if one.label == label else [rest] for one, rest in ((leader, other), (other, leader))}
    blocking = case.not_beaten(leader, rivals[leader.label])
    cheap = cheapest([leader, other])
    pick, called = cheap.retriever, cheapest_of(cheap, 2)
    loser = other if pick is leader else leader
    winner = None if blocking else leader.label
    costs = (*sentences.costs(leader, other), about)
    basis: Basis = "undecided"
    if _is_within(case, pick, loser, rivals[pick.label], picked=pick.label != label):
        basis, reason = "within margin", _within_margin(loser, called, winner, case.margin)
    elif winner:
        basis = "beyond margin" if 0 < case.margin <= seen.low else "better"
        pick, reason = leader, _better(other, case.margin, beyond=basis == "beyond margin")
    else:
        return _undecided(
            case, seen, blocking, (text, about), f": take {pick.label}, {called}, or decide by other queries"
        )
    verdict = case.verdict(pick.kind, basis, case.use(pick, reason), *text, *costs, row=seen)
    worse = () if basis == "within margin" else (other.label,)
    level = tuple(retriever.label for retriever in (leader, other) if retriever.label not in worse)
    return replace(verdict, retriever=pick.label, winner=winner, best=leader.label, level=level, worse=worse)


def _undecided(
    case: Case,
    seen: PairedDifference,
    blocking: Sequence[PairedDifference],
    figures: tuple[Sequence[str], str],
    instead: str,
) -> Verdict:
    more = more_queries(seen, blocking, case.rows, case.margin)
    few = [sentence for row in blocking for sentence in case.too_few_for_holm(row)][:1]
    wanted = sentences.wanted(more, seen, max(abs(seen.low), abs(seen.high)), instead=instead)
    first = sentences.undecided(case.dataset, seen.a, seen.b, blocking, case.margin)
    text = (first, *figures[0], *few, *case.too_few_for_margin(seen, LEVEL), wanted, figures[1])
    return replace(case.verdict(UNDECIDED, "undecided", *text, row=seen), best=seen.a, more_queries=more)


def _is_within(
    case: Case, pick: RetrieverSummary, loser: RetrieverSummary, rivals: Sequence[RetrieverSummary], *, picked: bool
) -> bool:
    """No rival is better than the pick by the margin, and the best of them is not worse by it either.

    picked: was it the best of all others than the baseline?
    """
    if not case.margin:
        return False
    rows = [case.row(pick, rival) for rival in rivals]
    best = case.row(pick, loser)
    picks = len(case.rows) if picked else 1
    above = all(row.p_above * picks < ALPHA / 2 for row in rows)
    return best.groups >= least_units(case.margin) and above and best.p_below * len(rows) < ALPHA / 2


def _compared_with(baseline: RetrieverSummary, comparisons: int) -> str:
    return (
        f"Each was compared with {baseline.label} alone, not with one another; Holm's correction goes over "
        f"{counted(comparisons, 'comparison')}."
    )


def _better(other: RetrieverSummary, margin: float, *, beyond: bool) -> str:
    if not margin:
        return f": it is better than {other.label}"
    by = f" by {margin:g} or more" if beyond else f"; whether by the margin of {margin:g} is open"
    return f": it is better than {other.label}{by}"


def _within_margin(other: RetrieverSummary, called: str, winner: str | None, margin: float) -> str:
    if winner is None:
        reason = f"{other.label} differs from it by less than {margin:g} either way"
    elif winner == other.label:
        reason = f"{other.label} is better by less than {margin:g}"
    else:
        reason = f"it is better than {other.label}, by less than {margin:g}"
    return f", {called}: {reason}"
