"""Rankings beside their judgements: the grade of every hit, and at which rank a document stands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bench.data.dataset import Dataset, is_relevant
from retrievers.base import NO_HIT, Ranking

NOWHERE = 0  # the rank of a document that is not among the stored hits; ranks count from 1


@dataclass(frozen=True)
class Hits:
    """The hits of one retriever, all arrays [queries, depth].

    documents: int64 positions, -1 beyond the last hit, below that what the set does not have. scores: float32. grade:
    int64, 0 where not judged. judged: has a judgement of any grade.
    """

    documents: NDArray[np.int64]
    scores: NDArray[np.float32]
    grade: NDArray[np.int64]
    judged: NDArray[np.bool_]

    @staticmethod
    def of(dataset: Dataset, ranking: Ranking) -> Hits:
        """Look every hit of a ranking up in the judgements."""
        size = len(dataset.documents)
        known = dataset.judged_query * size + dataset.judged_document  # ascending, as judgements are sorted
        known, grade = np.append(known, np.iinfo(np.int64).max), np.append(dataset.grade, 0)  # one that nothing equals
        asked = np.arange(len(ranking.documents))[:, None] * size + ranking.documents
        place = np.searchsorted(known, asked)
        judged = (known[place] == asked) & (ranking.documents >= 0)
        return Hits(ranking.documents, ranking.scores, np.where(judged, grade[place], 0), judged)

    @property
    def depth(self) -> int:
        return int(self.documents.shape[1])

    @cached_property
    def real(self) -> NDArray[np.bool_]:
        """[queries, depth]: is there a hit?"""
        real: NDArray[np.bool_] = self.documents != NO_HIT
        return real

    @cached_property
    def first_relevant(self) -> NDArray[np.int64]:
        """[queries]: rank of the first relevant hit, NOWHERE where none is stored."""
        return first(is_relevant(self.grade))

    def rank(self, query: NDArray[np.int64], document: NDArray[np.int64]) -> NDArray[np.int64]:
        """[pairs]: rank of a document in the hits of a query, NOWHERE where it is not stored."""
        return first(self.documents[query] == document[:, None])


def first(marks: NDArray[np.bool_]) -> NDArray[np.int64]:
    """[rows]: the rank of the first True of each row, NOWHERE where none is."""
    if not marks.shape[1]:
        return np.full(len(marks), NOWHERE)
    return np.where(marks.any(axis=1), marks.argmax(axis=1) + 1, NOWHERE)


def within(ranks: NDArray[np.int64], cutoff: int) -> NDArray[np.bool_]:
    """Which ranks are stored ones, down to the cutoff."""
    inside: NDArray[np.bool_] = (ranks != NOWHERE) & (ranks <= cutoff)
    return inside


def rank_or_none(rank: int) -> int | None:
    """A rank as it is stored: None in place of NOWHERE."""
    return None if rank == NOWHERE else int(rank)
