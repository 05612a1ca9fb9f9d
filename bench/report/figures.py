"""The figures of a stored run as every form shows them: chosen, ordered and written out once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bench.store import ALL, NOISY, Row, Run, choose_measure

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
INTERVALS = ("index", "p50", "p95")
# What the embedding cache shortens, where vectors came from it.
FROM_CACHE = "vectors_from_cache"
SHORTENED = ("index", "peak_memory")
# Drift of the gauge -> the times that were taken meanwhile.
DRIFTS = {
    "drift_index": ("index", "first_query"),
    "drift_timing": ("p50", "p90", "p95", "p99", "batch", "encode_p50", "score_p50", "select_p50"),
}
PHASES = {"encode_p50": "encode ms", "score_p50": "score ms", "select_p50": "select ms"}


@dataclass(frozen=True)
class Table:
    """A title, a header, rows of text, and which cells are the best of their column."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    best: frozenset[tuple[int, int]] = frozenset()
    notes: tuple[str, ...] = ()


def tables(run: Run, dataset: dict[str, Any]) -> Iterator[Table]:
    """Every table of a dataset, in the order in which every form shows them."""
    shown = quality(run, dataset)
    if shown.rows:
        yield shown
        for name in dataset["slices"]:
            yield by_slice(run, dataset, name)
    for each in (wordings(run, dataset), no_answer(run, dataset), cost(run, dataset)):
        if each is not None:
            yield each


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
        (row["retriever"], row["quantity"]): row for row in run.rows("latency") if row["dataset"] == dataset["name"]
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
        noisy = {each for drift, names in DRIFTS.items() if _drift(found, retriever, drift) > NOISY for each in names}
        columns = zip([*shown, *phases], cells, strict=True)
        rows.append((retriever, *(f"~{cell}" if name in noisy and cell != "n/a" else cell for name, cell in columns)))
    return Table(f"{called(dataset)}: cost", tuple(header), tuple(rows), notes=tuple(_timing_notes(found, dataset)))


def by_slice(run: Run, dataset: dict[str, Any], field: str) -> Table:
    """The main measure by the values of a metadata field."""
    main = main_measure(run, dataset)
    found = {
        (row["slice"], row["retriever"]): row
        for row in run.rows("measures")
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


def wordings(run: Run, dataset: dict[str, Any]) -> Table | None:
    """What becomes of one question in several wordings, or None where the set has no such groups."""
    main = main_measure(run, dataset)
    found = {
        (row["retriever"], row["quantity"], row["measure"]): row
        for row in run.rows("groups")
        if row["dataset"] == dataset["name"]
    }
    shown = list(dict.fromkeys((quantity, measure) for _, quantity, measure in found if measure in ("", main)))
    retrievers = [each for each in run.retrievers if any(each == retriever for retriever, _, _ in found)]
    if not retrievers:
        return None
    means = {row["retriever"]: row for row in run.rows("measures") if _is_main(row, dataset, main)}
    header = (
        "retriever",
        f"{main} of all [95%]",
        *(f"{quantity}{f' {measure}' * bool(measure)} [95%]" for quantity, measure in shown),
    )
    rows = [
        (each, _measure(means[each], True), *(_measure(found[each, *column], True) for column in shown))
        for each in retrievers
    ]
    count = next(iter(found.values()))["groups"]
    note = (
        f"Means over {count:,} groups of wordings of one question (field {dataset['group']}). Worst: its worst-served "
        "wording. Flip rate: groups where some wordings find a relevant document in the top and others none. "
        "Overlap: share of the top that two wordings have in common."
    )
    return Table(f"{called(dataset)}: wordings of one question", header, tuple(rows), notes=(note,))


def no_answer(run: Run, dataset: dict[str, Any]) -> Table | None:
    """Whether the best score tells unanswerable queries apart, or None where the set has none."""
    found = {
        (row["retriever"], row["quantity"]): row
        for row in run.rows("unanswerable")
        if row["dataset"] == dataset["name"]
    }
    shown = list(dict.fromkeys(quantity for _, quantity in found))
    retrievers = [each for each in run.retrievers if any(each == retriever for retriever, _ in found)]
    if not retrievers:
        return None
    rows = [
        (each, *(_measure(found[each, quantity], not i) for i, quantity in enumerate(shown))) for each in retrievers
    ]
    first = next(iter(found.values()))
    note = (
        f"{first['unanswerable']:,} queries without an answer against {first['answerable']:,} with one, by the score "
        "of the first hit. AUROC: the chance that an answerable one scores higher; .5 tells nothing. Refused: share of "
        "the unanswerable ones that a floor on the score keeps out where 95% of the answerable ones stay."
    )
    header = ("retriever", f"{shown[0]} [95%]", *shown[1:])
    return Table(f"{called(dataset)}: queries without an answer", header, tuple(rows), notes=(note,))


def _is_main(row: Row, dataset: dict[str, Any], main: str) -> bool:
    return bool(row["dataset"] == dataset["name"] and row["slice"] == ALL and row["measure"] == main)


def summary(run: Run) -> Table:
    """The main measure of every dataset by retriever, with the p50 of a query where it was timed."""
    header = ("dataset", "measure", *run.retrievers)
    p50 = {(row["dataset"], row["retriever"]): row["value"] for row in run.rows("latency") if row["quantity"] == "p50"}
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
    """The measure by which a dataset is judged."""
    return choose_measure(run.info["measures"], dataset["measure"])


def called(dataset: dict[str, Any]) -> str:
    """What a dataset is called in every table and chart; a sample is called one."""
    sampled = dataset.get("sampled", dataset["note"])  # runs of before that key had notes of samples alone
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


def _timing_notes(found: dict[tuple[str, str], Row], dataset: dict[str, Any]) -> list[str]:
    notes = [
        f"* shortened by the embedding cache: {row['value']:.0%} of the vectors of {retriever} came from it."
        for (retriever, quantity), row in found.items()
        if quantity == FROM_CACHE
    ]
    worst = max((_drift(found, retriever, drift) for retriever, drift in found if drift in DRIFTS), default=0)
    if worst > NOISY:
        notes.append(
            f"~ on a noisy machine: a fixed piece of work took up to {worst:.0%} longer around these times than at its "
            "quickest in the run. Trust ratios within a table before the times themselves."
        )
    builds = max((row["samples"] for (_, quantity), row in found.items() if quantity == "index"), default=1)
    if builds > 1:
        notes.append(f"index: median of {builds:,} builds, with the quickest and the slowest.")
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


def _drift(found: dict[tuple[str, str], Row], retriever: str, quantity: str) -> float:
    row = found.get((retriever, quantity))
    return 0.0 if row is None or math.isnan(row["value"]) else float(row["value"])


def _rows(run: Run, dataset: str, retriever: str) -> list[Row]:
    return [row for row in run.rows("measures") if row["dataset"] == dataset and row["retriever"] == retriever]


def _measure(row: Row, interval: bool) -> str:
    text = _number(row["value"], 4)
    return f"{text} [{_number(row['low'], 3)}, {_number(row['high'], 3)}]" if interval else text


def _cost(row: Row | None, digits: int, interval: bool = False) -> str:
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
