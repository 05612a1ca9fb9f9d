"""What the page of all runs says, as blocks: a table a set, its steps with what changed there, and all runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bench.errors import counted
from bench.regression.history import CellName, History, Point
from bench.report.blocks import Item, Items, Strong
from bench.report.run.verdict import choice_shown
from bench.report.table import Table, interval, p_value, signed_interval
from bench.storage.run import Run

MARKS = {"": "", "better": " ▲", "worse": " ▼", "not comparable": " ≠"}
NOTE = (
    "▲ better, ▼ worse than in the run before that has the cell: shown by the paired test after correction, as "
    "bench compare would; ≠ the two cannot be compared. Without a mark no difference is shown."
)
# A reader looks for what was changed on purpose first.
LAST = ("git", "bench", "python", "platform")


def numbers(history: History) -> dict[str, int]:
    """Run -> its number, the oldest is 1."""
    return {run.folder.name: number for number, run in enumerate(history.runs, 1)}


def of_set(history: History, dataset: str) -> dict[str, Sequence[Point]]:
    """Retriever -> its points on a set."""
    return {cell.retriever: points for cell, points in history.points.items() if cell.dataset == dataset}


def sets(history: History) -> list[str]:
    """The sets that have a value in some run, as first met."""
    return list(dict.fromkeys(cell.dataset for cell in history.points))


def figures(history: History, dataset: str) -> Table:
    """The main measure by run and retriever, the newest run last."""
    points = of_set(history, dataset)
    by_run = {(point.run, label): point for label, its in points.items() for point in its}
    number = numbers(history)
    rows = [
        (
            f"{number[run]}",
            run,
            _first(by_run, run, points).time[:16].replace("T", " "),
            _first(by_run, run, points).measure,
            *(_value(by_run.get((run, label))) for label in points),
        )
        for run in number
        if any((run, label) in by_run for label in points)
    ]
    header = ("#", "run", "time", "measure", *points)
    return Table(f"{dataset}: main measure [95%] by run", header, tuple(rows), notes=(NOTE,), columns_left=4)


def _first(by_run: Mapping[tuple[str, str], Point], run: str, labels: Mapping[str, object]) -> Point:
    return next(by_run[run, label] for label in labels if (run, label) in by_run)


def _value(point: Point | None) -> str:
    return (
        ""
        if point is None
        else interval({"value": point.value, "low": point.low, "high": point.high}) + MARKS[point.step]
    )


def steps(history: History, dataset: str) -> Items | None:
    """Where a retriever took a step, and what else had changed; None where none did."""
    items = tuple(_steps(CellName(dataset, label), points) for label, points in of_set(history, dataset).items())
    listed = tuple(item for its in items for item in its)
    return Items(listed) if listed else None


def _steps(cell: CellName, points: Sequence[Point]) -> Iterator[Item]:
    for point in points:
        if not point.step:
            continue
        what = f" {point.measure} in {point.run}, against {point.before}: "
        pieces = (Strong(cell.retriever), what, point.problem or _difference(point))
        yield Item(pieces, tuple((line,) for line in _changed(point)))


def _difference(point: Point) -> str:
    change = point.change
    assert change is not None
    between = signed_interval(change._asdict(), "difference")
    return f"{point.step}, {between}, p {p_value(change.p_holm)} (Holm), {counted(change.queries, 'query', 'queries')}."


def _changed(point: Point) -> Iterator[str]:
    """What differs between the two runs, parameters first."""
    for changed in sorted(point.changed, key=lambda changed: changed.what in LAST):
        yield f"{changed.what}: {changed.base} is now {changed.head}"
    if not point.changed and not point.problem:
        yield "Nothing else that runs keep is different: neither parameters, libraries nor code."


def runs(history: History) -> Table:
    """Every run."""
    rows = tuple((f"{number}", *_run(run)) for number, run in enumerate(history.runs, 1))
    header = ("#", "run", "time", "sets", "retrievers", "verdict", "code", "failed")
    return Table("Runs", header, rows, columns_left=len(header))


def _run(run: Run) -> tuple[str, ...]:
    return (
        run.folder.name,
        run.info["environment"]["time"][:16].replace("T", " "),
        ", ".join(dataset["name"] for dataset in run.datasets),
        ", ".join(run.retrievers),
        choice_shown(run),
        (run.info["environment"]["git"] or "unknown")[:12],
        str(len(run.failures) or ""),
    )


def unreadable(history: History) -> Table | None:
    """Folders that hold a run and cannot be shown, and why."""
    if not history.unreadable:
        return None
    return Table("Runs that cannot be shown", ("run", "why"), history.unreadable, columns_left=2)
