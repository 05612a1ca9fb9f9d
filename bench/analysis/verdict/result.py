"""What a verdict says, as it is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from bench.storage.files import json_ready

# The kind of the retriever that is recommended (`choices.Kind`), HYBRID or UNDECIDED; over all sets its label.
Choice = str
HYBRID, UNDECIDED = "hybrid worth trying", "undecided"
Basis = Literal[
    "no pair", "no one affords", "cost", "fusion", "beyond margin", "within margin", "better", "level", "undecided"
]


@dataclass(frozen=True)
class Verdict:
    """What to use on one dataset, and why.

    basis: the rule. retriever: what is recommended, None for a hybrid and where undecided. winner: the retriever
    shown better than all others, None where none is, whatever is recommended. best: the one of the highest mean of
    those to choose among. level: those not shown worse than the best, with it, and worse: the others; both empty where
    the rule does not ask. pair: the two that it is about, None where none were compared; difference, low, high, p_holm:
    the first minus the second, as in comparisons.csv. at_most: with 95% the truly best one, whichever it is, is better
    than `retriever` by no more, corrected for having chosen among all. more_queries: about how many further judged
    queries would settle which of the pair to use, None where that is decided or cannot be told.
    """

    dataset: str
    measure: str
    margin: float
    choice: Choice
    basis: Basis
    sentences: tuple[str, ...]
    retriever: str | None = None
    winner: str | None = None
    best: str | None = None
    level: tuple[str, ...] = ()
    worse: tuple[str, ...] = ()
    pair: tuple[str, str] | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_holm: float | None = None
    at_most: float | None = None
    more_queries: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values, without NaN."""
        fields: dict[str, Any] = json_ready(self)
        return fields


@dataclass(frozen=True)
class Overall:
    """What to use over all datasets: a label, HYBRID or UNDECIDED, and which sets say what (such -> their names)."""

    choice: Choice
    sets: dict[str, tuple[str, ...]]
    sentences: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        fields: dict[str, Any] = json_ready(self)
        return fields
