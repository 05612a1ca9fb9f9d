"""The figures of a stored run as every form shows them: chosen, ordered and written out once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.store import Run

ALL = "all"

# quantity in latency.csv -> (heading with unit, digits)
COSTS = {
    "load": ("load s", 2),
    "index": ("index s", 3),
    "first_query": ("first query ms", 2),
    "p50": ("p50 ms", 2),
    "p90": ("p90 ms", 2),
    "p95": ("p95 ms", 2),
    "p99": ("p99 ms", 2),
    "batch": ("batch queries/s", 0),
    "peak_memory": ("peak memory MB", 0),
    "index_size": ("index MB", 2),
}
INTERVALS = ("p50", "p95")
# What the embedding cache shortens, where vectors came from it.
FROM_CACHE = "vectors_from_cache"
SHORTENED = ("index", "peak_memory")
PHASES = {"encode_p50": "encode ms", "score_p50": "score ms", "select_p50": "select ms"}


@dataclass(frozen=True)
class Table:
    """A title, a header, rows of text, and which cells are the best of their column."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    best: frozenset[tuple[int, int]] = frozenset()
    notes: tuple[str, ...] = ()


def quality(run: Run, dataset: dict[str, Any]) -> Table:
    """Measures by retriever; the main measure with its 95% interval."""
    names = run.info["measures"]
    main = main_measure(run, dataset)
    header = ("retriever", *(f"{name} [95%]" if name == main else name for name in names))
    rows, values = [], []
    for retriever in run.retrievers:
        found = {row["measure"]: row for row in _rows(run, dataset["name"], retriever) if row["slice"] == ALL}
        if not found:
            continue
        values.append([found[name]["value"] for name in names])
        rows.append((retriever, *(_measure(found[name], name == main) for name in names)))
    return Table(title(dataset), header, tuple(rows), _best(values), tuple(_notes(dataset)))


def cost(run: Run, dataset: dict[str, Any]) -> Table | None:
    """Time and memory by retriever, or None where nothing was timed."""
    found = {
        (row["retriever"], row["quantity"]): row for row in _records(run.latency) if row["dataset"] == dataset["name"]
    }
    retrievers = [each for each in run.retrievers if (each, "index") in found]
    if not retrievers:
        return None
    shown = [name for name in COSTS if any((each, name) in found for each in retrievers)]
    phases = [name for name in PHASES if any((each, name) in found for each in retrievers)]
    header = ["retriever", *(COSTS[name][0] for name in shown), *(PHASES[name] for name in phases)]
    rows = []
    for retriever in retrievers:
        cells = [_cost(found.get((retriever, name)), COSTS[name][1], name in INTERVALS) for name in shown]
        if (retriever, FROM_CACHE) in found:
            cells = [cell + "*" if name in SHORTENED else cell for name, cell in zip(shown, cells, strict=True)]
        cells += [_cost(found.get((retriever, name)), 2) for name in phases]
        rows.append((retriever, *cells))
    return Table(f"{called(dataset)}: cost", tuple(header), tuple(rows), notes=tuple(_timing_notes(found, dataset)))


def by_slice(run: Run, dataset: dict[str, Any], field: str) -> Table:
    """The main measure by the values of a metadata field."""
    main = main_measure(run, dataset)
    found = {
        (row["slice"], row["retriever"]): row
        for row in _records(run.measures)
        if row["dataset"] == dataset["name"] and row["measure"] == main and row["slice"].startswith(f"{field}=")
    }
    values = sorted({each for each, _ in found})
    retrievers = [each for each in run.retrievers if any((value, each) in found for value in values)]
    rows, best = [], set()
    for number, value in enumerate(values):
        figures = [found[value, each]["value"] for each in retrievers]
        best |= {(number, 2 + i) for i, figure in enumerate(figures) if figure == max(figures)}
        rows.append(
            (
                value.partition("=")[2],
                str(found[value, retrievers[0]]["queries"]),
                *(_measure(found[value, each], True) for each in retrievers),
            )
        )
    header = (field, "queries", *retrievers)
    return Table(f"{called(dataset)}: {main} [95%] by {field}", header, tuple(rows), frozenset(best))


def summary(run: Run) -> Table:
    """The main measure of every dataset by retriever, with the p50 of a query where it was timed."""
    header = ("dataset", "measure", *run.retrievers)
    p50 = {
        (row["dataset"], row["retriever"]): row["value"] for row in _records(run.latency) if row["quantity"] == "p50"
    }
    rows, best = [], set()
    for number, dataset in enumerate(run.datasets):
        main = main_measure(run, dataset)
        cells, figures = [], []
        for retriever in run.retrievers:
            value = next(
                (
                    row["value"]
                    for row in _rows(run, dataset["name"], retriever)
                    if row["slice"] == ALL and row["measure"] == main
                ),
                math.nan,
            )
            milliseconds = p50.get((dataset["name"], retriever), math.nan)
            figures.append(value)
            cells.append("failed" if math.isnan(value) else _number(value, 4) + _after(milliseconds))
        best |= {(number, column + 2) for column, value in enumerate(figures) if value == _highest(figures)}
        rows.append((called(dataset), main, *cells))
    return Table("Summary", header, tuple(rows), frozenset(best))


def main_measure(run: Run, dataset: dict[str, Any]) -> str:
    """The measure that the dataset's card names, where the run has it, else nDCG@10, else the first."""
    names: Sequence[str] = run.info["measures"]
    return next((name for name in (dataset["measure"], "nDCG@10") if name in names), names[0])


def called(dataset: dict[str, Any]) -> str:
    """What a dataset is called in every table and chart; a sample is called one."""
    sampled = "a sample of" in dataset["note"]  # a note may say other things too
    return f"{dataset['name']} (sample of {dataset['queries']:,})" if sampled else str(dataset["name"])


def title(dataset: dict[str, Any]) -> str:
    """Name and size of a set; what is special about it."""
    answerable = dataset["queries"] - dataset["unanswerable"]
    text = f"{dataset['name']}: {dataset['documents']:,} documents, {answerable:,} queries"
    return f"{text} ({dataset['note']})" if dataset["note"] else text


def _notes(dataset: dict[str, Any]) -> list[str]:
    notes = []
    if dataset["unanswerable"]:
        notes.append(f"{dataset['unanswerable']:,} queries have no relevant document; they are left out of the means.")
    if dataset["drop_self"]:
        notes.append("Hits with the query's own id are left out, as the card says.")
    return notes


def _timing_notes(found: dict[tuple[str, str], dict[str, Any]], dataset: dict[str, Any]) -> list[str]:
    notes = [
        f"* shortened by the embedding cache: {row['value']:.0%} of the vectors of {retriever} came from it."
        for (retriever, quantity), row in found.items()
        if quantity == FROM_CACHE
    ]
    samples = [row["samples"] for (_, quantity), row in found.items() if quantity == "p50"]
    if not samples:
        return notes
    span = f"{min(samples):,}" if min(samples) == max(samples) else f"{min(samples):,} to {max(samples):,}"
    notes.append(f"Times: {span} warm single queries each, 10 hits; n/a: too few samples for that percentile.")
    if max(samples) > dataset["queries"]:
        notes.append(
            f"The {dataset['queries']:,} queries were cycled, so the intervals speak of these queries, not of new ones."
        )
    return notes


def _rows(run: Run, dataset: str, retriever: str) -> list[dict[str, Any]]:
    return [row for row in _records(run.measures) if row["dataset"] == dataset and row["retriever"] == retriever]


def _records(frame: Any) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = frame.to_dict("records")
    return records


def _measure(row: dict[str, Any], interval: bool) -> str:
    text = _number(row["value"], 4)
    return f"{text} [{_number(row['low'], 3)}, {_number(row['high'], 3)}]" if interval else text


def _cost(row: dict[str, Any] | None, digits: int, interval: bool = False) -> str:
    if row is None or math.isnan(row["value"]):
        return "n/a"
    text = f"{row['value']:,.{digits}f}"
    if interval and not math.isnan(row["low"]):
        text += f" [{row['low']:,.{digits}f}, {row['high']:,.{digits}f}]"
    return text


def _number(value: float, digits: int) -> str:
    return "n/a" if math.isnan(value) else f"{value:.{digits}f}"


def _after(milliseconds: float) -> str:
    return "" if math.isnan(milliseconds) else f" ({milliseconds:.2f} ms)"


def _highest(values: Sequence[float]) -> float:
    real = [value for value in values if not math.isnan(value)]
    return max(real) if len(real) > 1 else math.inf


def _best(values: list[list[float]]) -> frozenset[tuple[int, int]]:
    """Cells that show the column's highest figure, where more than one retriever stands there."""
    if len(values) < 2:
        return frozenset()
    return frozenset(
        (row, column + 1)
        for column in range(len(values[0]))
        for row in range(len(values))
        if values[row][column] == max(each[column] for each in values)
    )
