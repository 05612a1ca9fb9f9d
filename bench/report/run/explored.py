"""A stored run as the query explorer shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.report.page.explorer import ExploredSet
from bench.report.page.explorer_data import Explored, explorer_data
from bench.report.run.labels import shortened
from bench.report.run.names import analysis, display_name, main_measure
from bench.storage.files import slug
from bench.storage.run import Run

SOLVED_AT = 10  # of runs in which nothing could be compared


def explored_sets(run: Run) -> Iterator[ExploredSet]:
    """Every set with a query and a retriever that has values."""
    queries, values = (pq.read_table(run.folder / f"{name}.parquet") for name in ("queries", "per_query"))
    for dataset in run.datasets:
        own, its_values = (table.filter(pc.equal(table["dataset"], dataset["name"])) for table in (queries, values))
        if len(own) and len(its_values):
            content = _content(run, dataset, own, its_values)
            yield ExploredSet(slug(dataset["name"]), display_name(dataset), content)


def _content(run: Run, dataset: dict[str, Any], queries: pa.Table, values: pa.Table) -> dict[str, Any]:
    analyses, shown = analysis(run, dataset), shortened(run.retrievers)
    ranked = set(values["retriever"].to_pylist())
    depths = analyses.get("depths", {})
    retrievers = [
        Explored(
            shown[label],
            entry["kind"],
            depths.get(label, run.deepest(dataset["name"], label)),
            label,
            queries,
            _values(run, queries, values.filter(pc.equal(values["retriever"], label))),
        )
        for entry in run.info["retrievers"]
        if (label := entry["label"]) in ranked
    ]
    about = (analyses.get("verdict") or {}).get("pair") or ()
    return explorer_data(
        queries,
        retrievers,
        measures=run.info["measures"],
        main=main_measure(run, dataset),
        solved_at=analyses.get("solved_at", SOLVED_AT),
        slices=dataset["slices"],
        pair=[shown[label] for label in about],
    )


def _values(run: Run, queries: pa.Table, values: pa.Table) -> dict[str, np.ndarray]:
    order = pc.index_in(queries["query"].combine_chunks(), values["query"].combine_chunks())
    return {name: values[name].take(order).to_numpy().astype(np.float64) for name in run.info["measures"]}
