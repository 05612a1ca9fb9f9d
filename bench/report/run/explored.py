"""The sets of a stored run as the query explorer and the map show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.report.page.explorer_data import explorer_data
from bench.report.page.map_data import heads, map_data, map_table
from bench.report.page.sets import ShownSet
from bench.report.page.texts import Explored, SetTexts, texts_of
from bench.report.run.labels import shortened
from bench.report.run.names import analysis, display_name, main_measure
from bench.storage.files import slug
from bench.storage.run import Run

SOLVED_AT = 10  # of runs in which nothing could be compared


def shown_sets(run: Run, *, explored: bool = True) -> list[ShownSet]:
    """Every set with queries whose values or maps are stored. explored: are their values shown?"""
    queries, values = (pq.read_table(run.folder / f"{name}.parquet") for name in ("queries", "per_query"))
    sets = []
    for dataset in run.datasets:
        own, its_values = (table.filter(pc.equal(table["dataset"], dataset["name"])) for table in (queries, values))
        points = map_table(run, dataset["name"])
        if len(own) and (len(points) or len(its_values)):
            sets.append(_shown(run, dataset, own, its_values if explored else its_values[:0], points))
    return sets


def _shown(run: Run, dataset: dict[str, Any], queries: pa.Table, values: pa.Table, points: pa.Table) -> ShownSet:
    """values: of per_query.parquet. points: of map.parquet."""
    name = dataset["name"]
    retrievers = _retrievers(run, dataset, queries, values, points)
    texts = texts_of(queries, retrievers, heads(points))
    shown = {retriever.name: retriever.label for retriever in retrievers}
    return ShownSet(
        slug(name),
        display_name(dataset),
        texts.content,
        _explored(run, dataset, queries, retrievers, texts) if len(values) else None,
        map_data(run, name, points, shown, queries["query"].to_pylist()) if len(points) else None,
    )


def _retrievers(
    run: Run, dataset: dict[str, Any], queries: pa.Table, values: pa.Table, points: pa.Table
) -> list[Explored]:
    """Those with values or a map."""
    name, depths, short = dataset["name"], analysis(run, dataset).get("depths", {}), shortened(run.retrievers)
    known = {*values["retriever"].to_pylist(), *pc.unique(points["retriever"]).to_pylist()}
    return [
        Explored(
            short[label],
            entry["kind"],
            depths.get(label, run.deepest(name, label)),
            label,
            queries,
            _values(run, queries, values.filter(pc.equal(values["retriever"], label))),
        )
        for entry in run.info["retrievers"]
        if (label := entry["label"]) in known
    ]


def _explored(
    run: Run, dataset: dict[str, Any], queries: pa.Table, retrievers: Sequence[Explored], texts: SetTexts
) -> dict[str, Any]:
    analyses, short = analysis(run, dataset), shortened(run.retrievers)
    about = (analyses.get("verdict") or {}).get("pair") or ()
    return explorer_data(
        queries,
        retrievers,
        texts,
        measures=run.info["measures"],
        main=main_measure(run, dataset),
        solved_at=analyses.get("solved_at", SOLVED_AT),
        slices=dataset["slices"],
        pair=[short[label] for label in about],
    )


def _values(run: Run, queries: pa.Table, values: pa.Table) -> dict[str, np.ndarray]:
    order = pc.index_in(queries["query"].combine_chunks(), values["query"].combine_chunks())
    return {name: values[name].take(order).to_numpy().astype(np.float64) for name in run.info["measures"]}
