"""The run-level tables, merged from the cells in a fixed order, so that they can be rebuilt byte by byte."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench import groups, latency, noise, store, unanswerable
from bench.dataset import Dataset
from bench.guard import Guard
from bench.intervals import mean_interval
from bench.streams import Purpose, stream

SHOWN_HITS = 10
SHOWN_CHARACTERS = 300
# Queries whose shown hits are gathered at once.
BLOCK = 1_000

Row = tuple[Any, ...]


def import_libraries() -> None:
    """Import what the tables will need; a run has time for it while its retrievers load."""
    import scipy.special

    del scipy


def write(run: store.Run, datasets: Sequence[Dataset], guard: Guard) -> None:
    """Write the tables of a run. guard: is told of the tables of wordings and unanswerable queries that fail."""
    cells = {
        dataset.name: [(label, cell) for label in run.retrievers if (cell := run.cell(dataset.name, label))]
        for dataset in datasets
    }
    rows: dict[str, list[Row]] = {name: [] for name in store.HEADERS}
    per_query, queries = [], []
    seed = run.info["config"]["seed"]
    gauged = [reading for each in cells.values() for _, cell in each for taken in _readings(cell) for reading in taken]
    quickest = min(gauged, default=math.nan)
    for dataset in datasets:
        rows["measures"] += _measures(dataset, cells[dataset.name], seed)
        for label, cell in cells[dataset.name]:
            whose = (dataset.name, label)
            for name, figures in (
                ("groups", partial(groups.figures, dataset, cell.ranking, cell.per_query, seed)),
                ("unanswerable", partial(unanswerable.figures, dataset, cell.ranking)),
            ):
                found = guard(f"{name} of {label} on {dataset.name}", partial(_listed, figures), [])
                rows[name] += [(*whose, *astuple(each)) for each in found]
            rows["latency"] += _latency(dataset, label, cell, quickest, seed)
            # Below where a stored run was cut nothing is known of it.
            known = cell.ends if run.cut(dataset.name, label) is None and cell.ends else len(cell.info["recall"])
            rows["recall"] += [(*whose, k, value) for k, value in enumerate(cell.info["recall"][:known], 1)]
            per_query.append(_per_query(dataset, label, cell))
        queries.append(_queries(dataset, cells[dataset.name]))
    for name, header in store.HEADERS.items():
        store.write_csv(run.folder / f"{name}.csv", header, rows[name])
    empty = pa.table({name: pa.array([], pa.string()) for name in ("dataset", "retriever", "query")})
    store.write_parquet(run.folder / "per_query.parquet", pa.concat_tables(per_query) if per_query else empty)
    store.write_parquet(run.folder / "queries.parquet", pa.concat_tables(queries))


def _listed(figures: Callable[[], Iterable[Any]]) -> list[Any]:
    return list(figures())


def per_query_bytes(dataset: Dataset, values: dict[str, NDArray[np.float64]]) -> bytes:
    """per_query.parquet of a cell: query, one column a measure."""
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"query": pa.array(dataset.query_ids, pa.string()), **values}), sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def slices(dataset: Dataset) -> dict[str, NDArray[np.bool_]]:
    """Name -> mask [queries] over the answerable queries: all, then one for each value of the card's fields."""
    found = {store.ALL: dataset.answerable}
    for name in dataset.card.slices:
        values = dataset.field(name)
        numbers = {value: number for number, value in enumerate(sorted(set(values) - {""}))}
        # Not texts in numpy, which are all as long as the longest and end before a NUL.
        coded = np.array([numbers.get(value, -1) for value in values])
        for value, number in numbers.items():
            found[f"{name}={value}"] = (coded == number) & dataset.answerable
    return found


def _measures(dataset: Dataset, cells: list[tuple[str, store.Cell]], seed: int) -> list[Row]:
    if not cells:
        return []
    columns = [(label, measure) for label, cell in cells for measure in cell.per_query]
    values = np.column_stack([each for _, cell in cells for each in cell.per_query.values()])
    rows: dict[tuple[str, str, str], Row] = {}
    for name, mask in slices(dataset).items():
        chosen = values[mask]
        wordings = None if dataset.groups is None else dataset.groups[mask]
        # One set of draws for all retrievers: their intervals then differ by their values alone.
        low, high, _ = mean_interval(chosen, stream(seed, Purpose.MEAN), groups=wordings)
        mean = chosen.mean(axis=0) if len(chosen) else np.full(len(columns), np.nan)
        for (label, measure), *figures in zip(columns, mean.tolist(), low.tolist(), high.tolist(), strict=True):
            rows[label, name, measure] = (dataset.name, label, name, measure, *figures, len(chosen))
    names = slices(dataset)
    return [rows[label, name, measure] for label, cell in cells for name in names for measure in cell.per_query]


def _readings(cell: store.Cell) -> tuple[list[float], list[float]]:
    """Of the gauge, in seconds: around the cell's index and ranking, and between its blocks of single queries."""
    timing = cell.info["timing"] or {}
    return cell.info.get("gauge_seconds", []), timing.get("gauge_seconds", [])


def _latency(dataset: Dataset, label: str, cell: store.Cell, quickest: float, seed: int) -> Iterator[Row]:
    info, nan = cell.info, float("nan")

    def row(quantity: str, unit: str, value: float | None, samples: int = 1) -> Row:
        return (dataset.name, label, quantity, unit, nan if value is None else value, nan, nan, samples)

    if "index_seconds" not in info:  # another system's run was scored; what it took is not known here
        return
    yield row("load", "s", info["load_seconds"] or None)  # 0: the cache held all vectors, no model was loaded
    builds = info["index_seconds"]
    spread = (min(builds), max(builds)) if len(builds) > 1 else (nan, nan)
    yield (dataset.name, label, "index", "s", float(np.median(builds)), *spread, len(builds))
    working, between = _readings(cell)
    yield row("drift_index", "share", noise.drift(working, quickest), len(working))
    encoded, cached = (info["quantities"].get(name, 0) for name in ("vectors_encoded", "vectors_from_cache"))
    if cached:  # the figures above and the peak of memory are shortened by so much
        yield row("vectors_from_cache", "share", cached / (cached + encoded), int(cached + encoded))
    if info["quantities"].get("index_bytes") is not None:
        yield row("index_size", "MB", info["quantities"]["index_bytes"] / 2**20)
    if info["peak_bytes"] is not None:
        yield row("peak_memory", "MB", info["peak_bytes"] / 2**20)
    timing = info["timing"]
    if timing is None or timing["error"] is not None:
        return
    yield row("drift_timing", "share", noise.drift(between, quickest), len(between))
    yield row("first_query", "ms", info["first_query_seconds"] * 1e3)
    # Which query a sample is of: drawn once more, as by bench.timing.
    asked = latency.Plan(len(cell.samples)).orders(len(dataset.queries), stream(seed, Purpose.TIMING_ORDER))
    for percent in latency.PERCENTILES:
        found = latency.percentile(cell.samples, percent, asked)
        low, high = found.low / 1e6, found.high / 1e6
        yield (dataset.name, label, f"p{percent:g}", "ms", found.value / 1e6, low, high, found.samples)
    for phase, nanoseconds in timing["phase_p50_ns"].items():
        yield row(f"{phase}_p50", "ms", nanoseconds / 1e6, timing["samples"])
    yield row("batch", "queries/s", timing["batch_per_second"], timing["batch_queries"])


def _per_query(dataset: Dataset, label: str, cell: store.Cell) -> pa.Table:
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


_HIT = pa.struct(
    [
        ("retriever", pa.string()),
        ("rank", pa.int32()),
        ("document", pa.string()),
        ("score", pa.float32()),
        ("grade", pa.int64()),
        ("text", pa.string()),
    ]
)
_RELEVANT = pa.struct([("document", pa.string()), ("grade", pa.int64()), ("text", pa.string())])


def _queries(dataset: Dataset, cells: list[tuple[str, store.Cell]]) -> pa.Table:
    n = len(dataset.queries)
    # Block by block: as Python's objects, what is shown takes ten times the memory.
    blocks = [_shown(dataset, cells, range(start, min(start + BLOCK, n))) for start in range(0, n, BLOCK)]
    return pa.table(
        {
            "dataset": pa.array([dataset.name] * n, pa.string()),
            "query": pa.array(dataset.query_ids, pa.string()),
            "text": pa.array(dataset.query_texts, pa.string()),
            "metadata": dataset.queries["metadata"].cast(pa.string()),
            "answerable": dataset.answerable,
            "relevant": pa.chunked_array([relevant for relevant, _ in blocks], pa.list_(_RELEVANT)),
            "hits": pa.chunked_array([hits for _, hits in blocks], pa.list_(_HIT)),
        }
    )


def _shown(dataset: Dataset, cells: list[tuple[str, store.Cell]], queries: range) -> tuple[pa.Array, pa.Array]:
    """The relevant documents and the first hits of some queries, in columns `relevant` and `hits`."""
    shown = [cell.ranking.documents[queries.start : queries.stop, :SHOWN_HITS] for _, cell in cells]
    judged = [document for query in queries for document, grade in dataset.judgements[query].items() if grade > 0]
    wanted = np.unique(np.concatenate([np.array(judged, dtype=np.int64), *(each[each >= 0] for each in shown)]))
    whole = dataset.documents["text"].take(pa.array(wanted)).to_pylist()
    texts = {document: text[:SHOWN_CHARACTERS] for document, text in zip(wanted.tolist(), whole, strict=True)}
    ids = dict(zip(wanted.tolist(), dataset.document_ids(wanted), strict=True))
    hits, relevant = [], []
    for query in queries:
        grades = dataset.judgements[query]
        relevant.append(
            [
                {"document": ids[document], "grade": grade, "text": texts[document]}
                for document, grade in sorted(grades.items())
                if grade > 0
            ]
        )
        hits.append(
            [
                {
                    "retriever": label,
                    "rank": rank,
                    "document": ids[document],
                    "score": float(cell.ranking.scores[query, rank - 1]),
                    "grade": grades.get(document),
                    "text": texts[document],
                }
                for (label, cell), documents in zip(cells, shown, strict=True)
                for rank, document in enumerate(documents[query - queries.start].tolist(), 1)
                if document >= 0
            ]
        )
    return pa.array(relevant, pa.list_(_RELEVANT)), pa.array(hits, pa.list_(_HIT))
