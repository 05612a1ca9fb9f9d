"""The interval of a value, or of a difference of values, that was estimated from a part of the judgements."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bench.evaluation.intervals import difference_interval, mean_interval
from bench.evaluation.power import standard_error
from bench.evaluation.streams import Purpose, stream
from bench.evaluation.units import LEVEL, TIE, Floats, Groups, summed
from bench.judging.estimate import Estimate

# With fewer relevant pairs judged that count in it, their spread is not known.
FEWEST_RELEVANT = 10


def contrast_interval(seen: Estimate, contrast: Floats, level: float = LEVEL) -> tuple[float, float]:
    """Low and high of the mean over queries like these of a contrast of retrievers, [retrievers].

    A one among zeros is a retriever's value, a one and a minus one a difference. Student's interval over the queries'
    estimates (over groups of them where the pool has such), with as many degrees of freedom as fit the variance that
    their sample variance has: 2 n / (kurtosis - 1), at most n - 1 (after Satterthwaite, Biometrics Bulletin 1946),
    since few judgements that count for many have long tails. Where few relevant pairs were drawn and the others were
    known before, the variance is no less than their ranks let expect. Where all pairs that matter are judged it is the
    one that `bench run` gives. NaN with fewer than two queries (groups) or FEWEST_RELEVANT.
    """
    values, groups = seen.values @ contrast, seen.pool.groups
    matters = np.abs(seen.pool.weight @ contrast) > TIE
    if seen.is_judged[matters].all():
        interval = difference_interval if abs(contrast.sum()) < TIE else mean_interval
        exact = interval(values[:, None], stream(0, Purpose.JUDGING), level=level, groups=groups)
        return float(exact.low[0]), float(exact.high[0])
    if _relevant(seen, matters) < FEWEST_RELEVANT:
        return math.nan, math.nan
    # What was known before is no part of the draw. Where a set was judged by one retriever's hits, nothing relevant
    # among a few of another's would seem to be sure.
    few = _relevant(seen, matters & np.isfinite(seen.size)) < FEWEST_RELEVANT
    return _student(values, groups, level, _unseen(seen, contrast) if few else 0.0)


def _relevant(seen: Estimate, matters: NDArray[np.bool_]) -> int:
    """How many relevant pairs were judged that count: of a document one in each group, whose wordings share it."""
    pairs = np.flatnonzero(seen.is_relevant & matters)
    query, document = seen.pool.query[pairs], seen.pool.document[pairs]
    unit = query if seen.pool.groups is None else seen.pool.groups[query]
    return len(np.unique(np.stack([unit, document]), axis=1).T)


def _unseen(seen: Estimate, contrast: Floats) -> float:
    """By how much the variance from documents not judged is larger by what their ranks let expect than by those drawn.

    A gain g of 0 or 1 that is expected to be m has the variance m (1 - m), whether or not a relevant one was drawn.
    """
    expected = np.clip(seen.gain - seen.residual / seen.chance, 0.0, 1.0)
    amounts = (seen.pool.weight @ contrast) ** 2 * expected * (1 - expected) * (1 - seen.chance) / seen.chance
    return max(0.0, float(amounts.sum()) / seen.pool.queries**2 - seen.sampling_variance(contrast))


def _student(values: Floats, groups: Groups, level: float, unseen: float) -> tuple[float, float]:
    from scipy.special import stdtrit

    sums, sizes = summed(values[:, None], groups)
    n, mean = len(sums), float(values.mean())
    if n < 2:
        return math.nan, math.nan
    squares = (sums[:, 0] - sizes * mean) ** 2
    excess = n * float((squares**2).sum()) - float(squares.sum()) ** 2  # (kurtosis - 1) times the square of the sum
    freedom = min(n - 1.0, 2 * n * float(squares.sum()) ** 2 / excess) if excess > 0 else n - 1.0
    error = math.sqrt(float(standard_error(values[:, None], groups)[0]) ** 2 + unseen)
    half = -float(stdtrit(freedom, (1 - level) / 2)) * error
    return mean - half, mean + half
