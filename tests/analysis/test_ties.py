"""What the tie rule decides."""

from __future__ import annotations

from itertools import groupby, permutations, product

import numpy as np
import pytest
from drawn import SIZE, judged_rankings
from hypothesis import given, settings
from made import plain_set, ranked

from bench.analysis.judged_hits import Hits
from bench.analysis.ties import expected, runs, ties
from bench.evaluation.measures import closed_form, evaluate_positions, resolve


def found(dataset, ranking, name):
    return ties(dataset, {"x": Hits.of(dataset, ranking)}, closed_form(name, ranking.documents.shape[1]))["x"]


def test_a_tie_across_the_cutoff():
    """Scores 9 5 5 5 1, cutoff 2, the relevant document is the last of the three: it is in with a chance of 1/3."""
    dataset = plain_set(5, [(0, 3, 1)])
    ranking = ranked(dataset, [["d000", "d001", "d002", "d003", "d004"]], [[9, 5, 5, 5, 1]])
    each = found(dataset, ranking, "R@2")
    assert (each.tied, each.straddling, each.cut) == (1, 1, 0)
    assert (each.value, each.worst, each.best) == (0, 0, 1)
    assert each.expected == pytest.approx(1 / 3)


def test_a_tie_within_the_cutoff_moves_the_reciprocal_rank():
    """Two relevant ones among three equal first: 1 with a chance of 2/3, else 1/2."""
    dataset = plain_set(4, [(0, 1, 1), (0, 2, 1)])
    ranking = ranked(dataset, [["d000", "d001", "d002", "d003"]], [[5, 5, 5, 1]])
    each = found(dataset, ranking, "RR@3")
    assert (each.tied, each.straddling) == (1, 0)
    assert (each.value, each.worst, each.best) == (0.5, 0.5, 1)
    assert each.expected == pytest.approx(2 / 3 + 1 / 6)


def test_no_ties_leave_nothing_to_decide():
    dataset = plain_set(3, [(0, 1, 1)])
    each = found(dataset, ranked(dataset, [["d000", "d001", "d002"]]), "nDCG@2")
    assert (each.tied, each.straddling, each.cut) == (0, 0, 0)
    assert each.value == each.best == each.worst == each.expected


def test_a_tie_that_reaches_the_stored_depth_may_go_on_below():
    dataset = plain_set(5, [(0, 1, 1)])
    assert found(dataset, ranked(dataset, [["d000", "d001", "d002"]], [[5, 5, 5]]), "P@2").cut == 1


def test_places_without_a_hit_do_not_tie():
    dataset = plain_set(4, [(0, 0, 1), (1, 0, 1)], queries=2)
    ranking = ranked(dataset, [["d000", "d001", "d002", "d003"], ["d000"]])
    assert found(dataset, ranking, "P@2").tied == 0


@pytest.mark.parametrize("name", ["nDCG@3", "P@2", "R@4", "RR@3", "Success@2"])
@settings(max_examples=25)
@given(case=judged_rankings(ties=True))
def test_expected_best_and_worst_are_those_of_all_orders(name, case):
    dataset, ranking = case
    form, resolved = closed_form(name, SIZE), resolve([name])
    hits = Hits.of(dataset, ranking)
    exact = expected(form, form.gain(hits.grade), runs(hits), form.worth(dataset))
    query = 0
    real = int(hits.real[query].sum())
    scores = hits.scores[query]
    blocks = [list(each) for _, each in groupby(range(real), key=lambda place: scores[place])]
    if max((len(block) for block in blocks), default=0) > 4:
        return
    values = []
    for order in product(*(permutations(block) for block in blocks)):
        documents = hits.documents.copy()
        documents[query, :real] = documents[query, [place for block in order for place in block]]
        values.append(evaluate_positions(resolved, dataset.judgements, documents)[name][query])
    assert exact[query] == pytest.approx(np.mean(values))
    summary = found(dataset, ranking, name)
    assert summary.worst - 1e-12 <= summary.expected <= summary.best + 1e-12
    assert summary.worst - 1e-12 <= summary.value <= summary.best + 1e-12
