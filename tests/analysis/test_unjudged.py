"""What unjudged hits could make of a measure."""

from __future__ import annotations

from itertools import chain, combinations
from math import log2

import numpy as np
import pytest
from drawn import SIZE, judged_rankings
from hypothesis import given, settings
from made import plain_set, ranked

from bench.analysis.judged_hits import Hits
from bench.analysis.unjudged import bounds, unjudged
from bench.evaluation.measures import closed_form, evaluate_positions, resolve


def found(dataset, ranking, name):
    return unjudged(dataset, {"x": Hits.of(dataset, ranking)}, closed_form(name, ranking.documents.shape[1]))["x"]


def test_precision_and_reciprocal_rank_can_only_gain():
    """Unjudged, judged wrong, relevant, unjudged."""
    dataset = plain_set(5, [(0, 1, 0), (0, 2, 1)])
    ranking = ranked(dataset, [["d000", "d001", "d002", "d003"]])
    each = found(dataset, ranking, "P@4")
    assert (each.hits, each.unjudged, each.queries) == (4, 2, 1)
    assert (each.low, each.value, each.high) == (0.25, 0.25, 0.75)
    assert (found(dataset, ranking, "RR@4").value, found(dataset, ranking, "RR@4").high) == (pytest.approx(1 / 3), 1)


def test_recall_has_more_to_find_too():
    """One of two relevant ones is found: 1/2. With the unjudged one: two of three."""
    dataset = plain_set(4, [(0, 1, 1), (0, 3, 1)])
    each = found(dataset, ranked(dataset, [["d000", "d001"]]), "R@2")
    assert (each.low, each.value) == (0.5, 0.5)
    assert each.high == each.all_relevant == pytest.approx(2 / 3)


def test_a_relevant_document_at_the_end_lowers_ndcg():
    """The relevant one is first: 1. Were the unjudged third relevant as well, its right place would be the second."""
    dataset = plain_set(4, [(0, 0, 1), (0, 1, 0)])
    each = found(dataset, ranked(dataset, [["d000", "d001", "d002"]]), "nDCG@3")
    lowered = (1 + 1 / 2) / (1 + 1 / log2(3))
    assert (each.value, each.high) == (1, 1)
    assert each.all_relevant == each.low == pytest.approx(lowered)


def test_hits_below_the_cutoff_are_not_asked_about():
    dataset = plain_set(4, [(0, 0, 1)])
    each = found(dataset, ranked(dataset, [["d000", "d001", "d002"]]), "P@1")
    assert (each.unjudged, each.high) == (0, 1)


@pytest.mark.parametrize("name", ["P(rel=2)@2", "R(rel=2)@2", "RR(rel=2)@2", "RR(rel=2)", "Success(rel=2)@2"])
def test_no_hit_can_be_of_a_grade_that_the_set_does_not_use(name):
    """Relevant from grade 2 on, where every judgement is 0 or 1: as judged is all that is possible."""
    dataset = plain_set(5, [(0, 1, 1), (0, 2, 0)])
    each = found(dataset, ranked(dataset, [["d000", "d001", "d003"]]), name)
    assert each.unjudged >= 1
    assert (each.low, each.value, each.all_relevant, each.high) == (0, 0, 0, 0)


GRADED = ["P(rel=2)@3", "R(rel=2)@3", "RR(rel=2)@3", "Success(rel=3)@3"]


@pytest.mark.parametrize("name", ["nDCG@3", "P@3", "R@3", "RR@3", "Success@3", *GRADED])
@settings(max_examples=25)
@given(case=judged_rankings())
def test_the_bounds_are_the_extremes_over_all_judgements_at_one_grade(name, case):
    dataset, ranking = case
    form, resolved = closed_form(name, SIZE), resolve([name])
    hits = Hits.of(dataset, ranking)
    by_query = bounds(dataset, hits, form)
    query = 0
    unknown = hits.documents[query, :3][(hits.real & ~hits.judged)[query, :3]].tolist()
    grades = sorted({each for row in dataset.judgements for each in row.values() if each > 0})
    values = []
    for grade in grades:
        for chosen in chain.from_iterable(combinations(unknown, size) for size in range(len(unknown) + 1)):
            judged = [dict(row) for row in dataset.judgements]
            judged[query] |= dict.fromkeys(chosen, grade)
            values.append(evaluate_positions(resolved, judged, ranking.documents)[name][query])
    if values:
        assert by_query.low[query] == pytest.approx(min(values))
        assert by_query.high[query] == pytest.approx(max(values))
    assert (by_query.low <= by_query.value).all()
    assert (by_query.value <= by_query.high).all()
    assert np.isfinite(by_query.all_relevant).all()
