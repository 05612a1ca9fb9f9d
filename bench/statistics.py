"""How sure a mean is. Randomness comes only from a numpy Generator that is passed in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DRAWS = 10_000


def bootstrap_mean(
    values: NDArray[np.float64], rng: np.random.Generator, draws: int = DRAWS, level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Percentile bootstrap interval of the mean over queries.

    values: [queries, columns]; all columns (measures, retrievers) share the draws. Returns low and high, [columns].
    (Efron & Tibshirani, An Introduction to the Bootstrap, 13.3: the percentile interval.)
    """
    n, columns = values.shape
    if n == 0:
        nothing = np.full(columns, np.nan)
        return nothing, nothing
    means = np.empty((draws, columns))
    step = max(1, 4_000_000 // n)  # bounds the memory of one batch of draws
    for start in range(0, draws, step):
        size = min(step, draws - start)
        drawn = rng.integers(0, n, (size, n), dtype=np.int32)
        drawn += n * np.arange(size, dtype=np.int32)[:, None]
        # How often each query was drawn: one matrix product then serves all columns.
        counts = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n)
        means[start : start + size] = counts @ values / n
    tail = (1 - level) / 2 * 100
    low, high = np.percentile(means, [tail, 100 - tail], axis=0)
    return low, high
