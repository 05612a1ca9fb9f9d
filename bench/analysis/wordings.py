"""Wordings of one question: does a retriever answer all of them, and does it answer them alike?

A group is the answerable queries that share a value of the card's `group` field, where there are at least two.
A mean over queries hides that the same user, with other words, would have got nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from bench.data.dataset import Dataset
from bench.evaluation.intervals import mean_interval
from bench.evaluation.streams import Purpose, stream
from retrievers.base import Ranking

# A wording hits where a relevant document is among so many; the same depth serves the overlap.
TOP = 10
WORST, FLIP_RATE, OVERLAP = "worst wording", f"flip rate@{TOP}", f"overlap@{TOP}"


@dataclass(frozen=True)
class GroupFigure:
    """A mean over groups with its 95% interval (drawn by group). quantity: WORST, FLIP_RATE or OVERLAP.

    measure: which measure's worst wording; empty for the others.
    """

    quantity: str
    measure: str
    value: float
    low: float
    high: float
    groups: int


def members(dataset: Dataset) -> list[NDArray[np.int64]]:
    """The query positions of each group of at least two answerable queries, in the order of the groups' names."""
    if not dataset.card.group:
        return []
    names = dataset.field(dataset.card.group)
    groups: dict[str, list[int]] = {}
    for query in np.flatnonzero(dataset.answerable).tolist():
        if names[query]:
            groups.setdefault(names[query], []).append(query)
    return [np.array(groups[name]) for name in sorted(groups) if len(groups[name]) > 1]


def figures(
    dataset: Dataset, ranking: Ranking, values: dict[str, NDArray[np.float64]], seed: int
) -> Iterator[GroupFigure]:
    """What a retriever's rankings and per-query values say of each group, as means over groups."""
    groups = members(dataset)
    if not groups:
        return
    hit = hits(dataset, ranking)
    columns = {
        **{(WORST, name): [per_query[group].min() for group in groups] for name, per_query in values.items()},
        # Some wordings hit and others miss: which answer a user gets depends on the words.
        (FLIP_RATE, ""): [float(hit[group].any() and not hit[group].all()) for group in groups],
        (OVERLAP, ""): [overlap(ranking.documents[group, :TOP]) for group in groups],
    }
    table = np.array(list(columns.values())).T
    low, high, _ = mean_interval(table, stream(seed, Purpose.WORDINGS))
    for number, (quantity, measure) in enumerate(columns):
        yield GroupFigure(
            quantity, measure, float(table[:, number].mean()), float(low[number]), float(high[number]), len(groups)
        )


def hits(dataset: Dataset, ranking: Ranking, top: int = TOP) -> NDArray[np.bool_]:
    """[queries]: is a relevant document among the first `top`?"""
    hit = np.zeros(len(dataset.queries), dtype=bool)
    for query, grades in enumerate(dataset.judgements):
        hit[query] = any(grades.get(document, 0) > 0 for document in ranking.documents[query, :top].tolist())
    return hit


def overlap(documents: NDArray[np.int64]) -> float:
    """Mean over pairs of rows of the share of hits in common, of the longer row; 0 where neither has a hit.

    documents: [wordings, k] positions, -1 for none.
    """
    rows = [set(row.tolist()) - {-1} for row in documents]
    shares = [len(one & other) / max(len(one), len(other), 1) for one, other in combinations(rows, 2)]
    return float(np.mean(shares))
