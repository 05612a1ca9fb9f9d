"""Approximate against exact search: what an index loses, and what it takes."""

from __future__ import annotations

import math
from typing import Any

from bench.report.run.cost import cost_shown, costs_of, with_mark, without_index
from bench.report.run.names import contenders, display_name, main_as_shown, main_measure
from bench.report.table import Table, interval, number, signed_interval
from bench.storage.costs import COSTS, MEGABYTE, OPENED
from bench.storage.run import Row, Run

TIMES = ("p50", "p95", "batch")
# Quantity -> its heading, how many of it are one of what is shown, digits.
SIZES = {
    "build_seconds": ("build s", 1, 2),
    "index_bytes": ("index MB", MEGABYTE, 1),
    "bytes_a_document": ("bytes a document", 1, 0),
}


def approximate(run: Run, dataset: dict[str, Any]) -> Table | None:
    """One row an index; None where none approximates."""
    main = main_measure(run, dataset)
    figures: dict[str, dict[str, Row]] = {}
    for row in run.rows("approximate"):
        if row["dataset"] == dataset["name"] and row["measure"] in ("", main):
            figures.setdefault(row["retriever"], {})[row["quantity"]] = row
    labels = [label for label in contenders(run) if label in figures]
    if not labels:
        return None
    costs = costs_of(run, dataset)
    timed = [name for name in TIMES if any(_is_known(costs.get(label, {}).get(name)) for label in labels)]
    sizes = [name for name in SIZES if any(_is_known(figures[label][name]) for label in labels)]
    rows = tuple(
        (
            with_mark(label, costs),
            interval(its["recall"]),
            number(its["exact"]["value"]),
            signed_interval(its["loss"]),
            *(cost_shown(costs.get(label, {}), name) for name in timed),
            *(size_shown(name, its[name]["value"]) for name in sizes),
        )
        for label in labels
        for its in (figures[label],)
    )
    header = ("retriever", "recall@10 of exact [95%]", f"{main_as_shown(run, dataset)} of exact", "loss [95%]")
    note = (
        "Exact: the same vectors, each compared with each query. Recall: the share of exact's first 10 hits among its "
        "own first 10. Loss: exact's less its own, paired by query."
    )
    note += " Build: of the index alone, without encoding." * ("build_seconds" in sizes)
    note += " Times: of whole queries, with their encoding." * bool(timed)
    opened = [label for label in labels if OPENED in costs.get(label, {})]
    notes = (note, *(f"No build time of {label}: its index was opened and not built." for label in opened))
    return Table(
        f"{display_name(dataset)}: approximate against exact",
        (*header, *(COSTS[name].heading for name in timed), *(SIZES[name][0] for name in sizes)),
        rows,
        notes=(*notes, *without_index(costs)),
    )


def _is_known(row: Row | None) -> bool:
    return row is not None and not math.isnan(row["value"])


def size_shown(quantity: str, value: float) -> str:
    """One of SIZES."""
    _, scale, digits = SIZES[quantity]
    return "n/a" if math.isnan(value) else f"{value / scale:,.{digits}f}"
