"""The findings of a lint -> terminal tables, or JSON. Ids and texts are strangers' input and stay plain text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.text import Text

from bench.report.table import Table, head
from bench.report.terminal_table import TerminalTable

if TYPE_CHECKING:
    from bench.data.check import Finding

SCHEMA = 1
SHOWN_IDS = 5
SHOWN_CHARACTERS = 60  # of an id
SHOWN_ROWS = 40  # of figures
STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}


def render(name: str, findings: Sequence[Finding]) -> Iterator[RenderableType]:
    """The findings, the first ids of each, then the figures of those that have some."""
    rows = tuple((finding.level, finding.message, _examples(finding.ids)) for finding in findings)
    yield TerminalTable(Table(name, ("level", "finding", "examples"), rows, columns_left=3), STYLES)
    for finding in findings:
        if finding.figures:
            yield TerminalTable(_figures(finding.kind, finding.figures))
    yield Text(_summary(findings))


def to_json(findings: Sequence[Finding]) -> dict[str, Any]:
    """All findings with all ids and figures, as JSON can hold them; counts: how many findings of each level."""
    return {
        "schema": SCHEMA,
        "counts": {level: sum(finding.level == level for finding in findings) for level in STYLES},
        "findings": [
            {
                "kind": finding.kind,
                "level": finding.level,
                "message": finding.message,
                "ids": [entry if isinstance(entry, str) else list(entry) for entry in finding.ids],
                "figures": {name: dict(row) for name, row in finding.figures.items()},
            }
            for finding in findings
        ],
    }


def _summary(findings: Sequence[Finding]) -> str:
    counts = [(level, sum(finding.level == level for finding in findings)) for level in STYLES]
    return ", ".join(f"{count} {level}{'' if count == 1 else 's'}" for level, count in counts)


def _examples(ids: Sequence[str | tuple[str, ...]]) -> str:
    shown = ", ".join(
        head(entry if isinstance(entry, str) else " + ".join(entry), SHOWN_CHARACTERS) for entry in ids[:SHOWN_IDS]
    )
    return f"{shown} … ({len(ids):,})" if len(ids) > SHOWN_IDS else shown


def _figures(kind: str, figures: Mapping[str, Mapping[str, float]]) -> Table:
    names = list(dict.fromkeys(name for row in figures.values() for name in row))
    rows = tuple(
        (heading, *(_number(row[name]) if name in row else "" for name in names))
        for heading, row in list(figures.items())[:SHOWN_ROWS]
    )
    more = len(figures) - SHOWN_ROWS
    notes = (f"and {more:,} more (--json has them all)",) if more > 0 else ()
    return Table(kind, ("", *names), rows, notes=notes)


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
