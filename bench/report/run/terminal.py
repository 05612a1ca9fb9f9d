"""A stored run -> rich tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from bench.report.run import audits, losses, why
from bench.report.run.names import display_name, short_labels
from bench.report.run.quality import summary, tables
from bench.report.run.verdict import conclusion
from bench.report.table import log_line
from bench.report.terminal_table import TerminalTable
from bench.storage.run import Run


def render(run: Run) -> Iterator[RenderableType]:
    """Tables by dataset, the summary, the failures, where the files lie, and last the verdict."""
    short = short_labels(run)
    for dataset in run.datasets:
        for table in (*tables(run, dataset), *why.tables(run, dataset)):
            yield TerminalTable(table.told(short))
        yield from _lines(run, dataset)
    if len(run.datasets) > 1:
        yield TerminalTable(summary(run).told(short))
    for dataset_name, retriever, reason in run.failures:
        yield _text(f"failed: {short(retriever)} on {dataset_name}: {reason}", "bold red")
    for warning in run.warnings:
        yield _text(f"warning: {warning}", "yellow")
    yield _text(f"Files: {run.folder} (report.md, charts/, measures.csv, latency.csv, per_query.parquet, runs/)")
    yield from _conclusion(run)


def _lines(run: Run, dataset: dict[str, Any]) -> Iterator[RenderableType]:
    short = short_labels(run)
    lines = [table.line for table in audits.audits(run, dataset)]
    if any(losses.losses(run, dataset)):
        lines.append("Where each loses most, query by query: see report.md.")
    if lines:
        yield _text(f"{display_name(dataset)}: what to know", "bold")
        yield from (_text(short(line)) for line in lines)
        yield Text("")


def _conclusion(run: Run) -> Iterator[RenderableType]:
    found = conclusion(run)
    if found is None:
        return
    yield Text("")
    short = short_labels(run)
    yield _text(f"Verdict: {short(found.choice)}", "bold reverse")
    for each in found.paragraphs:
        yield _text(short(each.first), "bold")
        yield from (_text(short(sentence)) for sentence in each.rest)


def _text(text: str, style: str = "") -> Text:
    return Text(log_line(text), style=style)
