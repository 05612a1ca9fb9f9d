"""How sure a mean is."""

import numpy as np
import pytest

from bench.statistics import bootstrap_mean


def test_the_interval_is_the_same_from_run_to_run():
    values = np.random.default_rng(0).random((50, 2))
    first = bootstrap_mean(values, np.random.default_rng(1))
    again = bootstrap_mean(values, np.random.default_rng(1))
    assert np.array_equal(first, again)


def test_it_agrees_with_the_normal_approximation():
    values = np.random.default_rng(0).normal(0.5, 0.2, (2000, 1))
    low, high = bootstrap_mean(values, np.random.default_rng(1))
    half = 1.96 * values.std() / np.sqrt(2000)
    assert low[0] == pytest.approx(values.mean() - half, abs=half / 10)
    assert high[0] == pytest.approx(values.mean() + half, abs=half / 10)


def test_it_covers_the_truth():
    """Skewed values as retrieval has them: 400 sets of 100 queries, coverage within its binomial band of 94%."""
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(400):
        low, high = bootstrap_mean(rng.binomial(1, 0.3, (100, 1)).astype(float), rng, draws=1000)
        covered += low[0] <= 0.3 <= high[0]
    assert 0.90 <= covered / 400 <= 0.98


def test_no_query_gives_no_interval():
    low, high = bootstrap_mean(np.zeros((0, 3)), np.random.default_rng(0))
    assert np.isnan(low).all()
    assert np.isnan(high).all()
