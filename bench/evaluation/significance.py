"""Tests of paired differences, and their correction for being many.

Randomness comes only from a numpy Generator that is passed in. Columns (measures, retrievers, pairs) of one array share
their draws. Where queries come in groups (bench.evaluation.units), the group is what is flipped.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from bench.evaluation.units import Floats, Groups, summed

FLIPS = 100_000
# Signs of one batch: fewer make the products of matrices small, more leave the cache.
_SIGNS = 1_250_000


def randomisation_test(
    differences: Floats, rng: np.random.Generator, groups: Groups = None, flips: int = FLIPS
) -> Floats:
    """Two-sided p-values of the paired randomisation test on the mean difference, [columns].

    differences: [queries, columns]. If the two retrievers were alike, each difference could as well have had the
    other sign; p is the share of sign assignments whose |mean| is at least the observed one (Fisher, The Design of
    Experiments, 1935; for retrieval: Smucker, Allan & Carterette, CIKM 2007). One sign a group. All assignments of a
    column's units are tried where there are at most `flips` of them, else `flips` random ones: p = (1 + b) / (1 +
    flips), never 0 (Phipson & Smyth, Permutation p-values should never be zero, 2010).
    """
    sums, _ = summed(differences, groups)
    observed = np.abs(sums.sum(axis=0))
    # Sums over another order of signs differ in their last bits; equal ones count as equal.
    reached = observed - 1e-10 * np.abs(sums).sum(axis=0)
    few = np.count_nonzero(sums, axis=0) <= math.log2(flips)  # flipping a zero changes nothing
    p = np.empty(sums.shape[1])
    for column in np.flatnonzero(few):
        p[column] = (_of_all_signs(sums[:, column]) >= reached[column]).mean()
    if few.all():
        return p
    sums, reached = sums[np.any(sums != 0, axis=1)][:, ~few], reached[~few]
    units = len(sums)
    extreme, step = np.zeros(sums.shape[1], dtype=np.int64), max(1, _SIGNS // units)
    for start in range(0, flips, step):
        size, width = min(step, flips - start), -(-units // 8)
        drawn = np.frombuffer(rng.bytes(size * width), np.uint8).reshape(size, width)
        extreme += (_flipped(sums, np.unpackbits(drawn, axis=1, count=units)) >= reached).sum(axis=0)
    p[~few] = (1 + extreme) / (1 + flips)
    return p


def least_p(units: int) -> float:
    """The smallest p that all signs of so many units (queries, groups) can give: all differ, and all one way."""
    return 2.0 ** (1 - units) if units else 1.0


def _of_all_signs(values: Floats) -> Floats:
    """|Sum| of the values under every assignment of signs to those that are not 0, [2^those]."""
    sums: Floats = values.sum(keepdims=True)
    for value in values[values != 0]:
        sums = np.concatenate([sums, sums - 2 * value])
    return np.abs(sums, out=sums)


def _flipped(sums: Floats, bits: NDArray[np.uint8]) -> Floats:
    """|Sums|, [assignments, columns], where units whose bit is set have the other sign; bits: [assignments, units]."""
    flipped: Floats = bits.astype(np.float64) @ (-2 * sums)
    flipped += sums.sum(axis=0)
    return np.abs(flipped, out=flipped)


def holm(p: Floats) -> Floats:
    """P-values adjusted for being that many, [m]: step-down; NaN stays NaN and is not counted.

    (Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 1979.)
    """
    adjusted = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    steps = np.arange(len(order), 0, -1) * p[order]
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1) if len(order) else steps
    return adjusted


def holm_within(families: Sequence[Hashable], p: Sequence[float]) -> list[float]:
    """The p-values adjusted within each family, [m]. families: of each p-value, [m]."""
    adjusted, given = np.full(len(p), np.nan), np.array(p, dtype=np.float64)
    for family in dict.fromkeys(families):
        mine = np.array([label == family for label in families])
        adjusted[mine] = holm(given[mine])
    return list(adjusted.tolist())
