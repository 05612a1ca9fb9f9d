"""Percentiles, their intervals, and how samples are taken."""

import numpy as np
import pytest
from scipy.stats import binom

from bench.machine.latency import MIN_SAMPLES, Plan, is_warm, percentile, warm_up


@pytest.mark.parametrize(("percent", "least"), MIN_SAMPLES.items())
def test_the_least_samples_are_those_of_early_stopping(percent, least):
    """MLPerf LoadGen's rule at 99% confidence with one sample above the percentile."""
    share = 1 - percent / 100
    assert binom.cdf(1, least, share) <= 0.01 < binom.cdf(1, least - 1, share)


def test_too_few_samples_give_no_figure():
    assert np.isnan(percentile(np.arange(129), 95).value)
    assert not np.isnan(percentile(np.arange(130), 95).value)


def test_a_percentile_is_a_sample_that_was_taken():
    found = percentile(np.arange(1, 1001), 95)
    assert found.value == 950
    assert found.low < 950 < found.high


@pytest.mark.parametrize("percent", [50.0, 90.0, 95.0, 99.0])
def test_the_interval_covers_the_true_percentile(percent):
    """Drawn from a known distribution 2,000 times: coverage at least 95% less three standard errors."""
    rng = np.random.default_rng(7)
    truth = -np.log(1 - percent / 100)
    draws = rng.exponential(size=(2000, 700))
    found = [percentile(each, percent) for each in draws]
    covered = np.mean([each.low <= truth <= each.high for each in found])
    assert covered >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 2000)


def test_a_query_that_is_asked_again_is_no_other_query():
    """Thirty times the same hundred times tell as much as once."""
    once = np.exp(np.random.default_rng(3).normal(0, 0.7, 100))
    of = np.arange(3000) % 100
    for percent in (50.0, 90.0):
        again, alone = percentile(once[of], percent, of), percentile(once, percent)
        assert (again.value, again.low, again.high) == (alone.value, alone.low, alone.high)
        assert again.high - again.low > 2 * (percentile(once[of], percent).high - percentile(once[of], percent).low)


def test_samples_that_do_not_depend_on_their_query_count_as_many():
    samples, of = np.random.default_rng(3).exponential(size=3000), np.arange(3000) % 100
    clustered, independent = percentile(samples, 50, of), percentile(samples, 50)
    assert clustered.value == independent.value
    assert clustered.high - clustered.low < 1.5 * (independent.high - independent.low)


@pytest.mark.parametrize(("percent", "least"), [(50.0, 6), (90.0, 36), (95.0, 72), (99.0, 368)])
def test_an_interval_needs_so_many_different_queries(percent, least):
    """The slowest of fewer is below the percentile of all in over 2.5% of the cases."""
    assert (percent / 100) ** least <= 0.025 < (percent / 100) ** (least - 1)
    samples = np.random.default_rng(3).exponential(size=4000)
    fewer = percentile(samples, percent, np.arange(4000) % (least - 1))
    assert not np.isnan(fewer.value)
    assert np.isnan([fewer.low, fewer.high]).all()
    assert not np.isnan(percentile(samples, percent, np.arange(4000) % least).low)


def test_it_is_warm_when_half_windows_agree():
    assert is_warm(np.full(32, 100))
    assert not is_warm(np.concatenate([np.full(16, 200), np.full(16, 100)]))
    assert not is_warm(np.full(31, 100))


def test_warm_up_stops_when_warm_and_is_bounded():
    rng = np.random.default_rng(0)
    assert warm_up(lambda order: np.full(len(order), 100), 5, rng) == 32
    falling = iter(range(10**9, 0, -(10**6)))
    slow = warm_up(lambda order: np.array([next(falling) ** 4 // 10**27 for _ in order]), 5, rng)
    assert slow <= 8 * 16


def test_the_budget_is_stretched_for_a_p95():
    plan = Plan(samples=700, seconds=2)
    assert not plan.is_over(50, 3)
    assert plan.is_over(50, 4)
    assert plan.is_over(130, 2)
    assert plan.is_over(700, 0.1)


def test_queries_are_cycled_in_whole_shuffled_passes():
    order = Plan(samples=25).orders(10, np.random.default_rng(0))
    assert len(order) == 25
    assert sorted(order[:10].tolist()) == sorted(order[10:20].tolist()) == list(range(10))
    fewer = Plan(samples=5).orders(10, np.random.default_rng(0))
    assert fewer.tolist() == order[:5].tolist()
