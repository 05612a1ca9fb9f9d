"""All stored runs in the order of time: steps are what a comparison would call one."""

from __future__ import annotations

import shutil

import pytest
from fakes import Fixed
from made import write_beir
from planted import Planted, write_planted
from stored import edit_info

import bench
from bench.errors import BenchError
from bench.regression.history import CellName, history
from bench.report.history import content
from bench.report.history.page import render

SETTINGS = {"measures": ["RR@10", "R@10"], "latency": False}
WORSE = Planted(lost=0.3)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Five runs on a set, in their order: as it is, again, worse, another set of that name, better again there."""
    folder = tmp_path_factory.mktemp("history")

    first, other = (
        write_planted(lambda name, *files, place=place: write_beir(folder / place / name, *files), queries)
        for place, queries in (("one", 120), ("other", 90))
    )
    runs = [(first, Planted()), (first, Planted()), (first, WORSE), (other, WORSE), (other, Planted())]
    for number, (dataset, retriever) in enumerate(runs, 1):
        made = {"main": retriever, "fixed": Fixed()}
        run = bench.run([dataset], made, results=str(folder / "results"), name=f"run-{number}", **SETTINGS)
        environment = {**run.info["environment"], "time": f"2026-01-0{number}T00:00:00+00:00"}
        edit_info(run.folder, environment=environment)
    return folder / "results"


def test_a_step_is_marked_where_a_comparison_shows_one(results):
    points = history(results).points[CellName("planted", "main")]
    assert [point.run for point in points] == [f"run-{number}" for number in range(1, 6)]
    assert [point.before for point in points] == ["", *(f"run-{number}" for number in range(1, 5))]
    assert [point.step for point in points] == ["", "", "worse", "not comparable", "better"]
    compared = bench.compare(results / "run-2", results / "run-3")
    (change,) = (row for row in compared.changes if row.retriever == "main" and row.main)
    assert points[2].change == change


def test_what_else_changed_stands_beside_a_step_and_is_the_cells_own(results):
    points = history(results).points
    assert [changed.what for changed in points[CellName("planted", "main")][2].changed] == ["main: lost"]
    assert points[CellName("planted", "fixed")][2].changed == ()
    assert "not the same in both runs" in points[CellName("planted", "main")][3].problem


def test_a_cell_is_held_against_the_last_run_that_has_it(results, tmp_path):
    for name in ("run-1", "run-3"):
        shutil.copytree(results / name, tmp_path / name)
    only_fixed = bench.run(
        [results.parent / "one" / "planted"], {"fixed": Fixed()}, results=str(tmp_path), name="between", **SETTINGS
    )
    edit_info(only_fixed.folder, environment={**only_fixed.info["environment"], "time": "2026-01-02T00:00:00+00:00"})
    points = history(tmp_path).points
    assert [point.before for point in points[CellName("planted", "main")]] == ["", "run-1"]
    assert [point.before for point in points[CellName("planted", "fixed")]] == ["", "run-1", "between"]


def test_what_cannot_be_read_is_named_and_hides_nothing(results, tmp_path):
    shutil.copytree(results / "run-1", tmp_path / "whole")
    shutil.copytree(results / "run-1", tmp_path / "stopped")
    edit_info(tmp_path / "stopped", complete=False)
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "run.json").write_text("{}", "utf-8")
    made = history(tmp_path)
    assert [run.folder.name for run in made.runs] == ["whole"]
    assert [name for name, _ in made.unreadable] == ["none", "stopped"]
    page = render(made)
    assert "It is not complete" in page


def test_a_folder_without_a_run_is_one_error(tmp_path):
    with pytest.raises(BenchError, match="There is no run"):
        history(tmp_path)


def test_the_table_has_every_value_with_its_mark(results):
    made = history(results)
    table = content.figures(made, "planted")
    assert table.header == ("#", "run", "time", "measure", "main", "fixed")
    assert [row[0] for row in table.rows] == ["1", "2", "3", "4", "5"]
    assert [row[4][-1] for row in table.rows] == ["]", "]", "▼", "≠", "▲"]
    texts = ["".join(item.pieces) for item in content.steps(made, "planted").items]
    assert texts[0].startswith("main RR@10 in run-3, against run-2: worse, -0.")
    assert "p <0.001 (Holm), 120 queries" in texts[0]


def test_the_page_links_to_reports_that_are_there(results):
    (results / "run-2" / "report.html").write_text("x", "utf-8")
    page = render(history(results))
    assert 'href="run-2/report.html"' in page
    assert 'href="run-1/report.html"' not in page
    (results / "run-2" / "report.html").unlink()
