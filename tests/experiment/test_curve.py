"""A curve: a run whose points share indexes, its table, its file and its chart."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from gauges import scripted
from numbered import nearest_are_relevant

import bench
from bench.cli import main
from bench.data.formats.export import write
from bench.experiment import curve as module
from bench.experiment.workers.shared_index import SharedIndex
from bench.machine.gauge import Reading
from bench.report.run.curve import curve, points_of
from bench.storage.run import load_run
from retrievers import create
from retrievers.indexes.ann import Ann

pytestmark = pytest.mark.slow

pytest.importorskip("faiss")

HNSW = "ann(numbered:Clustered, index=hnsw, m=2, construction=4)"
IVF = "ann(numbered:Clustered, index=ivf, lists=4)"
SHORT = ("--samples", "20", "--seconds", "5")


@pytest.fixture
def call(capsys, monkeypatch, tmp_path):
    """`bench curve` on a small set, with the retrievers in this process: code, what it prints, its errors."""
    write(nearest_are_relevant(), tmp_path / "near", "made")
    monkeypatch.setattr(module, "SharedIndex", lambda _, source: SharedIndex("this process", create(source)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "250")

    def called(*arguments, command="curve"):
        with pytest.raises(SystemExit) as ended:
            main([command, *arguments])
        printed = capsys.readouterr()
        return ended.value.code, printed.out, " ".join(printed.err.split())

    return called


def test_a_curve_has_a_table_a_file_and_a_chart(call, monkeypatch):
    builds, index = [], Ann.index
    monkeypatch.setattr(Ann, "index", lambda its, documents: builds.append(len(documents)) or index(its, documents))
    arguments = ("near", "-r", HNSW, "-r", f"lists={IVF}", "--sweep", "ef=2..16", "--sweep", "probes=1,4")
    code, out, _ = call(*arguments, "--name", "c", *SHORT)
    assert code == 0
    assert builds.count(300) == 2, "one build for each retriever; the rest are rehearsals"
    run = load_run("results/c")
    points = points_of(run, run.datasets[0])
    assert [point["sweep"] for point in points] == ["ef=2", "ef=4", "ef=8", "ef=16", "probes=1", "probes=4"]
    assert [point["build"] for point in points] == [1, 1, 1, 1, 2, 2]
    assert points[5]["recall"] == 1 > points[0]["recall"]
    assert all(point["p50_ms"] > 0 and point["queries_per_second"] > 0 for point in points)
    assert [point["loss"] for point in points] == list(run.curve["loss"])
    assert {point["line"] for point in points} == {HNSW, "lists"}
    table = curve(run, run.datasets[0])
    assert table.header[:3] == ("retriever", "ef", "probes")
    assert [row[1:3] for row in table.rows][3:5] == [("16", ""), ("", "1")]
    assert any("◆" in row[-1] for row in table.rows)
    assert table.title in out
    assert "Files: results/c (report.html, curve.csv, charts/: curve.png, curve.svg)" in out
    assert table.title in (run.folder / "report.html").read_text("utf-8")
    svg = (run.folder / "charts" / "curve.svg").read_text("utf-8")
    assert all(text in svg for text in ("recall@10 of exact", "nDCG@10", "p50 of a warm single query", "lists"))


def test_a_point_is_what_a_run_of_it_alone_gives(call, tmp_path):
    code, *_ = call("near", "-r", HNSW, "--sweep", "ef=2,16", "--sweep", "rescore=0,30", "--no-latency", "--name", "c")
    assert code == 0
    swept = load_run("results/c")
    for label in swept.retrievers:
        alone = bench.run("near", {label: create(label)}, results=tmp_path / "alone", latency=False, depth=10)
        one, other = (run.cell("near", label) for run in (swept, alone))
        assert np.array_equal(one.ranking.documents, other.ranking.documents[:, :10])
        rows = [row for row in alone.rows("approximate") if (row["quantity"], row["measure"]) == ("loss", "nDCG@10")]
        point = next(row for row in swept.rows("curve") if row["retriever"] == label)
        assert [point["loss"], point["loss_low"], point["loss_high"]] == [
            pytest.approx(rows[0][key]) for key in ("value", "low", "high")
        ]


def test_without_times_there_is_neither_a_front_nor_a_chart(call):
    code, out, _ = call("near", "-r", HNSW, "--sweep", "ef=2,16", "--no-latency", "--name", "c", "--limit", "9")
    assert code == 0
    assert "near (sample of 9): curve of" in out
    assert "p50" not in out
    assert "◆" not in out
    assert "Files: results/c (report.html, curve.csv)" in out
    assert not list((load_run("results/c").folder / "charts").glob("curve.*"))


def test_a_machine_that_is_too_busy_gives_no_times_and_says_how_to_get_them(call, monkeypatch):
    def busy():
        while True:
            yield Reading(0.002, 0.5)

    scripted(monkeypatch, busy())
    arguments = ("near", "-r", HNSW, "--sweep", "ef=2,16", "--name", "c", *SHORT)
    code, out, err = call(*arguments)
    assert code == 0
    assert "The machine is too busy" in err
    assert "p50" not in out
    assert "then: the same command with --name c --resume" in " ".join(out.split())
    scripted(monkeypatch, iter([Reading(0.002, 0.0)] * 1000))
    code, out, _ = call(*arguments, "--resume")
    assert (code, "p50 ms" in out) == (0, True)


def test_a_noisy_machine_marks_times_and_says_why(call, monkeypatch):
    scripted(monkeypatch, iter([Reading(0.002, 0.15)] * 1000))
    code, out, _ = call("near", "-r", HNSW, "--sweep", "ef=2,16", "--name", "c", *SHORT)
    assert (code, bool(re.search(r"│ +~\d", out))) == (0, True)
    assert "~ on a noisy machine: a fixed piece of work waited up to 15% of its time" in " ".join(out.split())


def test_what_does_not_fit_together_is_refused(call):
    arguments = ("near", "-r", HNSW, "--no-latency", "--name", "c", "--sweep")
    assert call(*arguments, "ef=2,16")[0] == 0
    code, _, err = call(*arguments, "ef=2,32", "--resume")
    assert (code, "cannot be continued" in err) == (2, True)
    code, _, err = call("--resume", "--name", "c", command="run")
    assert (code, "sweeps: ef=2, 16 is now None" in err or "sweeps: ef=2,16 is now None" in err) == (2, True)
    code, _, err = call("near", "-r", HNSW, "--sweep", "ef=2,16", "--resume")
    assert (code, "Give its --name." in err) == (2, True)
    code, _, err = call("near", "-r", "bm25", "--sweep", "ef=2,16")
    assert (code, "bm25 approximates no exact search" in err) == (2, True)


def test_a_point_that_fails_is_a_line_and_the_others_stand(call, monkeypatch):
    search = Ann.search_vectors

    def fails_for_few(its, *arguments):
        if its.ef == 2:
            raise ValueError("too few")
        return search(its, *arguments)

    monkeypatch.setattr(Ann, "search_vectors", fails_for_few)
    code, out, _ = call("near", "-r", HNSW, "--sweep", "ef=2..8", "--no-latency", "--name", "c")
    assert code == 5
    assert "too few" in out
    assert [point["sweep"] for point in load_run("results/c").rows("curve")] == ["ef=4", "ef=8"]


def test_its_folder_is_a_run_that_can_be_reported(call):
    assert call("near", "-r", HNSW, "--sweep", "ef=2,16", "--no-latency", "--name", "c")[0] == 0
    code, out, _ = call("results/c", "--verbose", command="report")
    assert (code, "curve of" in out, "approximate against exact" in out) == (0, True, True)
    assert "curve of" in load_run("results/c").folder.joinpath("report.md").read_text("utf-8")
    assert json.loads(load_run("results/c").folder.joinpath("run.json").read_text("utf-8"))["sweeps"] == ["ef=2,16"]
