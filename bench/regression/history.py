"""All stored runs of a folder in the order of time: the main measure of each cell, and where it took a step.

A step is what a comparison of the two runs would call a difference: the test is passed after correction, and the
interval of the difference leaves out 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Literal, NamedTuple

from bench.data.slices import ALL
from bench.errors import BenchError
from bench.regression import compare
from bench.regression.result import ALPHA, Change, Changed, Regression
from bench.storage.run import Run, load_run
from bench.storage.schema import choose_measure

Step = Literal["", "better", "worse", "not comparable"]


class CellName(NamedTuple):
    """A retriever on a set."""

    dataset: str
    retriever: str


@dataclass(frozen=True)
class Point:
    """A cell in one run. value, low, high: the main measure with its 95% interval. queries: that have an answer.

    before: the run that it is held against, the last one with the cell by the same measure; "" for the first.
    step: whether it differs from there. change: the difference, None where the two cannot be compared, and problem says
    why. changed: what else differs between the two runs.
    """

    run: str
    time: str
    measure: str
    value: float
    low: float
    high: float
    queries: int
    before: str = ""
    step: Step = ""
    change: Change | None = None
    changed: tuple[Changed, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class History:
    """runs: whole ones, the oldest first. points: of each cell, in that order. unreadable: (folder, why)."""

    runs: tuple[Run, ...]
    points: Mapping[CellName, Sequence[Point]] = field(default_factory=dict)
    unreadable: tuple[tuple[str, str], ...] = ()


def history(results: Path) -> History:
    """Every stored run of a folder.

    Args:
        results: The folder that runs are kept in; the committed baseline is one of them.

    Raises:
        BenchError: Where there is no run in it.
    """
    runs, unreadable = [], []
    for folder in sorted(path.parent for path in results.glob("*/run.json")):
        try:
            run = load_run(folder)
        except BenchError as error:
            unreadable.append((folder.name, error.message))
            continue
        if run.complete:
            runs.append(run)
        else:
            unreadable.append((folder.name, "It is not complete: it was interrupted."))
    if not runs and not unreadable:
        raise BenchError(f"There is no run in {results}.", "Make one with: python -m bench run")
    runs.sort(key=lambda run: (run.info["environment"]["time"], run.folder.name))
    return History(tuple(runs), _points(runs), tuple(unreadable))


def _points(runs: Sequence[Run]) -> dict[CellName, list[Point]]:
    points: dict[CellName, list[Point]] = {}
    last: dict[tuple[CellName, str], Run] = {}
    compared = cache(partial(compare, partial=True))  # once, whatever number of cells ask for it
    for run in runs:
        for cell, point in _of_run(run):
            before = last.get((cell, point.measure))
            points.setdefault(cell, []).append(_held(cell, point, before, compared(before, run)) if before else point)
            last[cell, point.measure] = run
    return points


def _of_run(run: Run) -> Iterator[tuple[CellName, Point]]:
    """The cells of a run that have a value."""
    for dataset in run.datasets:
        measure = choose_measure(run.info["measures"], dataset["measure"])
        for row in run.rows("measures"):
            place = (row["dataset"], row["measure"], row["slice"])
            if place == (dataset["name"], measure, ALL) and row["value"] == row["value"]:
                figures = (row["value"], row["low"], row["high"], row["queries"])
                time = run.info["environment"]["time"]
                yield CellName(row["dataset"], row["retriever"]), Point(run.folder.name, time, measure, *figures)


def _held(cell: CellName, point: Point, before: Run, comparison: Regression) -> Point:
    """A point with what became of it since the run before."""
    changes = (row for row in comparison.whole() if (row.dataset, row.retriever, row.measure) == (*cell, point.measure))
    change = next(changes, None)
    step: Step = "not comparable" if change is None else _step(change)
    changed = tuple(changed for changed in comparison.surroundings if _concerns(changed.what, cell, comparison))
    problem = "" if change is not None else " ".join(comparison.problems)
    return replace(point, before=before.folder.name, step=step, change=change, changed=changed, problem=problem)


def _step(change: Change) -> Step:
    if change.settled or not change.p_holm < ALPHA or change.low <= 0 <= change.high:
        return ""
    return "better" if change.difference > 0 else "worse"


def _concerns(what: str, cell: CellName, comparison: Regression) -> bool:
    """Is what differs of this cell, or of all?"""
    if what.startswith(f"{cell.retriever}: "):
        return True
    others = [pair for pair in comparison.pairs if pair[:2] != cell]
    return not any(what.startswith((f"{pair.retriever}: ", f"{pair.retriever} on {pair.dataset}: ")) for pair in others)
