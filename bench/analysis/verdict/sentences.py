"""The sentences of a verdict. Each says what its figures say, and none decides anything."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence

from bench.analysis.slice_tests import BySlice, SliceTest
from bench.analysis.verdict.choices import Limits, RetrieverSummary, known_costs, of_kind, shown
from bench.errors import counted
from bench.evaluation.pairs import ALPHA, BOUNDED, PairedDifference, outcome
from retrievers.fusion import RRF_K
from retrievers.specification import as_part


def use(dataset: str, chosen: RetrieverSummary, reason: str, *, unknown: bool = False) -> str:
    """What is recommended, and why; unknown: whether it keeps the limits, which `limited` says more of."""
    kind = "" if chosen.kind == "other" else f" ({chosen.kind})"
    condition = ", if it keeps the limits," if unknown else ""
    return f"On {dataset}{condition} use {chosen.label}{kind}{reason}."


def alone(dataset: str, measure: str, only: RetrieverSummary) -> tuple[str, str]:
    """There is nothing to compare it with."""
    return (
        f"Undecided on {dataset}: {only.label} is the only retriever with figures.",
        f"In {measure} it has {_mean(only)}.",
    )


def compared_with(baseline: RetrieverSummary, comparisons: int) -> str:
    """That nobody was compared with anybody but the baseline."""
    return (
        f"Each was compared with {baseline.label} alone, not with one another; Holm's correction goes over "
        f"{counted(comparisons, 'comparison')}."
    )


def _mean(candidate: RetrieverSummary) -> str:
    """A mean with its interval; of one query it has none."""
    if math.isnan(candidate.low):
        return f"{candidate.mean:.3f}"
    return f"{candidate.mean:.3f} ({candidate.low:.3f} to {candidate.high:.3f})"


def better(other: RetrieverSummary, margin: float, *, beyond: bool) -> str:
    """Why the better one."""
    if not margin:
        return f": it is better than {other.label}"
    by = f" by {margin:g} or more" if beyond else f"; whether by the margin of {margin:g} is open"
    return f": it is better than {other.label}{by}"


def within(other: RetrieverSummary, called: str, winner: str | None, margin: float) -> str:
    """Why the cheaper one."""
    if winner is None:
        reason = f"{other.label} differs from it by less than {margin:g} either way"
    elif winner == other.label:
        reason = f"{other.label} is better by less than {margin:g}"
    else:
        reason = f"it is better than {other.label}, by less than {margin:g}"
    return f", {called}: {reason}"


def too_costly(
    kept: RetrieverSummary, out: RetrieverSummary, blocking: Sequence[PairedDifference], row: PairedDifference
) -> str:
    """What is known of the quality that the costs exclude. row: out against kept; blocking: rows of the one of the
    higher mean that do not show it better."""
    leader, other = (out, kept) if row.difference > 0 else (kept, out)
    against = [comparison.b for comparison in blocking]
    if other.label in against:
        known = "Neither is shown better"
    elif against:
        known = f"{leader.label} is shown better than {other.label}, but not than {' and '.join(against)}"
    else:
        known = f"{out.label} is better, but too costly" if leader is out else f"{kept.label} is better as well"
    return f"{known}: {difference(row)}."


def thrift(chosen: RetrieverSummary, better: RetrieverSummary, row: PairedDifference) -> str:
    """Why not the one of the higher mean. row: that one against the chosen one."""
    return (
        f"{better.label} has the higher mean ({_mean(better)}) but is not shown better ({difference(row)}), and "
        f"{chosen.label} costs less: {_costs(chosen, better)}."
    )


def undecided(
    dataset: str, leader: RetrieverSummary, other: RetrieverSummary, blocking: Sequence[PairedDifference], margin: float
) -> str:
    """Which comparison leaves it open; blocking: the leader's rows that do not show it better."""
    against = [row.b for row in blocking]
    if other.label in against:
        alike = f", nor are they shown to be within {margin:g} of each other" if margin else ""
        return f"Undecided on {dataset}: neither {leader.label} nor {other.label} is shown better{alike}."
    return (
        f"Undecided on {dataset}: {leader.label} is shown better than {other.label}, "
        f"but not than {' and '.join(against)}."
    )


# A gain that takes so many queries to show is none that somebody would notice.
HARDLY = 100_000
# A difference that is no longer called too small to matter.
WORTH_KNOWING = 0.02


def wanted(more_queries: int | None, row: PairedDifference, cheap: RetrieverSummary, called: str) -> str:
    """What would settle it. cheap: what to use where nothing worth having would be shown; called: why."""
    if more_queries is None or more_queries >= HARDLY:
        hidden = max(abs(row.low), abs(row.high))
        if hidden >= WORTH_KNOWING:
            return f"So few queries may hide a difference of up to {hidden:.3f}: judge more."
        size = least(abs(row.difference)) if row.difference else "0"
        count = "" if more_queries is None else f" (about {more_queries:,} more judged queries would)"
        return (
            f"A difference of {size} is too small to matter or to be shown{count}: take {cheap.label}, {called}, or "
            "decide by other queries."
        )
    unit = "judged query" if more_queries == 1 else "judged queries"
    grouped = "" if row.groups == row.queries else ", in groups of their own,"
    return (
        f"About {more_queries:,} more {unit}{grouped} would settle it in 4 cases of 5, if the difference stays as "
        "measured."
    )


def too_few_for_margin(row: PairedDifference, margin: float, fewest: int) -> str:
    """No outcome would show them within the margin."""
    units = f"{row.queries} queries" if row.groups == row.queries else f"{row.groups} groups of queries"
    return f"{units} cannot show a difference within {margin:g}, whatever they say; {fewest:,} are the least."


def too_few(row: PairedDifference, comparisons: int, *, fewer_help: bool) -> str:
    """No outcome would be shown. fewer_help: one would, if there were fewer comparisons."""
    units = f"{row.queries} queries" if row.groups == row.queries else f"{row.groups} groups of queries"
    if not fewer_help:
        return f"{units} are too few for a test at .05, whatever they show: judge more."
    return (
        f"{units} are too few for {comparisons:,} comparisons, whatever they show: judge more, or compare fewer "
        "retrievers."
    )


def hybrid(dataset: str, lexical: RetrieverSummary, dense: RetrieverSummary, fusion: PairedDifference) -> str:
    """Why to try a hybrid, and that it is an estimate."""
    return (
        f"On {dataset} a hybrid is worth trying: by an estimate from the stored rankings, fusing {lexical.label} and "
        f"{dense.label} by reciprocal rank (k = {RRF_K}) gains {fusion.difference:+z.3f} {fusion.measure} over "
        f"{fusion.b} alone (95% interval {fusion.low:+z.3f} to {fusion.high:+z.3f}; see 'who solves what'); its speed "
        f"was not measured, so run that fusion beside the two{_how(lexical, dense)}."
    )


def _how(*parts: RetrieverSummary) -> str:
    """The flag that runs them as one, where each can be named."""
    if not all(retriever.specification for retriever in parts):
        return ""
    names = ", ".join(as_part(retriever.specification) for retriever in parts)
    return f": -r {shlex.quote(f'hybrid({names}, fusion=rrf)')}"


def means(
    first: RetrieverSummary,
    second: RetrieverSummary,
    candidates: Sequence[RetrieverSummary],
    row: PairedDifference,
    *,
    kinds: bool = True,
) -> str:
    """The figures behind a comparison of two; row is seen from the first.

    candidates: those within the limits, of which each is the best of its kind, or without `kinds` both the best of all.
    """
    parts = []
    for retriever in (first, second):
        several = len(of_kind(candidates, retriever.kind))
        chosen = f", the best of {several} {retriever.kind} ones," if kinds and several > 1 else ""
        parts.append(f"{retriever.label}{chosen} has {_mean(retriever)}")
    if not kinds and len(candidates) > 2:
        parts[1] += f", the best two of {len(candidates)}"
    spread = (
        f"with {row.queries:,} queries a true difference of {least(row.detectable)} is found 4 times of 5, before that "
        "correction"
    )
    if row.interval == BOUNDED and row.detectable > 1:  # values between 0 and 1 differ by no more
        spread = f"with {row.queries:,} queries no difference would be found 4 times of 5"
    if not row.wins + row.losses:  # of no spread nothing follows
        spread = f"both have the same value on each of {row.queries:,} queries"
    return f"In {row.measure} {' and '.join(parts)}; {difference(row)}; {spread}."


def least(detectable: float) -> str:
    """The smallest difference that is shown, which is never 0."""
    return "below 0.001" if 0 < detectable < 0.001 else f"{detectable:.3f}"


def difference(row: PairedDifference) -> str:
    """The difference with its interval and p-value, as part of a sentence."""
    return (
        f"the difference of {row.a} over {row.b} is {row.difference:+z.3f} {row.measure}, 95% interval "
        f"{row.low:+z.3f} to {row.high:+z.3f}, p {_p(row.p_holm)} after Holm's correction"
    )


def costs(first: RetrieverSummary, second: RetrieverSummary) -> tuple[str, ...]:
    """What both cost, in a sentence; none where that is not known, or the same."""
    known = _costs(first, second)
    return (f"{first.label} costs {known}.",) if known else ()


def _costs(first: RetrieverSummary, second: RetrieverSummary) -> str:
    known = [
        (name, unit, first.mark(name) + shown(a), second.mark(name) + shown(b))
        for name, unit, a, b in known_costs(first, second)
    ]
    return " and ".join(f"{a} against {b} {unit} of {name}" for name, unit, a, b in known if a != b)


def another_kind(leader: RetrieverSummary, candidates: Sequence[RetrieverSummary]) -> tuple[str, ...]:
    """Those of neither kind with a higher mean, which the choice between lexical and dense passes over."""
    above = [
        candidate
        for candidate in candidates
        if candidate.kind not in ("lexical", "dense") and candidate.mean > leader.mean
    ]
    return tuple(
        f"{candidate.label}, neither lexical nor dense and so no part of this choice, has {_mean(candidate)}."
        for candidate in above
    )


def by_slice(sliced: BySlice, chosen: str | None) -> tuple[str, ...]:
    """Where slices say other than the verdict, in at most one sentence a field. chosen: what it recommends."""
    fields = dict.fromkeys(test.field for test in sliced.slices)
    return tuple(sentence for field in fields if (sentence := _of_field(sliced, field, chosen)))


def _of_field(sliced: BySlice, field: str, chosen: str | None) -> str:
    mine = [test for test in sliced.slices if test.field == field]
    best = {
        label: [test for test in mine if outcome(test.row) == side]
        for label, side in ((sliced.a, "a"), (sliced.b, "b"))
    }
    if any(slices for label, slices in best.items() if label != chosen):
        parts = [f"{label} is better on {_listed(slices, label)}" for label, slices in best.items() if slices]
        return f"By {field}: {'; '.join(parts)} (paired tests, Holm over {len(sliced.slices)} slices)."
    differs = next(
        (
            interaction
            for interaction in sliced.interactions
            if interaction.field == field and interaction.p_holm < ALPHA
        ),
        None,
    )
    if differs and not any(best.values()):
        return (
            f"By {field} their difference is not the same everywhere (p {_p(differs.p_holm)}), though no value alone "
            "shows one better."
        )
    return ""


# Slices that a sentence names of each retriever.
NAMED = 3


def _listed(slices: Sequence[SliceTest], label: str) -> str:
    shown = sorted(slices, key=lambda test: test.row.p_holm)[:NAMED]
    rows = [(test.value, test.row.seen_from(label)) for test in shown]
    parts = [f"{value} ({row.mean_a:.3f} against {row.mean_b:.3f}, p {_p(row.p_holm)})" for value, row in rows]
    return ", ".join(parts) + (f" and {len(slices) - NAMED} more" if len(slices) > NAMED else "")


def _p(p: float) -> str:
    return "below .001" if p < 0.001 else f"{p:.3f}"


def limited(limits: Limits, used: Sequence[RetrieverSummary], best: Sequence[RetrieverSummary]) -> tuple[str, ...]:
    """Sentences on what the limits left out, and on costs that they could not be applied to."""
    out = [
        f"{retriever.label} is left out: it has {limits.exceeded(retriever)}."
        for retriever in best
        if retriever not in used
    ]
    names = " and ".join(retriever.label for retriever in used if limits.unknown(retriever))
    if names:
        out.append(f"Not every cost of {names} could be measured: whether it keeps the limits is not known.")
    return tuple(out)
