"""A stored run -> what fits a screen. What matters most comes last, where a reader looks."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from itertools import chain

from rich.console import RenderableType

from bench.report import terminal
from bench.report.blocks import Block, Code, Text
from bench.report.run import parts
from bench.report.run.labels import short_labels
from bench.report.run.names import display_name, no_better_than_random
from bench.report.run.overview import why_no_times
from bench.report.run.tuning import about_tuning
from bench.report.terminal_table import FirstThatFits
from bench.storage.folder import LOG
from bench.storage.run import Run
from bench.storage.trials import FRAGMENT


def render(run: Run) -> Iterator[RenderableType]:
    """A table a set, what failed and what to look at, the verdict, and last where the report lies."""
    change = short_labels(run)
    for dataset in run.datasets:
        if tables := parts.overviews(run, dataset):
            yield FirstThatFits([table.relabelled(change) for table in tables])
        yield from terminal.render(about_tuning(run, dataset), change)
    yield from terminal.render(chain(parts.grown(run), _notes(run), parts.short_verdict(run), _where(run)), change)


def _notes(run: Run) -> Iterator[Block]:
    yield from parts.legend(run)
    yield from parts.labels(run)
    yield from parts.troubles(run, (Code(run.folder / LOG),))
    yield from (Text((note,), state="warning") for note in why_no_times(run))
    for dataset in run.datasets:
        if len(run.datasets) > 1:  # of one set the verdict says it
            yield from (Text((f"{display_name(dataset)}: {text}",)) for text in no_better_than_random(run, dataset))
        yield from parts.attention(run, dataset)


def _where(run: Run) -> Iterator[Block]:
    yield Text()
    if "tuning" in run.info:
        chosen = Code(f"python -m bench run --config {shlex.quote(str(run.folder / FRAGMENT))}")
        yield Text(("Run what was chosen: ", chosen), state="aside")
    command = Code(f"python -m bench report {shlex.quote(str(run.folder))} --verbose")
    yield Text(("All tables here: ", command), state="aside")
    yield Text(("Open ", Code(run.folder / parts.page(run))))
