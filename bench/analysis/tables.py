"""The run-level tables, merged from the cells in a fixed order, so that they can be rebuilt byte by byte."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from bench.analysis import approximation, no_answer, query_columns, wordings
from bench.analysis.costs import TableRow, cost_rows, gauge_readings
from bench.analysis.guard import Guard
from bench.analysis.shown_hits import queries_table
from bench.analysis.terms import Terms
from bench.data.dataset import Dataset
from bench.data.slices import slices
from bench.evaluation.intervals import mean_interval
from bench.evaluation.streams import Purpose, stream
from bench.storage.cell import Cell
from bench.storage.files import write_csv, write_parquet
from bench.storage.run import Run
from bench.storage.schema import HEADERS, SOMETIMES

# Set -> label -> cell.
Cells = Mapping[str, Mapping[str, Cell]]


def import_libraries() -> None:
    """Import what the tables will need; a run has time for it while its retrievers load."""
    import scipy.special

    del scipy


def write_tables(
    run: Run, datasets: Sequence[Dataset], by_set: Cells, guard: Guard, terms: Mapping[str, Terms]
) -> None:
    """Write the tables of a run; it holds what they say from then on, as if they had been read.

    by_set: set -> label -> cell. guard: is told of the tables of wordings, unanswerable queries and approximate search
    that fail, and of columns of queries.parquet. terms: of the sets of which such columns are wanted.
    """
    cells = {name: list(labelled.items()) for name, labelled in by_set.items()}
    rows: dict[str, list[TableRow]] = {name: [] for name in (*HEADERS, *SOMETIMES)}
    per_query, queries = [], []
    seed = run.info["config"]["seed"]
    gauged = [
        reading
        for labelled in cells.values()
        for _, cell in labelled
        for readings in gauge_readings(cell).values()
        for reading in readings
    ]
    quickest = min(gauged, default=math.nan)
    for dataset in datasets:
        rows["measures"] += _measures(dataset, cells[dataset.name], seed)
        for label, cell in cells[dataset.name]:
            whose = (dataset.name, label)
            for name, figures in (
                ("groups", partial(wordings.figures, dataset, cell.ranking, cell.per_query, seed)),
                ("unanswerable", partial(no_answer.figures, dataset, cell.ranking)),
                ("approximate", partial(approximation.figures, dataset, cell, seed)),
            ):
                listed = guard(f"{name} of {label} on {dataset.name}", partial(_listed, figures), [])
                rows[name] += [(*whose, *astuple(figure)) for figure in listed]
            rows["latency"] += cost_rows(dataset, label, cell, quickest, seed)
            # Below where a stored run was cut nothing is known of it.
            known = cell.ends if run.cut(dataset.name, label) is None and cell.ends else len(cell.info["recall"])
            rows["recall"] += [(*whose, k, value) for k, value in enumerate(cell.info["recall"][:known], 1)]
            rows["budgets"] += [(*whose, *point) for point in cell.info.get("budgets", ())]
            per_query.append(_per_query(dataset, label, cell))
        queries.append(_queries(run, dataset, cells[dataset.name], guard, terms.get(dataset.name)))
    present = {name: header for name, header in SOMETIMES.items() if rows[name]}
    for name, header in (HEADERS | present).items():
        write_csv(run.folder / f"{name}.csv", header, rows[name])
        run.hold(name, [dict(zip(header, row, strict=True)) for row in rows[name]])
    empty = pa.table({name: pa.array([], pa.string()) for name in ("dataset", "retriever", "query")})
    write_parquet(run.folder / "per_query.parquet", pa.concat_tables(per_query) if per_query else empty)
    write_parquet(run.folder / "queries.parquet", pa.concat_tables(queries))


def _listed(figures: Callable[[], Iterable[Any]]) -> list[Any]:
    return list(figures())


def _queries(run: Run, dataset: Dataset, cells: list[tuple[str, Cell]], guard: Guard, terms: Terms | None) -> pa.Table:
    table = queries_table(dataset, cells)
    columns: dict[str, Callable[[], pa.Array]] = {
        "overlap": lambda: query_columns.overlaps(dataset, terms) if terms else None,
        "unknown": lambda: query_columns.unknown_words(dataset, terms) if terms else None,
        "traps": lambda: query_columns.traps(dataset, cells, run.info["config"]["traps"]),
    }
    for name, make in columns.items():
        kind = query_columns.KINDS[name]
        column = guard(f"{name} of the queries of {dataset.name}", make, None)
        table = table.append_column(name, pa.nulls(len(table), kind) if column is None else column)
    return table


def _measures(dataset: Dataset, cells: list[tuple[str, Cell]], seed: int) -> list[TableRow]:
    if not cells:
        return []
    columns = [(label, measure) for label, cell in cells for measure in cell.per_query]
    values = np.column_stack([column for _, cell in cells for column in cell.per_query.values()])
    rows: dict[tuple[str, str, str], TableRow] = {}
    for name, mask in slices(dataset).items():
        chosen = values[mask]
        grouped = None if dataset.groups is None else dataset.groups[mask]
        # One set of draws for all retrievers: their intervals then differ by their values alone.
        low, high, _ = mean_interval(chosen, stream(seed, Purpose.MEAN), groups=grouped)
        mean = chosen.mean(axis=0) if len(chosen) else np.full(len(columns), np.nan)
        for (label, measure), *figures in zip(columns, mean.tolist(), low.tolist(), high.tolist(), strict=True):
            rows[label, name, measure] = (dataset.name, label, name, measure, *figures, len(chosen))
    names = slices(dataset)
    return [rows[label, name, measure] for label, cell in cells for name in names for measure in cell.per_query]


def _per_query(dataset: Dataset, label: str, cell: Cell) -> pa.Table:
    n = len(dataset.queries)
    return pa.table(
        {
            "dataset": pa.array([dataset.name] * n, pa.string()),
            "retriever": pa.array([label] * n, pa.string()),
            "query": pa.array(dataset.query_ids, pa.string()),
            "answerable": dataset.answerable,
            **cell.per_query,
        }
    )
