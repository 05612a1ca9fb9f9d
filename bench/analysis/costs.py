"""The rows of latency.csv: what a cell cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bench.data.dataset import Dataset
from bench.evaluation.streams import Purpose, stream
from bench.machine import gauge, latency
from bench.storage.cell import Cell
from bench.storage.costs import COSTS, DRIFT_INDEX, DRIFT_TIMING, FROM_CACHE, MEGABYTE
from retrievers.base import VECTORS_ENCODED

TableRow = tuple[Any, ...]


def gauge_readings(cell: Cell) -> tuple[list[float], list[float]]:
    """Of the gauge, in seconds: around the cell's index and ranking, and between its blocks of single queries."""
    timing = cell.info["timing"] or {}
    return cell.info.get("gauge_seconds", []), timing.get("gauge_seconds", [])


def cost_rows(dataset: Dataset, label: str, cell: Cell, quickest: float, seed: int) -> Iterator[TableRow]:
    """A cell's. quickest: seconds of the gauge at its quickest in the run."""
    info, nan = cell.info, float("nan")

    def row(quantity: str, value: float | None, samples: int = 1, *, unit: str = "") -> TableRow:
        unit = unit or COSTS[quantity].unit
        return (dataset.name, label, quantity, unit, nan if value is None else value, nan, nan, samples)

    if "index_seconds" not in info:  # another system's run was scored; what it took is not known here
        return
    yield row("load", info["load_seconds"] or None)  # 0: the cache held all vectors, no model was loaded
    builds = info["index_seconds"]
    spread = (min(builds), max(builds)) if len(builds) > 1 else (nan, nan)
    yield (dataset.name, label, "index", "s", float(np.median(builds)), *spread, len(builds))
    working, between = gauge_readings(cell)
    yield row(DRIFT_INDEX, gauge.drift(working, quickest), len(working), unit="share")
    encoded, cached = (info["quantities"].get(name, 0) for name in (VECTORS_ENCODED, FROM_CACHE))
    if cached:  # the figures above and the peak of memory are shortened by so much
        yield row(FROM_CACHE, cached / (cached + encoded), int(cached + encoded), unit="share")
    for cost in COSTS.values():
        if cost.recorded in info["quantities"]:
            yield row(cost.quantity, info["quantities"][cost.recorded] / cost.scale)
    if info["peak_bytes"] is not None:
        yield row("peak_memory", info["peak_bytes"] / MEGABYTE)
    timing = info["timing"]
    if timing is None or timing["error"] is not None:
        return
    yield row(DRIFT_TIMING, gauge.drift(between, quickest), len(between), unit="share")
    yield row("first_query", info["first_query_seconds"] * 1e3)
    # Which query a sample is of: drawn once more, as by bench.experiment.timing.
    asked = latency.Plan(len(cell.samples)).orders(len(dataset.queries), stream(seed, Purpose.TIMING_ORDER))
    for percent in latency.PERCENTILES:
        percentile = latency.percentile(cell.samples, percent, asked)
        low, high = percentile.low / 1e6, percentile.high / 1e6
        yield (dataset.name, label, f"p{percent:g}", "ms", percentile.value / 1e6, low, high, percentile.samples)
    for phase, nanoseconds in timing["phase_p50_ns"].items():
        yield row(f"{phase}_p50", nanoseconds / 1e6, timing["samples"], unit="ms")
    yield row("batch", timing["batch_per_second"], timing["batch_queries"])
