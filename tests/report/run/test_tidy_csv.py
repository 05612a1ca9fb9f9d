"""One tidy table: every stored figure, and how its retriever stands."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace

import pytest
from fakes import Fixed

import bench
from bench.data.formats import load_dataset
from bench.report.run.tidy_csv import COLUMNS, render
from retrievers.lexical.bm25 import BM25


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    dataset = replace(load_dataset("support-faq").sample(60, 0), name="=cmd|' /C calc'!A0\nx")
    retrievers = {"bm25": BM25(), "Fixed": Fixed(), "@sum": Fixed()}
    return bench.run([dataset], retrievers, results=str(tmp_path_factory.mktemp("tidy")), seconds=0.05)


def rows(run):
    return list(csv.DictReader(io.StringIO(render(run), newline="")))


def test_every_stored_figure_is_a_row(run):
    tables = ("measures", "groups", "unanswerable", "latency")
    stored = [row for table in tables for row in run.rows(table)]
    shown = rows(run)
    assert tuple(shown[0]) == COLUMNS
    assert [row["value"] for row in shown] == ["" if math.isnan(row["value"]) else repr(row["value"]) for row in stored]
    assert {row["unit"] for row in shown} >= {"", "ms", "MB"}
    assert any(row["slice"].startswith("style=") for row in shown)


def test_marks_stand_on_measures_of_all_queries_alone(run):
    (analyses,) = run.analysis["sets"].values()
    for row in rows(run):
        if row["slice"] != "all" or row["measure"] not in run.info["measures"] or row["unit"]:
            assert (row["best"], row["letters"], row["level_with_best"]) == ("", "", "")
            continue
        label, level = row["retriever"].removeprefix("'"), analyses["level"][row["measure"]]
        assert row["letters"] == analyses["letters"][row["measure"]][label]
        assert row["level_with_best"] == str(int(label in (level["best"], *level["undecided"])))
        assert int(row["best"]) <= int(row["level_with_best"])
    assert {row["best"] for row in rows(run)} == {"", "0", "1"}


def test_no_name_is_a_formula_and_each_row_is_a_line(run):
    for row in rows(run):
        assert all(not row[name].startswith(("=", "+", "-", "@")) for name in ("dataset", "retriever", "slice"))
    assert {row["dataset"] for row in rows(run)} == {"'=cmd|' /C calc'!A0 x"}
    assert "'@sum" in {row["retriever"] for row in rows(run)}
    assert len(render(run).splitlines()) == 1 + len(rows(run))
