"""The noise floor of retrievers whose figures move by a known amount, by batch size, by order, or not at all."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time

import pytest
from fakes import Wavering
from made import made
from places import ROOT

from bench.cli import main
from bench.config import RunConfig
from bench.data.formats.export import write
from bench.errors import BenchError
from bench.experiment import noise as module
from bench.experiment.noise import run_noise
from bench.experiment.variants import Grid, variants
from bench.experiment.workers.circumstances import Circumstances
from bench.storage.run import load_run
from retrievers import create

MEASURES = ("RR@10", "nDCG@10")
WAVERS = "fakes:Wavering(by_batch=-1.5)"
SMALL = Grid(batch_sizes=(1, 32), threads=(), backends=(), orders=2)


@pytest.fixture
def numbers(monkeypatch, tmp_path):
    """A set of the numbers 0 to 19, whose queries are about 0, 1 and 0; retrievers work in this process."""
    documents = {f"d{number:02}": str(number) for number in range(20)}
    dataset = made(documents, {"q0": "a", "q1": "b", "q2": "c"}, [("q0", "d00", 1), ("q1", "d01", 1), ("q2", "d00", 1)])
    write(dataset, tmp_path / "numbers", "made")
    here = lambda kind, source, threads, order: Circumstances("this process", create(source), threads, order)  # noqa: E731
    monkeypatch.setattr(module, "Circumstances", here)
    monkeypatch.chdir(tmp_path)
    return "numbers"


@pytest.fixture
def measure(numbers):
    """The rows of noise.csv of retrievers, and the run."""

    def measured(*retrievers, grid=SMALL, name="n", **more):
        config = RunConfig(datasets=(numbers,), retrievers=retrievers, measures=MEASURES, name=name)
        run = run_noise(config, grid, lambda event: None, **more)
        return load_run(run.folder).rows("noise"), run

    return measured


def value(rows, quantity, measure="", variant="", changed=""):
    """The only one of these. changed: of a spread."""
    wanted = (quantity, measure, variant)
    (only,) = (
        row["value"]
        for row in rows
        if (row["quantity"], row["measure"], row["variant"]) == wanted and changed in ("", row["changed"])
    )
    return only


def test_a_batch_size_that_moves_scores_is_the_floor(measure):
    rows, run = measure(WAVERS)
    one = f"{WAVERS}, batch size 1"
    # RR is 1, 1/2, 1 as it is, and 1/2, 1, 1/2 where 0 falls behind 1.
    assert value(rows, "mean", "RR@10") == pytest.approx(5 / 6)
    assert value(rows, "difference", "RR@10", one) == pytest.approx(-1 / 6)
    assert value(rows, "floor", "RR@10") == pytest.approx(1 / 6)
    assert value(rows, "floor_without_ties", "RR@10") == pytest.approx(1 / 6)
    assert value(rows, "largest_difference", "RR@10") == pytest.approx(1 / 6)
    assert value(rows, "spread", "RR@10", changed="batch size") == pytest.approx(1 / 6)
    assert value(rows, "spread", "RR@10", changed="order") == 0
    assert [value(rows, name, variant=one) for name in ("top1", "top10_set", "top10_order")] == [1, 0, 1]
    assert [value(rows, f"{name}_ties", variant=one) for name in ("top1", "top10_set", "top10_order")] == [0, 0, 0]
    assert value(rows, "rank_change", variant=one) == 1
    assert value(rows, "score_difference", variant=one) == 1.5
    assert run.retrievers == [WAVERS, one, f"{WAVERS}, order 1", f"{WAVERS}, order 2"]


def test_what_does_not_waver_has_a_floor_of_0(measure):
    rows, _ = measure("fakes:Wavering")
    moved = [row["value"] for row in rows if row["quantity"] in ("floor", "difference", "top10_order", "rank_change")]
    assert set(moved) == {0}


def test_equal_scores_move_by_ties_alone(measure):
    rows, _ = measure("fakes:Wavering(equal=true)", grid=Grid((), (), (), 3))
    assert value(rows, "floor", "RR@10") > 0
    assert value(rows, "floor_without_ties", "RR@10") == 0
    for number in (1, 2, 3):
        order = f"fakes:Wavering(equal=true), order {number}"
        assert value(rows, "top10_order", variant=order) == value(rows, "top10_order_ties", variant=order) == 1
        assert value(rows, "without_ties", "nDCG@10", order) == 0
        assert value(rows, "score_difference", variant=order) == 0


def test_scores_that_depend_on_the_place_are_no_ties(measure):
    rows, _ = measure("fakes:Wavering(by_place=3)", grid=Grid((), (), (), 2))
    assert value(rows, "floor", "nDCG@10") == value(rows, "floor_without_ties", "nDCG@10") > 0
    assert {row["value"] for row in rows if row["quantity"] == "top10_order_ties"} == {0}


def test_several_retrievers_have_floors_of_their_own(measure):
    rows, _ = measure(WAVERS, "steady=fakes:Wavering")
    floors = {row["retriever"]: row["value"] for row in rows if (row["quantity"], row["measure"]) == ("floor", "RR@10")}
    assert floors == {WAVERS: pytest.approx(1 / 6), "steady": 0}


@pytest.mark.slow
def test_judged_documents_stay_in_a_part(measure):
    rows, run = measure(WAVERS, documents=5)
    assert run.datasets[0]["documents"] == 5
    assert run.datasets[0]["note"] == "5 of 20 documents: the 2 judged ones and 3 others, seed 0"
    assert value(rows, "floor", "RR@10") > 0
    assert measure(WAVERS, documents=1, name="fewest")[1].datasets[0]["documents"] == 2
    assert measure(WAVERS, documents=20, name="all")[1].datasets[0]["note"] == ""


@pytest.mark.slow
def test_a_run_that_was_stopped_goes_on_to_the_same_tables(measure, numbers):
    _, whole = measure(WAVERS)
    config = RunConfig(datasets=(numbers,), retrievers=(WAVERS,), measures=MEASURES, name="stopped")
    cells = []

    def stops(event):
        cells.extend([event.retriever] * (event.kind == "cell"))
        if len(cells) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_noise(config, SMALL, stops)
    made = []
    run = run_noise(config, SMALL, lambda event: made.append(event) if event.kind == "cell" else None, resume=True)
    assert len(made) == 2, "the other two were there"
    for name in ("noise.csv", "measures.csv"):
        assert (run.folder / name).read_bytes() == (whole.folder / name).read_bytes()
    with pytest.raises(BenchError, match=r"no longer there|is new"):
        run_noise(config, Grid((1,), (), (), 0), lambda event: None, resume=True)


def test_a_variant_that_fails_is_a_line_and_the_others_stand(measure, monkeypatch):
    index = Wavering.index

    def fails_alone(its, documents):
        if its.batch_size == 1:
            raise ValueError("too small")
        index(its, documents)

    monkeypatch.setattr(Wavering, "index", fails_alone)
    rows, run = measure(WAVERS)
    assert run.failures == [("numbers", f"{WAVERS}, batch size 1", "ValueError: too small")]
    assert {row["changed"] for row in rows} == {"", "order"}


def test_where_the_retriever_itself_fails_there_is_no_floor(measure, monkeypatch):
    index = Wavering.index
    monkeypatch.setattr(Wavering, "index", lambda its, texts: index(its, texts) if its.batch_size == 1 else 1 / 0)
    rows, run = measure(WAVERS)
    assert rows == []
    assert [label for _, label, _ in run.failures] == [WAVERS, f"{WAVERS}, order 1", f"{WAVERS}, order 2"]


def test_how_long_it_will_take_is_told_where_that_is_long(numbers, monkeypatch):
    ticks = iter(range(0, 10**6, 100))
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(ticks))
    told = []
    config = RunConfig(datasets=(numbers,), retrievers=("fakes:Wavering",), measures=MEASURES, name="n")
    run_noise(config, SMALL, lambda event: told.append(event.text) if event.kind == "note" else None)
    assert len(told) == 1
    says = r"fakes:Wavering took \d+ s; 3 variants of it: about \d+ minutes more\. Small batches take longer\."
    assert re.fullmatch(says, told[0])


def test_what_is_varied_is_what_a_retriever_has():
    def labels(given, threads=2):
        made, left_out = variants(given, Grid(orders=1), threads)
        return [variant.variation.label for variant in made], left_out

    assert labels("bm25") == (["bm25", "bm25, order 1"], [])
    assert labels("lsa") == (["lsa", "lsa, threads 1", "lsa, order 1"], [])
    assert labels("lsa", threads=1)[0][1] == "lsa, threads 2"
    wavering, left_out = labels("w=fakes:Wavering(batch_size=256)")
    assert wavering == ["w", "w, batch size 1", "w, batch size 32", "w, threads 1", "w, backend onnx", "w, order 1"]
    assert left_out == [
        "w, backend openvino is left out: backend=openvino needs openvino, which is not installed. Install it."
    ]


def test_a_part_that_has_a_parameter_is_varied_too():
    made, _ = variants("hybrid(bm25(k1=0.9), fakes:Wavering)", Grid((1,), (), (), 0), 1)
    assert [variant.text for variant in made] == [
        "hybrid(bm25(k1=0.9), fakes:Wavering)",
        "hybrid(bm25(k1=0.9), fakes:Wavering(batch_size=1))",
    ]


@pytest.mark.parametrize(
    ("given", "grid", "says"),
    [
        ("bm25", {"orders": 0}, "Nothing that is asked for varies with bm25."),
        ("bm25", {"orders": -1}, "orders is -1."),
        ("bm25", {"batch_sizes": (0,)}, "batch_sizes"),
        ("bm25", {"backends": ("onix",)}, "There is no backend 'onix'|onix"),
        ("bm52", {}, "There is no retriever 'bm52'."),
    ],
)
def test_what_cannot_be_varied_is_refused(given, grid, says):
    with pytest.raises(BenchError, match=says):
        variants(given, Grid(**grid), 1)


# --- the command ---


@pytest.fixture
def call(numbers, capsys, monkeypatch):
    """`bench …`: code, what it prints, its errors."""
    monkeypatch.setenv("COLUMNS", "220")

    def called(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        printed = capsys.readouterr()
        return ended.value.code, printed.out, " ".join(printed.err.split())

    return called


@pytest.mark.slow
def test_the_command_shows_floors_and_stores_them_in_every_form(call):
    small = ("--batch-sizes", "1", "--threads", "none", "--backends", "torch,openvino", "--orders", "1")
    code, out, err = call("noise", "numbers", "-r", WAVERS, "-m", "RR@10", *small, "--documents", "9", "--name", "n")
    assert code == 0
    assert "backend openvino is left out" in err
    plain = " ".join(out.split())
    assert f"numbers: noise floors of {WAVERS}" in plain
    assert "│ RR@10 │ 0.8333 │ 0.1667 │ 0 │ 0.1667 │ 0.1667 │ 0.1667 │" in plain
    assert "Of 9 of 20 documents: the 2 judged ones and 7 others, seed 0." in plain
    assert "Files: results/n (report.html, noise.csv)" in plain
    folder = load_run("results/n").folder
    assert "noise floors of" in (folder / "report.html").read_text("utf-8")
    assert "noise floors of" in (folder / "report.md").read_text("utf-8")
    assert json.loads((folder / "run.json").read_text())["commands"]["run"] == (
        f"python -m bench noise numbers '--retriever={WAVERS}' --batch-sizes=1 --threads=none "
        "--backends=torch,openvino --orders=1 --documents=9 --measure=RR@10"
    )
    code, out, _ = call("report", "results/n", "--verbose")
    assert (code, "what moved under" in out) == (0, True)
    code, out, _ = call("report", "results/n")
    assert (code, "numbers: noise floor" in out) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--resume",), "Give its --name."),
        (("--batch-sizes", "1,x"), "--batch-sizes 1,x is no list of whole numbers."),
        (("--threads", "0"), "threads"),
        (("--documents", "0"), "documents is 0."),
        (("--backends", "onix"), "onix"),
        (("-r", "bm25", "--orders", "0"), "Nothing that is asked for varies with bm25."),
    ],
)
def test_what_makes_no_sense_is_refused(call, arguments, says):
    code, _, err = call("noise", "numbers", *arguments)
    assert (code, says in err) == (2, True), err


@pytest.mark.slow
def test_a_killed_command_goes_on_to_the_same_tables(write_set, tmp_path):
    """In processes of their own, killed when the first of four cells is done."""
    command = [sys.executable, "-m", "bench", "noise", str(write_set()), "-r", "bm25", "--name"]
    around = {"cwd": tmp_path, "env": {**os.environ, "PYTHONPATH": str(ROOT)}, "stdout": subprocess.DEVNULL}
    killed = subprocess.Popen([*command, "killed"], **around)
    while not list((tmp_path / "results" / "killed").glob("cells/*/*/cell.json")):
        assert killed.poll() is None
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    assert not (tmp_path / "results" / "killed" / "noise.csv").exists()
    subprocess.run([*command, "killed", "--resume"], check=True, **around)
    subprocess.run([*command, "whole"], check=True, **around)
    for name in ("noise.csv", "measures.csv"):
        one, other = ((tmp_path / "results" / run / name).read_bytes() for run in ("killed", "whole"))
        assert one == other
