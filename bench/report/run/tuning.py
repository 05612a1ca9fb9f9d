"""A tuning: what was chosen, what it is worth on queries that the choice has not seen, and how much of it is luck."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from bench.report.blocks import Block, Text
from bench.report.run.names import display_name
from bench.report.table import Table, interval, number, signed, signed_interval
from bench.storage.run import Row, Run
from bench.storage.schema import BETTER, NOT_WORTH_IT, WORSE


def about_tuning(run: Run, dataset: dict[str, Any]) -> Iterator[Block]:
    """The table, and a sentence a tuned retriever; nothing where nothing was tuned."""
    if table := tuning(run, dataset):
        yield table
        yield from (Text((sentence,)) for sentence in sentences(run, dataset))


def tuning(run: Run, dataset: dict[str, Any]) -> Table | None:
    """One row a tuned retriever; None where nothing was tuned."""
    rows = rows_of(run, dataset)
    if not rows:
        return None
    measure = rows[0]["measure"]
    return Table(
        f"{display_name(dataset)}: tuned by {measure}",
        (
            *(
                "retriever",
                f"{measure} out of fold [95%]",
                "over its defaults [95%]",
                "optimism",
                "best on all queries",
            ),
            *("chosen by all", "folds that agree"),
        ),
        tuple(
            (
                row["retriever"],
                interval(row),
                signed_interval({"value": row["gain"], "low": row["gain_low"], "high": row["gain_high"]}),
                signed(row["optimism"]),
                number(row["best_value"]),
                _parameters(run, row),
                f"{row['agreeing']} of {row['folds']}",
            )
            for row in rows
        ),
        notes=(*_notes(rows), *_ends(rows)),
        columns_left=1,
    )


def rows_of(run: Run, dataset: dict[str, Any]) -> list[Row]:
    """The rows of tuning.csv of a set."""
    return [row for row in run.rows("tuning") if row["dataset"] == dataset["name"]]


def trials_of(run: Run, row: Row) -> list[Row]:
    """The trials of a row of tuning.csv."""
    return [trial for trial in run.rows("trials") if all(trial[key] == row[key] for key in ("dataset", "retriever"))]


def parameters_of(trial: Row) -> dict[str, str]:
    """Parameter -> value; none of the defaults."""
    return dict(pair.split("=", 1) for pair in trial["parameters"].split("\n") if pair)


def sentences(run: Run, dataset: dict[str, Any]) -> Iterator[str]:
    """Of each tuned retriever, whether tuning is worth it here."""
    for row in rows_of(run, dataset):
        gain = signed_interval({"value": row["gain"], "low": row["gain_low"], "high": row["gain_high"]})
        measure, default = row["measure"], row["default"]
        unseen = "on queries that the choice has not seen"
        looked = f"On the queries that chose it looked like {signed(row['in_fold'] - row['default_value'])}."
        if math.isnan(row["gain"]):
            yield f"{row['retriever']} cannot be held against {default}."
        elif row["outcome"] == BETTER:
            yield f"Tuning {default} is worth it here: {measure} {gain} {unseen}. {looked}"
        elif row["outcome"] == WORSE:
            yield f"Tuning {default} does harm here: {measure} {gain} {unseen}. {looked}"
        elif row["outcome"] == NOT_WORTH_IT:
            ruled_out = f"where a gain of {number(row['margin'], 3)} is ruled out"
            yield f"Tuning {default} is not worth it here: {measure} {gain} {unseen}, {ruled_out}. {looked}"
        else:
            yield f"That tuning {default} is worth it here is not shown: {measure} {gain} {unseen}. {looked}"


def _ends(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        if row["at_end"]:
            yield (
                f"{row['retriever']}: the best {row['at_end']} lies at an end of its range; a wider one may have a "
                "better."
            )


def _parameters(run: Run, row: Row) -> str:
    best = next(trial for trial in trials_of(run, row) if trial["best"])
    shown = (f"{name}={value or repr(value)}" for name, value in parameters_of(best).items())
    return ", ".join(shown) or "the defaults"


def _notes(rows: list[Row]) -> Iterator[str]:
    trials = "; ".join(
        f"{row['retriever']}: {row['trials']} trials" + f", {row['failed']} failed" * bool(row["failed"])
        for row in rows
    )
    yield (
        "Out of fold: each query scored by parameters that were chosen without it. Optimism: by how much the same "
        "choice looks better on the queries that chose it. Best on all queries: the highest of all trials, which "
        "flatters. "
        f"{trials}."
    )
