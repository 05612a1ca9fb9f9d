"""A machine that is noisy marks every time; one that is too busy gives none, says so, and how to get them."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass, replace

import pytest
from fakes import Fixed
from gauges import scripted
from printed import printed
from whole_report import whole_report

import bench
from bench.analysis.last_pass import _candidate
from bench.analysis.verdict.choices import Limits
from bench.analysis.verdict.sentences import costs
from bench.experiment import cautions, doctor
from bench.machine import gauge
from bench.machine.gauge import Load, Reading
from bench.report.regression import content as comparison
from bench.report.regression import junit, pytest_benchmark
from bench.report.regression import markdown as markdown_comparison
from bench.report.regression import terminal as terminal_comparison
from bench.report.run import forms, quality, terminal, terminal_verbose
from bench.report.run.charts import CHARTS
from bench.report.run.cost import cost, timed
from bench.storage.costs import COSTS, NOISY

pytestmark = pytest.mark.slow

AT_START = [Reading(1.0, 0.0)]
INDEXED = [Reading(1.0, 0.0), Reading(1.05, 0.0)]
TIMES = {"p50 ms", "p90 ms", "p95 ms", "p99 ms", "batch queries/s", "load s", "index s", "first query ms"}


@dataclass
class Worse(Fixed):
    """Another one, of a lexical kind."""

    kind = "lexical"


@dataclass
class Better(Fixed):
    kind = "dense"


def run_with(monkeypatch, path, results, readings, retrievers=(), **settings):
    scripted(monkeypatch, itertools.chain(readings, itertools.repeat(readings[-1])))
    chosen = list(retrievers) or [Fixed()]
    return bench.run(path, chosen, results=str(results), samples=140, seconds=30, **settings)


def columns(table, row=0):
    return dict(zip(table.header, table.rows[row], strict=True))


@pytest.mark.parametrize("slow", [False, True])
def test_times_of_a_noisy_machine_are_marked(write_set, tmp_path, monkeypatch, slow):
    between = Reading(1.5 if slow else 1.09, 0.0)
    run = run_with(monkeypatch, write_set(), tmp_path / "out", [*AT_START, *INDEXED, between])
    shares = run.latency.set_index("quantity")["value"]
    assert shares["drift_index"] == pytest.approx(0.05)
    assert shares["drift_timing"] == pytest.approx(0.5 if slow else 0.09)
    table = cost(run, run.datasets[0])
    cells = columns(table)
    assert cells["p50 ms"].startswith("~") == slow
    assert not cells["index s"].startswith("~")
    assert any("50% longer" in note for note in table.notes) == slow


def test_waiting_marks_them_too(write_set, tmp_path, monkeypatch):
    run = run_with(monkeypatch, write_set(), tmp_path / "out", [*AT_START, *INDEXED, Reading(1.0, 0.2)])
    table = cost(run, run.datasets[0])
    assert columns(table)["p50 ms"].startswith("~")
    assert any("waited up to 20% of its time for a processor" in note for note in table.notes)


@pytest.mark.parametrize("mark", ["", "~"])
def test_the_mark_is_wherever_a_time_is(write_set, tmp_path, monkeypatch, mark):
    between = Reading(1.5 if mark else 1.0, 0.0)
    both = [Better(), Worse()]
    readings = [*AT_START, *INDEXED, *INDEXED, between]
    run = run_with(monkeypatch, write_set(), tmp_path / "out", readings, both, max_p95_ms=1e-9)
    assert ("on a noisy machine (~)" in timed(run, run.datasets[0])) == bool(mark)
    table = quality.summary(run)
    assert re.search(rf"\({mark}\d[\d.]* ms\)", " ".join(table.rows[0]))
    text = " ".join(run.verdicts["sentences"])
    assert re.search(rf"a p95 of {mark}\d", text)
    candidates = [
        replace(_candidate(run, "small", "nDCG@10", label, "dense"), p95_ms=ms)  # equal ones would be left out
        for label, ms in (("Better", 1.0), ("Worse", 2.0))
    ]
    assert re.search(rf"costs {mark}[\d.]+ against {mark}[\d.]+ ms of p95", costs(*candidates)[0])


def test_a_machine_that_is_too_busy_gives_no_times(write_set, tmp_path, monkeypatch):
    busy = Reading(1.0, 0.6)
    run = run_with(monkeypatch, write_set(), tmp_path / "out", [*AT_START, *INDEXED, busy], [Better(), Worse()])
    # The first one was indexed in quiet, the second while it was busy.
    table = cost(run, run.datasets[0])
    assert "p50 ms" not in table.header
    first, second = (columns(table, row) for row in (0, 1))
    assert first["index s"] != "n/a"
    assert second["index s"] == second["load s"] == "n/a"
    notes = " ".join(table.notes)
    assert "No times of loading and indexing for Worse and of queries: the machine was too busy." in notes
    assert "waited up to 60% of its time for a processor" in notes
    assert "bench.run(…, resume=True)" in notes
    assert "ms" not in " ".join(quality.summary(run).rows[0])
    assert "ms of p95" not in " ".join(run.verdicts["sentences"])
    forms.write(run)
    assert not (run.folder / "charts" / "latency.svg").exists()
    assert not (run.folder / "charts" / "pareto.svg").exists()
    assert {"latency", "pareto"} <= {*CHARTS}
    for form in (whole_report(run), *(printed(form.render(run)) for form in (terminal, terminal_verbose))):
        assert not re.search(r"\d ms\b", form)
    assert "the machine was too busy" in printed(terminal.render(run))
    run.info["config"]["latency"] = False
    assert "the machine was too busy" not in printed(terminal.render(run))


@pytest.mark.parametrize(("waited", "mark"), [(0.2, "~"), (0.6, "")])
def test_a_comparison_marks_times_and_leaves_those_of_a_busy_machine_out(
    write_set, tmp_path, monkeypatch, waited, mark
):
    path, out = write_set(), tmp_path / "out"
    base = run_with(monkeypatch, path, out, [Reading(1.0, 0.0)], name="base")
    head = run_with(monkeypatch, path, out, [Reading(1.0, waited)], name="head")
    gates = ("p50_ms <= +10%", "p50_ms <= 0.000001", "index_s <= 0.0000001", "index_size_mb <= 1000")
    found = bench.compare(base, head, gates=gates)
    whole = "\n".join(
        (
            markdown_comparison.render(found),
            junit.render(found).decode(),
            printed(terminal_comparison.render(found), 120),
        )
    )
    reasons = [check.reason for judged in found.judged for check in judged.checks if judged.gate.advice]
    times = [row for row in comparison.costs(found).rows if row[2].endswith(("_ms", "_s"))]
    assert len(times) >= 5
    assert all(row[3] == "n/a" or not row[3].startswith("~") for row in times)
    if mark:
        assert all(row[4] == "n/a" or row[4].startswith("~") for row in times)
        assert re.search(r"p50_ms \d\S* → ~\d", whole)
        assert "too busy" not in whole
    else:
        assert all(row[4] == row[5] == "n/a" for row in times)
        assert comparison.BUSY in whole
        assert all("was not measured" in reason and "the machine was too busy" in reason for reason in reasons)
    names = [entry["param"] for entry in json.loads(pytest_benchmark.render(head))["benchmarks"]]
    assert names == (["Fixed"] if mark else [])
    assert found.judged[-1].result == "pass"


def test_times_of_a_busy_machine_decide_nothing(write_set, tmp_path, monkeypatch):
    index = [Reading(1.0, 0.4), Reading(1.0, 0.4), Reading(1.0, 0.6)]
    run = run_with(monkeypatch, write_set(), tmp_path / "out", [*AT_START, *index], [Better(), Worse()])
    assert any("waited up to 60% of its time" in note for note in cost(run, run.datasets[0]).notes)
    candidate = _candidate(run, "small", "nDCG@10", "Better", "dense")
    assert (candidate.p95_ms, candidate.p50_ms, candidate.index_s) == (None, None, None)
    assert Limits(p95_ms=1.0).unknown(candidate)
    assert not {"p95", "index"} & {*run.analysis["sets"]["small"]["pareto"]["axes"]}


def test_memory_and_quality_stand(write_set, tmp_path, monkeypatch):
    run = run_with(monkeypatch, write_set(), tmp_path / "out", [*AT_START, Reading(1.0, 0.9)], repeat_index=2)
    table = run.latency.set_index("quantity")
    costs = table["value"]
    assert costs["index_size"] > 0
    assert costs[["index", "load", "first_query", "p50", "batch", "score_p50"]].isna().all()
    assert table.loc["index", ["low", "high"]].isna().all()
    assert table.loc["index", "samples"] == 2
    assert run.measures["value"].notna().all()
    assert not [note for note in cost(run, run.datasets[0]).notes if note.startswith("~")]  # nothing is marked


def test_whatever_is_a_time_says_when_it_is_taken():
    """Else it would stand unmarked beside a load."""
    no_times = {cost.quantity for cost in COSTS.values() if not cost.taken}
    assert no_times == {"peak_memory", "index_size", "tokens", "usd"}


def test_times_are_taken_when_the_run_goes_on_in_quiet(write_set, tmp_path, monkeypatch):
    path, busy = write_set(), Reading(1.0, 0.6)
    settings = {"name": "x"}
    first = run_with(monkeypatch, path, tmp_path / "out", [busy], **settings)
    assert any("too busy" in warning for warning in first.warnings)
    before = first.per_query
    quiet = run_with(monkeypatch, path, tmp_path / "out", [Reading(1.0, 0.0)], **settings, resume=True)
    costs = quiet.latency.set_index("quantity")["value"]
    assert costs[["index", "p50", "p95", "batch", "first_query"]].notna().all()
    assert not quiet.warnings
    assert quiet.per_query.equals(before)


def test_what_was_indexed_beside_a_load_alone_is_indexed_again(write_set, tmp_path, monkeypatch):
    path, busy, quiet = write_set(), Reading(1.0, 0.6), Reading(1.0, 0.0)
    first = run_with(monkeypatch, path, tmp_path / "out", [*AT_START, busy, busy, quiet], name="x")
    costs = first.latency.set_index("quantity")["value"]
    assert costs[["index", "p50"]].isna().tolist() == [True, False]
    again = run_with(monkeypatch, path, tmp_path / "out", [quiet], name="x", resume=True)
    assert again.latency.set_index("quantity")["value"][["index", "p50"]].notna().all()


def test_waiting_that_would_be_marked_is_looked_at_again():
    assert gauge._STILL < NOISY


def test_what_was_timed_in_quiet_is_not_timed_again(write_set, tmp_path, monkeypatch):
    path = write_set()
    first = run_with(monkeypatch, path, tmp_path / "out", [Reading(1.0, 0.0)], name="x")
    cell = first.cell("small", "Fixed")
    again = run_with(monkeypatch, path, tmp_path / "out", [Reading(1.0, 0.9)], name="x", resume=True)
    assert again.cell("small", "Fixed").info == cell.info


def test_runs_of_before_have_no_share_of_waiting(write_set, tmp_path, monkeypatch):
    run = run_with(monkeypatch, write_set(), tmp_path / "out", [Reading(1.0, 0.0)])
    rows = [row for row in run.rows("latency") if not row["quantity"].startswith("waited")]
    assert len(rows) < len(run.rows("latency"))
    run.hold("latency", rows)
    assert columns(cost(run, run.datasets[0]))["p50 ms"] != "n/a"


@pytest.mark.parametrize(
    ("share", "words"), [(0.0, ""), (0.1, ""), (0.2, "will be marked ~"), (0.3, "no times will be given (above 25%)")]
)
def test_what_is_said_before_it(monkeypatch, share, words):
    advice = cautions.of_load(Load(share, 3.0, 2))
    assert words in advice
    assert bool(advice) == bool(words)
    monkeypatch.setattr(doctor, "look", lambda gauge: Load(share, 3.0, 2))
    assert doctor._load().advice == advice


def test_nothing_is_said_where_nothing_is_timed(write_set, tmp_path, monkeypatch):
    run = run_with(monkeypatch, write_set(), tmp_path / "out", [Reading(1.0, 0.9)], latency=False)
    assert not [warning for warning in run.warnings if "busy" in warning]


def test_what_cannot_be_indexed_again_keeps_its_quality(write_set, tmp_path, monkeypatch):
    @dataclass
    class Once(Fixed):
        def index(self, documents):
            if (tmp_path / "broken").exists() and len(documents) > 3:
                raise OSError("gone")
            super().index(documents)

    path = write_set()
    first = run_with(monkeypatch, path, tmp_path / "out", [Reading(1.0, 0.9)], [Once()], name="x")
    (tmp_path / "broken").touch()
    second = run_with(monkeypatch, path, tmp_path / "out", [Reading(1.0, 0.0)], [Once()], name="x", resume=True)
    assert second.failures
    assert second.cell("small", "Once").per_query["nDCG@10"].tolist() == (
        first.cell("small", "Once").per_query["nDCG@10"].tolist()
    )


def test_the_machine_is_looked_at_before_anything_of_ours_goes_on(write_set, tmp_path, monkeypatch):
    """What shows a run imports its libraries when it begins, which is no other program."""
    kinds = []
    run_with(
        *(monkeypatch, write_set(), tmp_path / "out", [Reading(1.0, 0.9)]),
        listener=lambda event: kinds.append(event.kind),
    )
    assert kinds.index("warning") < kinds.index("begin")
