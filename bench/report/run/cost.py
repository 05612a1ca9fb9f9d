"""The tables of what retrievers cost."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bench.errors import counted
from bench.report.run.names import (
    analysis,
    contenders,
    display_name,
)
from bench.report.table import FRONT, NO_INDEX, Table, number
from bench.storage.costs import (
    COSTS,
    DRIFT,
    FROM_CACHE,
    INDEX,
    NEEDED,
    NOISY,
    OPENED,
    SHORTENED,
    TIMING,
    TOO_BUSY,
    WAITED,
    is_noisy,
    is_shortened,
    is_too_busy,
)
from bench.storage.folder import resuming, resuming_same_command
from bench.storage.run import Row, Run

# Retriever -> quantity -> its row in latency.csv.
Costs = Mapping[str, Mapping[str, Row]]
_TIMES = {INDEX: "of loading and indexing", TIMING: "of queries"}


def cost(run: Run, dataset: dict[str, Any]) -> Table | None:
    """Time and memory by retriever, or None where nothing was timed."""
    costs = costs_of(run, dataset)
    retrievers = [retriever for retriever in contenders(run) if "index" in costs.get(retriever, {})]
    if not retrievers:
        return None
    front = analysis(run, dataset).get("pareto", {"axes": [], "retrievers": []})
    left_out = {taken for taken in _TIMES if all(is_too_busy(_values(costs[label]), taken) for label in retrievers)}
    shown = [
        name
        for name, known in COSTS.items()
        if known.taken not in left_out and any(name in costs[retriever] for retriever in retrievers)
    ]
    rows = []
    for retriever in retrievers:
        called_here = with_mark(retriever, costs)
        if retriever in front["retrievers"] and len(retrievers) > 1:
            called_here += f" {FRONT}"
        rows.append((called_here, *(cost_shown(costs[retriever], name) for name in shown)))
    notes = [
        *_front_notes(front["axes"], rows),
        *_timing_notes(costs, rows, dataset),
        *without_index(costs),
        *busy_notes(run, costs, retrievers),
    ]
    header = ("retriever", *(COSTS[name].heading for name in shown))
    return Table(f"{display_name(dataset)}: cost", header, tuple(rows), notes=tuple(notes))


def with_time(value: float, costs: Mapping[str, Row]) -> str:
    """A figure, with the median time of a query where that is known. costs: of its retriever."""
    if math.isnan(value):
        return "n/a"
    time = "n/a" if "p50" not in costs else cost_shown(costs, "p50", interval=False)
    return number(value) if time == "n/a" else f"{number(value)} ({time} ms)"


def with_mark(retriever: str, costs: Costs) -> str:
    """A retriever's name, marked where its index is none."""
    return f"{retriever} {NO_INDEX}" if NEEDED in costs.get(retriever, {}) else retriever


def without_index(costs: Costs) -> Iterator[str]:
    """A note of each whose index is none."""
    for retriever, rows in costs.items():
        if needed := rows.get(NEEDED):
            yield (
                f"{NO_INDEX} all documents are compared: the index of {retriever} needs {needed['value']:,.0f} of them "
                "to be trained on, and there are fewer."
            )


def costs_by_set(run: Run) -> dict[str, Costs]:
    """Set -> what its retrievers cost."""
    return {dataset["name"]: costs_of(run, dataset) for dataset in run.datasets}


def timed(run: Run, dataset: dict[str, Any]) -> str:
    """Of how many samples the times of a set are, and whether the machine was noisy: for forms that mark no figure."""
    costs = costs_of(run, dataset)
    samples = _samples(costs)
    noisy = any(is_noisy(_values(costs.get(retriever, {})), "p50") for retriever in contenders(run))
    return f"{samples} samples each{', on a noisy machine (~)' if noisy else ''}" if samples else ""


def too_busy(run: Run, dataset: dict[str, Any], retriever: str) -> bool:
    """Are the times of single queries left out?"""
    return is_too_busy(_values(costs_of(run, dataset).get(retriever, {})), TIMING)


def noisy_mark(run: Run, dataset: dict[str, Any], retriever: str, quantity: str = "p50") -> str:
    """~ where the machine was noisy while a time was taken, by default of single queries, else nothing."""
    return "~" * is_noisy(_values(costs_of(run, dataset).get(retriever, {})), quantity)


def costs_of(run: Run, dataset: dict[str, Any]) -> Costs:
    """What the retrievers of a set cost."""
    costs: dict[str, dict[str, Row]] = {}
    for row in run.rows("latency"):
        if row["dataset"] == dataset["name"]:
            costs.setdefault(row["retriever"], {})[row["quantity"]] = row
    return costs


def _values(costs: Mapping[str, Row]) -> dict[str, float]:
    return {quantity: row["value"] for quantity, row in costs.items()}


def _of_all(costs: Costs, quantities: Iterable[str]) -> Iterator[Row]:
    return (rows[quantity] for rows in costs.values() for quantity in quantities if quantity in rows)


def _samples(costs: Costs) -> str:
    """How many queries were timed, by the retriever with the fewest and the one with the most."""
    counts = {row["samples"] for row in _of_all(costs, ["p50"]) if not math.isnan(row["value"])}
    return " to ".join(f"{count:,}" for count in sorted({min(counts), max(counts)})) if counts else ""


def cost_shown(costs: Mapping[str, Row], name: str, interval: bool = True) -> str:
    """A cost with its marks: ~ where the machine was noisy, * where the embedding cache shortened it."""
    row, known = costs.get(name), COSTS[name]
    shortened = "*" if name in SHORTENED and is_shortened(costs) else ""
    if row is None or math.isnan(row["value"]):
        return "n/a" + shortened
    text = f"{'~' if is_noisy(_values(costs), name) else ''}{row['value']:,.{known.digits}f}"
    if interval and known.interval and not math.isnan(row["low"]):
        text += f" [{row['low']:,.{known.digits}f}, {row['high']:,.{known.digits}f}]"
    return text + shortened


def _front_notes(axes: list[str], rows: list[tuple[str, ...]]) -> list[str]:
    if not any(row[0].endswith(FRONT) for row in rows):
        return []
    names = [COSTS[axis].axis if axis in COSTS else axis for axis in axes]
    return [
        f"{FRONT} beaten by no other on all of {', '.join(names)} at once, as measured (Pareto); "
        "a cost that is not known (n/a, *) counts neither for its retriever nor against another."
    ]


def _timing_notes(costs: Costs, rows: list[tuple[str, ...]], dataset: dict[str, Any]) -> list[str]:
    notes = [
        f"* shortened by the embedding cache: {_share(share['value'])} of the vectors of {retriever} came from it."
        for retriever, rows in costs.items()
        if (share := rows.get(FROM_CACHE))
    ]
    notes += [
        f"* shortened, as the index of {retriever} was opened and not built."
        for retriever, rows in costs.items()
        if OPENED in rows
    ]
    notes += noise_notes(costs, rows)
    builds = max((row["samples"] for row in _of_all(costs, ["index"])), default=1)
    if builds > 1:
        notes.append(f"index: median of {builds:,} builds, with the quickest and the slowest.")
    samples = _samples(costs)
    if not samples:
        return notes
    notes.append(f"Times: {samples} warm single queries each, 10 hits; n/a: too few samples for that percentile.")
    if any(row["samples"] > dataset["queries"] for row in _of_all(costs, ["p50"])):
        notes.append(
            f"The {counted(dataset['queries'], 'query was', 'queries were')} asked more than once, which the intervals "
            "take into account; no interval: too few different queries for that percentile."
        )
    return notes


def noise_notes(costs: Costs, rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """What ~ means, where a time in these rows of a table is marked."""
    slower, waited = (
        max((row["value"] for row in _of_all(costs, gauge.values()) if row["value"] > NOISY), default=0.0)
        for gauge in (DRIFT, WAITED)
    )
    moved = [f"took up to {slower:.0%} longer than at its quickest in the run"] if slower else []
    moved += [f"waited up to {waited:.0%} of its time for a processor"] if waited else []
    if moved and any(cell.startswith("~") for _, *cells in rows for cell in cells):
        yield f"~ on a noisy machine: a fixed piece of work {' and '.join(moved)} around these times."


def _share(value: float) -> str:
    return "under 1%" if value < 0.01 else f"{value:.0%}"


def busy_notes(run: Run, costs: Costs, retrievers: Iterable[str]) -> Iterator[str]:
    """Whose times are left out, why, and how to get them."""
    values = {retriever: _values(costs[retriever]) for retriever in retrievers}
    missing, shares = [], []
    for taken, what in _TIMES.items():
        whose = [retriever for retriever, own in values.items() if is_too_busy(own, taken)]
        shares += [values[retriever][WAITED[taken]] for retriever in whose]
        if whose:
            missing.append(what if len(whose) == len(values) else f"{what} for {', '.join(whose)}")
    if missing:
        again = resuming(run.folder) if run.info["config"]["retrievers"] else "bench.run(…, resume=True)"
        again = resuming_same_command(run.folder) if {"sweeps", "growth"} & run.info.keys() else again
        yield (
            f"No times {' and '.join(missing)}: the machine was too busy. A fixed piece of work waited up to "
            f"{max(shares):.0%} of its time for a processor; above {TOO_BUSY:.0%} times can be off by several times. "
            f"End other programs, then: {again}"
        )
