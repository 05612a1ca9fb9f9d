"""The maps of a run: where documents and queries lie to each retriever, and what they are.

map.parquet                    a row a point: dataset, retriever, kind, id, x, y; with a set's first retriever also the
                               text as it is shown, the topic and the fields, which are the same on every map of the set
map/<dataset>/<retriever>.npy  float32 [points, 2], documents in the set's order, then queries
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from bench.analysis.guard import Guard
from bench.analysis.topics import NONE, Topics, topics_of
from bench.config import RunConfig
from bench.data.dataset import TEXT, TITLE, Dataset
from bench.evaluation.projection import drawn_positions
from bench.storage.cell import Cell
from bench.storage.files import array_bytes, slug, write_atomic, write_parquet
from bench.storage.run import Run
from bench.storage.schema import MAP, MAPS

SHOWN_CHARACTERS = 300
# A column of the documents with as few values can colour a map.
MOST_VALUES = 50
DOCUMENT, QUERY = "document", "query"


def mapped_positions(dataset: Dataset, method: str, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The documents and the queries that a set's maps show, ascending; of too many the relevant documents first."""
    relevant = np.unique(dataset.judged_document[dataset.relevant])
    none = np.zeros(0, dtype=np.int64)
    return (
        drawn_positions(len(dataset.documents), relevant, method, seed),
        drawn_positions(len(dataset.queries), none, method, seed),
    )


def write_maps(
    run: Run, datasets: Sequence[Dataset], by_set: Mapping[str, Mapping[str, Cell]], config: RunConfig, guard: Guard
) -> dict[str, dict[str, Any]]:
    """Write the maps that cells hold, and remove those that a run with other settings left.

    by_set: set -> label -> cell. Returns set -> what analysis.json says of its
    maps: method and shares by retriever, and the names of topics.
    """
    method, seed = config.map, config.seed
    (run.folder / MAP).unlink(missing_ok=True)
    shutil.rmtree(run.folder / MAPS, ignore_errors=True)
    tables: list[pa.Table] = []
    described = {}
    for dataset in datasets:
        cells = {
            label: cell
            for label, cell in by_set[dataset.name].items()
            if cell.info.get("map", {}).get("method") == method and cell.points is not None
        }
        if cells:
            positions = mapped_positions(dataset, method, seed)
            texts = dataset.documents[TEXT].take(pa.array(positions[0])).to_pylist()
            nothing = Topics([], np.full(len(texts), NONE, dtype=np.int8))
            topics = guard(f"topics of {dataset.name}", partial(topics_of, texts, seed), nothing)
            tables += _tables(dataset, cells, positions, topics)
            described[dataset.name] = _described(dataset, cells, positions, topics)
            for label, cell in cells.items():
                path = run.folder / MAPS / slug(dataset.name) / f"{slug(label)}.npy"
                write_atomic(path, array_bytes(np.save, cell.points))
    if tables:
        write_parquet(run.folder / MAP, pa.concat_tables(tables))
    return described


def _described(
    dataset: Dataset, cells: Mapping[str, Cell], positions: tuple[NDArray[np.int64], NDArray[np.int64]], topics: Topics
) -> dict[str, Any]:
    documents, queries = map(len, positions)
    sampled = documents < len(dataset.documents) or queries < len(dataset.queries)
    maps = {
        label: {
            **{name: cell.info["map"][name] for name in ("method", "variance", "neighbours")},
            "documents": documents,
            "queries": queries,
            "sampled": sampled,
        }
        for label, cell in cells.items()
    }
    return {"maps": maps, "topics": topics.names}


def _tables(
    dataset: Dataset, cells: Mapping[str, Cell], positions: tuple[NDArray[np.int64], NDArray[np.int64]], topics: Topics
) -> list[pa.Table]:
    """One a retriever."""
    documents, queries = positions
    size = len(documents) + len(queries)
    asked = dataset.queries.take(pa.array(queries))
    shown = dataset.documents.take(pa.array(documents))
    ids = [*shown["id"].to_pylist(), *asked["id"].to_pylist()]
    texts = [text[:SHOWN_CHARACTERS] for table in (shown, asked) for text in table[TEXT].to_pylist()]
    topic = [None if number == NONE else number for number in topics.topic.tolist()] + [None] * len(queries)
    fields = [*_document_fields(shown), *_query_fields(dataset, queries)]
    tables: list[pa.Table] = []
    for label, cell in cells.items():
        points, first = cell.points, not tables
        assert points is not None
        tables.append(
            pa.table(
                {
                    "dataset": pa.array([dataset.name] * size, pa.string()),
                    "retriever": pa.array([label] * size, pa.string()),
                    "kind": pa.array([DOCUMENT] * len(documents) + [QUERY] * len(queries), pa.string()),
                    "id": pa.array(ids, pa.string()),
                    "x": pa.array(points[:, 0], pa.float32()),
                    "y": pa.array(points[:, 1], pa.float32()),
                    "text": pa.array(texts if first else [None] * size, pa.string()),
                    "topic": pa.array(topic if first else [None] * size, pa.int8()),
                    "fields": pa.array(fields if first else [None] * size, pa.string()),
                }
            )
        )
    return tables


def _document_fields(documents: pa.Table) -> list[str]:
    """The columns of each document that have few values, as JSON."""
    names = [
        name
        for name in documents.column_names
        if name not in ("id", TEXT, TITLE) and 1 < len(documents[name].unique()) <= MOST_VALUES
    ]
    if not names:
        return ["{}"] * len(documents)
    return [_json(row) for row in documents.select(names).to_pylist()]


def _query_fields(dataset: Dataset, queries: NDArray[np.int64]) -> list[str]:
    """The scalar metadata of each query, as JSON."""
    return [_json(dataset.metadata[query]) for query in queries.tolist()]


def _json(fields: Mapping[str, Any]) -> str:
    """Scalars alone, as text."""
    scalars = {
        name: str(value) for name, value in fields.items() if value is not None and not isinstance(value, list | dict)
    }
    return orjson.dumps(scalars, option=orjson.OPT_SORT_KEYS).decode()
