"""The last pass as a whole: every part is there, JSON holds it, and the same input gives the same bytes."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
from made import made, ranked, values_of

from bench.analysis.why import analyse
from bench.data.formats.traps import Traps


def case(retrievers=2, answerable=True):
    dataset = made(
        {"a": "red pump", "b": "blue pump", "c": "tap"},
        {"q1": "pump red", "q2": "zebra", "q3": "unheard"},
        [("q1", "a", 1 if answerable else 0), ("q1", "b", 0), ("q2", "c", 2 if answerable else 0)],
        unanswerable=["q3"] if answerable else ["q1", "q2", "q3"],
    )
    rows = {"bm25": [["b", "a"], [], []], "minilm": [["a", "b"], ["b", "c"], ["a", "c"]]}
    rankings = {label: ranked(dataset, rows[label]) for label in list(rows)[:retrievers]}
    values = {label: {"nDCG@10": each} for label, each in values_of(dataset, rankings, "nDCG@10").items()}
    return dataset, rankings, values


def analysed(measure="nDCG@10", traps=None, **how):
    dataset, rankings, values = case(**how)
    kinds = {"bm25": "lexical", "minilm": "dense"}
    return analyse(dataset, rankings, values, kinds=kinds, models={}, measure=measure, seed=0, traps=traps).stored


def test_all_of_it_is_plain_json():
    found = analysed(traps=Traps(np.array([0]), np.array([0])))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert [(each["first"], each["second"]) for each in found["pairs"]] == [("bm25", "minilm")]
    assert [(each["loser"], each["lost"]) for each in found["failures"]] == [("bm25", 2), ("minilm", 0)]
    assert found["unknown_words"]["unknown"] == 1
    assert found["traps"]["judged"]["bm25"]["wrong"] == 1
    assert found["traps"]["file"]["bm25"]["undecided"] == 0
    assert "fused_values" not in found["pairs"][0]


def test_the_same_input_gives_the_same_result():
    assert analysed() == analysed()


def test_where_judgements_are_complete_no_audit_speaks_of_unjudged_hits():
    dataset, rankings, values = case()
    dataset = replace(dataset, card=replace(dataset.card, complete=True))
    found = analyse(dataset, rankings, values, kinds={}, models={}, measure="nDCG@10", seed=0).stored
    assert (found["unjudged"], found["copies"]) == (None, None)
    above = [hit["grade"] for pair in found["failures"] for loss in pair["worst"] for hit in loss["above"]]
    assert above == [0] * len(above) != []


def test_one_retriever_is_enough():
    found = analysed(retrievers=1)
    assert (found["pairs"], found["failures"]) == ([], [])


def test_a_set_without_any_answer_has_nothing_to_say_and_says_so():
    found = analysed(answerable=False)
    assert found["pairs"][0]["oracle"]["value"] is None
    assert found["ties"]["bm25"]["value"] is None
    assert found["crossover"]["bins"] == []


def test_no_retriever_at_all():
    assert analysed(retrievers=0)["pairs"] == []


def test_a_measure_without_closed_form_leaves_ties_and_bounds_out():
    dataset, rankings, _ = case()
    values = {label: {"AP@100": each} for label, each in values_of(dataset, rankings, "AP@100").items()}
    found = analyse(dataset, rankings, values, kinds={}, models={}, measure="AP@100", seed=0).stored
    assert (found["ties"], found["unjudged"]) == (None, None)
    assert found["pairs"][0]["fused"]["value"] is not None
