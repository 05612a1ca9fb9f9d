"""A sample of a log: each search counts the same, whatever the seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.judging.query_log import LoggedQuery
from bench.judging.query_sample import FREQUENT, RARE, probabilities, sample_log, sampling_stated


def logged(counts):
    return [LoggedQuery(f"query {place}", count) for place, count in enumerate(sorted(counts, reverse=True))]


counted_logs = st.lists(st.integers(1, 1_000), min_size=1, max_size=40).map(logged)


@given(counted_logs, st.integers(1, 50), st.integers(0, 1_000))
def test_as_many_as_asked_each_once(queries, size, seed):
    drawn = sample_log(queries, size, seed)
    assert len(drawn) == len({sampled.query for sampled in drawn}) == min(size, len(queries))
    assert drawn == sample_log(queries, size, seed)
    assert np.mean([sampled.weight for sampled in drawn]) == pytest.approx(1)


@given(counted_logs, st.integers(1, 50))
def test_probabilities_add_up_to_the_size_and_follow_the_counts(queries, size):
    counts = np.array([query.count for query in queries], dtype=float)
    size = min(size, len(queries))
    chances = probabilities(counts, size)
    assert chances.sum() == pytest.approx(size)
    assert (chances <= 1 + 1e-12).all()
    below = chances < 1 - 1e-9
    ratio = chances[below] / counts[below]
    assert ratio == pytest.approx(ratio[:1].repeat(len(ratio)))


def test_queries_are_drawn_as_often_as_their_probability_says():
    queries = logged([50, 20, 10, 5, 5, 4, 3, 1, 1, 1])
    drawn = [sampled for seed in range(4_000) for sampled in sample_log(queries, 4, seed)]
    expected = probabilities(np.array([query.count for query in queries], dtype=float), 4)
    often = [sum(sampled.query == query for sampled in drawn) / 4_000 for query in queries]
    assert often == pytest.approx(expected, abs=0.03)


def test_the_weighted_sum_estimates_that_of_all_searches():
    rng = np.random.default_rng(0)
    queries = logged((1 / rng.random(200)).astype(int) + 1)
    values = {query: rng.random() for query in queries}
    counts = np.array([query.count for query in queries])
    true = sum(values[query] * query.count for query in queries)
    estimates = [
        sum(
            values[sampled.query] * sampled.query.count / sampled.probability
            for sampled in sample_log(queries, 30, seed)
        )
        for seed in range(1_500)
    ]
    error = np.std(estimates) / np.sqrt(len(estimates))
    assert abs(np.mean(estimates) - true) < 4 * error
    assert error < 0.01 * counts.sum()


def test_frequent_and_rare_are_named_and_both_are_drawn():
    queries = logged([100] * 5 + [1] * 500)
    drawn = sample_log(queries, 20, 0)
    names = [sampled.frequency for sampled in drawn]
    assert set(names) == {FREQUENT, RARE}
    assert names.count(RARE) == 15
    assert drawn[0].metadata == {
        "count": 100,
        "probability": 1.0,
        "weight": 2.0,
        "frequency": FREQUENT,
    }


def test_what_is_sampled_how_is_stated():
    queries = logged([100] * 5 + [1] * 500)
    stated = sampling_stated(sample_log(queries, 20, 7), queries, 7)
    assert stated.startswith(
        "20 of 505 distinct queries are drawn with probability proportional to their count (seed 7), 5"
    )
    assert sampling_stated(sample_log(queries, 505, 7), queries, 7) == "All 505 distinct queries of the log are taken."


def test_a_sample_of_nothing():
    with pytest.raises(BenchError, match="Ask for 1 or more"):
        sample_log(logged([1]), 0, 0)
