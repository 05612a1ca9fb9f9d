"""How long a search takes: single queries, percentiles with intervals, never an average called a latency.

A percentile is given only from enough samples: the least n for which, at 99% confidence, one sample above the
percentile may be seen (MLPerf LoadGen's rule of early stopping): p50 11, p90 64, p95 130, p99 662, p99.9 6,636.

Its two-sided 95% interval is of all queries of this kind, and from order statistics (distribution-free, binomial).
A query that is asked ten times is not ten queries: where queries are repeated, the samples count for as many as
they are worth (the effective number; Korn & Graubard, Survey Methodology 1998), and an interval is given only where
so many different queries can have one: p50 6, p90 36, p95 72, p99 368.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PERCENTILES = (50.0, 90.0, 95.0, 99.0)
LATENCY_HITS = 10
MIN_SAMPLES = {50.0: 11, 90.0: 64, 95.0: 130, 99.0: 662, 99.9: 6636}

# Warm-up ends when the medians of two half-windows agree to this share, or after so many blocks.
WARM_WINDOW = 32
WARM_AGREEMENT = 0.10
WARM_BLOCKS = 6


@dataclass(frozen=True)
class Percentile:
    """A percentile of samples in the samples' unit.

    value is NaN where there are too few samples; low and high are NaN there and where there are too few queries.
    """

    percent: float
    value: float
    low: float
    high: float
    samples: int


def percentile(
    samples: NDArray[np.int64] | NDArray[np.float64], percent: float, queries: NDArray[np.int64] | None = None
) -> Percentile:
    """The smallest sample that `percent` of them do not exceed, with its 95% interval.

    samples: [n]; queries: [n], which query each of them is of; None: each is of another. The interval runs between
    order statistics l and u with P(X_l <= q <= X_u) >= .95 by the binomial distribution (David & Nagaraja, Order
    Statistics, 7.1), of as many draws as the samples are worth.
    """
    n = len(samples)
    if n < MIN_SAMPLES.get(percent, 1):
        return Percentile(percent, np.nan, np.nan, np.nan, n)
    ordered = np.sort(samples)
    share = percent / 100
    value = ordered[min(n - 1, max(0, int(np.ceil(n * share - 1e-9)) - 1))]
    of = np.arange(n) if queries is None else np.unique(queries, return_inverse=True)[1]
    lower, upper = _ends(of.max() + 1, share)
    if lower < 1 or upper > of.max() + 1:
        return Percentile(percent, float(value), np.nan, np.nan, n)
    worth = _effective(samples > value, of)
    lower, upper = _ends(worth, share)
    low = ordered[(lower - 1) * n // worth]
    high = ordered[-(-upper * n // worth) - 1]
    return Percentile(percent, float(value), float(low), float(high), n)


def _ends(n: int, share: float) -> tuple[int, int]:
    """The order statistics, from 1, with P(X_(l) <= q) >= .975 and P(q <= X_(u)) >= .975; below 1, above n: none."""
    return _binomial_quantile(0.025, n, share), _binomial_quantile(0.975, n, share) + 1


def _effective(above: NDArray[np.bool_], of: NDArray[np.int64]) -> int:
    """How many independent samples tell the share of those above a percentile as surely as these do.

    above: [n]; of: [n], the query of each, from 0. The variance is that of whole queries (linearised, as in surveys
    of clusters); the number is at least that of the queries and at most n.
    """
    asked = np.bincount(of)
    queries, n = len(asked), len(of)
    share = above.mean()
    residuals = np.bincount(of, above) - share * asked
    variance = queries / max(queries - 1, 1) * (residuals @ residuals) / n**2
    worth = share * (1 - share) / variance if variance > 0 else queries
    return int(np.clip(worth, queries, n))


def _binomial_quantile(level: float, n: int, share: float) -> int:
    """The least count that at least `level` of binomial draws do not exceed."""
    from scipy.special import bdtr  # scipy.stats would take a second to import

    return int(np.searchsorted(bdtr(np.arange(n + 1), n, share), level))


def is_warm(samples: NDArray[np.int64]) -> bool:
    """Do the medians of the last two half-windows agree?"""
    if len(samples) < WARM_WINDOW:
        return False
    window = samples[-WARM_WINDOW:]
    first, second = np.median(window[: WARM_WINDOW // 2]), np.median(window[WARM_WINDOW // 2 :])
    return bool(abs(first - second) <= WARM_AGREEMENT * max(first, second))


@dataclass(frozen=True)
class Plan:
    """How single queries are timed: cycled in a seeded shuffled order until there are enough samples.

    samples: how many are wanted (p99 needs 662); seconds: the budget of one retriever on one set, doubled where it
    does not reach the samples that a p95 needs; block: queries between two looks at the clock (five are a p95's).
    """

    samples: int = 700
    seconds: float = 2.0
    block: int = 26

    def is_over(self, taken: int, seconds: float) -> bool:
        """Enough samples taken, or the budget spent?"""
        budget = self.seconds if taken >= MIN_SAMPLES[95.0] else 2 * self.seconds
        return taken >= self.samples or seconds >= budget

    def orders(self, queries: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Query positions to time, in order: whole shuffled passes, cut at `samples`.

        The passes are drawn one after the other: whoever wants fewer samples gets the beginning of the same order.
        """
        passes = -(-self.samples // max(queries, 1))
        order: NDArray[np.int64] = np.concatenate([rng.permutation(queries) for _ in range(passes)])
        return order[: self.samples]


def warm_up(
    time_block: Callable[[NDArray[np.int64]], NDArray[np.int64]], queries: int, rng: np.random.Generator
) -> int:
    """Run queries until two half-windows agree, bounded. time_block: positions -> nanoseconds. Returns how many ran."""
    samples = np.zeros(0, dtype=np.int64)
    for _ in range(WARM_BLOCKS):
        samples = np.concatenate([samples, time_block(rng.integers(0, queries, WARM_WINDOW // 2))])
        if is_warm(samples):
            break
    return len(samples)
