"""A stored run -> rich tables for the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table as Shown
from rich.text import Text

from bench.report import audits, failures, figures, why
from bench.report.conclusion import conclusion
from bench.report.subject import called
from bench.report.table import Table, log_line
from bench.store import Run

# Behind a figure; figures without one get a space, so that digits stand below digits.
MARKS = ("†", "*")
# Headings of wider tables are broken into lines, so that the figures fit.
ROOMY = 150


def render(run: Run) -> Iterator[RenderableType]:
    """Tables by dataset, the summary, the failures, where the files lie, and last the verdict."""
    for dataset in run.datasets:
        for table in (*figures.tables(run, dataset), *why.tables(run, dataset)):
            yield table_block(table)
        yield from _lines(run, dataset)
    if len(run.datasets) > 1:
        yield table_block(figures.summary(run))
    for dataset_name, retriever, reason in run.failures:
        yield _text(f"failed: {retriever} on {dataset_name}: {reason}", "bold red")
    for warning in run.warnings:
        yield _text(f"warning: {warning}", "yellow")
    yield _text(f"Files: {run.folder} (report.md, charts/, measures.csv, latency.csv, per_query.parquet, runs/)")
    yield from _conclusion(run)


def _lines(run: Run, dataset: dict[str, Any]) -> Iterator[RenderableType]:
    lines = [table.line for table in audits.audits(run, dataset)]
    if any(failures.losses(run, dataset)):
        lines.append("Where each loses most, query by query: see report.md.")
    if lines:
        yield _text(f"{called(dataset)}: what to know", "bold")
        yield from map(_text, lines)
        yield Text("")


def _conclusion(run: Run) -> Iterator[RenderableType]:
    found = conclusion(run)
    if found is None:
        return
    yield Text("")
    yield _text(f"Verdict: {found.choice}", "bold reverse")
    for each in found.paragraphs:
        yield _text(each.first, "bold")
        yield from map(_text, each.rest)


def table_block(table: Table) -> RenderableType:
    """A table under its title, with its notes."""
    shown = Shown(title=_text(table.title), title_justify="left", title_style="bold")
    marked = {place for row in table.rows for place, cell in enumerate(row) if place and cell.endswith(MARKS)}
    rows = [
        [f"{log_line(cell)}{' ' * (i in marked and not cell.endswith(MARKS))}" for i, cell in enumerate(row)]
        for row in table.rows
    ]
    for place, heading in enumerate(_headings(table, rows)):
        shown.add_column(Text(heading), justify="left" if place < table.columns_left else "right", overflow="fold")
    for number, row in enumerate(rows):
        shown.add_row(*(Text(cell, style="bold" if (number, i) in table.best else "") for i, cell in enumerate(row)))
    return Group(shown, *(_text(note, "dim") for note in table.notes), Text(""))


def _headings(table: Table, rows: list[list[str]]) -> list[str]:
    headings = [log_line(each) for each in table.header]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if sum(max(pair) + 3 for pair in zip(widths, map(len, headings), strict=True)) <= ROOMY:
        return headings
    return [
        "\n".join(textwrap.wrap(heading, max(8, width), break_long_words=False))
        for heading, width in zip(headings, widths, strict=True)
    ]


def _text(text: str, style: str = "") -> Text:
    return Text(log_line(text), style=style)
