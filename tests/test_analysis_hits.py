"""Grades beside hits, and the closed forms against the measures that a run takes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import made, plain_set, ranked, values_of

from bench.analysis.closed_form import closed
from bench.analysis.judged_hits import Hits
from bench.analysis.values import evaluate
from bench.evaluation.measures import resolve
from retrievers.base import Ranking

SIZE = 8


@st.composite
def judged_rankings(draw, ties=False):
    """A set of one to three queries, grades 0 to 2 and d000 always relevant, and a ranking of part of its documents."""
    queries = draw(st.integers(1, 3))
    row = st.lists(st.sampled_from([None, 0, 1, 2]), min_size=SIZE, max_size=SIZE)
    grades = draw(st.lists(row, min_size=queries, max_size=queries))
    judgements = [(q, d, g) for q, row in enumerate(grades) for d, g in enumerate(row) if d and g is not None]
    dataset = plain_set(SIZE, [(q, 0, row[0] or 1) for q, row in enumerate(grades)] + judgements, queries)
    ranking = Ranking.empty(queries, SIZE)
    for row in range(queries):
        found = draw(st.permutations(range(SIZE)))[: draw(st.integers(0, SIZE))]
        level = st.integers(0, 3 if ties else 10**6)
        levels = draw(st.lists(level, min_size=len(found), max_size=len(found), unique=not ties))
        ranking.put(row, np.array(found, dtype=np.int64), np.array(sorted(levels)[::-1], dtype=np.float32))
    return dataset, ranking


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
    form = closed(name, SIZE)
    found = form.values(form.gain(Hits.of(dataset, ranking).grade), form.worth(dataset))
    expected = evaluate(dataset, ranking, resolve([name]))[name]
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("name", ["AP@10", "nDCG", "nDCG(dcg='exp-log2')@10", "RR(judged_only=True)@10"])
def test_other_measures_have_none(name):
    assert closed(name, 100) is None


def test_the_helper_takes_measures_as_a_run_does():
    dataset = plain_set(3, [(0, 0, 1)])
    assert values_of(dataset, {"x": ranked(dataset, [["d001", "d000"]])}, "RR@10")["x"].tolist() == [0.5]
