"""Gates against the figures of a comparison: what passes, what fails, what these queries cannot tell."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from bench.evaluation.measures import counts
from bench.regression.gates import ALL, Gate
from bench.regression.result import FEWEST, UNMOVED, CellPair, Change, Check, CostChange, Judged, Result, State

# Head's means by (dataset, retriever, slice, measure).
Means = Mapping[tuple[str, str, str, str], float]
# P-values by (gate, dataset, retriever).
Tests = Mapping[tuple[str, str, str], float]


def check_gate(
    gate: Gate,
    pairs: Sequence[CellPair],
    changes: Sequence[Change],
    costs: Sequence[CostChange],
    *,
    means: Means | None = None,
    tests: Tests | None = None,
    new: Sequence[CellPair] = (),
) -> Judged:
    """The gate on every cell that it covers and that has its figure.

    A difference passes, fails or is inconclusive by its interval and its test (`figures.against_tolerances`). A floor
    and a limit are bounds on head's own figure, which is exact for these queries, so they speak of `new` cells too. A
    slice that a set does not have is not asked of it.
    """
    cells = [cell for cell in (*pairs, *(new if gate.kind in ("floor", "limit") else ())) if gate.on(cell)]
    if gate.kind == "floor":
        return Judged(gate, tuple(check for cell in cells for check in _floor(gate, cell, means or {})))
    if gate.kind in ("growth", "limit"):
        return Judged(gate, tuple(_cost(gate, cell, costs) for cell in cells))
    return Judged(gate, tuple(check for cell in cells for check in _quality(gate, cell, changes, tests or {})))


def _floor(gate: Gate, cell: CellPair, means: Means) -> Iterator[Check]:
    value = means.get((*cell[:2], gate.slice, gate.figure))
    if value is None:
        return
    result: Result = "missing" if math.isnan(value) else "pass" if gate.met_by(value) else "fail"
    yield Check(*cell[:2], result, f"{gate.figure} {value:.4f}, a floor for head alone (a tolerance has a sign)")


def _quality(gate: Gate, cell: CellPair, changes: Sequence[Change], tests: Tests) -> Iterator[Check]:
    for row in changes:
        if (row.dataset, row.retriever) != cell[:2] or row.slice != gate.slice:
            continue
        if math.isnan(row.difference):
            if row.measure == gate.figure or (gate.kind == "drop" and row.main):
                yield Check(*cell[:2], "missing", f"{row.measure} is not a number on every query")
        elif gate.kind == "drop" and row.main and row.slice == ALL:
            yield Check(*cell[:2], row.significant, _difference(row, row.significant, _tested(row.p_holm)))
        elif row.measure == gate.figure and gate.kind == "difference":
            p = tests.get((gate.text, *cell[:2]), math.nan)
            state: State = row.state(-gate.value, p)
            if state == "pass" and not row.settled and gate.relation == ">" and row.low <= gate.value:
                state = "inconclusive"
            if row.settled and not gate.met_by(0.0):
                state = "fail"
            yield Check(*cell[:2], state, _difference(row, state, _tested(p) if row.high < gate.value else ""))


def _difference(row: Change, state: State, test: str = "") -> str:
    """test: what else decided. What the queries could have shown matters where they decide nothing."""
    figures = f"{row.measure} {row.base:.4f} → {row.head:.4f}"
    if row.settled:
        return f"{figures}: {_unmoved(row)}, nothing to test"
    power = f"; {_power(row)}" if state == "inconclusive" else ""
    noise = f"; below the noise floor of {row.noise_floor:.6f}" if row.below_noise else ""
    return f"{figures}: {row.difference:+z.4f} {_interval(row)}{test}{power}{noise}"


def _tested(p: float) -> str:
    return ", p < .001 after Holm" if p < 0.001 else f", p = {p:.3f} after Holm"


def _interval(row: Change) -> str:
    return "[n/a]" if math.isnan(row.low) else f"[{row.low:+z.4f}, {row.high:+z.4f}]"


def _power(row: Change) -> str:
    """What these queries could have shown."""
    what = "query" if row.groups == row.queries == 1 else "queries" if row.groups == row.queries else "groups"
    if row.groups < FEWEST:
        return f"{row.groups} {what} can show no difference, {FEWEST} are the least"
    if math.isnan(row.detectable) or (row.detectable >= 1 and not counts(row.measure)):
        return f"with {row.queries:,} queries no difference would be found 4 times of 5"
    least = max(row.detectable, 0.001)
    return f"with {row.queries:,} queries a true difference of {least:.3f} would be found 4 times of 5"


def _unmoved(row: Change) -> str:
    return row.same if row.same == UNMOVED else f"rankings {row.same}"


def _cost(gate: Gate, cell: CellPair, costs: Sequence[CostChange]) -> Check:
    row = next((cost for cost in costs if cost[:3] == (*cell[:2], gate.figure)), None)
    against = math.nan if row is None else row.base
    both = " in both runs" if gate.kind == "growth" else ""
    if row is None or math.isnan(row.head) or (gate.kind == "growth" and math.isnan(against)):
        why = ": the machine was too busy" if row is not None and row.busy else ""
        return Check(*cell[:2], "advice" if gate.advice else "missing", f"{gate.figure} was not measured{both}{why}")
    grown = row.head - against
    if gate.relative:
        grown = grown / against if against else math.copysign(math.inf, grown) if grown else 0.0
    base_mark, head_mark = row.marks
    shown = f"{head_mark}{row.head:,.2f}"
    if gate.kind == "growth":
        shown = f"{base_mark}{against:,.2f} → {shown}{f' ({grown:+z.1%})' if gate.relative else ''}"
    reason = f"{gate.figure} {shown}"
    kept = gate.met_by(grown if gate.kind == "growth" else row.head)
    # The cache shortens it: what is above a limit all the same is above it.
    if row.cached and gate.figure == "peak_memory_mb" and (kept or gate.kind != "limit"):
        return Check(*cell[:2], "inconclusive", f"{reason}; vectors came from the embedding cache, which shortens it")
    if kept:
        return Check(*cell[:2], "pass", reason)
    if gate.advice:
        return Check(*cell[:2], "advice", f"{reason}; times of two runs are never gated")
    return Check(*cell[:2], "fail", reason)
