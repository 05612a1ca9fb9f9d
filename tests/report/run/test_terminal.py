"""What a run prints: a table a set, what to look at, the verdict and where the report lies, at any width."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from fakes import Broken, Fixed
from made import QUERIES
from printed import printed

import bench
from bench.data.formats import load_dataset
from bench.report.run import overview, parts, terminal
from bench.report.run.attention import attention
from bench.report.run.labels import short_labels

pytestmark = pytest.mark.slow

LONG = "bm25:stemmer=none,stop_words=none,epsilon=0.25,delta=none,b=0.75,k1="


def made(folder, sets, labels, *more, **settings):
    """A run of retrievers of these labels in this process."""
    datasets = [replace(load_dataset("vector-notes").sample(20, seed), name=f"set-{seed}") for seed in range(sets)]
    retrievers = [*(type(label, (Fixed,), {})() for label in labels), *more]
    return bench.run(datasets, retrievers, results=str(folder), name="r", **settings)


@pytest.fixture(scope="module")
def twelve(tmp_path_factory):
    """Twelve retrievers of long labels, one of which fails, on two sets, without times."""
    labels = [f"{LONG}{number}" for number in range(10)]
    return made(tmp_path_factory.mktemp("twelve"), 2, [*labels, "plain"], Broken(), latency=False)


@pytest.fixture(scope="module")
def timed(tmp_path_factory):
    """Three retrievers on three sets."""
    return made(tmp_path_factory.mktemp("timed"), 3, ["bm25", "tfidf", "minilm"], seconds=0.05)


@pytest.mark.parametrize("width", [80, 100, 120, 160, 200])
@pytest.mark.parametrize("name", ["twelve", "timed"])
def test_no_figure_is_broken_at_any_width(name, width, request):
    run = request.getfixturevalue(name)
    text = printed(terminal.render(run), width)
    assert max(map(len, text.splitlines())) <= width
    change = short_labels(run)
    for dataset in run.datasets:
        for row in parts.overviews(run, dataset)[-1].rows:  # the narrowest
            for word in " ".join(map(change, row[1:])).replace(" [", "|[").split("|"):
                assert all(figure in text for figure in re.findall(r"\[.*?\]|[\d.]+", word))
            assert all(word in text for word in change(row[0]).split())


def test_three_sets_fit_a_screen(timed):
    text = printed(terminal.render(timed), 100)
    without_remarks = [line for line in text.splitlines() if "warning" not in line]
    assert 24 <= len(without_remarks) <= 48
    assert len([line for line in without_remarks if line.startswith("┏")]) == 3


def test_it_ends_with_the_verdict_and_the_file_to_open(timed):
    lines = printed(terminal.render(timed)).splitlines()
    assert lines[-1] == f"Open {timed.folder / 'report.md'}"
    assert lines[-2] == f"All tables here: python -m bench report {timed.folder} --verbose"
    assert any(line.startswith("Over all sets: ") for line in lines[-8:])
    (timed.folder / "report.html").write_text("")
    try:
        assert printed(terminal.render(timed)).splitlines()[-1] == f"Open {timed.folder / 'report.html'}"
    finally:
        (timed.folder / "report.html").unlink()


def test_what_failed_stands_beside_the_table(twelve):
    text = printed(terminal.render(twelve))
    assert "failed: Broken on set-0" in text
    assert f"What failed: {twelve.folder / 'log.txt'} has more." in text
    assert "p50" not in text  # nothing was timed
    assert twelve.folder.name in text


@pytest.mark.parametrize(
    ("main", "measures", "shown"),
    [
        ("RR@10", ["RR@10", "R@5", "R@10"], ["RR@10", "R@10"]),
        ("RR@10", ["R(rel=2)@5", "R@5", "RR@10"], ["RR@10", "R(rel=2)@5"]),
        ("R@10", ["R@5", "R@10", "RR@10"], ["R@10"]),
        ("RR@10", ["RR@10", "Rprec"], ["RR@10"]),
    ],
)
def test_a_recall_stands_beside_another_main_measure(main, measures, shown):
    assert overview.shown_measures(SimpleNamespace(info={"measures": measures}), {"measure": main}) == shown


def test_marks_are_explained_where_they_stand(timed, twelve):
    tables = [table for dataset in timed.datasets for table in parts.overviews(timed, dataset)]
    shown = overview.marks_explained(timed, tables)
    cells = [cell for table in tables for row in table.rows for cell in row]
    assert any("◆" in cell for cell in cells)
    for mark in "†◆§~*":
        assert any(mark in cell for cell in cells) == (f"{mark} " in shown)
    assert overview.marks_explained(twelve, []) == ""


def test_the_recall_loses_its_interval_where_there_is_no_room(timed):
    wide, narrow = parts.overviews(timed, timed.datasets[0])
    assert [name for name in wide.header if name not in narrow.header] == ["R@10 [95%]"]
    assert "R@10 [95%]" in printed(terminal.render(timed), 120)
    assert "R@10 [95%]" not in printed(terminal.render(timed), 60)


def test_what_to_look_at_is_what_can_change_a_decision(monkeypatch, timed):
    analyses = {
        "ties": {"x": {"best": 0.5, "worst": 0.496}, "y": {"best": 0.5, "worst": 0.48}},
        "unjudged": {"x": {"unjudged": 1, "hits": 10, "cutoff": 5}, "y": {"unjudged": 3, "hits": 4, "cutoff": 5}},
        "copies": {"above_all": {"x": 0, "y": 2}},
        "traps": {"judged": {"x": {"rate": {"value": 0.25}}, "y": {"rate": {"value": 0.5}}}, "file": None},
        "windows": [{"not_checked": False, "cut": 1, "relevant": 4, "readers": ["y"]}],
        "unknown_words": {"share": 0.3},
    }
    dataset = timed.datasets[0]
    monkeypatch.setattr("bench.report.run.attention.analysis", lambda *_: analyses)
    assert attention(timed, dataset) == [
        "unjudged copies of relevant documents stand above them up to 2 times",
        "traps stand above every right document in 25% to 50%",
        "10% to 75% of the top 5 not judged (python -m bench judge RUN asks for them)",
        "the order of equal scores moves nDCG@10 by up to 0.020",
        "y cut 25% of the relevant documents",
        "30% of the queries have a word that no document has",
    ]
    slight = {
        "ties": {"x": {"best": 0.5, "worst": 0.499}},
        "unjudged": {"x": {"unjudged": 1, "hits": 100, "cutoff": 5}},
        "copies": {"above_all": {"x": 0}},
        "traps": {"judged": None, "file": None},
        "windows": [{"not_checked": False, "cut": 1, "relevant": 40, "readers": ["y"]}],
        "unknown_words": {"share": 0.01},
    }
    monkeypatch.setattr("bench.report.run.attention.analysis", lambda *_: slight)
    assert attention(timed, dataset) == []


def test_hostile_names_steer_no_terminal(tmp_path, write_set):
    hostile = "a\x1b[31m b\u202e ::error::"
    dataset = replace(load_dataset(write_set(queries=QUERIES)), name=hostile)
    run = bench.run([dataset], [Fixed()], results=str(tmp_path / "out"), latency=False)
    text = printed(terminal.render(run))
    assert not {"\x1b", "\u202e"} & {*text}
    assert "::error" not in text
