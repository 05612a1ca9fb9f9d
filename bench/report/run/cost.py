"""The tables of what retrievers cost."""

from __future__ import annotations

import math
from typing import Any

from bench.errors import counted
from bench.report.run.names import (
    analysis,
    contenders,
    display_name,
)
from bench.report.table import FRONT, Table, number
from bench.storage.costs import COSTS, DRIFT_INDEX, DRIFT_TIMING, FROM_CACHE, NOISY, SHORTENED
from bench.storage.run import Row, Run


def cost(run: Run, dataset: dict[str, Any]) -> Table | None:
    """Time and memory by retriever, or None where nothing was timed."""
    times = _times(run, dataset)
    retrievers = [retriever for retriever in contenders(run) if (retriever, "index") in times]
    if not retrievers:
        return None
    front = analysis(run, dataset).get("pareto", {"axes": [], "retrievers": []})
    shown = [name for name in COSTS if any((retriever, name) in times for retriever in retrievers)]
    header = ["retriever", *(COSTS[name].heading for name in shown)]
    rows = []
    for retriever in retrievers:
        cells = [_cost(times.get((retriever, name)), COSTS[name].digits, COSTS[name].interval) for name in shown]
        if (retriever, FROM_CACHE) in times:
            cells = [cell + "*" if name in SHORTENED else cell for name, cell in zip(shown, cells, strict=True)]
        noisy = {name for name in shown if _drift(times, retriever, COSTS[name].drift) > NOISY}
        columns = zip(shown, cells, strict=True)
        called_here = f"{retriever} {FRONT}" if retriever in front["retrievers"] and len(retrievers) > 1 else retriever
        rows.append((called_here, *(f"~{cell}" if name in noisy and cell != "n/a" else cell for name, cell in columns)))
    notes = [*_front_notes(front["axes"], rows), *_timing_notes(times, dataset)]
    return Table(f"{display_name(dataset)}: cost", tuple(header), tuple(rows), notes=tuple(notes))


def timed(run: Run, dataset: dict[str, Any]) -> str:
    """Of how many samples the times of a set are, and whether the machine was noisy: for forms that mark no figure."""
    times = _times(run, dataset)
    samples = _samples(times)
    noisy = any(_drift(times, retriever, DRIFT_TIMING) > NOISY for retriever in contenders(run))
    return f"{samples} samples each{', on a noisy machine (~)' if noisy else ''}" if samples else ""


def _times(run: Run, dataset: dict[str, Any]) -> dict[tuple[str, str], Row]:
    return {
        (row["retriever"], row["quantity"]): row for row in run.rows("latency") if row["dataset"] == dataset["name"]
    }


def _samples(times: dict[tuple[str, str], Row]) -> str:
    """How many queries were timed, by the retriever with the fewest and the one with the most."""
    counts = [row["samples"] for (_, quantity), row in times.items() if quantity == "p50"]
    return " to ".join(f"{count:,}" for count in sorted({min(counts), max(counts)})) if counts else ""


def _timing_notes(times: dict[tuple[str, str], Row], dataset: dict[str, Any]) -> list[str]:
    notes = [
        f"* shortened by the embedding cache: {row['value']:.0%} of the vectors of {retriever} came from it."
        for (retriever, quantity), row in times.items()
        if quantity == FROM_CACHE
    ]
    worst = max(
        (_drift(times, retriever, drift) for retriever, drift in times if drift in (DRIFT_INDEX, DRIFT_TIMING)),
        default=0,
    )
    if worst > NOISY:
        notes.append(
            f"~ on a noisy machine: a fixed piece of work took up to {worst:.0%} longer around these times than at its "
            "quickest in the run. Trust ratios within a table before the times themselves."
        )
    builds = max((row["samples"] for (_, quantity), row in times.items() if quantity == "index"), default=1)
    if builds > 1:
        notes.append(f"index: median of {builds:,} builds, with the quickest and the slowest.")
    samples = _samples(times)
    if not samples:
        return notes
    notes.append(f"Times: {samples} warm single queries each, 10 hits; n/a: too few samples for that percentile.")
    if any(row["samples"] > dataset["queries"] for (_, quantity), row in times.items() if quantity == "p50"):
        notes.append(
            f"The {counted(dataset['queries'], 'query was', 'queries were')} asked more than once, which the intervals "
            "take into account; no interval: too few different queries for that percentile."
        )
    return notes


def _drift(times: dict[tuple[str, str], Row], retriever: str, quantity: str) -> float:
    row = times.get((retriever, quantity))
    return 0.0 if row is None or math.isnan(row["value"]) else float(row["value"])


def _with_time(value: float, milliseconds: float) -> str:
    if math.isnan(value):
        return "n/a"
    return number(value) if math.isnan(milliseconds) else f"{number(value)} ({milliseconds:.2f} ms)"


def _cost(row: Row | None, digits: int, interval: bool = False) -> str:
    if row is None or math.isnan(row["value"]):
        return "n/a"
    text = f"{row['value']:,.{digits}f}"
    if interval and not math.isnan(row["low"]):
        text += f" [{row['low']:,.{digits}f}, {row['high']:,.{digits}f}]"
    return text


def _front_notes(axes: list[str], rows: list[tuple[str, ...]]) -> list[str]:
    if not any(row[0].endswith(FRONT) for row in rows):
        return []
    names = [COSTS[axis].axis if axis in COSTS else axis for axis in axes]
    return [
        f"{FRONT} beaten by no other on all of {', '.join(names)} at once, as measured (Pareto); "
        "who has an unknown cost is not counted as beaten."
    ]
