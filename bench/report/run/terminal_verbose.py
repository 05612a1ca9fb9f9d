"""A stored run -> all its tables in the terminal (--verbose). What matters most comes last, where a reader looks."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from bench.report import terminal
from bench.report.blocks import Block, Code, Text
from bench.report.run import parts
from bench.report.run.labels import short_labels
from bench.storage.folder import LOG
from bench.storage.run import Run


def render(run: Run) -> Iterator[RenderableType]:
    """Tables by set, the summary, what failed, where the files lie, and last the verdict."""
    return terminal.render(_blocks(run), short_labels(run))


def _blocks(run: Run) -> Iterator[Block]:
    for dataset in run.datasets:
        yield from parts.tables(run, dataset)
        yield from parts.what_to_know(run, dataset)
    yield from parts.grown(run)
    if len(run.datasets) > 1:
        yield from parts.summary(run)
    yield from parts.troubles(run, (Code(run.folder / LOG),))
    yield from parts.labels(run)
    files = "charts/, measures.csv, latency.csv, per_query.parquet, runs/"
    yield Text(("Files: ", Code(f"{run.folder} ({parts.page(run)}, {files})")))
    yield from parts.verdict(run)
