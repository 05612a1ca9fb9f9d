"""A calibration -> a terminal table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from bench.calibrate import Calibration


def render(found: Calibration) -> Iterator[RenderableType]:
    """One row for each figure, then what failed, then the outcome."""
    table = Table("set", "retriever", "measure", "theirs", "ours", "tolerance", "outcome", "source", "tolerance since")
    for row in found.rows:
        numbers = (f"{row.published:.4f}", f"{row.measured:.4f}", f"{row.tolerance:g}")
        outcome = Text("agrees", "green") if row.agrees else Text("differs", "bold red")
        source = f"{row.source} [{row.kind}]"
        table.add_row(
            *map(Text, (row.dataset, row.retriever, row.measure, *numbers)), outcome, Text(source), Text(row.why)
        )
    yield table
    for retriever, reason in found.failures:
        yield Text(f"{retriever} failed: {reason}", "bold red")
    yield Text(f"{sum(row.agrees for row in found.rows)} of {len(found.rows)} figures agree.")
