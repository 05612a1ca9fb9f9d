"""Cost beside quality: which retrievers no other one beats on everything at once (the Pareto set)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence


def undominated(points: Mapping[str, Sequence[float]]) -> list[str]:
    """The labels that no other dominates, in the order given.

    points: label -> a figure an axis, the smaller the better, NaN where unknown. One dominates another whose figures it
    has all of: where it is no worse on any of them and better on at least one. So an unknown figure, of a cost that was
    not measured or that the embedding cache shortened, neither keeps its owner in the set nor puts another out of it.
    """
    return [label for label, own in points.items() if not any(_dominates(rival, own) for rival in points.values())]


def _dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if not math.isnan(b)]
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)
