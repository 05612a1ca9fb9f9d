"""Measures over a budget of word pieces through whole runs: stored, shown, compared, gated, refused."""

from __future__ import annotations

import json

import pytest
from fakes import Fixed, Spanned

import bench
from bench.cli import main
from bench.data.formats import load_dataset
from bench.errors import BenchError
from bench.regression.baseline import update
from bench.report.run import budgets
from bench.report.run.charts import CHARTS
from bench.report.run.kinds import tables
from bench.storage.run import load_run

BOTH = Fixed(), "bm25"
MEASURES = ["R@30t", "R(cut=True)@30t", "nDCG@10"]


def run(dataset, tmp_path, *retrievers, name="run", **settings):
    settings = {"measures": MEASURES, "latency": False, **settings}
    return bench.run(dataset, list(retrievers), results=str(tmp_path / "out"), name=name, **settings)


def test_it_is_stored_compared_and_shown(write_set, tmp_path):
    found = run(write_set(), tmp_path, *BOTH, controls=True)
    rows = {(row["retriever"], row["measure"]): row for row in found.rows("measures")}
    assert {name for _, name in rows} == set(MEASURES)
    assert rows["oracle", "R@30t"]["value"] > rows["Fixed", "R@30t"]["value"]
    assert {row["measure"] for row in found.rows("comparisons")} == set(MEASURES)
    stored = load_run(found.folder)
    points = {(row["retriever"], row["budget"]): row["value"] for row in stored.rows("budgets")}
    assert {budget for _, budget in points} == {30, 100, 200, 400, 800, 1600, 3200}
    assert points["bm25", 30] == pytest.approx(rows["bm25", "R@30t"]["value"])
    assert points["Fixed", 3200] == 1
    assert list(stored.budgets.columns) == ["dataset", "retriever", "budget", "value", "ended"]
    table = budgets.recall(stored, stored.datasets[0])
    assert table.header == ("retriever", "30", "100", "200", "400", "800", "1,600", "3,200")
    assert [row[0] for row in table.rows] == ["bm25", "Fixed", "random", "oracle"]
    assert table in list(tables(stored, stored.datasets[0]))
    (panel,) = CHARTS["budgets"].draw(stored).axes
    assert panel.get_lines()[0].get_ydata()[0] == pytest.approx(rows["bm25", "R@30t"]["value"])


def test_without_such_a_measure_there_is_no_table_of_budgets(write_set, tmp_path):
    found = run(write_set(), tmp_path, *BOTH, measures=["R@1"])
    assert not (found.folder / "budgets.csv").exists()
    assert load_run(found.folder).rows("budgets") == []
    assert load_run(found.folder).budgets.empty
    assert budgets.recall(found, found.datasets[0]) is None
    assert CHARTS["budgets"].draw(found) is None


def test_a_damaged_table_of_budgets_is_seen(write_set, tmp_path):
    found = run(write_set(), tmp_path, *BOTH)
    path = found.folder / "budgets.csv"
    path.write_text(path.read_text().replace("3200", "3201"))
    with pytest.raises(BenchError, match=r"budgets\.csv is missing or damaged"):
        load_run(found.folder)


def test_a_set_can_be_judged_by_it_with_a_margin(write_set, tmp_path):
    folder = write_set(card='measure = "R@30t"\n')
    found = run(folder, tmp_path, *BOTH, measures=("R@1", "R@30t"), margin=("R(cut=False)@30t=0.02",))
    verdict = found.analysis["sets"]["small"]["verdict"]
    assert (verdict["measure"], verdict["margin"]) == ("R@30t", 0.02)
    assert found.analysis["sets"]["small"]["no_better_than_random"] is not None


def test_two_runs_are_compared_by_it_and_a_gate_holds_it(write_set, tmp_path):
    folder = write_set()
    base, head = (run(folder, tmp_path, *BOTH, name=name) for name in ("base", "head"))
    comparison = bench.compare(base, head, gates=["R(cut=False)@30t >= -0.01", "bm25: R(cut=True)@30t > 0.1"])
    assert {change.measure for change in comparison.changes} == set(MEASURES)
    assert [judged.result for judged in comparison.judged] == ["pass", "pass"]
    update(base, tmp_path / "baseline")
    assert load_run(tmp_path / "baseline").rows("budgets") == base.rows("budgets")


def test_a_chunk_takes_less_room_than_its_document(write_set, tmp_path):
    found = run(write_set(), tmp_path, Fixed(), Spanned(start=0, end=5))
    rows = {row["retriever"]: row["value"] for row in found.rows("measures") if row["measure"] == "R@30t"}
    assert rows["Spanned"] > rows["Fixed"]


def test_rankings_that_end_before_the_budget_are_named_and_not_compared_with_deeper_ones(write_set, tmp_path):
    corpus = [{"_id": f"d{number}", "text": "cat"} for number in range(30)]
    folder = write_set(corpus=corpus, qrels=[("q1", "d3", 1)])
    shallow, deeper = (
        run(folder, tmp_path, Fixed(), name=f"k{depth}", measures=["R@9t", "R@12t"], depth=depth) for depth in (10, 11)
    )
    (warning,) = (warning for warning in shallow.warnings if "budget" in warning)
    assert "for 1 query of small its ranking ends before the budget of R@12t is full" in warning
    assert shallow.info["uncut"] == ["R@12t"]
    (problem,) = bench.compare(shallow, deeper).problems
    assert "R@12t of Fixed on small has no cutoff and looks down to depth 10 in base, 11 in head" in problem


def test_stored_runs_of_other_lengths_are_told_apart_where_both_fill_the_budget(write_set, tmp_path):
    corpus = [{"_id": f"d{number}", "text": "cat"} for number in range(30)]
    folder = write_set(corpus=corpus, qrels=[("q1", "d3", 1)])
    paths = []
    for length in (10, 20):
        path = tmp_path / f"long{length}.trec"
        path.write_text("".join(f"q1 Q0 d{number} {number} {99 - number} t\n" for number in range(length)))
        paths.append(str(path))
    for budget, choice in ((9, False), (15, True)):
        found = run(folder, tmp_path, name=f"b{budget}", measures=[f"R@{budget}t"], runs=paths)
        sentences = " ".join(found.analysis["sets"]["small"]["verdict"]["sentences"])
        assert ("which are two measures" in sentences) is choice


def test_squad_is_measured_by_its_answers(tmp_path):
    asked = [{"id": "q1", "question": "When did it open?", "answers": [{"text": "In 1889", "answer_start": 3}] * 2}]
    paragraphs = [{"context": "It opened in 1889.", "qas": asked}, {"context": "It is tall.", "qas": []}]
    path = tmp_path / "squad.json"
    path.write_text(json.dumps({"data": [{"title": "Tower", "paragraphs": paragraphs}]}))
    assert load_dataset(str(path)).metadata == [{"title": "Tower", "answers": ["In 1889"]}]
    found = run(str(path), tmp_path, "bm25", measures=["Answer@800t", "Answer@3t"])
    assert {row["measure"]: row["value"] for row in found.rows("measures")} == {"Answer@800t": 1, "Answer@3t": 0}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("score", "mine.trec", "--qrels", "small.qrels", "-m", "R@800t"), "R@800t: small has judgements alone"),
        (("run", "support-faq", "-r", "bm25", "-m", "Answer@800t"), "Answer@800t: 1,000 queries of support-faq"),
        (("run", "support-faq", "-r", "bm25", "-m", "R@800tokens"), "There is no measure 'R@800tokens'"),
    ],
)
def test_what_cannot_be_measured_is_one_error(capsys, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.qrels").write_text("q1 0 d1 1\n")
    (tmp_path / "mine.trec").write_text("q1 Q0 d1 1 5 t\n")
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert ended.value.code == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "results").exists()
