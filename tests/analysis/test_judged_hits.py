"""Grades beside hits, and the closed forms against the measures that a run takes."""

from __future__ import annotations

import pytest
from drawn import SIZE, judged_rankings
from hypothesis import given, settings
from made import made, plain_set, ranked, values_of

from bench.analysis.judged_hits import Hits
from bench.analysis.values import evaluate
from bench.evaluation.measures import closed_form, resolve


def test_every_hit_gets_its_grade_and_an_unjudged_one_is_known_as_such():
    dataset = made({"a": "", "b": "", "c": ""}, {"q1": "", "q2": ""}, [("q1", "a", 2), ("q1", "b", 0), ("q2", "c", 1)])
    hits = Hits.of(dataset, ranked(dataset, [["c", "b", "a"], ["c"]]))
    assert hits.grade.tolist() == [[0, 0, 2], [1, 0, 0]]
    assert hits.judged.tolist() == [[False, True, True], [True, False, False]]
    assert hits.first_relevant.tolist() == [3, 1]


def test_a_document_that_is_not_stored_has_no_rank():
    dataset = made({"a": "", "b": ""}, {"q": ""}, [("q", "a", 1)])
    hits = Hits.of(dataset, ranked(dataset, [["b"]]))
    assert hits.first_relevant.tolist() == [0]


def test_a_set_without_judgements_judges_no_hit():
    """A sample of queries that are known to have no answer, and of which nothing else is known."""
    dataset = made({"a": "", "b": ""}, {"q1": "", "q2": ""}, [("q1", "a", 1)], unanswerable=["q2"])
    rest = next(each for seed in range(20) if not len((each := dataset.sample(1, seed)).grade))
    assert not Hits.of(rest, ranked(rest, [["a", "b"]])).judged.any()


@pytest.mark.parametrize("name", ["nDCG@3", "nDCG@8", "P@3", "R@3", "R(rel=2)@5", "RR@3", "RR", "Success@2"])
@settings(max_examples=40)
@given(case=judged_rankings())
def test_a_closed_form_is_the_measure(name, case):
    dataset, ranking = case
    form = closed_form(name, SIZE)
    found = form.values(form.gain(Hits.of(dataset, ranking).grade), form.worth(dataset))
    expected = evaluate(dataset, ranking, resolve([name]))[name]
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("name", ["AP@10", "nDCG", "nDCG(dcg='exp-log2')@10", "RR(judged_only=True)@10"])
def test_other_measures_have_none(name):
    assert closed_form(name, 100) is None


def test_the_helper_takes_measures_as_a_run_does():
    dataset = plain_set(3, [(0, 0, 1)])
    assert values_of(dataset, {"x": ranked(dataset, [["d001", "d000"]])}, "RR@10")["x"].tolist() == [0.5]
