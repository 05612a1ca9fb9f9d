"""What intervals, p-values and powers promise, kept over thousands of simulated experiments. make check-statistics.

An experiment is a column: all share one array, its draws and its flips, which each of them alone may.
"""

import numpy as np
import pytest
import scipy.stats

from bench import statistics
from bench.comparisons import adjusted, compare, outcome

pytestmark = pytest.mark.statistics

EXPERIMENTS = 4_000
DRAWS = FLIPS = 5_000
# nDCG@10 of one relevant document at rank 0 (missed), 1, 2, ... with the odds of a hard, a usual and an easy set.
VALUES = np.array([0, 1, 0.6309, 0.5, 0.4307, 0.3869, 0.3155])
ODDS = {
    "hard": np.array([60, 14, 8, 6, 5, 4, 3]) / 100,
    "usual": np.array([22, 44, 12, 8, 6, 5, 3]) / 100,
    "easy": np.array([5, 85, 5, 2, 1, 1, 1]) / 100,
}


def within(share, expected, slack=0.0):
    """Within the binomial band of 99.9%, and by `slack` beyond it where the method is an approximation."""
    half = 3.29 * np.sqrt(expected * (1 - expected) / EXPERIMENTS)
    return expected - half - slack <= share <= expected + half + slack


def differences(rng, n, ties, kind):
    """Of two like retrievers: [n, EXPERIMENTS], symmetric about 0."""
    if kind == "normal":
        return rng.normal(0, 0.25, (n, EXPERIMENTS))
    values = VALUES if kind == "ndcg" else np.array([0.0, 1.0])
    odds = ODDS["usual"] if kind == "ndcg" else [0.4, 0.6]
    a, b = (rng.choice(values, (n, EXPERIMENTS), p=odds) for _ in range(2))
    return np.where(rng.random((n, EXPERIMENTS)) < ties, 0, a - b)


@pytest.mark.parametrize("kind", ["ndcg", "success", "normal"])
@pytest.mark.parametrize("n", [10, 15, 30, 100, 400])
def test_the_null_is_rejected_as_often_as_promised(n, kind):
    rng = np.random.default_rng([n, len(kind)])
    p = statistics.randomisation_test(differences(rng, n, 0.3, kind), rng, flips=2**15)
    found = np.mean(p <= 0.05)
    assert found <= 0.05 + 3.29 * np.sqrt(0.05 * 0.95 / EXPERIMENTS)
    # Few queries or two values leave few distinct p-values: the test is then more careful than asked.
    if n >= 100 or (kind == "normal" and n >= 15):
        assert within(found, 0.05, slack=0.01 if kind == "success" else 0)


@pytest.mark.parametrize("count", [12, 40, 150])
def test_the_null_is_rejected_as_often_as_promised_by_group(count):
    rng = np.random.default_rng(count)
    groups = np.repeat(np.arange(count), rng.integers(1, 9, count))
    shared = rng.normal(0, 0.25, (count, EXPERIMENTS))[groups]
    found = shared + rng.normal(0, 0.1, shared.shape)
    assert within(np.mean(statistics.randomisation_test(found, rng, groups, FLIPS) <= 0.05), 0.05)
    alone = np.mean(statistics.randomisation_test(found, rng, flips=FLIPS) <= 0.05)
    assert alone > 0.15, "without the groups the same data find differences that are not there"


@pytest.mark.parametrize(("n", "slack"), [(50, 0.01), (100, 0.01), (300, 0.005), (1000, 0.0)])
@pytest.mark.parametrize("odds", ODDS)
def test_the_interval_of_a_mean_holds_it_as_often_as_promised(odds, n, slack):
    rng = np.random.default_rng([n, len(odds)])
    truth = VALUES @ ODDS[odds]
    low, high = statistics.bootstrap_mean(rng.choice(VALUES, (n, EXPERIMENTS), p=ODDS[odds]), rng, DRAWS)
    assert within(np.mean((low <= truth) & (truth <= high)), 0.95, slack)
    assert abs(np.mean(truth < low) - np.mean(high < truth)) < 0.02, "misses on either side alike"


@pytest.mark.parametrize(("n", "slack"), [(20, 0.03), (50, 0.02), (100, 0.02), (300, 0.005), (1000, 0.0)])
@pytest.mark.parametrize("ties", [0.3, 0.6, 0.8])
def test_the_interval_of_a_difference_holds_it_as_often_as_promised(n, ties, slack):
    rng = np.random.default_rng([n, int(ties * 10)])
    low, high = statistics.bootstrap_difference(differences(rng, n, ties, "ndcg"), rng, DRAWS)
    assert within(np.mean((low <= 1e-12) & (high >= -1e-12)), 0.95, slack)


@pytest.mark.parametrize(("count", "slack"), [(20, 0.03), (50, 0.01), (150, 0.005)])
@pytest.mark.parametrize("interval", [statistics.bootstrap_mean, statistics.bootstrap_difference])
def test_the_interval_by_group_holds_the_mean_as_often_as_promised(interval, count, slack):
    rng = np.random.default_rng(count)
    groups = np.repeat(np.arange(count), rng.integers(1, 8, count))
    hardness = rng.random((count, EXPERIMENTS))[groups]
    found = (rng.random(hardness.shape) < hardness).astype(float)
    low, high = interval(found, rng, DRAWS, groups=groups)
    assert within(np.mean((low <= 0.5) & (high >= 0.5)), 0.95, slack)
    low, high = interval(found, rng, DRAWS)
    assert np.mean((low <= 0.5) & (high >= 0.5)) < 0.87, "without the groups it promises too much"


@pytest.mark.parametrize("n", [15, 30, 100, 400])
def test_the_detectable_difference_is_found_in_four_of_five(n):
    rng = np.random.default_rng(n)
    difference = statistics.detectable_difference(n, 0.25)
    p = statistics.randomisation_test(rng.normal(difference, 0.25, (n, EXPERIMENTS)), rng, flips=2**15)
    assert within(np.mean(p <= 0.05), 0.80, slack=0.01)


def test_the_detectable_difference_is_found_in_four_of_five_by_group():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), rng.integers(1, 8, 60))
    noise = rng.normal(0, 0.2, (60, EXPERIMENTS))[groups] + rng.normal(0, 0.2, (len(groups), EXPERIMENTS))
    difference = np.sqrt(np.mean(statistics.detectable(noise, groups) ** 2))
    p = statistics.randomisation_test(noise + difference, rng, groups, FLIPS)
    assert within(np.mean(p <= 0.05), 0.80, slack=0.02)


@pytest.mark.parametrize("family", [3, 12, 40])
def test_holm_finds_nothing_in_nineteen_reports_of_twenty(family):
    """All nulls true, measures of one report correlated as they are in life."""
    rng = np.random.default_rng(family)
    reports = EXPERIMENTS // family
    values = rng.normal(0, 0.2, (60, reports, 1)) + rng.normal(0, 0.2, (60, reports, family))
    p = statistics.randomisation_test(values.reshape(60, -1), rng, flips=20_000).reshape(reports, family)
    false_alarms = np.mean([statistics.holm(each).min() <= 0.05 for each in p])
    assert false_alarms <= 0.05 + 3.29 * np.sqrt(0.05 * 0.95 / reports)


def test_the_interval_of_auroc_holds_it_as_often_as_promised():
    rng = np.random.default_rng(0)
    truth, held, trials = scipy.stats.norm.cdf(1 / np.sqrt(2)), 0, 600
    for _ in range(trials):
        low, high = statistics.auroc_interval(rng.normal(1, 1, 120), rng.normal(0, 1, 40), rng, draws=1000)
        held += low <= truth <= high
    assert 0.91 <= held / trials <= 0.98


def test_a_report_of_like_retrievers_names_a_better_one_in_one_of_twenty():
    """From per-query values to the outcome, on two sets; intervals and corrected p-values have to agree."""
    rng, reports, alarms = np.random.default_rng(0), 400, 0
    for _ in range(reports):
        rows = []
        for dataset in ("one", "two"):
            values = {
                label: {measure: rng.choice(VALUES, 60, p=ODDS["usual"]) for measure in ("nDCG@10", "R@10")}
                for label in ("tfidf", "bm25", "dense")
            }
            rows += compare(dataset, values, np.ones(60, bool), seed=1, flips=2_000)
        alarms += any(outcome(row) != "undecided" for row in adjusted(rows))
    assert alarms / reports <= 0.05 + 3.29 * np.sqrt(0.05 * 0.95 / reports)
