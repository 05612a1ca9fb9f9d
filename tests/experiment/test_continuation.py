"""A run that was killed goes on, loses at most the cells in flight, and stores the same bytes."""

from __future__ import annotations

import errno
import json
import os
import random
import shlex
import signal
import subprocess
import sys
import time

import fakes
import pytest
from made import QRELS, QUERIES
from places import ROOT

import bench
from bench.cli import main
from bench.config import RunConfig
from bench.data.formats import load_dataset
from bench.errors import BenchError
from bench.experiment import runner
from bench.experiment.continuation import differences
from bench.storage.files import write_json
from bench.storage.folder import locked
from bench.storage.run import load_run

KILLS = int(os.environ.get("BENCH_KILLS", "1"))
QUALITY = (
    "comparisons.csv",
    "groups.csv",
    "unanswerable.csv",
    "measures.csv",
    "recall.csv",
    "per_query.parquet",
    "queries.parquet",
)


def small(folder, results, **settings):
    settings = {"latency": False, "name": "r", **settings}
    return RunConfig((str(folder),), ("bm25", "fakes:Fixed"), results=str(results), **settings)


def quality_bytes(folder):
    names = [*QUALITY, *(path.relative_to(folder) for path in sorted(folder.glob("runs/*/*.run.gz")))]
    return {str(name): (folder / name).read_bytes() for name in names}


def test_a_cell_of_columns_that_changed_is_made_again(write_set, tmp_path):
    """The texts, and so the fingerprint, are the same wherever a title ends."""

    folder, made = write_set(queries=QUERIES[:1], qrels=QRELS[:1]), []
    named = ("bm25:fields=title text", "bm25")
    config = RunConfig((str(folder),), named, results=str(tmp_path), name="r", latency=False)
    for title, text in (("Cats", "sleep long."), ("Cats", "sleep long."), ("Cats sleep", "long.")):
        rows = [{"_id": "d1", "title": title, "text": text}, {"_id": "d2", "text": "Dogs bark."}]
        (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        events = []
        runner.run(config, listener=events.append, resume=True)
        made.append([event.retriever for event in events if event.kind == "cell"])
    assert made == [list(named), [], [named[0]]]


def test_finished_cells_are_kept(write_set, tmp_path):
    first = runner.run(small(write_set(), tmp_path))
    cell = first.cell("small", "bm25").folder / "cell.json"
    before, tables = cell.stat().st_mtime_ns, quality_bytes(first.folder)
    (first.cell("small", "fakes:Fixed").folder / "ranking.npz").write_bytes(b"damaged")
    events = []
    second = runner.run(small(tmp_path / "small", tmp_path), listener=events.append, resume=True)
    assert cell.stat().st_mtime_ns == before
    assert [event.retriever for event in events if event.kind == "cell"] == ["fakes:Fixed"]
    assert quality_bytes(second.folder) == tables


def test_a_missing_timing_is_taken_and_the_quality_kept(write_set, tmp_path):
    config = small(write_set(), tmp_path, latency=True, seconds=0.1, samples=20)
    found = runner.run(config)
    cell = found.cell("small", "bm25")
    write_json(cell.folder / "cell.json", {**cell.info, "timing": None})
    before = (cell.folder / "ranking.npz").stat().st_mtime_ns
    again = runner.run(config, resume=True)
    assert (cell.folder / "ranking.npz").stat().st_mtime_ns == before
    assert again.cell("small", "bm25").info["timing"]["samples"] > 0


def test_a_change_at_the_end_of_long_parameters_is_shown(write_set, tmp_path):
    before, after = (fakes.Records(told="x" * 200 + end) for end in ("one", "two"))
    config = RunConfig((str(write_set()),), (), latency=False, results=str(tmp_path), name="r")
    runner.run(config, {"it": before})
    with pytest.raises(BenchError, match=r"it: told: …x+one is now …x+two"):
        runner.run(config, {"it": after}, resume=True)


def test_failed_cells_are_tried_again(write_set, tmp_path):
    broken, mended = fakes.Broken(), fakes.Broken(where="nowhere")
    config = RunConfig((str(write_set()),), (), latency=False, results=str(tmp_path), name="r")
    assert runner.run(config, {"it": broken}).failures
    with pytest.raises(BenchError, match="it: where: index is now nowhere"):
        runner.run(config, {"it": mended}, resume=True)
    broken.where = "nowhere"  # the same object by its signature at the time, as a repaired service would be
    assert runner.run(config, {"it": mended}, fresh=True).failures == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"depth": 50}, "depth: 100 is now 50"),
        ({"measures": ("R@10",)}, "measures: R@1, R@5"),
        ({"seed": 3}, "seed: 0 is now 3"),
        ({"retrievers": ("bm25",)}, "retriever fakes:Fixed is no longer there"),
        ({"retrievers": ("bm25", "fakes:Fixed", "bm25:k1=1")}, "retriever bm25:k1=1 is new"),
    ],
)
def test_a_changed_run_is_refused_with_what_changed_or_redone(write_set, tmp_path, change, message):
    from dataclasses import replace

    config = small(write_set(), tmp_path)
    runner.run(config)
    changed = replace(config, **change)
    with pytest.raises(BenchError) as caught:
        runner.run(changed, resume=True)
    assert message in caught.value.message
    assert "--fresh" in caught.value.hint
    assert runner.run(changed, fresh=True).complete


def test_a_changed_dataset_is_refused(write_set, tmp_path):
    folder = write_set()
    runner.run(small(folder, tmp_path))
    path = folder / "corpus.jsonl"
    path.write_text(path.read_text().replace("cat", "dog"))
    with pytest.raises(BenchError, match=r"small \(fingerprint\): [0-9a-f]+… is now"):
        runner.run(small(folder, tmp_path), resume=True)


@pytest.mark.slow
def test_a_changed_model_in_the_same_folder_is_refused(write_set, tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text('{"model_type": "bert"}')
    retrievers = ("bm25", f"fakes:HashedDense:model={model}")
    config = RunConfig((str(write_set()),), retrievers, latency=False, results=str(tmp_path), name="r")
    assert runner.run(config).failures == []  # it is never loaded; what counts here is what it is known by
    (model / "config.json").write_text('{"model_type": "distilbert"}')
    with pytest.raises(BenchError, match=r"model: sha256: [0-9a-f]{12} is now [0-9a-f]{12}\."):
        runner.run(config, resume=True)


def test_warnings_of_the_first_part_are_said_again(write_set, tmp_path):
    run = tmp_path / "other.trec"
    run.write_text("q1 Q0 d1 1 2.0 other\n")
    config = RunConfig((str(write_set()),), ("bm25",), runs=(str(run),), latency=False, results=str(tmp_path), name="r")
    first = runner.run(config)
    assert "has no hits for" in first.warnings[0]
    assert runner.run(config, resume=True).warnings == first.warnings


def test_another_library_is_a_difference(write_set, tmp_path):
    info = json.loads(json.dumps(runner.run(small(write_set(), tmp_path)).info))
    other = json.loads(json.dumps(info))
    other["environment"]["libraries"]["numpy"] = "1.0"
    assert [line.partition(":")[0] for line in differences(info, other)] == ["numpy"]
    assert differences(info, json.loads(json.dumps(info))) == []


def test_nothing_to_resume_yet_is_a_new_run(write_set, tmp_path):
    """A kill may come before run.json is written: --resume then begins the run that was asked for."""
    (tmp_path / "r").mkdir()
    assert runner.run(small(write_set(), tmp_path), resume=True).complete


def test_one_folder_has_one_runner(write_set, tmp_path):
    found = runner.run(small(write_set(), tmp_path))
    with locked(found.folder), pytest.raises(BenchError, match="in use by another run"):
        runner.run(small(tmp_path / "small", tmp_path), resume=True)


def test_a_folder_that_cannot_be_locked_says_why(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(BenchError, match="cannot be locked: No locks available"), locked(tmp_path):
        pass


def test_fresh_removes_stored_runs_only(write_set, tmp_path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "thesis.txt").write_text("years of work")
    with pytest.raises(BenchError, match="is not a stored run"):
        runner.run(small(write_set(), tmp_path), fresh=True)
    assert (tmp_path / "r" / "thesis.txt").exists()


def test_a_full_disk_is_one_error_and_the_run_goes_on_later(write_set, tmp_path, monkeypatch):
    config = small(write_set(), tmp_path)
    expected = quality_bytes(runner.run(small(tmp_path / "small", tmp_path, name="reference")).folder)
    written, real = [], os.fsync

    def full(descriptor):
        written.append(descriptor)
        if len(written) == 5:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr("bench.storage.files.os.fsync", full)
    with pytest.raises(BenchError, match="No space left on device"):
        runner.run(config)
    monkeypatch.undo()
    assert not list((tmp_path / "r").rglob("*.tmp"))
    assert quality_bytes(runner.run(config, resume=True).folder) == expected


def start(folder, results, cache, *flags):
    chosen = ["bm25", "fakes:HashedDense"]  # that one takes vectors from the cache and needs no torch
    command = [sys.executable, "-m", "bench", "run", str(folder), *(f"-r{name}" for name in chosen)]
    return subprocess.Popen(
        [*command, "--results", str(results), "--name", "r", "--no-latency", *flags],
        cwd=ROOT,
        env={**os.environ, "BENCH_CACHE": str(cache), "PYTHONPATH": str(ROOT / "tests" / "support")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


@pytest.mark.slow
def test_kill_at_any_moment_then_resume_gives_the_same_bytes(write_set, tmp_path):
    """BENCH_KILLS (1; `make check-faults`: 100) kills of the whole process group at random moments, each resumed."""
    folder = write_set()
    began = time.monotonic()
    whole = start(folder, tmp_path / "whole", tmp_path / "whole.sqlite")
    assert whole.wait() == 0, whole.stderr.read()
    longest = time.monotonic() - began
    expected = quality_bytes(tmp_path / "whole" / "r")
    rng = random.Random(5)
    kills = trial = 0
    while kills < KILLS:
        trial += 1
        results, cache = tmp_path / f"killed{trial}", tmp_path / f"killed{trial}.sqlite"
        began = time.monotonic()
        killed = start(folder, results, cache)
        try:
            killed.wait(rng.uniform(0, longest))
        except subprocess.TimeoutExpired:
            kills += 1
        else:  # it was quicker than a run of before: that is how long one takes now
            longest = time.monotonic() - began
            continue
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
        resumed = start(folder, results, cache, "--resume")
        assert resumed.wait() == 0, resumed.stderr.read()
        assert quality_bytes(results / "r") == expected, f"trial {trial}"


def test_resume_takes_the_stored_configuration(write_set, tmp_path, capsys):
    from bench.cli import main

    found = runner.run(small(write_set(), tmp_path, depth=20, seed=4))
    with pytest.raises(SystemExit) as caught:
        main(["run", "--resume", "--results", str(tmp_path)])
    assert caught.value.code == 0
    assert load_run(found.folder).info["config"]["depth"] == 20
    with pytest.raises(SystemExit) as caught:
        main(["run", "--resume", "--results", str(tmp_path), "-k", "30"])
    assert caught.value.code == 2
    assert "depth: 20 is now 30" in capsys.readouterr().err


@pytest.mark.slow
def test_two_runs_at_once_share_one_cache(write_set, tmp_path):
    folder, cache = write_set(), tmp_path / "shared.sqlite"
    running = [start(folder, tmp_path / f"run{number}", cache) for number in (1, 2)]
    for each in running:
        assert each.wait() == 0, each.stderr.read()
    assert quality_bytes(tmp_path / "run1" / "r") == quality_bytes(tmp_path / "run2" / "r")


@pytest.mark.slow
def test_damaged_tables_are_noticed(write_set, tmp_path):
    found = runner.run(small(write_set(), tmp_path))
    load_dataset(tmp_path / "small")
    (found.folder / "measures.csv").write_text("dataset,retriever\n")
    with pytest.raises(BenchError, match=r"measures\.csv is missing or damaged"):
        bench.load_run(found.folder)


def interrupted(datasets, retrievers, tmp_path):
    """What a run in Python that was interrupted says of going on."""
    told = []

    def listener(event):
        told.append(event)
        if event.kind == "step" and event.text == "search":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench.run(datasets, retrievers, latency=False, name="r", results=str(tmp_path / "out"), listener=listener)
    return next(event.text for event in told if event.kind == "stopped")


def test_a_run_on_a_path_in_python_is_resumed_by_the_command_that_it_prints(write_set, tmp_path):
    said = interrupted(write_set(), ["bm25"], tmp_path)
    arguments = shlex.split(said)
    assert arguments[:4] == ["python", "-m", "bench", "run"]
    with pytest.raises(SystemExit) as ended:
        main(arguments[3:])
    assert ended.value.code == 0
    assert bench.load_run(tmp_path / "out" / "r").complete


@pytest.mark.slow
@pytest.mark.parametrize("what", ["sets", "retrievers"])
def test_a_run_of_objects_is_resumed_in_python(write_set, tmp_path, what):
    folder = write_set()
    given = ([load_dataset(folder)], ["bm25"]) if what == "sets" else (folder, ["bm25", fakes.Fixed()])
    said = interrupted(*given, tmp_path)
    assert said.startswith("bench.run(…, name='r', results=")
    assert "resume=True" in said
    found = bench.run(*given, latency=False, name="r", results=str(tmp_path / "out"), resume=True)
    assert found.complete


def test_a_run_can_be_begun_anew_in_python(write_set, tmp_path):
    settings = {"latency": False, "name": "r", "results": str(tmp_path / "out")}
    bench.run(write_set(), ["bm25"], **settings)
    with pytest.raises(BenchError, match="exists already"):
        bench.run(tmp_path / "small", ["tfidf"], **settings)
    assert bench.run(tmp_path / "small", ["tfidf"], fresh=True, **settings).retrievers == ["tfidf"]
