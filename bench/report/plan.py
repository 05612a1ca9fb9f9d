"""A plan -> a terminal table, and a sentence on where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from bench.report.table import Table
from bench.report.terminal_table import TerminalTable

if TYPE_CHECKING:
    from bench.judging.plan import Planned


def render(planned: Sequence[Planned], difference: float, power: float, source: str) -> Iterator[RenderableType]:
    """A row for each pair of retrievers. source: whose spreads these are."""
    depths = sorted({depth for row in planned for depth in row.judgements})
    header = ("set", "retrievers", "measure", "spread", "queries", *(f"to depth {depth}" for depth in depths))
    rows = tuple(
        (
            *(row.pilot.dataset, " and ".join(row.pilot.pair), row.pilot.measure, f"{row.pilot.spread:.3f}"),
            f"{rounded(row.queries):,}",
            *(f"{rounded(row.judgements[depth]):,}" if depth in row.judgements else "–" for depth in depths),
        )
        for row in planned
    )
    title = f"Queries that show a difference of {difference:g} in {power:.0%} of cases, and their judgements"
    notes = (
        f"spread: standard deviation of the two's differences per query, measured {source}.",
        "queries: about so many, for a two-sided paired test at .05; twice the spread takes four times as many.",
        "to depth: judgements, if of each query the first hits of both down to that rank are judged.",
    )
    yield TerminalTable(Table(title, header, rows, notes=notes, columns_left=3))
    counts = [rounded(row.queries) for row in planned]
    between = f"{min(counts):,}" if len(set(counts)) == 1 else f"{min(counts):,} to {max(counts):,}"
    yield Text(f"Plan for {between} queries, the more the less alike the retrievers are.")


def rounded(count: int) -> int:
    """Up to two digits: it is an estimate."""
    step = int(10 ** max(0, len(str(count)) - 2))
    return -(-count // step) * step
