"""The sentences of a verdict. Each says what its figures say, and none decides anything."""

from __future__ import annotations

from collections.abc import Sequence

from bench.candidates import Candidate, Limits, of_kind, shown
from bench.comparisons import Comparison


def use(dataset: str, chosen: Candidate, reason: str) -> str:
    """What is recommended, and why."""
    return f"On {dataset} use {chosen.label} ({chosen.kind}){reason}."


def better(other: Candidate, margin: float, *, beyond: bool) -> str:
    """Why the better one."""
    if not margin:
        return f": it is better than {other.label}"
    by = f" by {margin:g} or more" if beyond else f"; whether by the margin of {margin:g} is open"
    return f": it is better than {other.label}{by}"


def within(other: Candidate, called: str, winner: str | None, margin: float) -> str:
    """Why the cheaper one."""
    if winner is None:
        reason = f"{other.label} differs from it by less than {margin:g} either way"
    elif winner == other.label:
        reason = f"{other.label} is better by less than {margin:g}"
    else:
        reason = f"it is better than {other.label}, by less than {margin:g}"
    return f", the {called} one: {reason}"


def too_costly(kept: Candidate, out: Candidate, winner: str | None, row: Comparison) -> str:
    """What is known of the quality that the costs exclude."""
    known = {out.label: f"{out.label} is better, but too costly", kept.label: f"{kept.label} is better as well"}
    return f"{known[winner] if winner else 'Neither is shown better'}: {difference(row)}."


def undecided(dataset: str, leader: Candidate, other: Candidate, blocking: Sequence[Comparison]) -> str:
    """Which comparison leaves it open; blocking: the leader's rows that do not show it better."""
    against = [row.b for row in blocking]
    if other.label in against:
        return f"Undecided on {dataset}: neither {leader.label} nor {other.label} is shown better."
    return (
        f"Undecided on {dataset}: {leader.label} is shown better than {other.label}, "
        f"but not than {' and '.join(against)}."
    )


def wanted(more_queries: int | None, row: Comparison) -> str:
    """What would settle it."""
    if more_queries is None:
        return "They differ too little to name a number of further queries that would settle it."
    unit = "judged queries" if row.groups == row.queries else "judged queries, in groups of their own,"
    return f"About {more_queries:,} more {unit} would settle it, if the difference stays as measured."


def hybrid(dataset: str, lexical: Candidate, dense: Candidate, fusion: Comparison) -> str:
    """Why to try a hybrid, and that it is an estimate."""
    return (
        f"On {dataset} a hybrid is worth trying: by an estimate from the stored rankings, fusing "
        f"{lexical.label} and {dense.label} gains {fusion.difference:+.3f} {fusion.measure} over {fusion.b} alone "
        f"(95% interval {fusion.low:+.3f} to {fusion.high:+.3f}); its speed was not measured."
    )


def means(first: Candidate, second: Candidate, candidates: Sequence[Candidate], row: Comparison) -> str:
    """The figures behind a comparison of two; row is seen from the first."""
    parts = []
    for each in (first, second):
        several = len(of_kind(candidates, each.kind))
        chosen = f", the best of {several} {each.kind} ones," if several > 1 else ""
        parts.append(f"{each.label}{chosen} has {each.mean:.3f} ({each.low:.3f} to {each.high:.3f})")
    return (
        f"In {row.measure} {' and '.join(parts)}; {difference(row)}; "
        f"{row.queries:,} queries show differences from {row.detectable:.3f}."
    )


def difference(row: Comparison) -> str:
    """The difference with its interval and p-value, as part of a sentence."""
    p = "below .001" if row.p_holm < 0.001 else f"{row.p_holm:.3f}"
    return (
        f"the difference of {row.a} over {row.b} is {row.difference:+.3f} {row.measure}, 95% interval "
        f"{row.low:+.3f} to {row.high:+.3f}, p {p} after Holm's correction"
    )


def costs(first: Candidate, second: Candidate) -> tuple[str, ...]:
    """What both cost, in a sentence; none where that is not known."""
    pairs = (("p95", "ms", first.p95_ms, second.p95_ms), ("memory", "MB", first.memory_mb, second.memory_mb))
    known = [
        f"{shown(a)} against {shown(b)} {unit} of {name}"
        for name, unit, a, b in pairs
        if a is not None and b is not None
    ]
    return (f"{first.label} costs {' and '.join(known)}.",) if known else ()


def limited(limits: Limits, used: Sequence[Candidate], best: Sequence[Candidate]) -> tuple[str, ...]:
    """Sentences on what the limits left out, and on costs that they could not be applied to."""
    out = [f"{each.label} is left out: it has {limits.exceeded(each)}." for each in best if each not in used]
    names = " and ".join(each.label for each in used if limits.unknown(each))
    if names:
        out.append(f"Not every cost of {names} was measured: the limit could not be applied to it.")
    return tuple(out)
