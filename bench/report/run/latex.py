"""A stored run -> a table for a paper: retrievers by sets, in LaTeX with booktabs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from bench.data.slices import ALL
from bench.errors import counted
from bench.report.run.labels import shortened
from bench.report.run.marks import Marks, marks
from bench.report.run.names import contenders, controls, display_name, main_measure, to_depth
from bench.report.run.overview import shown_measures
from bench.report.table import inert, number
from bench.storage.run import Row, Run

_SPECIAL = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "-": "{-}",  # of several TeX would make a dash
    ",": "{,}",  # and of two a quotation mark
    "[": "{[}",  # after a line's end it would be an option
    "…": r"\ldots{}",
}
_LAST_LATIN = "\u017f"


@dataclass(frozen=True)
class _Column:
    """A measure of a set. rows: retriever -> its figure."""

    dataset: dict[str, Any]
    measure: str
    rows: Mapping[str, Row]
    marks: Marks


def escape(text: str) -> str:
    """A stranger's text that LaTeX prints as it is, on one line."""
    return "".join(_SPECIAL.get(character, character) for character in inert(text))


def render(run: Run, *, intervals: bool = False) -> str:
    """A table environment: a row a retriever; of each set its main measure, and a recall where that is another.

    intervals: below each figure. Bold is the best of a column, a dagger stands on who is not shown different from it,
    letters on the main measure tell groups; the caption says by which test. A comment names the packages it needs.
    """
    columns = list(_columns(run))
    table = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{' '.join(_caption(run, columns, intervals))}}}",
        rf"\begin{{tabular}}{{l{'r' * len(columns)}}}",
        r"\toprule",
        *_head(run, columns),
        r"\midrule",
        *_body(run, columns, intervals),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    needed = [r"% \usepackage{booktabs} \usepackage[T1]{fontenc}"]
    if any(character > _LAST_LATIN for line in table for character in line):
        needed.append("% Some names are not in Latin letters: for LuaLaTeX or XeLaTeX, with a font that has them.")
    return "\n".join([*needed, *table, ""])


def _columns(run: Run) -> Iterator[_Column]:
    for dataset in run.datasets:
        for measure in shown_measures(run, dataset):
            wanted = (dataset["name"], ALL, measure)
            rows = {
                row["retriever"]: row
                for row in run.rows("measures")
                if (row["dataset"], row["slice"], row["measure"]) == wanted
            }
            yield _Column(dataset, measure, rows, marks(run, dataset, measure))


def _head(run: Run, columns: Sequence[_Column]) -> Iterator[str]:
    groups = [(escape(name), len(list(group))) for name, group in groupby(columns, lambda c: display_name(c.dataset))]
    yield "".join(rf" & \multicolumn{{{width}}}{{c}}{{{name}}}" for name, width in groups) + r" \\"
    start = 2
    for _, width in groups:
        yield rf"\cmidrule(lr){{{start}-{start + width - 1}}}"
        start += width
    measures = (escape(to_depth(run, column.dataset, column.measure)) for column in columns)
    yield " & ".join(("Retriever", *measures)) + r" \\"


def _body(run: Run, columns: Sequence[_Column], intervals: bool) -> Iterator[str]:
    shown = shortened(run.retrievers)
    for label in (*contenders(run), *controls(run)):
        if not any(label in column.rows for column in columns):  # it failed
            continue
        yield " & ".join((escape(shown[label]), *(_cell(run, column, label) for column in columns))) + r" \\"
        if intervals:
            yield " & ".join(("", *(_interval(column.rows.get(label)) for column in columns))) + r" \\"


def _cell(run: Run, column: _Column, label: str) -> str:
    row = column.rows.get(label)
    if row is None or math.isnan(row["value"]):
        return "--"
    value, stands = number(row["value"], 3), column.marks
    text = rf"\textbf{{{value}}}" if label in stands.best else value
    is_main = column.measure == main_measure(run, column.dataset)
    above = stands.letters.get(label, "") if is_main else ""
    above += r"$\dagger$" * (label in stands.level)
    return text + rf"\textsuperscript{{{above}}}" * bool(above)


def _interval(row: Row | None) -> str:
    if row is None or math.isnan(row["low"]):
        return ""
    return rf"{{\scriptsize [{number(row['low'], 3)}, {number(row['high'], 3)}]}}"


def _caption(run: Run, columns: Sequence[_Column], intervals: bool) -> Iterator[str]:
    sets = [
        f"{escape(display_name(dataset))} ({counted(dataset['queries'] - dataset['unanswerable'], 'query', 'queries')})"
        for dataset in run.datasets
    ]
    yield f"Mean over the queries of {', '.join(sets)}."
    if any(column.marks.best for column in columns):
        yield "Bold: the highest of its column."
    test = (
        "paired randomisation test at the .05 level, Holm's correction over the comparisons of a set: those by its "
        "main measure, and those by the others"
    )
    baseline = run.info["config"].get("against")
    if any(column.marks.level for column in columns):
        yield rf"$\dagger$: not shown different from {escape(baseline) if baseline else 'the highest'} ({test})."
    elif any(column.marks.letters for column in columns):
        yield f"Differences: {test}."
    if any(column.marks.letters for column in columns):
        yield "Retrievers that share a letter are not shown different."
    if intervals:
        yield r"Brackets: 95\% bootstrap intervals."
