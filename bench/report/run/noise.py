"""The noise floor: how far figures moved by what should not matter, by measure and by variant."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator
from itertools import chain
from typing import Any

from rich.console import RenderableType

from bench.report import terminal
from bench.report.blocks import Block, Remark, Text
from bench.report.run.labels import short_labels
from bench.report.run.names import display_name, main_as_shown, main_measure
from bench.report.table import Table, number
from bench.storage.folder import LOG
from bench.storage.run import Row, Run


def render(run: Run) -> Iterator[RenderableType]:
    """What failed, what to know, the tables, where the files lie."""
    blocks: list[Block] = [Remark("failed", reason, retriever) for _, retriever, reason in run.failures]
    blocks += [Text((f"What failed: {run.folder / LOG} has more.",))] * bool(run.failures)
    blocks += [Remark("warning", warning) for warning in run.warnings]
    for dataset in run.datasets:
        blocks += [*noise(run, dataset), *filter(None, [overview(run, dataset)])]
    again = shlex.join(["python", "-m", "bench", "run", *run.info["config"]["datasets"], "--noise", str(run.folder)])
    blocks.append(Text((f"To mark what lies below it in a run: {again}",), state="aside"))
    return terminal.render([*blocks, Text((f"Files: {run.folder} (report.html, noise.csv)",))], short_labels(run))


def overview(run: Run, dataset: dict[str, Any]) -> Table | None:
    """The floor of the main measure, a row a retriever; None where the run is of no noise floor."""
    by_line = _by_line(run, dataset)
    main = main_measure(run, dataset)
    changed = list(dict.fromkeys(chain.from_iterable(_distinct(rows, "changed") for rows in by_line.values())))
    rows = tuple((line, *_floors(rows, main, changed)) for line, rows in by_line.items())
    header = ("retriever", main_as_shown(run, dataset), *changed, *_OF_ALL)
    return Table(f"{display_name(dataset)}: noise floor", header, rows, notes=_notes(dataset)) if rows else None


def noise(run: Run, dataset: dict[str, Any]) -> list[Table]:
    """Of each retriever the floors by measure, then what became of single queries by variant; none of other runs."""
    tables = ((floors(dataset, rows), moved(run, dataset, rows)) for rows in _by_line(run, dataset).values())
    return list(chain.from_iterable(tables))


_OF_ALL = ("largest from it", "noise floor", "without ties")


def floors(dataset: dict[str, Any], rows: list[Row]) -> Table:
    """A row a measure. rows: of one retriever."""
    changed = _distinct(rows, "changed")
    made = tuple((measure, *_floors(rows, measure, changed)) for measure in _distinct(rows, "measure"))
    title = f"{display_name(dataset)}: noise floors of {rows[0]['retriever']}"
    return Table(title, ("measure", "as it is", *changed, *_OF_ALL), made)


def _floors(rows: list[Row], measure: str, changed: list[str]) -> tuple[str, ...]:
    """The mean as it is, the spread by what was changed, and over all; empty where a retriever does not have that."""
    own = _distinct(rows, "changed")
    return (
        number(_figure(rows, "mean", measure)),
        *(tiny(_figure(rows, "spread", measure, changed=name)) if name in own else "" for name in changed),
        *(tiny(_figure(rows, name, measure)) for name in ("largest_difference", "floor", "floor_without_ties")),
    )


def _notes(dataset: dict[str, Any]) -> tuple[str, ...]:
    about = (
        "By what was changed: the largest difference between the means of any two variants, the retriever as it is "
        "among them. Largest from it: the largest difference to the retriever as it is. Noise floor: the largest "
        "between any two of all. Without ties: the same with equal scores in one order, whatever order the documents "
        "were handed over in; what is left is rounding."
    )
    return (about, f"Of {dataset['note']}.") if dataset["note"] else (about,)


def _by_line(run: Run, dataset: dict[str, Any]) -> dict[str, list[Row]]:
    """The rows of noise.csv of a set by retriever."""
    rows = [row for row in run.rows("noise") if row["dataset"] == dataset["name"]]
    return {line: [row for row in rows if row["retriever"] == line] for line in _distinct(rows, "retriever")}


def moved(run: Run, dataset: dict[str, Any], rows: list[Row]) -> Table:
    """A row a variant. rows: of one retriever."""
    main = main_measure(run, dataset)
    made = []
    for variant in _distinct(rows, "variant"):
        its = [row for row in rows if row["variant"] == variant]
        figures = {row["quantity"]: row["value"] for row in its if row["measure"] in ("", main)}
        made.append(
            (
                f"{its[0]['changed']} {its[0]['setting']}",
                signed_tiny(figures["difference"]),
                *(_share(figures, name) for name in ("top1", "top10_set", "top10_order")),
                f"{figures['rank_change']:,.0f}",
                tiny(figures["score_difference"]),
            )
        )
    return Table(
        f"{display_name(dataset)}: what moved under {rows[0]['retriever']}",
        ("variant", main_as_shown(run, dataset), "other top 1", "top 10", "its order", "rank", "score"),
        tuple(made),
        notes=(
            f"{main}: less that of the retriever as it is. Shares of the queries; in brackets what equal scores alone "
            "have moved. Rank: the most that a relevant document moved; without one it stands below "
            f"{run.info['depth']:,}. Score: the most that a hit's score moved.",
        ),
        level=3,
    )


def tiny(value: float) -> str:
    """A figure that may be very small, with two digits that count; 0 only where it is 0."""
    if not value or math.isnan(value):
        return "n/a" if math.isnan(value) else "0"
    return f"{value:.{max(4, 1 - math.floor(math.log10(abs(value))))}f}"


def signed_tiny(value: float) -> str:
    """The same of a difference."""
    return f"+{tiny(value)}" if value > 0 else tiny(value)


def _share(figures: dict[str, float], name: str) -> str:
    ties = figures[f"{name}_ties"]
    return f"{figures[name]:.1%}" + (f" ({ties:.1%})" if ties else "")


def _figure(rows: list[Row], quantity: str, measure: str, changed: str = "") -> float:
    """Of no single variant."""
    wanted = (quantity, measure, changed, "")
    return next(
        (
            float(row["value"])
            for row in rows
            if (row["quantity"], row["measure"], row["changed"], row["variant"]) == wanted
        ),
        math.nan,
    )


def _distinct(rows: list[Row], column: str) -> list[str]:
    """The values that are not empty, in their order."""
    return [value for value in dict.fromkeys(row[column] for row in rows) if value]
