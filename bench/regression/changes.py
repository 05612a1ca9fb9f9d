"""What moved between two runs, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from bench.evaluation.intervals import difference_interval
from bench.evaluation.measures import cutoff
from bench.evaluation.power import detectable
from bench.evaluation.significance import FLIPS, holm_within, randomisation_test
from bench.evaluation.streams import Purpose, stream
from bench.evaluation.units import TIE
from bench.regression.base_cards import Both, main_measure, slice_of
from bench.regression.gates import ALL, Gate
from bench.regression.queries import Queries, sameness, unchanged
from bench.regression.result import UNMOVED, CellPair, Change, CostChange, Flip
from bench.storage.costs import BY_GATE, is_noisy, is_shortened, is_too_busy
from bench.storage.run import Run

# Of the random choices of a comparison; a comparison made again says the same.
SEED = 0

# (gate, set, retriever) -> p
Tests = dict[tuple[str, str, str], float]


def changes_of(both: Both, pairs: Sequence[CellPair], slices: Sequence[str], flips: int = FLIPS) -> list[Change]:
    """Every measure of every cell over all queries, and over `slices`.

    p_holm is corrected by set: over its main measures on all queries, and over all else that is shown of it. So what
    else is compared changes no outcome.
    """
    changes: list[Change] = []
    for dataset in dict.fromkeys(cell.dataset for cell in pairs):
        mine = [cell for cell in pairs if cell.dataset == dataset]
        changes += _of_set(*both[dataset], mine, slices, flips)
    families = [(change.dataset, change.main and change.slice == ALL) for change in changes]
    corrected = holm_within(families, [change.p for change in changes])
    return [change._replace(p_holm=p) for change, p in zip(changes, corrected, strict=True)]


def with_noise(changes: Sequence[Change], pairs: Sequence[CellPair], base: Run, head: Run) -> list[Change]:
    """The changes over all queries with the noise floors that the runs stored: the larger one of both."""
    named = {cell[:2]: cell for cell in pairs}
    floors = []
    for change in changes:
        cell = named[change.dataset, change.retriever]
        known = (
            _noise_floor(base, cell.base_dataset, cell.base_retriever, change.measure),
            _noise_floor(head, cell.dataset, cell.retriever, change.measure),
        )
        whole = change.slice == ALL  # of a slice nobody measured one
        floors.append(max((floor for floor in known if whole and floor is not None), default=math.nan))
    return [change._replace(noise_floor=floor) for change, floor in zip(changes, floors, strict=True)]


def _noise_floor(run: Run, dataset: str, retriever: str, measure: str) -> float | None:
    floors = run.analysis["sets"].get(dataset, {}).get("noise", {}).get("floors", {})
    floor: float | None = floors.get(retriever, {}).get(measure)
    return floor


def against_tolerances(both: Both, pairs: Sequence[CellPair], gates: Sequence[Gate], flips: int = FLIPS) -> Tests:
    """P-values of gates on differences by (gate, set, retriever), corrected over all gates of the set.

    The randomisation test of a true difference at the bound: signs are flipped of what each query's difference has
    above it. Without those where no query moved, which leaves nothing to test.
    """
    tests: Tests = {}
    for gate in gates:
        for cell in pairs if gate.kind == "difference" else ():
            before, after = both[cell.dataset]
            a, b = before.values(cell.base_retriever), after.values(cell.retriever)
            if gate.on(cell) and gate.figure in a and gate.figure in b:
                mask = slice_of(before, after, gate.slice)
                moved = (b[gate.figure] - a[gate.figure])[mask]
                if mask.any() and not unchanged(moved) and not np.isnan(moved).any():
                    above = moved[:, None] - gate.value
                    above[np.abs(above) <= TIE] = 0
                    units = None if before.groups is None else before.groups[mask]
                    p = randomisation_test(above, stream(SEED, Purpose.SIGNS), units, flips)
                    tests[gate.text, cell.dataset, cell.retriever] = float(p[0])
    corrected = holm_within([dataset for _, dataset, _ in tests], list(tests.values()))
    return dict(zip(tests, corrected, strict=True))


def _of_set(
    before: Queries, after: Queries, pairs: Sequence[CellPair], slices: Sequence[str], flips: int
) -> Iterator[Change]:
    main = main_measure(before, after)
    columns, sides = [], []
    for cell in pairs:
        same, depth = sameness(before, after, cell)
        a, b = before.values(cell.base_retriever), after.values(cell.retriever)
        for measure in (name for name in a if name in b):
            as_deep = depth >= min(cutoff(measure) or math.inf, 10**9)
            columns.append((cell, measure, same if as_deep else ""))
            sides.append((a[measure], b[measure]))
    for where in dict.fromkeys((ALL, *slices)):
        mask = slice_of(before, after, where)
        if not mask.any() or not columns:
            continue
        old, new = (np.column_stack([pair[side] for pair in sides])[mask] for side in (0, 1))
        units = None if before.groups is None else before.groups[mask]
        # By slice: where none of its queries moved, it has nothing to test, whatever the others did.
        open_ = [number for number in range(len(columns)) if not unchanged(new[:, number] - old[:, number])]
        figures = dict(zip(open_, tested((new - old)[:, open_], units, flips), strict=True)) if open_ else {}
        for number, (cell, measure, same) in enumerate(columns):
            settled = number not in figures
            low, high, p, least = (0.0, 0.0, math.nan, math.nan) if settled else figures[number]
            yield Change(
                cell.dataset,
                cell.retriever,
                measure,
                where,
                base=float(old[:, number].mean()),
                head=float(new[:, number].mean()),
                difference=float((new - old)[:, number].mean()),
                low=low,
                high=high,
                p=p,
                p_holm=math.nan,
                detectable=least,
                queries=int(mask.sum()),
                groups=int(mask.sum()) if units is None else len(np.unique(units)),
                same=same or (UNMOVED if settled else ""),
                settled=settled,
                main=measure == main,
            )


def tested(differences: np.ndarray, units: np.ndarray | None, flips: int) -> list[tuple[float, float, float, float]]:
    """By column: low, high, p and the smallest difference that could have been shown."""
    differences = np.where(np.abs(differences) <= TIE, 0.0, differences)
    # Streams of their own: the flips stay the same whatever number of draws the interval takes.
    low, high, _ = difference_interval(differences, stream(SEED, Purpose.DIFFERENCE), groups=units)
    p = randomisation_test(differences, stream(SEED, Purpose.SIGNS), units, flips)
    least = detectable(differences, units)
    return list(zip(low.tolist(), high.tolist(), p.tolist(), least.tolist(), strict=True))


def costs_of(base: Run, head: Run, pairs: Sequence[CellPair]) -> list[CostChange]:
    """Every cost of every cell that either run has."""
    before, after = (_costs_by_cell(run) for run in (base, head))
    costs = []
    for cell in pairs:
        old = before.get((cell.base_dataset, cell.base_retriever), {})
        new = after.get((cell.dataset, cell.retriever), {})
        cached = is_shortened(old) or is_shortened(new)
        for name, cost in BY_GATE.items():
            was, now = (side.get(cost.quantity, math.nan) for side in (old, new))
            if not (math.isnan(was) and math.isnan(now)):
                noisy_was, noisy_now = (is_noisy(side, cost.quantity) for side in (old, new))
                busy = any(is_too_busy(side, cost.taken) for side in (old, new))
                costs.append(
                    CostChange(cell.dataset, cell.retriever, name, was, now, cached, noisy_was, noisy_now, busy)
                )
    return costs


def _costs_by_cell(run: Run) -> dict[tuple[str, str], dict[str, float]]:
    """(dataset, retriever) -> quantity -> value."""
    cells: dict[tuple[str, str], dict[str, float]] = {}
    for row in run.rows("latency"):
        cells.setdefault((row["dataset"], row["retriever"]), {})[row["quantity"]] = row["value"]
    return cells


def means_of(
    queries: Mapping[str, Queries], cells: Iterable[tuple[str, str]], slices: Sequence[str]
) -> dict[tuple[str, str, str, str], float]:
    """Means of a run by (dataset, retriever, slice, measure), over all queries and over those of `slices`."""
    means = {}
    for dataset, retriever in cells:
        values = queries[dataset].values(retriever)
        for where in dict.fromkeys((ALL, *slices)):
            mask = queries[dataset].mask(where)
            if mask.any():
                means.update({(dataset, retriever, where, name): float(v[mask].mean()) for name, v in values.items()})
    return means


def flips_of(both: Both, pairs: Sequence[CellPair]) -> list[Flip]:
    """Queries whose top 10 lost its last relevant document, then those that gained a first, by cell."""
    flips = []
    for cell in pairs:
        before, after = both[cell.dataset]
        had, has = before.solved(cell.base_retriever), after.solved(cell.retriever)
        for lost, moved in ((True, had & ~has), (False, has & ~had)):
            flips += [
                Flip(
                    cell.dataset,
                    cell.retriever,
                    after.ids[number],
                    after.texts[number],
                    lost=lost,
                    relevant=after.relevant[number],
                    base=before.hits(cell.base_retriever, number),
                    head=after.hits(cell.retriever, number),
                )
                for number in np.flatnonzero(moved).tolist()
            ]
    return flips
