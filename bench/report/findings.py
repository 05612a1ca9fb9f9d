"""The findings of a lint -> terminal tables, or JSON. Ids and texts are strangers' input and stay plain text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from bench.lint import Finding

SCHEMA = 1
SHOWN_IDS = 5
SHOWN_CHARACTERS = 60  # of an id
SHOWN_ROWS = 40  # of figures
STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}


def render(name: str, findings: Sequence[Finding]) -> Iterator[RenderableType]:
    """The findings, the first ids of each, then the figures of those that have some."""
    table = Table(title=_plain(name), title_justify="left", title_style="bold")
    for heading in ("level", "finding", "examples"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        table.add_row(_plain(finding.level, STYLES[finding.level]), _plain(finding.message), _examples(finding.ids))
    yield table
    for finding in findings:
        if finding.figures:
            yield _figures(finding.kind, finding.figures)
    yield _plain(_summary(findings))


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
                "ids": [each if isinstance(each, str) else list(each) for each in finding.ids],
                "figures": {name: dict(row) for name, row in finding.figures.items()},
            }
            for finding in findings
        ],
    }


def _summary(findings: Sequence[Finding]) -> str:
    counts = [(level, sum(finding.level == level for finding in findings)) for level in STYLES]
    return ", ".join(f"{count} {level}{'' if count == 1 else 's'}" for level, count in counts)


def _examples(ids: Sequence[str | tuple[str, ...]]) -> Text:
    shown = ", ".join(_short(each if isinstance(each, str) else " + ".join(each)) for each in ids[:SHOWN_IDS])
    return _plain(f"{shown} … ({len(ids):,})" if len(ids) > SHOWN_IDS else shown)


def _figures(kind: str, figures: Mapping[str, Mapping[str, float]]) -> RenderableType:
    names = list(dict.fromkeys(name for row in figures.values() for name in row))
    table = Table(title=_plain(kind), title_justify="left", title_style="bold")
    table.add_column("")
    for name in names:
        table.add_column(_plain(name), justify="right")
    for heading, row in list(figures.items())[:SHOWN_ROWS]:
        table.add_row(_plain(heading), *(_plain(_number(row[name])) if name in row else "" for name in names))
    if len(figures) <= SHOWN_ROWS:
        return table
    return Group(table, _plain(f"and {len(figures) - SHOWN_ROWS:,} more (--json has them all)", "dim"))


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def _plain(text: str, style: str = "") -> Text:
    """Text without markup, and without characters that steer a terminal or turn the direction of writing."""
    return Text("".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text), style=style)
