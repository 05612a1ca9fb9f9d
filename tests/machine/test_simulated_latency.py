"""What intervals of times promise, where the same queries are asked again and again. make check-statistics."""

import numpy as np
import pytest
from scipy.stats import norm

from bench.machine.latency import PERCENTILES, percentile

pytestmark = pytest.mark.statistics

EXPERIMENTS, SAMPLES = 1_000, 3_000
# Log-normal times: spread of the logarithm between queries, and of one query asked again.
SPREADS = {"differ": (0.7, 0.05), "differ, noisy": (0.7, 0.5), "as much noise": (0.3, 0.3), "alike": (0.0, 0.3)}
GOAL = 0.93


def coverage(queries, between, within, known):
    """Share of the experiments whose interval holds the percentile of all queries; NaN where there is none.

    known: whether the interval is told which query a sample is of.
    """
    rng = np.random.default_rng([queries, int(100 * between), int(100 * within)])
    of = np.arange(SAMPLES) % queries
    held = {percent: [] for percent in PERCENTILES}
    for _ in range(EXPERIMENTS):
        samples = np.exp(rng.normal(0, between, queries)[of] + rng.normal(0, within, SAMPLES))
        for percent in PERCENTILES:
            truth = np.exp(np.hypot(between, within) * norm.ppf(percent / 100))
            found = percentile(samples, percent, of if known else None)
            held[percent].append(np.nan if np.isnan(found.low) else found.low <= truth <= found.high)
    return {percent: float(np.mean(each)) for percent, each in held.items()}


@pytest.mark.parametrize("queries", [20, 50, 72, 100, 300, 400])
@pytest.mark.parametrize("spread", SPREADS)
def test_the_interval_holds_the_percentile_of_all_queries(queries, spread):
    found = coverage(queries, *SPREADS[spread], known=True)
    print(spread, queries, found)
    printed = {percent: share for percent, share in found.items() if not np.isnan(share)}
    assert 50.0 in printed
    assert all(share >= GOAL for share in printed.values()), found


@pytest.mark.parametrize("queries", [20, 50, 100, 300])
def test_samples_taken_for_independent_would_promise_too_much(queries):
    found = coverage(queries, *SPREADS["differ"], known=False)
    print("taken for independent", queries, found)
    assert max(found.values()) < 0.8
