"""A set in one table that fits a screen: what each retriever finds, what it takes, and which are beaten by no other."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

from bench.data.slices import ALL
from bench.report.run.cost import busy_notes, cost_shown, costs_of, with_mark
from bench.report.run.names import analysis, contenders, main_measure
from bench.report.run.quality import quality
from bench.report.table import DAGGER, FRONT, NO_INDEX, Table, interval, number
from bench.storage.costs import COSTS
from bench.storage.run import Run

_COSTS = ("p50", "peak_memory")
_RECALL = re.compile(r"R[(@]")


def overview(run: Run, dataset: dict[str, Any], *, intervals: bool = True) -> Table:
    """A retriever a row: the main measure with its interval and marks, a recall, p50 and peak memory where known.

    intervals: has the recall one too?
    """
    whole, costs, front = quality(run, dataset), costs_of(run, dataset), _front(run, dataset)
    columns = [1 + run.info["measures"].index(name) for name in shown_measures(run, dataset)]
    known = [
        name for name in _COSTS if any(not math.isnan(rows[name]["value"]) for rows in costs.values() if name in rows)
    ]
    header = ["retriever", *(whole.header[column] for column in columns), *(COSTS[name].heading for name in known)]
    if intervals and len(columns) > 1:
        header[2] += " [95%]"
    rows = []
    for row in whole.rows:
        label, cells = row[0], [row[column] for column in columns]
        if intervals and len(columns) > 1:
            cells[1] = _with_interval(run, dataset, label, run.info["measures"][columns[1] - 1], cells[1])
        marked = with_mark(label, costs) + f" {FRONT}" * (label in front)
        taken = (cost_shown(costs[label], name, interval=False) if label in costs else "" for name in known)
        rows.append((marked, *cells, *taken))
    places = {column: place for place, column in enumerate(columns, 1)}
    best = {(row, places[column]) for row, column in whole.best if column in places}
    return Table(whole.title, tuple(header), tuple(rows), frozenset(best))


def shown_measures(run: Run, dataset: dict[str, Any]) -> list[str]:
    """The main measure of a set, and R@10, else the first recall, where that is another."""
    main, names = main_measure(run, dataset), run.info["measures"]
    recall = next((name for name in sorted(names, key=lambda name: name != "R@10") if _RECALL.match(name)), main)
    return list(dict.fromkeys((main, recall)))


def _with_interval(run: Run, dataset: dict[str, Any], label: str, measure: str, cell: str) -> str:
    """The cell of a figure with its interval before its marks."""
    cells = (dataset["name"], label, ALL, measure)
    names = ("dataset", "retriever", "slice", "measure")
    row = next(row for row in run.rows("measures") if tuple(row[name] for name in names) == cells)
    return interval(row) + cell.removeprefix(number(row["value"]))


def _front(run: Run, dataset: dict[str, Any]) -> list[str]:
    front: list[str] = analysis(run, dataset).get("pareto", {}).get("retrievers", [])
    return front if len(contenders(run)) > 1 else []


def marks_explained(run: Run, tables: Iterable[Table]) -> str:
    """What the marks in these tables mean, in a line; empty where there are none."""
    marks = {
        DAGGER: f"not shown different from {run.info['config'].get('against') or 'the best'}",
        FRONT: "beaten by no other on quality and all costs at once",
        NO_INDEX: "all documents were compared",
        "~": "on a noisy machine",
        "*": "shortened by a cache",
    }
    cells = [cell for table in tables for row in table.rows for cell in row]
    lettered = any(re.search(r"\] [A-Za-z]", cell) for cell in cells)
    parts = ["Letters: retrievers that share one are not shown different"] * lettered
    return "; ".join(parts + [f"{mark} {text}" for mark, text in marks.items() if any(mark in cell for cell in cells)])


def why_no_times(run: Run) -> Iterator[str]:
    """Whose times are left out since the machine was too busy, of the first set of which any are; none of a run that
    was to have none.
    """
    for dataset in run.datasets if run.info["config"].get("latency") else ():
        costs = costs_of(run, dataset)
        if notes := list(busy_notes(run, costs, [label for label in contenders(run) if label in costs])):
            yield from notes
            return
