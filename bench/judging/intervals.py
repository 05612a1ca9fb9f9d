"""The interval of a value, or of a difference of values, that was estimated from a part of the judgements."""

from __future__ import annotations

import math

import numpy as np

from bench.evaluation.intervals import difference_interval, mean_interval
from bench.evaluation.streams import Purpose, stream
from bench.evaluation.units import LEVEL, TIE, Floats
from bench.judging.estimate import Estimate

# With fewer relevant pairs judged that count in it, their spread is not known.
FEWEST_RELEVANT = 10


def contrast_interval(seen: Estimate, contrast: Floats, level: float = LEVEL) -> tuple[float, float]:
    """Low and high of the mean over queries like these of a contrast of retrievers, [retrievers].

    A one among zeros is a retriever's value, a one and a minus one a difference. Student's interval over the queries'
    estimates, with as many degrees of freedom as fit the variance that their sample variance has: 2 n / (kurtosis - 1),
    at most n - 1 (after Satterthwaite, Biometrics Bulletin 1946), since few judgements that count for many have long
    tails. Where all pairs that matter are judged it is the one that `bench run` gives. NaN with fewer than two queries
    or FEWEST_RELEVANT.
    """
    values = seen.values @ contrast
    matters = np.abs(seen.pool.weight @ contrast) > TIE
    if seen.is_judged[matters].all():
        interval = difference_interval if abs(contrast.sum()) < TIE else mean_interval
        exact = interval(values[:, None], stream(0, Purpose.JUDGING), level=level)
        return float(exact.low[0]), float(exact.high[0])
    if len(values) < 2 or np.count_nonzero(seen.is_relevant & matters) < FEWEST_RELEVANT:
        return math.nan, math.nan
    return _student(values, level)


def _student(values: Floats, level: float) -> tuple[float, float]:
    from scipy.special import stdtrit

    n, mean = len(values), float(values.mean())
    squares = (values - mean) ** 2
    excess = n * float((squares**2).sum()) - float(squares.sum()) ** 2  # (kurtosis - 1) times the square of the sum
    freedom = min(n - 1.0, 2 * n * float(squares.sum()) ** 2 / excess) if excess > 0 else n - 1.0
    half = -float(stdtrit(freedom, (1 - level) / 2)) * float(values.std(ddof=1)) / math.sqrt(n)
    return mean - half, mean + half
