"""Recall by budget of word pieces, of runs with a measure over one."""

from __future__ import annotations

from typing import Any

from bench.report.run.names import contenders, controls, display_name
from bench.report.table import Table, number
from bench.storage.run import Row, Run

CUT = "*"


def recall(run: Run, dataset: dict[str, Any]) -> Table | None:
    """One column a budget; None where no measure is over one."""
    rows = [row for row in run.rows("budgets") if row["dataset"] == dataset["name"]]
    if not rows:
        return None
    by_retriever = {
        label: points
        for label in (*contenders(run), *controls(run))
        if (points := [row for row in rows if row["retriever"] == label])
    }
    header = ("retriever", *(f"{row['budget']:,}" for row in next(iter(by_retriever.values()))))
    lines = tuple((label, *map(_cell, points)) for label, points in by_retriever.items())
    notes = ["Of the whole passages that fit so many word pieces (MiniLM's), in order of rank."]
    if any(row["ended"] for row in rows):
        notes.append(f"{CUT} some rankings end before the budget is full; what comes below counts as missed.")
    return Table(f"{display_name(dataset)}: recall by prompt budget", header, lines, notes=tuple(notes))


def _cell(row: Row) -> str:
    return number(row["value"]) + CUT * bool(row["ended"])
