"""Queries that nothing in the corpus answers: can a retriever's best score tell them from the others?

A retriever always returns something. Whoever wants to say "I found nothing" needs a floor on the score, and a floor
serves only where unanswerable queries score lower than answerable ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.data.dataset import Dataset
from bench.evaluation.separation import auroc, auroc_interval
from retrievers.base import NO_HIT, Ranking

# A floor is set so that at least this many percent of the answerable queries reach it.
KEPT = 95
AUROC, FLOOR, REFUSED, EMPTY = "AUROC", f"floor keeping {KEPT}%", "refused at the floor", "no hit"


@dataclass(frozen=True)
class ScoreFigure:
    """quantity: AUROC of the top score (with its 95% interval); FLOOR: the highest score that KEPT percent of the
    answerable queries reach; REFUSED: share of the unanswerable ones below it; EMPTY: share of them without any hit.
    Where too many answerable queries have no hit there is no floor: both are NaN."""

    quantity: str
    value: float
    low: float
    high: float
    answerable: int
    unanswerable: int


def figures(dataset: Dataset, ranking: Ranking) -> Iterator[ScoreFigure]:
    """What the top scores of a retriever tell; nothing where the set has not both kinds of query."""
    answerable = dataset.answerable
    if answerable.all() or not answerable.any():
        return
    top = top_scores(ranking)
    positive, negative = top[answerable], top[~answerable]
    nan = float("nan")
    # In whole numbers: .05 of 20 is not always 1 in floating point. At most so many may stay below.
    floor = float(np.sort(positive)[len(positive) * (100 - KEPT) // 100])
    known = bool(np.isfinite(floor))
    groups = (None, None) if dataset.groups is None else (dataset.groups[answerable], dataset.groups[~answerable])
    low, high = auroc_interval(positive, negative, groups=groups)
    for quantity, value, below, above in (
        (AUROC, auroc(positive, negative), low, high),
        (FLOOR, floor if known else nan, nan, nan),
        (REFUSED, float((negative < floor).mean()) if known else nan, nan, nan),
        (EMPTY, float(np.isneginf(negative).mean()), nan, nan),
    ):
        yield ScoreFigure(quantity, value, below, above, len(positive), len(negative))


def top_scores(ranking: Ranking) -> NDArray[np.float64]:
    """The score of each query's first hit, -inf where it has none, float64 [queries]."""
    return np.where(ranking.documents[:, 0] != NO_HIT, ranking.scores[:, 0], -np.inf).astype(np.float64)
