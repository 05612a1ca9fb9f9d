"""Slices of a set: all answerable queries, and those that share a value of a metadata field."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.data.dataset import Dataset

# The slice that holds all answerable queries.
ALL = "all"


def slices(dataset: Dataset) -> dict[str, NDArray[np.bool_]]:
    """Name -> mask [queries] over the answerable queries: all, then one for each value of the card's fields."""
    masks = {ALL: dataset.answerable}
    for name in dataset.card.slices:
        values = dataset.field(name)
        numbers = {value: number for number, value in enumerate(sorted(set(values) - {""}))}
        # Not texts in numpy, which are all as long as the longest and end before a NUL.
        coded = np.array([numbers.get(value, -1) for value in values])
        for value, number in numbers.items():
            masks[f"{name}={value}"] = (coded == number) & dataset.answerable
    return masks
