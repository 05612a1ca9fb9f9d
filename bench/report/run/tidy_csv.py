"""A stored run -> one tidy CSV table: a row a figure, its interval, and how its retriever stands."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from typing import Any

from bench.data.slices import ALL
from bench.report.run.marks import Marks, marks
from bench.report.table import inert
from bench.storage.run import Row, Run

COLUMNS = (
    *("dataset", "retriever", "kind", "slice", "measure", "unit", "value", "low", "high", "queries"),
    *("best", "letters", "level_with_best"),
)
# Table -> the column that counts what a figure is over.
_COUNTS = {"measures": "queries", "groups": "groups", "unanswerable": "unanswerable", "latency": "samples"}


def render(run: Run) -> str:
    """The measures, the wordings, the queries without an answer and the costs of all sets, in that order.

    An interval that is not known is empty, and so are marks of what is not tested. Names that a spreadsheet would take
    for a formula begin with an apostrophe.
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_lines(run))
    return stream.getvalue()


def _lines(run: Run) -> Iterator[list[str]]:
    kinds = {retriever["label"]: retriever["kind"] for retriever in run.info["retrievers"]}
    tested = {
        (dataset["name"], name): marks(run, dataset, name) for dataset in run.datasets for name in run.info["measures"]
    }
    for table, count in _COUNTS.items():
        for row in run.rows(table):
            whole = table == "measures" and row["slice"] == ALL
            stands = tested[row["dataset"], row["measure"]] if whole else None
            yield [
                *map(_text, (row["dataset"], row["retriever"], kinds[row["retriever"]], row.get("slice", ALL))),
                " ".join(filter(None, (row.get("quantity"), row.get("measure")))),
                row.get("unit", ""),
                *map(_number, (row["value"], row["low"], row["high"])),
                str(row[count]),
                *_stands(stands, row),
            ]


def _stands(stands: Marks | None, row: Row) -> tuple[Any, ...]:
    label = row["retriever"]
    if stands is None:
        return "", "", ""
    return int(label in stands.best), stands.letters.get(label, ""), int(label in stands.best | stands.level)


def _text(text: str) -> str:
    """A name on one line that no spreadsheet takes for a formula."""
    plain = inert(text)
    return f"'{plain}" if plain.startswith(("=", "+", "-", "@")) else plain


def _number(value: float) -> str:
    return "" if math.isnan(value) else repr(value)
