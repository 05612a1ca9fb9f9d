"""A measured noise floor in a run, in its verdict and in a comparison of two: below it nothing is better."""

from __future__ import annotations

import json
import math

import pytest
from planted import write_planted
from verdicts import BM25, MINILM, compared

import bench
from bench.analysis.noise_floors import noise_floors
from bench.analysis.verdict.rules import decide
from bench.analysis.verdict.sentences import floor_shown
from bench.cli import main
from bench.config import RunConfig
from bench.errors import BenchError
from bench.evaluation.pairs import outcome
from bench.experiment import noise as module
from bench.experiment.noise import run_noise
from bench.experiment.variants import Grid
from bench.experiment.workers.circumstances import Circumstances
from bench.regression import compare
from bench.report.run import page
from bench.report.run.why import differences
from bench.storage.run import load_run
from retrievers import create

GRID = Grid(batch_sizes=(1,), threads=(), backends=(), orders=0)
STEADY, WORSE = "steady=planted:Unsteady", "worse=planted:Unsteady(lost=0.1)"


@pytest.fixture
def planted(write_set, monkeypatch, tmp_path):
    """A set of 300 queries, of which `worse` loses a tenth; noise is measured in this process."""
    here = lambda kind, source, threads, order: Circumstances("this process", create(source), threads, order)  # noqa: E731
    monkeypatch.setattr(module, "Circumstances", here)
    monkeypatch.chdir(tmp_path)
    return str(write_planted(write_set, 300))


def noise(folder, by_batch, name="noise", grid=GRID, **more):
    """The folder of a floor of that share of the queries, on average half a point each."""
    settings = {"retrievers": (f"planted:Unsteady(by_batch={by_batch})",), "measures": ("nDCG@10", "RR@10"), **more}
    return str(run_noise(RunConfig(datasets=(folder,), name=name, **settings), grid, lambda event: None).folder)


def run(folder, name="run", retrievers=(STEADY, WORSE), **more):
    """A run of both, as objects of this process."""
    objects = {given.partition("=")[0]: create(given.partition("=")[2]) for given in retrievers}
    return bench.run(folder, objects, latency=False, map="none", measures=["nDCG@10", "RR@10"], name=name, **more)


def the_pair(stored):
    return next(row for row in stored.rows("comparisons") if row["measure"] == "nDCG@10")


def test_below_its_floor_a_difference_is_marked_and_nobody_is_better(planted):
    floor = noise(planted, 0.4)
    stored = run(planted, noise=[floor])
    row, of_set = the_pair(stored), stored.analysis["sets"]["planted"]
    assert row["p_holm"] < 0.05 < row["difference"] < row["noise_floor"]
    assert of_set["better"].get("nDCG@10") is None
    assert of_set["verdict"]["winner"] is None
    assert of_set["verdict"]["basis"] == "level"
    text = f"is below the noise floor of {floor_shown(row['noise_floor'])} nDCG@10 ({floor})"
    assert any(text in sentence for sentence in of_set["verdict"]["sentences"])
    assert of_set["noise"]["floors"] == {
        label: {"nDCG@10": row["noise_floor"], "RR@10": pytest.approx(row["noise_floor"], abs=0.05)}
        for label in ("steady", "worse")
    }
    assert load_run(stored.folder).info["config"]["noise"] == [floor]
    table = differences(stored, stored.datasets[0])
    assert table.rows[0][-1] == f"≈ below the noise floor of {row['noise_floor']:.4f}"
    assert "≈: what should not matter" in table.notes[0]
    assert "≈ below the noise floor" in page.render(stored)


@pytest.mark.slow
def test_above_its_floor_it_is_as_without(planted):
    stored, without = run(planted, noise=[noise(planted, 0.01)]), run(planted, "without")
    row = the_pair(stored)
    assert 0 < row["noise_floor"] < row["difference"]
    assert math.isnan(the_pair(without)["noise_floor"])
    of_set, bare = (one.analysis["sets"]["planted"] for one in (stored, without))
    assert "noise" not in bare
    assert of_set["verdict"] == bare["verdict"]
    assert of_set["better"] == bare["better"] == {"nDCG@10": [["steady", "worse"]], "RR@10": [["steady", "worse"]]}
    assert "≈" not in str(differences(stored, stored.datasets[0]))


@pytest.mark.slow
def test_of_several_floors_the_largest_counts(planted):
    small, large = noise(planted, 0.01, "small"), noise(planted, 0.4, "large")
    info = run(planted).info
    floors = noise_floors([small, large], info)
    alone = noise_floors([large], info)
    assert floors.of("planted", "nDCG@10", "steady", "worse") == alone.of("planted", "nDCG@10", "steady")
    assert math.isnan(floors.of("planted", "AP@100", "steady"))


@pytest.mark.slow
def test_a_retriever_has_its_own_floor_before_that_of_its_like(planted):
    both = noise(planted, 0, retrievers=("planted:Unsteady(by_batch=0.4)", "planted:Unsteady"))
    floors = noise_floors([both], run(planted).info)
    assert floors.of("planted", "nDCG@10", "steady") == 0
    assert floors.of("planted", "nDCG@10", "worse") > 0.05


@pytest.mark.slow
def test_a_part_of_a_set_is_the_set_and_another_set_is_none(planted, write_set):
    part = noise(planted, 0.4, limit=200)
    assert the_pair(run(planted, noise=[part]))["noise_floor"] > 0
    other = str(write_planted(write_set, 20, "other"))
    with pytest.raises(BenchError, match=r"results/noise is the noise of planted, which is not among .* run: other\."):
        run(other, "others", noise=[part])
    assert not load_run(part).folder.with_name("others").exists()


@pytest.mark.slow
def test_a_folder_without_a_floor_is_refused(planted):
    plain = run(planted)
    with pytest.raises(BenchError, match="results/none is not a stored run"):
        run(planted, "next", noise=["results/none"])
    with pytest.raises(BenchError, match="results/run holds no noise floor"):
        run(planted, "next", noise=[str(plain.folder)])


@pytest.mark.slow
def test_a_floor_of_other_retrievers_marks_nothing_and_says_so(planted):
    floor = noise(planted, 0, grid=Grid((), (), (), 1), retrievers=("bm25",))
    stored = run(planted, noise=[floor])
    assert f"{floor} has the noise floor of none of these retrievers: nothing is marked by it." in stored.warnings
    assert math.isnan(the_pair(stored)["noise_floor"])


@pytest.mark.slow
def test_a_finished_run_is_marked_when_it_goes_on(planted):
    run(planted)
    stored = run(planted, noise=[noise(planted, 0.4)], resume=True)
    assert the_pair(stored)["noise_floor"] > the_pair(stored)["difference"]


@pytest.mark.slow
def test_it_may_stand_in_the_configuration(planted, tmp_path):
    floor = noise(planted, 0.4)
    (tmp_path / "bench.toml").write_text(f'noise = ["{floor}"]\n', "utf-8")
    assert the_pair(run(planted, config="bench.toml"))["noise_floor"] > 0


@pytest.mark.slow
def test_a_comparison_of_two_runs_marks_it_and_no_gate_fails(planted, capsys, tmp_path):
    floor = noise(planted, 0.4)
    run(planted, "base", ("planted=planted:Unsteady",), noise=[floor])
    for name, more, result in (("marked", {"noise": [floor]}, "inconclusive"), ("bare", {}, "inconclusive")):
        run(planted, name, ("planted=planted:Unsteady(lost=0.1)",), **more)
        regression = compare("results/base", f"results/{name}", ["nDCG@10 >= -0.001"])
        change = next(one for one in regression.changes if one.measure == "nDCG@10")
        assert change.below_noise
        assert change.significant == "inconclusive"
        assert regression.outcome == result
        assert "below the noise floor of" in regression.judged[0].checks[0].reason
    run(planted, "unmarked", ("planted=planted:Unsteady",))
    assert compare("results/unmarked", "results/bare").outcome == "regression"
    with pytest.raises(SystemExit) as ended:
        main(["compare", "results/base", "results/bare", "--json", str(tmp_path / "c.json")])
    assert ended.value.code == 0
    assert "≈ below the noise floor that a run stored" in " ".join(capsys.readouterr().out.split())
    assert json.loads((tmp_path / "c.json").read_text())["changes"][0]["noise_floor"] > 0


@pytest.mark.slow
def test_a_slice_has_no_floor(planted):
    floor = noise(planted, 0.4)
    for name, lost in (("base", 0.0), ("head", 0.1)):
        run(planted, name, (f"planted=planted:Unsteady(lost={lost})",), noise=[floor])
    changes = compare("results/base", "results/head", ["nDCG@10[kind=odd] >= -0.001"]).changes
    assert {change.slice: change.below_noise for change in changes if change.main} == {"all": True, "kind=odd": False}


@pytest.mark.parametrize(("floor", "side"), [(0.019, "a"), (0.021, "undecided"), (math.nan, "a")])
def test_the_floor_decides_what_an_interval_alone_would(floor, side):
    row = compared("minilm", "bm25", 0.01, 0.03, noise_floor=floor)
    assert outcome(row) == side
    assert outcome(row.seen_from("bm25")) == {"a": "b"}.get(side, side)


def test_more_queries_do_not_settle_what_lies_below_the_floor():
    def decided(floor):
        row = compared("minilm", "bm25", 0.005, 0.045, noise_floor=floor)
        return decide("faq", "nDCG@10", [BM25, MINILM], [row])

    assert (decided(0.01).winner, decided(0.03).winner) == ("minilm", None)
    assert decided(0.03).more_queries is None
    assert any("More queries would not settle" in sentence for sentence in decided(0.03).sentences)
