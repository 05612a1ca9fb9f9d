"""A search in two stages: the first hits of one retriever, ordered anew by other scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from retrievers.base import Ranking, Retriever

# Phases of such a search: its first stage, and the scoring of candidates up to a depth (rerank@10).
FIRST_STAGE, RERANK = "first stage", "rerank@"
# Candidates are scored up to each of these depths in turn, so that the time that each takes is known.
DEPTHS = (5, 10, 20, 50, 100, 200, 500)


def steps(depth: int) -> list[int]:
    """The depths up to which so many candidates are scored in turn, ascending; the last is their number."""
    return [*(step for step in DEPTHS if step < depth), depth]


@dataclass(frozen=True)
class Stages:
    """What a search in two stages gave.

    ranking: what `search` gives. first: the first stage's, at least as deep as its candidates. rescored: float32
    [queries, depth], the new scores of the candidates, which are the first hits of `first`, in its order; -inf where
    there are fewer.
    """

    ranking: Ranking
    first: Ranking
    rescored: NDArray[np.float32]

    def at_depth(self, depth: int) -> Ranking:
        """What it would have given with fewer candidates.

        Args:
            depth: How many, from 0, which is the first stage's own ranking.

        Returns:
            Arrays [queries, depth of the first stage].
        """
        return reranked(self.first, self.rescored[:, :depth])


@runtime_checkable
class Staged(Retriever, Protocol):
    """A retriever that orders the first hits of another one anew, and gives what both said."""

    def search_stages(self, queries: Sequence[str], k: int) -> Stages:
        """Search, and keep what the stages said.

        Args:
            queries: Their texts.
            k: Hits a query at most.

        Returns:
            The answer of `search` and what it was made of.
        """
        ...


def reranked(first: Ranking, rescored: NDArray[np.float32]) -> Ranking:
    """A ranking with its first hits by other scores; those below follow in their order, with scores below all others.

    Args:
        first: Arrays [queries, k].
        rescored: float32 [queries, depth], new scores of its first hits, in their order.

    Returns:
        Arrays [queries, k].
    """
    depth = min(rescored.shape[1], first.documents.shape[1])
    if not depth:
        return first
    real = first.documents[:, :depth] >= 0
    scores = np.full(first.scores.shape, -np.inf, dtype=np.float32)
    scores[:, :depth] = np.where(real, rescored[:, :depth], -np.inf)
    last = np.where(real, scores[:, :depth], np.inf).min(axis=1, keepdims=True)
    last = np.where(np.isfinite(last), last, 0)
    # Steps that a float32 tells apart, whatever the size of the scores.
    steps = np.maximum(np.abs(last), 1) * 1e-5 * np.arange(1, first.scores.shape[1] - depth + 1)
    scores[:, depth:] = np.where(first.documents[:, depth:] >= 0, last - steps, -np.inf)
    return Ranking(first.documents, scores, first.spans).by_tie_rule()
