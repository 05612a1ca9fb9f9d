"""A curve: recall and quality against the time of a query, a row a point."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType

from bench.report import terminal
from bench.report.blocks import Block, Remark, Text
from bench.report.run.approximate import SIZES, TIMES, size_shown
from bench.report.run.cost import busy_notes, cost_shown, costs_of, noise_notes
from bench.report.run.labels import short_labels
from bench.report.run.names import display_name, main_as_shown
from bench.report.table import FRONT, Table, interval, number, signed_interval
from bench.storage.costs import COSTS
from bench.storage.folder import LOG
from bench.storage.run import Row, Run


def render(run: Run) -> Iterator[RenderableType]:
    """What failed, what to know, the table, where the files lie."""
    blocks: list[Block] = [Remark("failed", reason, retriever) for _, retriever, reason in run.failures]
    blocks += [Text((f"What failed: {run.folder / LOG} has more.",))] * bool(run.failures)
    blocks += [Remark("warning", warning) for warning in run.warnings]
    blocks += [table for dataset in run.datasets if (table := curve(run, dataset))]
    charts = ", ".join(path.name for path in sorted((run.folder / "charts").glob("curve.*")))
    files = ", ".join(filter(None, ["report.html", "curve.csv", charts and f"charts/: {charts}"]))
    return terminal.render([*blocks, Text((f"Files: {run.folder} ({files})",))], short_labels(run))


def curve(run: Run, dataset: dict[str, Any]) -> Table | None:
    """One row a point; None where the run is no curve."""
    points = points_of(run, dataset)
    if not points:
        return None
    lines = list(dict.fromkeys(row["line"] for row in points))
    swept = list(dict.fromkeys(name for row in points for name in values(row)))
    several, costs, main = len(lines) > 1, costs_of(run, dataset), main_as_shown(run, dataset)
    timed = [name for name, column in zip(TIMES, _COLUMNS, strict=True) if _is_known(points, column)]
    sizes = [name for name in _SIZES if _is_known(points, name)]
    rows = tuple(
        (
            *([row["line"]] * several),
            *(values(row).get(name, "") for name in swept),
            interval(_figure(row, "recall")),
            number(row["quality"]),
            signed_interval(_figure(row, "loss")),
            *(cost_shown(costs.get(row["retriever"], {}), name, interval=False) for name in timed),
            *(size_shown(name, row[name]) for name in sizes),
            *([_front(row, main)] * bool(timed)),
        )
        for row in points
    )
    header = (*(["retriever"] * several), *swept, "recall@10 of exact [95%]", main, "loss [95%]")
    header = (*header, *(COSTS[name].heading for name in timed), *(SIZES[name][0] for name in sizes))
    return Table(
        f"{display_name(dataset)}: " + ("curves" if several else f"curve of {lines[0]}"),
        (*header, *([f"front {FRONT}"] * bool(timed))),
        rows,
        notes=(
            *_notes(main, bool(timed)),
            *noise_notes(costs, rows),
            *busy_notes(run, costs, [row["retriever"] for row in points]),
        ),
        columns_left=several + len(swept),
    )


def points_of(run: Run, dataset: dict[str, Any]) -> list[Row]:
    """The rows of curve.csv of a set."""
    return [row for row in run.rows("curve") if row["dataset"] == dataset["name"]]


def values(point: Row) -> dict[str, str]:
    """Parameter -> value, of the sweeps of a point."""
    return dict(pair.split("=", 1) for pair in point["sweep"].split(", ") if pair)


# Of TIMES, in curve.csv. Of SIZES, those that are shown.
_COLUMNS = ("p50_ms", "p95_ms", "queries_per_second")
_SIZES = ("build_seconds", "bytes_a_document")


def _is_known(points: list[Row], column: str) -> bool:
    return any(not math.isnan(row[column]) for row in points)


def _figure(point: Row, name: str) -> dict[str, float]:
    return {"value": point[name], "low": point[f"{name}_low"], "high": point[f"{name}_high"]}


def _front(point: Row, main: str) -> str:
    """By what no other point beats it."""
    by = [name for name, front in (("recall", "front_recall"), (main, "front_quality")) if point[front]]
    return f"{FRONT} {', '.join(by)}" if by else ""


def _notes(main: str, timed: bool) -> Iterator[str]:
    yield (
        "Exact: the same vectors, each compared with each query. Recall: the share of exact's first 10 hits among a "
        "search's own first 10. Loss: exact's less its own, paired by query."
    )
    if timed:
        yield (
            f"{FRONT} no point has a lower p50 and finds as much: by recall, among those of its encoder; by {main}, "
            "among all. Times: of whole queries, with their encoding, in turns."
        )
