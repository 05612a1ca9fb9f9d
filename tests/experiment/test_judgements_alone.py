"""Runs scored by judgements alone: trec_eval's figures, a run like any other, and what needs texts left out."""

from __future__ import annotations

import math

import pytest
import pytrec_eval
from whole_report import whole_report

import bench
from bench.analysis.why import OF_TEXTS
from bench.cli import main
from bench.data.formats import trec, trec_runs
from bench.errors import BenchError

pytestmark = pytest.mark.slow

# By ties of score the higher id is first: x, which nobody judged, stands above d1, and d2 above d1.
QRELS = "q1 0 d1 1\nq1 0 d2 0\nq2 0 d3 2\nq3 0 d1 1\nq4 0 d4 0\n"
RUN = "q1 Q0 d1 1 5 t\nq1 Q0 x 2 5 t\nq1 Q0 d2 3 5 t\nq2 Q0 d3 1 7 t\nq2 Q0 y 2 9 t\nq9 Q0 d1 1 1 t\n"
OTHER = "q1 Q0 d1 1 5 t\nq2 Q0 z 1 9 t\nq3 Q0 d1 1 3 t\n"
STOCK = {
    "nDCG@10": "ndcg_cut_10",
    "AP": "map",
    "RR": "recip_rank",
    "P@5": "P_5",
    "R@100": "recall_100",
    "Rprec": "Rprec",
}


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in (("round1.qrels", QRELS), ("mine.trec", RUN), ("other.trec", OTHER)):
        (tmp_path / name).write_text(text)
    return tmp_path


def score(*runs, name="run", **settings):
    return bench.run(retrievers=[], runs=list(runs), qrels="round1.qrels", latency=False, name=name, **settings)


def stock(qrels, hits):
    """trec_eval's figures; a judged query without hits has none of its own and counts 0."""
    return pytrec_eval.RelevanceEvaluator(qrels, set(STOCK.values())).evaluate(hits)


def agree(found, label, qrels, hits):
    theirs = stock(qrels, hits)
    rows = found.per_query[found.per_query["retriever"] == label]
    assert set(rows["query"]) == set(qrels)
    for row in rows.to_dict("records"):
        for ours, name in STOCK.items():
            assert math.isclose(row[ours], theirs.get(row["query"], {}).get(name, 0), abs_tol=1e-9), (
                row["query"],
                ours,
            )


def test_figures_are_trec_evals(files):
    found = score("mine.trec", measures=list(STOCK))
    agree(found, "mine", trec.read_qrels(files / "round1.qrels"), trec_runs.read_run(files / "mine.trec"))


@pytest.mark.parametrize(
    ("judged", "run"),
    [
        ("trec_eval/qrels.test", "trec_eval/results.test"),
        ("trec_eval/qrels.test", "trec_eval/results.trunc"),
        ("trec_eval/qrels.rel_level", "trec_eval/results.test"),
        ("anserini_cacm/qrels.cacm.txt", "anserini_cacm/run.cacm-bm25.txt"),
    ],
)
def test_figures_of_real_runs_are_trec_evals(data, tmp_path, judged, run):
    judged, run = (data / "trec_fixtures" / path for path in (judged, run))
    found = bench.run(
        retrievers=[], runs=[str(run)], qrels=judged, measures=list(STOCK), latency=False, results=str(tmp_path)
    )
    agree(found, found.retrievers[0], trec.read_qrels(judged), trec_runs.read_run(run))


def test_it_is_a_set_called_after_the_file_without_what_needs_texts(files):
    found = score("mine.trec", "other.trec")
    (dataset,) = found.datasets
    assert (dataset["name"], dataset["queries"], dataset["unanswerable"]) == ("round1", 4, 1)
    assert dataset["documents"] == 4 + len({"x", "y", "z"})
    analysis = found.analysis["sets"]["round1"]
    assert [analysis[part] for part in OF_TEXTS] == [None] * len(OF_TEXTS)
    assert analysis["no_better_than_random"] is None
    assert analysis["unjudged"]["mine"]["unjudged"] == 2
    hits = found.queries["hits"][0]
    assert next((hit["document"], hit["grade"]) for hit in hits if hit["retriever"] == "mine") == ("x", None)


def test_fusion_knows_that_two_runs_have_one_unjudged_document(files):
    (files / "other.trec").write_text("q1 Q0 x 1 9 t\nq1 Q0 d2 2 5 t\nq1 Q0 d1 3 4 t\n")
    pair = score("mine.trec", "other.trec", measures=["RR"]).analysis["sets"]["round1"]["pairs"][0]
    assert pair["fused"]["value"] == pytest.approx((1 / 3 + 0.5 + 0) / 3)


def test_what_is_left_out_is_said_once(files):
    found = score("mine.trec", "other.trec")
    text = whole_report(found)
    assert text.count("Without texts: ") == 1
    assert "“”" not in text
    assert "- **q2** other not in its" in text
    assert "mine at rank 2, 0.63\n  - Answer: d3\n  - other's hit 1: z (not judged)\n" in text


def test_queries_of_one_side_alone_are_counted(files):
    warnings = score("mine.trec").warnings
    assert any(
        "no hits for 2 of the 4 judged queries of round1 (q3, q4); each counts as 0" in text for text in warnings
    )
    assert "mine has hits for 1 query that round1 does not judge (q9); left aside." in warnings


def test_another_run_by_the_same_judgements_can_be_compared(files, capsys):
    score("mine.trec", name="base")
    (files / "mine.trec").write_text(OTHER)
    score("mine.trec", name="head")
    with pytest.raises(SystemExit) as ended:
        main(["compare", "results/base", "results/head"])
    assert ended.value.code in (0, 1)
    shown = capsys.readouterr().out
    assert "not the same in both" not in shown
    assert "lost (mine on round1) q2\n    base 1. y\n    base 2. d3 ✓\n    head 1. z\n" in shown


def test_it_can_be_scored_reported_and_resumed_from_the_command_line(files, capsys):
    for command, code in (
        (["score", "mine.trec", "--qrels", "round1.qrels", "--name", "one"], 0),
        (["report", "results/one"], 0),
        (["run", "--name", "one", "--resume"], 0),
        (["score", "mine.trec", "--qrels", "round1.qrels", "-d", "round1"], 2),
        (["score", "mine.trec"], 2),
    ):
        with pytest.raises(SystemExit) as ended:
            main(command)
        assert ended.value.code == code, capsys.readouterr()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"retrievers": ["bm25"]}, "bm25 cannot search without documents. Score runs alone"),
        ({"retrievers": [], "controls": True}, "random, oracle cannot search without documents"),
        ({"retrievers": [], "by": ["kind"]}, "no field 'kind' to slice by. Name the set itself"),
        ({"retrievers": [], "datasets": "phenomena"}, "qrels stands in place of datasets, and both are given"),
    ],
)
def test_what_needs_the_set_is_refused(files, settings, message):
    with pytest.raises(BenchError) as caught:
        bench.run(runs=["mine.trec"], qrels="round1.qrels", latency=False, **settings)
    assert message in str(caught.value)
    assert not (files / "results").exists()


def test_judgements_of_another_collection_are_one_error(files):
    (files / "round1.qrels").write_text("q1 0 D-1 1\n")
    with pytest.raises(BenchError, match="has none of the documents of round1"):
        score("mine.trec")
