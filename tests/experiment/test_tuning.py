"""A tuning: what is stored is what folds choose, whatever fails and whenever it is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from bench.analysis import tuning as analysis
from bench.analysis.values import evaluate
from bench.cli import main
from bench.cli import tune as command
from bench.config import RunConfig, load_config
from bench.data.formats import load_dataset
from bench.errors import BenchError
from bench.evaluation.measures import resolve
from bench.evaluation.out_of_fold import FOLDS, deal, out_of_fold
from bench.evaluation.streams import Purpose, stream
from bench.experiment.search_space import search_space
from bench.experiment.tuning import TRIALS, TuningPlan, tune
from bench.report.run.tuning import rows_of, sentences, trials_of
from bench.storage.run import load_run
from retrievers import create

ROOT = Path(__file__).resolve().parents[2]
SPACE = "bm25:k1=[0.1..3],b=[0..1]"
SET, MEASURE, QUERIES = "support-faq", "RR@10", 120


def tuned(results, *retrievers, dataset=SET, trials=8, folds=4, name="t", resume=False, **settings):
    held = {"results": str(results), "name": name, "limit": QUERIES}
    config = RunConfig(datasets=(dataset,), retrievers=retrievers, **held, **settings)
    return tune(config, TuningPlan(trials, folds), lambda event: None, resume=resume)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Tuned BM25 and hybrid, beside one that is as it is."""
    hybrid = "hybrid(bm25, tfidf, weights=[1, [0..3]])"
    return tuned(tmp_path_factory.mktemp("tuned"), SPACE, hybrid, "published=bm25:k1=0.9,b=0.4")


def values_alone(dataset, specification, measure=MEASURE):
    """What a retriever is worth that is made and asked by itself."""
    alone = create(specification)
    alone.index(dataset.texts)
    ranking = alone.search(dataset.queries["text"].to_pylist(), 100)
    return evaluate(dataset, ranking, resolve([measure]))[measure][dataset.answerable]


@pytest.mark.slow
def test_what_is_stored_is_what_folds_choose_of_trials_made_alone(run):
    dataset = load_dataset(SET).sample(QUERIES, 0)
    space = search_space(SPACE)
    sample = [space.default, *(space.with_values(values) for values in space.sample(7, seed=0))]
    values = np.array([values_alone(dataset, specification) for specification in sample])
    groups = None if dataset.groups is None else dataset.groups[dataset.answerable]
    folds = deal(values.shape[1], 4, stream(0, Purpose.FOLDS), groups)
    expected = out_of_fold(values, folds)

    cell = run.cell(SET, "bm25 tuned")
    assert cell.per_query[MEASURE][dataset.answerable] == pytest.approx(expected.values)
    row = next(row for row in rows_of(run, run.datasets[0]) if row["retriever"] == "bm25 tuned")
    assert row["value"] == pytest.approx(expected.mean)
    assert row["optimism"] == pytest.approx(expected.optimism)
    assert row["best_value"] == pytest.approx(expected.best_mean)
    assert row["chosen"] == sample[expected.best]
    trials = trials_of(run, row)
    assert [trial["specification"] for trial in trials] == sample
    assert [trial["value"] for trial in trials] == pytest.approx(values.mean(axis=1).tolist())
    assert {int(fold): trial["trial"] for trial in trials for fold in trial["scores_folds"].split()} == dict(
        enumerate(expected.chosen.tolist(), 1)
    )


@pytest.mark.slow
def test_the_defaults_and_those_as_they_are_stand_beside_the_tuned(run):
    assert run.retrievers == [
        *("bm25", "hybrid(bm25, tfidf)", "published", "bm25 tuned", "hybrid(bm25, tfidf) tuned"),
    ]
    kinds = {entry["label"]: entry["kind"] for entry in run.info["retrievers"]}
    assert kinds["bm25 tuned"] == "lexical"
    assert kinds["hybrid(bm25, tfidf) tuned"] == "hybrid"
    first = trials_of(run, rows_of(run, run.datasets[0])[0])[0]
    asked = load_dataset(SET).sample(QUERIES, 0).answerable
    assert first["value"] == pytest.approx(run.cell(SET, "bm25").per_query[MEASURE][asked].mean())


@pytest.mark.slow
def test_everyone_has_the_same_number_of_trials(run):
    assert [row["trials"] for row in rows_of(run, run.datasets[0])] == [8, 8]


@pytest.mark.slow
def test_the_gain_is_that_of_the_comparisons(run):
    for row in rows_of(run, run.datasets[0]):
        pair = next(
            pair
            for pair in run.rows("comparisons")
            if {pair["a"], pair["b"]} == {row["retriever"], row["default"]} and pair["measure"] == MEASURE
        )
        assert abs(row["gain"]) == pytest.approx(abs(pair["difference"]))
        assert row["gain"] == pytest.approx(row["value"] - row["default_value"])
        assert row["gain_low"] <= row["gain"] <= row["gain_high"]
        assert row["p_holm"] == pytest.approx(pair["p_holm"])


@pytest.mark.slow
def test_the_fragment_runs_what_was_chosen(run):
    config = load_config(run.folder / "tuned.toml")
    assert config.datasets == (SET,)
    chosen = {row["retriever"]: row["chosen"] for row in rows_of(run, run.datasets[0])}
    given = dict(one.split("=", 1) for one in config.retrievers if " tuned=" in one)
    assert all(chosen[label] == specification for label, specification in given.items())
    for one in config.retrievers:
        create(one.split(" tuned=")[-1])


@pytest.mark.slow
def test_the_report_says_what_it_is_worth(run):
    from bench.report.run import forms

    forms.write(run)
    page = (run.folder / "report.html").read_text("utf-8")
    text = (run.folder / "report.md").read_text("utf-8")
    assert (run.folder / "charts" / "tuning.png").is_file()
    for sentence in sentences(run, run.datasets[0]):
        assert sentence.split(":")[0] in page
        assert sentence.split(":")[0] in text


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        ({"gain_low": 0.01, "gain_high": 0.05, "p_holm": 0.01}, "better"),
        ({"gain_low": 0.002, "gain_high": 0.008, "p_holm": 0.01}, "not worth it"),
        ({"gain_low": 0.01, "gain_high": 0.05, "p_holm": 0.2}, "not shown"),
        ({"gain_low": -0.05, "gain_high": -0.01, "p_holm": 0.01}, "worse"),
        ({"gain_low": -0.01, "gain_high": 0.009, "p_holm": 0.9}, "not worth it"),
        ({"gain_low": -0.01, "gain_high": 0.011, "p_holm": 0.9}, "not shown"),
        ({"gain_low": float("nan"), "gain_high": float("nan"), "p_holm": float("nan")}, "not shown"),
    ],
)
def test_what_is_said_of_a_gain(pair, expected):
    assert analysis._outcome(pair, 0.01) == expected


def test_a_best_value_at_an_end_of_its_range_is_told():
    trials = [
        analysis.Trial("bm25", {}, np.zeros(2)),
        analysis.Trial("bm25(k1=2.95, b=0.5)", {"k1": "2.95", "b": "0.5"}, np.ones(2)),
    ]
    outcome = out_of_fold(np.array([trial.values for trial in trials]), np.array([0, 1]))
    ranges = {"k1": (0.0, 3.0), "b": (0.0, 1.0)}
    assert analysis.Tuned("t", "d", "g", trials, [0, 1], outcome, ranges).at_end() == ["k1"]


@pytest.mark.slow
def test_a_trial_that_fails_or_dies_is_left_out(tmp_path):
    run = tuned(tmp_path, "fakes:Fussy(mood=[calm, cross, dead], k1=[1, 1.5, 2])", trials=10, folds=3)
    (row,) = rows_of(run, run.datasets[0])
    trials = trials_of(run, row)
    errors = {trial["specification"]: trial["error"] for trial in trials if trial["error"]}
    assert row["failed"] == len(errors) == 6
    assert all("not today" in error for specification, error in errors.items() if "cross" in specification)
    assert all("SIGKILL" in error for specification, error in errors.items() if "dead" in specification)
    assert "calm" in row["chosen"] or row["chosen"] == "fakes:Fussy"
    assert len([warning for warning in run.warnings if "left out" in warning]) == 6
    assert not run.failures


@pytest.mark.slow
def test_where_no_trial_works_the_tuned_one_fails_and_nothing_else(tmp_path):
    run = tuned(tmp_path, "fakes:Fussy(mood=[cross, dead])", "tfidf", trials=5, folds=3)
    assert [failure[1] for failure in run.failures] == ["fakes:Fussy tuned"]
    assert run.cell(SET, "tfidf") is not None
    assert rows_of(run, run.datasets[0]) == []


@pytest.mark.slow
def test_groups_of_wordings_stay_in_one_fold(tmp_path):
    run = tuned(tmp_path, SPACE, dataset="vector-notes", trials=4, folds=3)
    dataset = load_dataset("vector-notes").sample(QUERIES, 0)
    assert dataset.groups is not None
    (row,) = rows_of(run, run.datasets[0])
    folds = deal(len(dataset.queries), 3, stream(0, Purpose.FOLDS), dataset.groups)
    space = search_space(SPACE)
    sample = [space.default, *(space.with_values(values) for values in space.sample(3, seed=0))]
    values = np.array([values_alone(dataset, one, dataset.card.measure) for one in sample])
    assert row["value"] == pytest.approx(out_of_fold(values, folds).mean)


@pytest.mark.parametrize(
    ("retrievers", "settings", "message"),
    [
        (("bm25",), {}, "anything to tune"),
        ((SPACE,), {"trials": 1}, "leaves nothing to choose"),
        ((SPACE,), {"folds": 1}, "leaves no queries"),
        ((SPACE, "bm25:k1=[0..1]"), {}, "Two are called 'bm25 tuned'"),
        (("bm25:k1=[3..1]",), {}, "ends at 1"),
    ],
)
def test_refused_before_anything_is_written(tmp_path, retrievers, settings, message):
    with pytest.raises(BenchError, match=message):
        tuned(tmp_path, *retrievers, **settings)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_other_settings_are_not_mixed_into_a_tuning(tmp_path):
    tuned(tmp_path, SPACE, trials=3, folds=2)
    with pytest.raises(BenchError, match="tuning"):
        tuned(tmp_path, SPACE, trials=4, folds=2, resume=True)


def quality_bytes(folder):
    names = ("measures.csv", "comparisons.csv", "tuning.csv", "trials.csv", "per_query.parquet", "tuned.toml")
    return {name: (folder / name).read_bytes() for name in names} | {
        path.name: path.read_bytes() for path in sorted((folder / "runs").rglob("*.gz"))
    }


@pytest.mark.slow
def test_killed_and_resumed_it_gives_the_same_bytes_and_tries_nothing_twice(tmp_path):
    def start(results, *flags):
        arguments = [
            SET,
            "-r",
            SPACE,
            "-r",
            "hybrid(bm25, tfidf, weights=[1, [0..3]])",
            "--trials",
            "30",
            "--limit",
            "60",
        ]
        return subprocess.Popen(
            [sys.executable, "-m", "bench", "tune", *arguments, "--results", str(results), "--name", "t", *flags],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    whole = start(tmp_path / "whole")
    assert whole.wait() == 0, whole.stderr.read()
    killed = start(tmp_path / "killed")
    folder = tmp_path / "killed" / "t"
    while len(list((folder / "trials").glob("[!.]*.npz"))) < 12:
        assert killed.poll() is None, killed.stderr.read()
        time.sleep(0.01)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    before = {path: path.stat().st_mtime_ns for path in (folder / "trials").glob("[!.]*.npz")}
    assert len(before) < 60
    resumed = start(tmp_path / "killed", "--resume")
    assert resumed.wait() == 0, resumed.stderr.read()
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert quality_bytes(folder) == quality_bytes(tmp_path / "whole" / "t")


@pytest.mark.slow
def test_a_damaged_trial_is_tried_again(tmp_path):
    run = tuned(tmp_path, SPACE, trials=4, folds=2)
    expected = quality_bytes(run.folder)
    path = next((run.folder / "trials").iterdir())
    path.write_bytes(path.read_bytes()[:40])
    assert quality_bytes(tuned(tmp_path, SPACE, trials=4, folds=2, resume=True).folder) == expected


@pytest.mark.slow
def test_the_command(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "250")
    with pytest.raises(SystemExit) as ended:
        main(["tune", SET, "-r", SPACE, "--trials", "4", "--folds", "2", "--limit", "60", "--name", "t"])
    out = capsys.readouterr().out
    assert ended.value.code == 0
    assert "tuned by RR@10" in out
    assert "bm25 tuned" in out
    assert "Run what was chosen: python -m bench run --config results/t/tuned.toml" in out
    info = json.loads(Path("results/t/run.json").read_text("utf-8"))
    assert info["commands"]["run"].startswith("python -m bench tune support-faq")
    with pytest.raises(SystemExit) as ended:
        main(["report", "results/t"])
    assert ended.value.code == 0
    assert load_run("results/t").tuning["trials"].tolist() == [4]


def test_what_the_command_writes_out_is_what_the_code_has():
    assert (command.TRIALS, command.FOLDS, command.MARGIN) == (TRIALS, FOLDS, analysis.MARGIN)
