"""Random and oracle rankings."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from drawn import judged_rankings
from hypothesis import given, settings
from made import made, plain_set
from scipy.stats import binom

from bench.analysis.controls import control_rankings, luck_p, random_means
from bench.analysis.values import evaluate
from bench.data.dataset import Card
from bench.evaluation.measures import resolve


def mean(dataset, ranking, measure):
    return evaluate(dataset, ranking, resolve([measure]))[measure].mean()


def test_the_oracle_puts_the_relevant_first_by_grade_then_the_rest():
    dataset = plain_set(5, [(0, 1, 1), (0, 3, 2), (0, 4, 0)])
    oracle = control_rankings(dataset, 5, seed=0)["oracle"]
    assert dataset.document_ids(oracle.documents[0]) == ["d003", "d001", "d004", "d002", "d000"]
    assert mean(dataset, oracle, "nDCG@5") == 1


def test_the_random_ranking_is_a_draw_without_repetition_that_the_seed_decides():
    dataset = plain_set(50, [(0, 1, 1), (1, 2, 1)], queries=2)
    one, same, other = (control_rankings(dataset, 20, seed)["random"].documents for seed in (0, 0, 1))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert not np.array_equal(one[0], one[1])
    assert all(len(set(row)) == 20 for row in one.tolist())


@pytest.mark.parametrize("control", ["random", "oracle"])
def test_a_ranking_is_no_deeper_than_the_corpus(control):
    dataset = plain_set(3, [(0, 1, 1)])
    ranking = control_rankings(dataset, 10, seed=0)[control]
    assert sorted(ranking.documents[0].tolist()) == [0, 1, 2]
    assert (np.diff(ranking.scores) < 0).all()


@pytest.mark.parametrize("control", ["random", "oracle"])
def test_hits_with_the_querys_own_id_are_left_out_where_the_card_says_so(control):
    dataset = made({"a": "", "b": "", "c": ""}, {"a": ""}, [("a", "b", 1)])
    dataset = replace(dataset, card=Card(drop_self=True))
    ranking = control_rankings(dataset, 3, seed=0)[control]
    assert sorted(dataset.document_ids(ranking.documents[0, :2])) == ["b", "c"]
    assert ranking.documents[0, 2] == -1


@pytest.mark.parametrize(("measure", "expected"), [("P@5", 0.2), ("R@5", 0.5), ("RR@1", 0.2), ("Success@1", 0.2)])
def test_what_luck_is_worth(measure, expected):
    """Ten documents, two of them relevant."""
    dataset = plain_set(10, [(0, 1, 1), (0, 7, 1), (0, 8, 0)])
    assert random_means(dataset, measure, seed=0).mean() == pytest.approx(expected, abs=0.04)


@pytest.mark.parametrize("measure", ["nDCG@5", "RR@5", "Success@3", "P@15", "AP@4"])
def test_its_mean_is_that_of_random_rankings(measure):
    dataset = plain_set(10, [(q, d, 1 + d % 2) for q in range(400) for d in (2, 3, 7)], queries=400)
    drawn = np.mean([mean(dataset, control_rankings(dataset, 10, seed)["random"], measure) for seed in range(5)])
    assert random_means(dataset, measure, seed=0).mean() == pytest.approx(drawn, abs=0.02)


def test_its_distribution_is_the_binomials():
    """One relevant document of four, the first hit counts: twelve queries are right by luck as coins fall."""
    luck = random_means(plain_set(4, [(q, 1, 1) for q in range(12)], queries=12), "Success@1", seed=0, draws=20_000)
    found = [(luck >= right / 12 - 1e-9).mean() for right in range(13)]
    assert found == pytest.approx([binom.sf(right - 1, 12, 0.25) for right in range(13)], abs=0.03)


def test_wordings_of_one_question_have_one_luck():
    alone = plain_set(4, [(q, 1, 1) for q in range(12)], queries=12)
    named = [json.dumps({"question": str(number // 6)}) for number in range(12)]
    queries = alone.queries.set_column(2, "metadata", pa.array(named))
    grouped = replace(alone, queries=queries, card=Card(group="question"))
    one, other = (random_means(each, "Success@1", seed=0).std() for each in (alone, grouped))
    assert other == pytest.approx(one * np.sqrt(6), rel=0.1)


@settings(max_examples=30)
@given(case=judged_rankings())
def test_no_ranking_is_above_the_oracle(case):
    dataset, ranking = case
    oracle = control_rankings(dataset, 8, seed=0)["oracle"]
    for name in ("nDCG@5", "R@3", "RR@10", "AP@8"):
        assert mean(dataset, ranking, name) <= mean(dataset, oracle, name) + 1e-12


def test_how_often_luck_is_as_good():
    luck = np.array([0.1, 0.2, 0.3, 0.4])
    assert [luck_p(each, luck) for each in (0.05, 0.3, 0.5)] == [1, 3 / 5, 1 / 5]


@pytest.mark.parametrize(("measure", "expected"), [("SetR", 0.3), ("RR", (1 + 1 / 2 + 1 / 3) / 10)])
def test_luck_looks_no_deeper_than_the_rankings_that_are_held_against_it(measure, expected):
    dataset = plain_set(10, [(q, 1, 1) for q in range(300)], queries=300)
    assert random_means(dataset, measure, seed=0, depth=3).mean() == pytest.approx(expected, abs=0.03)
    deeper = random_means(dataset, "P@5", seed=0, depth=3)
    assert np.array_equal(deeper, random_means(dataset, "P@5", seed=0))
