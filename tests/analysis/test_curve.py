"""The points of a curve, from a run's tables: figures side by side, and which points no other one beats."""

from __future__ import annotations

import math

import pytest

from bench.analysis.curve import Place, write_curve
from bench.storage.run import Run
from bench.storage.schema import CURVE

MINILM, LSA = {"parts.0": "Dense", "ef": 1}, {"parts.0": "Lsa", "ef": 2}


def figure(label, value, **more):
    return {"dataset": "set", "retriever": label, "value": value, "low": value - 0.1, "high": value + 0.1, **more}


@pytest.fixture
def points(tmp_path):
    """By label: recall, quality, p50 in ms (None: not timed), parameters -> the rows of curve.csv by label."""

    def write(figures):
        approximate, measures, latency = [], [], []
        for label, (recall, quality, p50, _) in figures.items():
            values = {"recall": recall, "loss": 0.9 - quality, "build_seconds": 2.0, "index_bytes": 800.0}
            for name, value in {**values, "bytes_a_document": 8.0}.items():
                measure = "nDCG@10" if name == "loss" else ""
                approximate.append(figure(label, value, quantity=name, measure=measure, queries=20))
            measures.append(figure(label, quality, slice="all", measure="nDCG@10", queries=20))
            measures.append(figure(label, 0.0, slice="kind=a", measure="nDCG@10", queries=3))
            latency += [] if p50 is None else [figure(label, p50, quantity="p50")]
        retrievers = [{"label": label, "parameters": its} for label, (*_, its) in figures.items()]
        datasets = [{"name": "set", "measure": "nDCG@10"}]
        run = Run(tmp_path, {"datasets": datasets, "measures": ["nDCG@10"], "retrievers": retrievers})
        for table, rows in (("approximate", approximate), ("measures", measures), ("latency", latency)):
            run.hold(table, rows)
        write_curve(run, {label: Place("ann", number, {"ef": label}) for number, label in enumerate(figures)})
        assert (tmp_path / "curve.csv").read_text().splitlines()[0].split(",") == list(CURVE)
        return {row["retriever"]: row for row in run.rows("curve")}

    return write


def test_a_row_has_what_the_tables_say_of_a_point(points):
    row = points({"16": (0.7, 0.5, 1.0, MINILM)})["16"]
    assert (row["recall"], row["recall_low"], row["recall_high"]) == (0.7, 0.7 - 0.1, 0.7 + 0.1)
    assert (row["quality"], row["loss"], row["queries"]) == (0.5, 0.4, 20)
    assert (row["build_seconds"], row["index_bytes"], row["bytes_a_document"]) == (2.0, 800.0, 8.0)
    assert (row["line"], row["build"], row["sweep"], row["measure"]) == ("ann", 0, "ef=16", "nDCG@10")
    assert row["p50_ms"] == 1.0
    assert math.isnan(row["p95_ms"])


def fronts(rows):
    return {label: (row["front_recall"], row["front_quality"]) for label, row in rows.items()}


def test_on_the_front_is_what_no_point_beats_on_time_and_find_alike(points):
    rows = points(
        {
            "quick": (0.5, 0.60, 1.0, MINILM),
            "slow": (0.9, 0.55, 2.0, MINILM),
            "slower": (0.9, 0.55, 3.0, MINILM),
            "best": (1.0, 0.60, 4.0, MINILM),
        }
    )
    assert fronts(rows) == {"quick": (1, 1), "slow": (1, 0), "slower": (0, 0), "best": (1, 0)}


def test_recall_is_held_against_that_of_the_same_encoder_alone(points):
    rows = points({"dense": (0.8, 0.7, 2.0, MINILM), "counts": (0.9, 0.5, 1.0, LSA)})
    assert fronts(rows) == {"dense": (1, 1), "counts": (1, 1)}
    rows = points({"dense": (0.8, 0.5, 2.0, MINILM), "counts": (0.9, 0.5, 1.0, LSA)})
    assert fronts(rows) == {"dense": (1, 0), "counts": (1, 1)}


def test_without_a_time_there_is_no_front(points):
    rows = points({"untimed": (1.0, 1.0, None, MINILM), "busy": (1.0, 1.0, math.nan, MINILM)})
    assert fronts(rows) == {"untimed": (0, 0), "busy": (0, 0)}
    rows = points({"untimed": (1.0, 1.0, None, MINILM), "timed": (0.5, 0.5, 1.0, MINILM)})
    assert fronts(rows) == {"untimed": (0, 0), "timed": (1, 1)}
