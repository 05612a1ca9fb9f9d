"""The inverted index behind the lexical retrievers: for each term, the documents that hold it and a weight.

A document is a hit where it shares a term with the query. Term matching decides, not the sign of the
score, since Okapi's weights can be zero or negative.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrievers.base import INDEX_BYTES, SCORE, SELECT, Ranking, phase, record, top_k


@dataclass(frozen=True)
class Postings:
    """A term-by-document matrix in compressed columns, one column a term.

    starts: int64 [terms + 1]; documents: int32 [entries], ascending in each term; weights: float64 [entries].
    size: the number of documents.
    """

    starts: NDArray[np.int64]
    documents: NDArray[np.int32]
    weights: NDArray[np.float64]
    size: int

    @staticmethod
    def from_rows(
        terms: NDArray[np.int32], lengths: NDArray[np.int64], weights: NDArray[np.float64], vocabulary: int
    ) -> Postings:
        """Turn document-by-document entries round.

        terms, weights: [entries], document after document; lengths: [documents], entries of each.
        Explicit zeros are kept: they are matches.
        """
        order = np.argsort(terms, kind="stable")
        documents = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)[order]
        starts = np.zeros(vocabulary + 1, dtype=np.int64)
        np.cumsum(np.bincount(terms, minlength=vocabulary), out=starts[1:])
        return Postings(starts, documents, weights[order], len(lengths))

    def scores(self, query: Iterable[tuple[int, float]]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Sum of weights over the (term, factor) pairs of a query, and which documents matched; both [size]."""
        total = np.zeros(self.size)
        matched = np.zeros(self.size, dtype=bool)
        for term, factor in query:
            entries = slice(self.starts[term], self.starts[term + 1])
            documents = self.documents[entries]
            # A document occurs once in a term's list, so plain fancy indexing adds rightly.
            total[documents] += factor * self.weights[entries]
            matched[documents] = True
        return total, matched

    def record_size(self) -> None:
        """Tell the bytes that the index takes in memory."""
        record(INDEX_BYTES, self.starts.nbytes + self.documents.nbytes + self.weights.nbytes)


def rank_all(
    queries: Sequence[Iterable[tuple[int, float]]], postings: Postings, k: int, constants: Sequence[float] = ()
) -> Ranking:
    """Score and select query by query, so that the answer cannot depend on how queries are batched.

    queries: (term, factor) pairs of each; constants: a number added to every score of each query.
    """
    ranking = Ranking.empty(len(queries), k)
    for row, query in enumerate(queries):
        with phase(SCORE):
            total, matched = postings.scores(query)
        with phase(SELECT):
            hits = np.flatnonzero(matched)
            scores = total[hits] + constants[row] if constants else total[hits]
            ranking.put(row, *top_k(scores, k, hits))
    return ranking
