"""The best fusion of two retrievers that ran, by an estimate from their stored rankings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from bench.analysis.verdict.choices import Limits, RetrieverSummary, by_mean, in_order
from bench.evaluation.intervals import DRAWS, difference_interval
from bench.evaluation.streams import Purpose, stream
from bench.evaluation.units import LEVEL, Floats, Groups

# Draws of an interval that lie beyond either of its ends.
_BEYOND = 10


class FusionEstimate(NamedTuple):
    """The fusion of the highest mean of so many `pairs`.

    gain: its mean less that of `over`, the best retriever; low, high: 95% interval, for all fusions at once, of which
    the lower end holds over each of the retrievers.
    """

    first: RetrieverSummary
    second: RetrieverSummary
    over: RetrieverSummary
    measure: str
    gain: float
    low: float
    high: float
    pairs: int


def best_fusion(
    measure: str,
    candidates: Sequence[RetrieverSummary],
    limits: Limits,
    fused: Mapping[frozenset[str], Floats],
    values: Mapping[str, Floats],
    *,
    seed: int,
    groups: Groups = None,
) -> FusionEstimate | None:
    """The best fusion of two that together keep the limits; None where there is none, or one that ran fuses already.

    fused: two labels -> [queries] of the fusion. values: label -> [queries]. The best of several fusions was chosen by
    the same queries, as was the best retriever: the interval has .05 divided by the number of fusions (Bonferroni), and
    its lower end is the lowest over the retrievers that keep the limits, so that it holds whichever is truly the best
    of them (Berger, Multiparameter hypothesis testing and acceptance sampling, Technometrics 1982).
    """
    working = by_mean(in_order(candidates))
    allowed = [candidate for candidate in working if not limits.exceeded(candidate)]
    pairs = [pair for pair in combinations(allowed, 2) if _labels(pair) in fused and not limits.exceeded(*pair)]
    if not pairs or any(candidate.fuses for candidate in working):
        return None
    chosen = max(pairs, key=lambda pair: float(fused[_labels(pair)].mean()))
    gains = fused[_labels(chosen)][:, None] - np.column_stack([values[candidate.label] for candidate in allowed])
    error = (1 - LEVEL) / len(pairs)
    draws = max(DRAWS, round(2 * _BEYOND / error))
    low, high, _ = difference_interval(gains, stream(seed, Purpose.FUSION), draws, 1 - error, groups)
    gain, lowest, highest = float(gains[:, 0].mean()), float(low.min()), float(high[0])
    return FusionEstimate(*chosen, allowed[0], measure, gain, lowest, highest, len(pairs))


def _labels(pair: tuple[RetrieverSummary, RetrieverSummary]) -> frozenset[str]:
    return frozenset(candidate.label for candidate in pair)
