"""Cost beside quality: which retrievers no other one beats on everything at once (the Pareto set)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def undominated(points: Mapping[str, Sequence[float]]) -> list[str]:
    """The labels that no other dominates, in the order given.

    points: label -> a figure an axis, the smaller the better, NaN where unknown. One dominates another that is no
    better on any axis and worse on at least one. An unknown figure is neither better nor worse: who has one dominates
    nobody and is dominated by nobody.
    """
    return [label for label, own in points.items() if not any(_dominates(rival, own) for rival in points.values())]


def _dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    pairs = list(zip(one, other, strict=True))
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)
