"""Measures against trec_eval: its own fixtures with expected output, and its C code on random runs with ties."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest
import pytrec_eval
from hypothesis import given, settings
from hypothesis import strategies as st
from made import plain_set

from bench.analysis.values import always_one, check_grades, evaluate, recall_curve
from bench.data.dataset import Dataset
from bench.data.formats import trec_runs
from bench.data.formats.run_rankings import to_ranking
from bench.data.formats.trec import read_qrels
from bench.errors import BenchError
from bench.evaluation.measures import evaluate_positions, resolve, uncut
from retrievers.base import Ranking

DEPTH = 1000


def pool(qrels, run):
    """A dataset of the documents that qrels and run name; texts play no part here."""
    documents = sorted({d for each in (*qrels.values(), *run.values()) for d in each})
    rows = [(q, d, g) for q, grades in qrels.items() for d, g in grades.items()]
    return Dataset.build(
        "pool",
        pa.table({"id": pa.array(documents, pa.large_string()), "text": [""] * len(documents)}),
        pa.table(
            {"id": pa.array(list(qrels), pa.large_string()), "text": [""] * len(qrels), "metadata": ["{}"] * len(qrels)}
        ),
        pa.table(
            {
                "query": pa.array([row[0] for row in rows], pa.large_string()),
                "document": pa.array([row[1] for row in rows], pa.large_string()),
                "grade": pa.array([row[2] for row in rows], pa.int64()),
            }
        ),
    )


def expected_figures(path):
    """query -> trec_eval's measure -> figure."""
    figures = defaultdict(dict)
    for line in path.read_text().splitlines():
        name, query, value = line.split()
        if name != "runid" and not name.startswith("relstring"):
            figures[query][name] = float(value)
    return figures


# trec_eval's name -> ours, where ir_measures has the measure.
def our_name(name, rel):
    level = f"(rel={rel})" if rel > 1 else ""
    plain = {
        "map": f"AP{level}",
        "Rprec": f"Rprec{level}",
        "bpref": f"Bpref{level}",
        "recip_rank": f"RR{level}",
        "infAP": f"infAP{level}",
        "ndcg": "nDCG",
        "set_P": f"SetP{level}",
        "set_recall": f"SetR{level}",
        "set_F": f"SetF{level}",
        "set_map": f"SetAP{level}",
        "11pt_avg": f"IPrec{level}",
        "rbp": "RBP(p=0.9)",  # at that p, and by grade whatever -l says
        "gm_map": f"AP{level}",
        "num_ret": "NumRet",
        "num_rel_ret": f"NumRet(rel={rel})",
    }
    cut = {
        "P": f"P{level}",
        "recall": f"R{level}",
        "ndcg_cut": "nDCG",
        "map_cut": f"AP{level}",
        "success": f"Success{level}",
    }
    stem, _, last = name.rpartition("_")
    if name in plain:
        return plain[name]
    if stem == "iprec_at_recall":
        return f"IPrec{level}@{float(last):.1f}"
    if stem in cut and last.isdigit():
        return f"{cut[stem]}@{last}"
    return None


# Computed from other figures, or by another rule in the trec_eval 9 that pytrec_eval carries: the first test has them.
PINNED_ABOVE = ("gm_", "iprec", "11pt")

# File, its qrels and run, and trec_eval's -M (depth) and -l (least relevant grade), as in trec_eval's own tests.
FIXTURES = [
    ("out.test.aq", "qrels.test", "results.test", DEPTH, 1),
    ("out.test.a", "qrels.test", "results.test", DEPTH, 1),
    ("out.test", "qrels.test", "results.test", DEPTH, 1),
    ("out.test.aqc", "qrels.test", "results.trunc", DEPTH, 1),
    ("out.test.aqcM", "qrels.test", "results.trunc", 100, 1),
    ("out.test.aql", "qrels.rel_level", "results.test", DEPTH, 2),
]


@pytest.mark.parametrize(("output", "qrels_file", "run_file", "depth", "rel"), FIXTURES)
def test_every_figure_of_trec_evals_fixtures(data, output, qrels_file, run_file, depth, rel):
    """trec_eval's test/ folder: all figures that ir_measures names, through our reader, ranks and measures."""
    folder = data / "trec_fixtures" / "trec_eval"
    qrels, run = read_qrels(folder / qrels_file), trec_runs.read_run(folder / run_file)
    dataset = pool(qrels, run)
    ranking = to_ranking(run, dataset, depth)
    expected = expected_figures(folder / output)
    names = {name: ours for name in expected["all"] if (ours := our_name(name, rel))}
    points = [f"{our_name('11pt_avg', rel)}@{tenth / 10}" for tenth in range(11)]
    wanted = {*names.values(), *points} - {our_name("11pt_avg", rel)}
    values = evaluate(dataset, ranking, resolve(sorted(wanted)))
    values[our_name("11pt_avg", rel)] = np.mean([values[each] for each in points], axis=0)
    checked = 0
    for query, figures in expected.items():
        for name, figure in figures.items():
            if name not in names:
                continue
            per_query = values[names[name]]
            summed = name in ("num_ret", "num_rel_ret")
            if query != "all":
                ours = per_query[dataset.query_ids.index(query)]
            elif name == "gm_map":  # the geometric mean, with trec_eval's floor
                ours = np.exp(np.log(np.maximum(per_query, 1e-5)).mean())
            else:
                ours = per_query.sum() if summed else per_query.mean()
            assert f"{ours:.4f}" == f"{figure:.4f}", (query, name)
            checked += 1
    assert checked >= (15 if output == "out.test" else 60)


@pytest.mark.parametrize(("output", "qrels_file", "run_file", "depth", "rel"), FIXTURES)
def test_the_rest_of_the_fixtures_by_trec_evals_own_code(data, output, qrels_file, run_file, depth, rel):
    """Measures that ir_measures has no name for (relative_P, Rprec_mult, G, utility …): trec_eval's C code on the
    strictly decreasing scores that our ranks are turned into gives its expected output, so the ranks are its ranks."""
    folder = data / "trec_fixtures" / "trec_eval"
    qrels, run = read_qrels(folder / qrels_file), trec_runs.read_run(folder / run_file)
    dataset = pool(qrels, run)
    ranking = to_ranking(run, dataset, depth)
    ids = dataset.document_ids(np.arange(len(dataset.documents)))
    ranked = {
        query: {ids[d]: float(depth - rank) for rank, d in enumerate(row.tolist()) if d >= 0}
        for query, row in zip(dataset.query_ids, ranking.documents, strict=True)
        if (row >= 0).any()
    }
    evaluator = pytrec_eval.RelevanceEvaluator(qrels, pytrec_eval.supported_measures, relevance_level=rel)
    found = evaluator.evaluate(ranked)
    for query in dataset.query_ids:
        found.setdefault(query, {})["num_rel"] = sum(grade >= rel for grade in qrels[query].values())
        if query in ranked:
            found[query] |= of_trec_eval_10(list(ranked[query]), qrels[query])
    expected = expected_figures(folder / output)
    wanted = {name for name in expected["all"] if not name.startswith(PINNED_ABOVE)}
    for name in wanted - {"num_q"}:
        per_query = np.array([found[query].get(name, 0.0) for query in dataset.query_ids])  # not retrieved: 0
        for query, value in zip(dataset.query_ids, per_query, strict=True):
            if query in expected and query in ranked:
                assert f"{value:.4f}" == f"{expected[query][name]:.4f}", (query, name)
        mean = per_query.sum() if name.startswith("num_") else per_query.mean()
        assert f"{mean:.4f}" == f"{expected['all'][name]:.4f}", name
    bpref = np.array([found[query].get("bpref", 0.0) for query in dataset.query_ids])
    if "gm_bpref" in expected["all"]:
        assert f"{np.exp(np.log(np.maximum(bpref, 1e-5)).mean()):.4f}" == f"{expected['all']['gm_bpref']:.4f}"
    assert expected["all"]["num_q"] == len(dataset.query_ids)
    assert len(wanted) >= (15 if output == "out.test" else 60)


def of_trec_eval_10(hits, grades):
    """Measures that came after the version inside pytrec_eval: unjudged at k, and rank-biased precision at p = .9,
    its gain the grade over the query's highest, its residual the weight of what is unjudged or below the end."""
    weights = 0.1 * 0.9 ** np.arange(len(hits))
    gains = np.array([max(grades.get(hit, 0), 0) for hit in hits]) / max(grades.values())
    unjudged = np.array([grades.get(hit, -1) < 0 for hit in hits], dtype=bool)
    figures = {"rbp": weights @ gains, "rbp_resid": weights[unjudged].sum() + 0.9 ** len(hits)}
    return figures | {f"unj_{k}": unjudged[:k].sum() / k for k in (5, 10, 20)}


def test_a_real_graded_lucene_run(data):
    """Anserini's BM25 run on CACM with the figures that trec_eval prints for it."""
    folder = data / "trec_fixtures" / "anserini_cacm"
    qrels, run = read_qrels(folder / "qrels.cacm.txt"), trec_runs.read_run(folder / "run.cacm-bm25.txt")
    dataset = pool(qrels, run)
    values = evaluate(dataset, to_ranking(run, dataset, DEPTH), resolve(["P@30", "AP", "nDCG@10"]))
    means = {name: round(float(each.mean()), 4) for name, each in values.items()}
    assert means == {"P@30": 0.1942, "AP": 0.2744, "nDCG@10": 0.4543}


IDS = st.sampled_from(["9", "10", "a", "B", "é", "doc-1", "doc-10", "doc-2"])
RUNS = st.dictionaries(IDS, st.sampled_from([0.1, 0.5, 0.50000001, 2.0, -1.0]), min_size=1)
JUDGED = st.dictionaries(IDS, st.integers(0, 3), min_size=1)


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(["q1", "q2", "q10"]), st.tuples(JUDGED, RUNS), min_size=1))
def test_random_runs_with_ties_score_as_in_trec_eval(pairs):
    """pytrec_eval gets the raw scores, with their ties, rounded to float32 as trec_eval 9.0.8 holds them."""
    qrels = {query: judged for query, (judged, _) in pairs.items()}
    run = {query: hits for query, (_, hits) in pairs.items()}
    dataset = pool(qrels, run)
    ours = evaluate(
        dataset,
        to_ranking(run, dataset, 5),
        resolve(["nDCG@5", "R@5", "AP@5", "P@5", "RR@5", "Success@1"]),
    )
    rounded = {q: {d: float(np.float32(s)) for d, s in hits.items()} for q, hits in run.items()}
    keys = {"ndcg_cut_5", "recall_5", "map_cut_5", "P_5", "recip_rank", "success_1"}
    theirs = pytrec_eval.RelevanceEvaluator(qrels, keys).evaluate(rounded)
    for row, query in enumerate(dataset.query_ids):
        reciprocal = theirs[query]["recip_rank"] if theirs[query]["recip_rank"] >= 1 / 5 else 0.0
        expected = [theirs[query][key] for key in ("ndcg_cut_5", "recall_5", "map_cut_5", "P_5")]
        expected += [reciprocal, theirs[query]["success_1"]]
        np.testing.assert_allclose([ours[name][row] for name in ours], expected, atol=1e-9)


@pytest.mark.parametrize("name", ["ERR@10", "ERR"])
@pytest.mark.parametrize("other", [[], ["nDCG@10"]])
def test_err_is_refused_before_a_run_where_a_grade_is_above_4(name, other):
    resolved = resolve([*other, name])
    check_grades(resolved, pool({"q": {"a": 4, "b": -1}}, {}))
    with pytest.raises(BenchError, match="ERR") as caught:
        check_grades(resolved, pool({"q": {"a": 5, "b": 0}}, {}))
    assert "grades up to 4, and the set has 5" in str(caught.value)


EXPONENTIAL = "nDCG(dcg='exp-log2')@10"


def test_every_other_measure_takes_any_grade():
    resolved = resolve(["nDCG@10", "R@1", "AP(rel=2)", "Bpref", "infAP", "SetF", "Compat(p=0.8)", "RBP", EXPONENTIAL])
    check_grades(resolved, pool({"q": {"a": 300, "b": -2}}, {}))
    values = evaluate_positions(resolved, [{0: 300, 1: -2}], np.array([[1, 0]]))
    assert all(np.isfinite(each).all() for each in values.values())


def test_a_judged_query_without_a_hit_counts_zero():
    values = evaluate_positions(resolve(["R@10", "Judged@10"]), [{0: 1}, {0: 1}], np.array([[0], [-1]]))
    assert values["R@10"].tolist() == [1, 0]
    assert values["Judged@10"].tolist() == [1, 0]


def test_what_is_counted_of_the_judgements_counts_a_query_without_a_hit():
    """As trec_eval -c does, whose figures are the sums of these."""
    names = ["NumQ", "NumRel", "NumRel(rel=2)", "NumRet"]
    judgements, documents = [{0: 1, 1: 2, 2: 0}, {0: 1, 3: 3, 1: -1}], np.array([[0], [-1]])
    values = evaluate_positions(resolve(names), judgements, documents)
    assert [values[name].tolist() for name in names] == [[1, 1], [2, 2], [1, 1], [1, 0]]


def test_interpolated_precision_of_judged_hits_alone_is_that_of_the_run_without_the_others():
    """Unjudged ones and those below 0, as trec_eval -J has it, and a share rounded as in version 10: .4 of 1 is 0."""
    names = ["IPrec@0.4", "IPrec(judged_only=True)@0.4"]
    judgements, documents = [{0: 0, 1: 1, 2: -1, 3: -2}] * 2, np.array([[9, 2, 3, 1, 0], [1, 0, -1, -1, -1]])
    values = evaluate_positions(resolve(names), judgements, documents)
    assert values["IPrec@0.4"].tolist() == [1 / 4, 1]
    assert values["IPrec(judged_only=True)@0.4"].tolist() == [1, 1]
    none = evaluate_positions(resolve(names), [{0: -2}], np.array([[0, 1]]))
    assert [each.tolist() for each in none.values()] == [[0], [0]]


def test_a_reciprocal_rank_below_its_cutoff_counts_zero():
    judgements, documents = [{0: 1}] * 3, np.array([[1, 0, 2, 3], [1, 2, 0, 3], [1, 2, 3, 4]])
    values = evaluate_positions(resolve(["RR@2", "RR@3", "RR"]), judgements, documents)
    assert values["RR@2"].tolist() == [1 / 2, 0, 0]
    assert values["RR@3"].tolist() == values["RR"].tolist() == [1 / 2, 1 / 3, 0]


def test_one_measure_by_two_names_has_its_values_under_both():
    values = evaluate_positions(resolve(["AP@5", "MAP@5"]), [{0: 1}], np.array([[1, 0]]))
    assert values["AP@5"].tolist() == values["MAP@5"].tolist() == [0.5]


def test_negative_grades_gain_nothing():
    values = evaluate_positions(resolve(["nDCG@10", "P@5"]), [{0: 2, 1: -1}], np.array([[1, 0]]))
    assert values["nDCG@10"][0] == pytest.approx(1 / math.log2(3))
    assert values["P@5"][0] == pytest.approx(1 / 5)


_TOGETHER = """
import numpy as np
from bench.evaluation import measures
names = ["nDCG@10", "nDCG(gains={1:1,2:3,3:7})@10", "nDCG(judged_only=True)@10", "NumRet", "P(judged_only=True)@2"]
values = measures.evaluate_positions(measures.resolve(names), [{0: 1, 1: 3}], np.array([[0, 2, 1, 3]]))
print(*(round(float(values[name][0]), 4) for name in names))
"""


@pytest.mark.parametrize("seed", [0, 4, 5, 7])
def test_a_measure_is_the_same_beside_any_other(seed):
    """In an order that hashing decides, so it takes a process for each seed."""
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    ran = subprocess.run([sys.executable, "-c", _TOGETHER], env=environment, capture_output=True, text=True, check=True)
    plain, gains = (1 + 3 / 2) / (3 + 1 / math.log2(3)), (1 + 7 / 2) / (7 + 1 / math.log2(3))
    judged = (1 + 3 / math.log2(3)) / (3 + 1 / math.log2(3))
    assert ran.stdout.split() == [str(round(each, 4)) for each in (plain, gains, judged, 4.0, 1.0)]


@pytest.mark.parametrize("grade", [-1, -2, -3])
def test_a_query_with_negative_grades_alone_counts_zero(grade):
    """TREC marks spam by -2. trec_eval has no memory for grades below -1 where they are a query's highest, and dies."""
    names = ["nDCG@10", "R@1", "AP", "Judged@2"]
    values = evaluate_positions(resolve(names), [{0: grade}] * 50, np.array([[0, 1]] * 50))
    assert [set(values[name].tolist()) for name in names] == [{0.0}, {0.0}, {0.0}, {0.5}]


def test_grades_are_linear_gains():
    """trec_eval: gain = grade. Exponential gains would give another figure for this swap."""
    value = evaluate_positions(resolve(["nDCG@10"]), [{0: 3, 1: 1}], np.array([[1, 0]]))["nDCG@10"][0]
    assert value == pytest.approx((1 + 3 / math.log2(3)) / (3 + 1 / math.log2(3)))


@pytest.mark.parametrize("name", ["nDGC@10", "R", "R@0", "R@-1", "R@x", "Accuracy", "alpha_nDCG@10", "INST", "BPM", ""])
def test_a_measure_that_cannot_be_computed_is_refused(name):
    with pytest.raises(BenchError, match="measure"):
        resolve([name])


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("nDGC@10", "nDCG@10"),
        ("ndcg@20", "nDCG@20"),
        ("r@5", "R@5"),
        ("mrr@10", "RR@10"),
        ("recall@3", "R@3"),
        ("hit_rate@1", "Success@1"),
        ("mrr", "RR"),
        ("map", "AP"),
        ("P_5", "P@5"),
        ("recall_5", "R@5"),
        ("recall@10", "R@10"),
        ("recall", "R@10"),
        ("precision@k", "P@10"),
        ("ndcg_cut_10", "nDCG@10"),
        ("ndcg_cut.10", "nDCG@10"),
        ("map_cut_100", "AP@100"),
        ("recip_rank", "RR"),
        ("success_1", "Success@1"),
        ("ndcg_at_10", "nDCG@10"),
        ("cosine_ndcg@10", "nDCG@10"),
        ("mean_reciprocal_rank", "RR"),
        ("r-precision", "Rprec"),
        ("set_recall", "SetR"),
        ("num_ret", "NumRet"),
        ("bpref", "Bpref"),
    ],
)
def test_a_slip_gets_a_suggestion(slip, meant):
    with pytest.raises(BenchError) as caught:
        resolve([slip])
    assert f"Did you mean {meant!r}?" in caught.value.hint
    resolve([meant])


def test_the_recall_curve_is_recall_at_each_k():
    qrels = {"q1": {"a": 1, "b": 2, "c": 0}, "q2": {"c": 1}, "q3": {"a": 0}}
    run = {"q1": {"c": 3.0, "b": 2.0, "a": 1.0}, "q2": {"a": 2.0}, "q3": {"a": 1.0}}
    dataset = pool(qrels, run)
    ranking = to_ranking(run, dataset, 3)
    values = evaluate(dataset, ranking, resolve(["R@1", "R@2", "R@3"]))
    curve = recall_curve(dataset, ranking)
    assert curve.tolist() == [values[f"R@{k}"][dataset.answerable].mean() for k in (1, 2, 3)] == [0, 0.25, 0.5]


def test_what_is_one_for_whoever_returns_all_documents_asks_for_a_grade_that_each_query_has():
    dataset = plain_set(3, [(0, 0, 2), (1, 1, 1)], queries=2)
    names = ["R@3", "R@2", "Success@5", "R(rel=2)@5", "Success(rel=2)@10", "P@5"]
    assert always_one(names, dataset) == ["R@3", "Success@5"]
    both = plain_set(3, [(0, 0, 2), (1, 1, 3)], queries=2)
    assert always_one(names, both) == ["R@3", "Success@5", "R(rel=2)@5", "Success(rel=2)@10"]
    everything = np.array([[0, 1, 2], [0, 1, 2]])
    for each, ones in ((dataset, ["R@3", "Success@5"]), (both, always_one(names, both))):
        ranking = Ranking(everything, np.zeros((2, 3), dtype=np.float32))
        values = evaluate(each, ranking, resolve(names))
        whole = [name for name in names if name not in ("P@5", "R@2") and (values[name] == 1).all()]
        assert whole == ones


def test_which_measures_look_down_to_the_last_hit():
    names = ["AP", "nDCG", "RR", "Rprec", "Bpref", "SetR", "NumRet", "NumRelRet", "IPrec@0.5", "ERR", "AP(rel=2)"]
    others = ["AP@100", "nDCG@10", "R@5", "P@1", "Success@3", "RR@10", "NumRel", "NumQ", "AP(rel=2)@10"]
    assert uncut([*names, *others]) == names


def test_a_query_without_an_answer_does_not_keep_a_measure_from_being_one():
    dataset = plain_set(3, [(0, 0, 1), (1, 1, 0)], queries=2)
    assert always_one(["R@3"], dataset) == ["R@3"]


def test_an_unknown_document_takes_a_rank_in_interpolated_precision_too():
    asked = resolve(["IPrec@0.5", "P@2"])
    values = evaluate_positions(asked, [{0: 1}], np.array([[-2, 0]]))
    assert {name: each.tolist() for name, each in values.items()} == {"IPrec@0.5": [0.5], "P@2": [0.5]}
