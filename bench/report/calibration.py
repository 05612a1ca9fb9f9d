"""A calibration -> a terminal table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from bench.errors import counted
from bench.report.table import Table
from bench.report.terminal_table import TerminalTable

if TYPE_CHECKING:
    from bench.experiment.calibration import Calibration

_STYLES = {"agrees": "green", "differs": "bold red"}


def render(result: Calibration) -> Iterator[RenderableType]:
    """One row for each figure, then what failed, and the outcome."""
    rows = tuple(
        (
            *(row.dataset, row.retriever, row.measure, "agrees" if row.agrees else "differs"),
            f"{row.source} [{row.kind}]",
            *(f"{row.published:.4f}", f"{row.measured:.4f}", f"{row.tolerance:g}"),
        )
        for row in result.rows
    )
    notes = dict.fromkeys(f"Tolerance of {row.retriever} with {row.source}: {row.why}." for row in result.rows)
    header = ("set", "retriever", "measure", "outcome", "source", "theirs", "ours", "tolerance")
    yield TerminalTable(Table("Published figures", header, rows, notes=tuple(notes), columns_left=5), _STYLES)
    for retriever, reason in result.failures:
        yield Text(f"{retriever} failed: {reason}", "bold red")
    yield Text(f"{sum(row.agrees for row in result.rows)} of {counted(len(result.rows), 'figure')} agree.")
