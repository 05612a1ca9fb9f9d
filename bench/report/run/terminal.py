"""A stored run -> rich tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from bench.report import terminal
from bench.report.run.labels import short_labels
from bench.report.run.sections import sections
from bench.storage.run import Run


def render(run: Run) -> Iterator[RenderableType]:
    """Tables by set, the summary, what failed, where the files lie, and last the verdict."""
    return terminal.render(sections(run), short_labels(run))
