"""A stored run -> rich tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.report import figures
from bench.store import Run


def render(run: Run) -> Iterator[RenderableType]:
    """Tables by dataset, the summary, the failures and where the files lie."""
    for dataset in run.datasets:
        for table in figures.tables(run, dataset):
            yield table_block(table)
    if len(run.datasets) > 1:
        yield table_block(figures.summary(run))
    for dataset_name, retriever, reason in run.failures:
        yield Text(f"failed: {retriever} on {dataset_name}: {reason}", style="bold red")
    for warning in run.warnings:
        yield Text(f"warning: {warning}", style="yellow")
    yield Text(f"Files: {run.folder} (report.md, charts/, measures.csv, latency.csv, per_query.parquet, runs/)")


def table_block(table: figures.Table) -> RenderableType:
    """A table under its title, with its notes."""
    shown = Table(title=Text(table.title), title_justify="left", title_style="bold")
    for number, heading in enumerate(table.header):
        shown.add_column(Text(heading), justify="left" if number == 0 else "right", overflow="fold")
    for number, row in enumerate(table.rows):
        shown.add_row(*(Text(cell, style="bold" if (number, i) in table.best else "") for i, cell in enumerate(row)))
    return Group(shown, *(Text(note, style="dim") for note in table.notes), Text(""))
