"""Queries made longer by what their first hits say (pseudo-relevance feedback), and who can be asked so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from retrievers.base import Ranking, Retriever


@runtime_checkable
class TermSearch(Retriever, Protocol):
    """A retriever that can be asked by weighted terms."""

    def terms(self, text: str) -> list[str]:
        """The terms of a text, in order, repetitions kept.

        Args:
            text: Of a query or a document.

        Returns:
            What it would match.
        """
        ...

    def search_terms(self, queries: Sequence[Mapping[str, float]], k: int) -> Ranking:
        """The best documents of queries that are weighted terms.

        Args:
            queries: Term -> how much it counts, 1 of what stands in a query once.
            k: Hits a query at most.

        Returns:
            As of `search`.
        """
        ...


@runtime_checkable
class VectorSearch(Retriever, Protocol):
    """A retriever that can be asked by vectors."""

    def query_vectors(self, queries: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of queries.

        Args:
            queries: Their texts.

        Returns:
            float32 [queries, dimensions].
        """
        ...

    def document_vectors(self, positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors of indexed documents.

        Args:
            positions: int64, of documents.

        Returns:
            float32 [positions, dimensions].
        """
        ...

    def search_vectors(self, vectors: NDArray[np.float32], k: int) -> Ranking:
        """The nearest documents.

        Args:
            vectors: float32 [queries, dimensions].
            k: Hits a query at most.

        Returns:
            As of `search`.
        """
        ...


def rm3(
    query: Sequence[str], feedback: Sequence[Sequence[str]], scores: Sequence[float], terms: int, weight: float
) -> dict[str, float]:
    """Weights of terms by RM3 (Abdul-Jaleel et al., UMass at TREC 2004; RM1 is Lavrenko & Croft, SIGIR 2001).

    P(term | feedback) = sum over the documents of score / (sum of scores) * count of the term / length; of those the
    `terms` highest, made to sum to 1, are RM1; RM3 is weight * count in the query / length of the query + (1 - weight)
    * RM1. All is multiplied by the query's length, so that with weight 1 it is the query itself.

    Args:
        query: Its terms.
        feedback: Terms of each document.
        scores: One a document; those below 0 count as 0, and all alike where none is above.
        terms: How many of the documents' terms are taken.
        weight: Share of the query itself, 0 to 1.

    Returns:
        Term -> weight.
    """
    shares = np.maximum(np.asarray(scores, dtype=np.float64), 0)
    shares = shares / shares.sum() if shares.sum() > 0 else np.full(len(shares), 1 / max(len(shares), 1))
    model: dict[str, float] = {}
    for document, share in zip(feedback, shares.tolist(), strict=True):
        for term in document:
            model[term] = model.get(term, 0.0) + share / len(document)
    best = sorted(model, key=lambda term: (-model[term], term))[:terms]  # ties by name: the same on every machine
    total = sum(model[term] for term in best)
    own = weight if total else 1.0  # where the documents say nothing, as those with a score are empty
    weights: dict[str, float] = {}
    for term in query:
        weights[term] = weights.get(term, 0.0) + own
    for term in best if total else ():
        weights[term] = weights.get(term, 0.0) + (1 - own) * len(query) * model[term] / total
    return {term: value for term, value in weights.items() if value > 0}


def rocchio(query: NDArray[np.float32], feedback: NDArray[np.float32], weight: float) -> NDArray[np.float32]:
    """A query's vector moved towards its first hits (Rocchio 1971, positive feedback alone).

    Args:
        query: float32 [dimensions].
        feedback: float32 [documents, dimensions].
        weight: Share of the query itself, 0 to 1; of the mean of the documents the rest.

    Returns:
        float32 [dimensions], of the query's length.
    """
    if not len(feedback):
        return query
    moved = weight * query + (1 - weight) * feedback.mean(axis=0)
    length = float(np.linalg.norm(moved))
    return (moved * np.float32(np.linalg.norm(query) / length)).astype(np.float32) if length else query
