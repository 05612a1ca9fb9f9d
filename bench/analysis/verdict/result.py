"""What a verdict says, as it is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from bench.storage.files import json_ready

# "lexical", "dense", "hybrid worth trying", "undecided", or, where a kind was not compared, a label and AMONG.
Choice = str
AMONG = " of those compared"
Basis = Literal["no pair", "no one affords", "cost", "fusion", "within margin", "beyond margin", "better", "undecided"]


@dataclass(frozen=True)
class Verdict:
    """What to use on one dataset, and why.

    basis: the rule. retriever: what is recommended, None for a hybrid and where undecided. winner: the retriever
    shown better, None where none is, whatever is recommended. lexical, dense: the two compared; difference, low,
    high, p_holm: dense minus lexical; None where one kind was not compared. more_queries: about how many further
    judged queries would settle what is undecided, None where that is decided or cannot be told. pair: the two that it
    is about, None where none were compared.
    """

    dataset: str
    measure: str
    margin: float
    choice: Choice
    basis: Basis
    sentences: tuple[str, ...]
    retriever: str | None = None
    winner: str | None = None
    lexical: str | None = None
    dense: str | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_holm: float | None = None
    more_queries: int | None = None
    pair: tuple[str, str] | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values, without NaN."""
        fields: dict[str, Any] = json_ready(self)
        return fields


@dataclass(frozen=True)
class Overall:
    """What to use over all datasets: the choice, and which sets say what (choice -> names of datasets)."""

    choice: Choice
    sets: dict[str, tuple[str, ...]]
    sentences: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        fields: dict[str, Any] = json_ready(self)
        return fields
