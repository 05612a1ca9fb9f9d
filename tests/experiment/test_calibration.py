"""This harness against published figures."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from made import plain_set

import bench.experiment.calibration
from bench import cli
from bench.data.formats import load_dataset
from bench.errors import BenchError
from bench.experiment.calibration import CalibratedFigure, Calibration, calibrate, published_beside_ours

SOURCE = Path(bench.experiment.calibration.__file__).with_name("published.toml")


def test_a_figure_within_its_tolerance_agrees():
    rows = published_beside_ours("scifact", "minilm", {"nDCG@10": 0.6450, "R@10": 0.7700})
    assert [(row.measure, row.published, row.agrees) for row in rows] == [
        ("nDCG@10", 0.6451, True),
        ("R@10", 0.7833, False),
    ]
    assert "8b3219a" in rows[0].source


@pytest.mark.parametrize("name", ["scifact", "irds:beir/scifact/test", "hf:BeIR/SciFact", "/data/scifact"])
def test_a_set_is_known_by_any_part_of_its_address(name):
    assert published_beside_ours(name, "bm25", {"nDCG@10": 0.685})


@pytest.mark.parametrize(
    ("dataset", "retriever"), [("scifact-open", "bm25"), ("scifact", "tfidf"), ("scifact", "bm25:k1=2")]
)
def test_what_nobody_published_is_compared_with_nothing(dataset, retriever):
    assert published_beside_ours(dataset, retriever, {"nDCG@10": 0.5}) == []


def test_every_figure_names_its_source_and_the_reason_for_its_tolerance():
    for each in tomllib.loads(SOURCE.read_text("utf-8"))["set"]:
        for figure in each["figure"]:
            assert figure["source"]
            assert figure["why"]
            assert figure["kind"] in ("published", "reference")
            assert 0 < figure["tolerance"] < 0.05
            assert all(0 < value < 1 for value in figure["values"].values())


def test_an_unknown_set_is_refused():
    with pytest.raises(BenchError, match=r"No figure is known for made.*scifact"):
        calibrate(plain_set(3, [(0, 0, 1)]))


def test_another_version_of_a_set_is_refused(data):
    sample = load_dataset(str(data / "scifact")).sample(50, seed=0)
    with pytest.raises(BenchError, match="scifact has 50 queries; the figures are for 300"):
        calibrate(sample)


def test_a_retriever_without_figures_is_refused(data):
    with pytest.raises(BenchError, match="No figure is known for tfidf on scifact"):
        calibrate(load_dataset(str(data / "scifact")), ("tfidf",))


@pytest.mark.slow
def test_bm25_agrees_on_scifact(data, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["calibrate", str(data / "scifact"), "-r", "bm25"])
    assert end.value.code == 0
    assert "differs" not in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("name", ["scifact", "cranfield", "medical-questions", "clinc150", "limit-small"])
def test_every_known_set_agrees(data, name):
    found = calibrate(load_dataset(str(data / name)))
    assert [row for row in found.rows if not row.agrees] == []
    assert found.agrees


@pytest.mark.parametrize(
    ("agrees", "failures", "code"), [(True, [], 0), (False, [], 1), (True, [("bm25", "it broke")], 5)]
)
def test_the_exit_code_tells_the_outcome(monkeypatch, agrees, failures, code, write_set):
    row = CalibratedFigure("small", "bm25", "nDCG@10", 0.5, 0.5, 0.01, agrees, "published", "somebody", "a reason")
    monkeypatch.setattr(bench.experiment.calibration, "calibrate", lambda *_: Calibration([row], failures))
    with pytest.raises(SystemExit) as end:
        cli.main(["calibrate", str(write_set())])
    assert end.value.code == code


def test_a_figure_stands_beside_its_source_in_a_narrow_terminal(capsys, monkeypatch, write_set):
    source = "a system of a rather long name, with parameters k1 1.5 and b 0.75"
    row = CalibratedFigure("small", "bm25", "nDCG@10", 0.5, 0.4995, 0.01, True, "published", source, "another analyser")
    monkeypatch.setattr(bench.experiment.calibration, "calibrate", lambda *_: Calibration([row], []))
    monkeypatch.setenv("COLUMNS", "60")
    with pytest.raises(SystemExit):
        cli.main(["calibrate", str(write_set())])
    shown = " ".join(capsys.readouterr().out.split())
    assert f"agrees · {source} [published] theirs 0.5000, ours 0.4995, tolerance 0.01" in shown
