"""The rows of latency.csv: what a cell cost."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from bench.analysis.rerank_depths import StageTimes
from bench.data.dataset import Dataset
from bench.evaluation.streams import Purpose, stream
from bench.machine import gauge, latency
from bench.storage.cell import Cell
from bench.storage.costs import COSTS, DRIFT, FROM_CACHE, INDEX, MEGABYTE, NEEDED, OPENED, TIMING, TOO_BUSY, WAITED
from retrievers.base import VECTORS_ENCODED

TableRow = tuple[Any, ...]


def gauge_readings(cell: Cell, kind: str = "seconds") -> dict[str, list[float]]:
    """Of the gauge, by when it was read: around the cell's index and ranking, and between its blocks of single queries.

    kind: "seconds", or "waited", the share of waiting, which runs of before it do not have.
    """
    timing = cell.info["timing"] or {}
    return {INDEX: cell.info.get(f"gauge_{kind}", []), TIMING: timing.get(f"gauge_{kind}", [])}


def too_busy(cell: Cell, taken: str) -> bool:
    """Was the machine too busy for the times of a cell that were taken then?"""
    return gauge.waited(gauge_readings(cell, "waited")[taken]) > TOO_BUSY


def stage_times(cell: Cell) -> StageTimes:
    """Of a search in two stages; empty where it was not timed or the machine was too busy for it."""
    return {} if too_busy(cell, TIMING) else (cell.info["timing"] or {}).get("stages_ns", {})


def cost_rows(dataset: Dataset, label: str, cell: Cell, quickest: float, seed: int) -> Iterator[TableRow]:
    """A cell's; NaN in place of times that were taken while the machine was too busy.

    quickest: seconds of the gauge at its quickest in the run.
    """
    if "index_seconds" not in cell.info:  # another system's run was scored; what it took is not known here
        return
    busy = {taken for taken in (INDEX, TIMING) if too_busy(cell, taken)}
    for quantity, unit, value, low, high, samples, taken in _costs(dataset, cell, quickest, seed):
        figures = (math.nan,) * 3 if taken in busy else (value, low, high)
        yield (dataset.name, label, quantity, unit, *figures, samples)


class _Figure(NamedTuple):
    """taken: INDEX or TIMING of a time, else empty."""

    quantity: str
    unit: str
    value: float
    low: float = math.nan
    high: float = math.nan
    samples: int = 1
    taken: str = ""


def _cost(quantity: str, value: float | None, samples: int = 1) -> _Figure:
    cost = COSTS[quantity]
    return _Figure(quantity, cost.unit, math.nan if value is None else value, samples=samples, taken=cost.taken)


def _costs(dataset: Dataset, cell: Cell, quickest: float, seed: int) -> Iterator[_Figure]:
    info = cell.info
    yield _cost("load", info["load_seconds"] or None)  # 0: the cache held all vectors, no model was loaded
    builds = info["index_seconds"]
    low, high = (min(builds), max(builds)) if len(builds) > 1 else (math.nan, math.nan)
    yield _Figure("index", "s", float(np.median(builds)), low, high, len(builds), INDEX)
    yield from _of_machine(cell, INDEX, quickest)
    encoded, cached = (info["quantities"].get(name, 0) for name in (VECTORS_ENCODED, FROM_CACHE))
    if cached:  # the figures above and the peak of memory are shortened by so much
        yield _Figure(FROM_CACHE, "share", cached / (cached + encoded), samples=int(cached + encoded))
    if opened := info["quantities"].get(OPENED, 0):
        yield _Figure(OPENED, "count", opened)
    if needed := info["quantities"].get(NEEDED, 0):
        yield _Figure(NEEDED, "documents", needed)
    for cost in COSTS.values():
        if cost.recorded in info["quantities"]:
            yield _cost(cost.quantity, info["quantities"][cost.recorded] / cost.scale)
    if info["peak_bytes"] is not None:
        yield _cost("peak_memory", info["peak_bytes"] / MEGABYTE)
    timing = info["timing"]
    if timing is None or timing["error"] is not None:
        return
    yield from _of_machine(cell, TIMING, quickest)
    if info["first_query_seconds"] is not None:  # else the index was built, and asked first, for another
        yield _cost("first_query", info["first_query_seconds"] * 1e3)
    # Which query a sample is of: drawn once more, as by bench.experiment.timing.
    asked = latency.Plan(len(cell.samples)).orders(len(dataset.queries), stream(seed, Purpose.TIMING_ORDER))
    for percent in latency.PERCENTILES:
        result = latency.percentile(cell.samples, percent, asked)
        low, high = result.low / 1e6, result.high / 1e6
        yield _Figure(f"p{percent:g}", "ms", result.value / 1e6, low, high, result.samples, TIMING)
    for phase, nanoseconds in timing["phase_p50_ns"].items():
        yield _Figure(f"{phase}_p50", "ms", nanoseconds / 1e6, samples=timing["samples"], taken=TIMING)
    yield _cost("batch", timing["batch_per_second"], timing["batch_queries"])


def _of_machine(cell: Cell, taken: str, quickest: float) -> Iterator[_Figure]:
    """What the gauge said meanwhile."""
    seconds, waited = (gauge_readings(cell, kind)[taken] for kind in ("seconds", "waited"))
    yield _Figure(DRIFT[taken], "share", gauge.drift(seconds, quickest), samples=len(seconds))
    if waited:
        yield _Figure(WAITED[taken], "share", gauge.waited(waited), samples=len(waited))
