"""A comparison of two runs -> rich tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from bench.regression import Regression
from bench.report import terminal
from bench.report.regression.sections import sections


def render(comparison: Regression) -> Iterator[RenderableType]:
    """Costs, figures, flipped queries, gates, and last the outcome."""
    return terminal.render(sections(comparison))
