"""A mean with its interval, and results as plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bench.data.dataset import Dataset
from bench.evaluation.intervals import difference_interval, mean_interval
from bench.evaluation.units import Groups

Key = TypeVar("Key")

DRAWS = 4_000  # an end of an interval then moves by a few hundredths of its width from seed to seed
NOT_STORED = {"stored": False}  # metadata of a field that stays out of the JSON


@dataclass(frozen=True)
class Figure:
    """A mean over `queries` with its interval; NaN (null in JSON) where there is no query."""

    value: float
    low: float
    high: float
    queries: int


def figures(
    columns: Mapping[Key, NDArray[np.float64]],
    rng: np.random.Generator,
    level: float = 0.95,
    *,
    draws: int = DRAWS,
    groups: Groups = None,
    differences: bool = False,
) -> dict[Key, Figure]:
    """The mean of each column [queries]; all share the draws, so that they differ by their values alone.

    groups: [queries], whose wordings vary together. differences: the columns are paired differences, whose intervals
    are another kind (see bench.evaluation.intervals).
    """
    if not columns:
        return {}
    table = np.column_stack(list(columns.values()))
    low, high, _ = (difference_interval if differences else mean_interval)(table, rng, draws, level, groups)
    mean = table.mean(axis=0) if len(table) else np.full(len(columns), np.nan)
    rows = zip(columns, mean.tolist(), low.tolist(), high.tolist(), strict=True)
    return {name: Figure(value, under, over, len(table)) for name, value, under, over in rows}


def grouped(dataset: Dataset, mask: NDArray[np.bool_]) -> Groups:
    """The groups of these queries, where the set names any."""
    return None if dataset.groups is None else dataset.groups[mask]
