"""The points of a curve: what a search finds against how long it takes, and which points no other one beats."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bench.analysis import pareto
from bench.data.slices import ALL
from bench.storage.files import write_csv
from bench.storage.run import Row, Run
from bench.storage.schema import CURVE, choose_measure


@dataclass(frozen=True)
class Place:
    """Where a point belongs. line: the retriever that is swept. build: number of its index. values: of the sweeps."""

    line: str
    build: int
    values: Mapping[str, str]


def write_curve(run: Run, places: Mapping[str, Place]) -> None:
    """Write curve.csv of a run whose tables are written, a row a point that worked. places: by label."""
    rows = [row for dataset in run.datasets for row in _points(run, dataset, places)]
    write_csv(run.folder / "curve.csv", CURVE, [[row[name] for name in CURVE] for row in rows])
    run.hold("curve", rows)


def _points(run: Run, dataset: dict[str, Any], places: Mapping[str, Place]) -> list[Row]:
    measure = choose_measure(run.info["measures"], dataset["measure"])
    approximate = _by_label(run.rows("approximate"), dataset, "quantity", measure)
    measures = _by_label((row for row in run.rows("measures") if row["slice"] == ALL), dataset, "measure", measure)
    costs = _by_label(run.rows("latency"), dataset, "quantity", "")
    points = [
        {
            "dataset": dataset["name"],
            "retriever": label,
            "line": place.line,
            "build": place.build,
            "sweep": ", ".join(f"{name}={value}" for name, value in place.values.items()),
            **_with_interval("recall", approximate[label]["recall"]),
            "measure": measure,
            **_with_interval("quality", measures[label][measure]),
            **_with_interval("loss", approximate[label]["loss"]),
            "queries": approximate[label]["loss"]["queries"],
            **{name: costs.get(label, {}).get(cost, {}).get("value", math.nan) for name, cost in _TIMES.items()},
            **{name: approximate[label][name]["value"] for name in _SIZES},
        }
        for label, place in places.items()
        if label in approximate
    ]
    return _with_fronts(points, _encoders(run))


# Column of curve.csv -> its quantity in latency.csv; those that are called so in approximate.csv too.
_TIMES = {"p50_ms": "p50", "p95_ms": "p95", "queries_per_second": "batch"}
_SIZES = ("build_seconds", "index_bytes", "bytes_a_document")


def _by_label(rows: Iterable[Row], dataset: dict[str, Any], key: str, measure: str) -> dict[str, dict[str, Row]]:
    """Label -> value of `key` -> row, of those of a set and of a measure or none."""
    held: dict[str, dict[str, Row]] = {}
    for row in rows:
        if row["dataset"] == dataset["name"] and row.get("measure", "") in ("", measure):
            held.setdefault(row["retriever"], {})[row[key]] = row
    return held


def _with_interval(name: str, row: Row) -> dict[str, float]:
    return {name: row["value"], f"{name}_low": row["low"], f"{name}_high": row["high"]}


def _encoders(run: Run) -> dict[str, str]:
    """Label -> its parts with their parameters: recall is of what the same parts find exactly."""
    return {
        entry["label"]: repr({name: its for name, its in entry["parameters"].items() if name.startswith("parts.")})
        for entry in run.info["retrievers"]
    }


def _with_fronts(points: list[Row], encoders: Mapping[str, str]) -> list[Row]:
    """1 where no point is quicker and finds as much: by quality of all, by recall of those of its encoder."""
    by_quality = set(_front(points, "quality"))
    by_recall = {
        label
        for encoder in set(encoders.values())
        for label in _front([point for point in points if encoders[point["retriever"]] == encoder], "recall")
    }
    return [
        {
            **point,
            "front_recall": int(point["retriever"] in by_recall),
            "front_quality": int(point["retriever"] in by_quality),
        }
        for point in points
    ]


def _front(points: Iterable[Row], by: str) -> Iterator[str]:
    """Labels of the Pareto front of median times and a figure; points without a time have no part in it."""
    timed = (point for point in points if not math.isnan(point["p50_ms"]))
    yield from pareto.undominated({point["retriever"]: [-point[by], point["p50_ms"]] for point in timed})
