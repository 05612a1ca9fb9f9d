"""The inverted index behind the lexical retrievers: for each term, the documents that hold it and a weight.

A document is a hit where it shares a term with the query. Term matching decides, not the sign of the
score, since Okapi's weights can be zero or negative.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from retrievers.base import INDEX_BYTES, SCORE, SELECT, Ranking, phase, record, top_k
from retrievers.vectors import SparseRows

# Documents are grouped into so many groups a hit that is wanted, and the best of each bounds the last hit from below.
GROUPS_A_HIT = 8


@dataclass(frozen=True)
class Counts:
    """How often each term stands in each document that holds it, term after term.

    keys: int64 [entries], ascending: term * size + document. frequencies: int32 [entries].
    terms, size: how many terms and documents there are.
    """

    keys: NDArray[np.int64]
    frequencies: NDArray[np.int32]
    terms: int
    size: int

    @staticmethod
    def of(numbers: NDArray[np.int32], lengths: NDArray[np.int64], terms: int) -> Counts:
        """Count.

        numbers: terms [occurrences], document after document; lengths: [documents], occurrences in each.
        """
        size = len(lengths)
        keys = np.multiply(numbers, size, dtype=np.int64)
        keys += np.repeat(np.arange(size, dtype=np.int32), lengths)
        keys.sort()
        is_first = np.ones(len(keys), dtype=bool)
        np.not_equal(keys[1:], keys[:-1], out=is_first[1:])
        first = np.append(np.flatnonzero(is_first), len(keys))
        frequencies = np.empty(len(first) - 1, dtype=np.int32)
        np.subtract(first[1:], first[:-1], out=frequencies, casting="unsafe")
        del first
        return Counts(keys[is_first], frequencies, terms, size)

    @cached_property
    def document_frequencies(self) -> NDArray[np.int64]:
        """Documents that hold each term, [terms]."""
        return np.diff(np.searchsorted(self.keys, np.arange(self.terms + 1) * self.size))

    def documents(self) -> NDArray[np.int32]:
        """The document of each entry."""
        documents = np.empty(len(self.keys), dtype=np.int32)
        return np.remainder(self.keys, self.size, out=documents, casting="unsafe")

    def positions(self, part: Counts) -> NDArray[np.int64]:
        """Where the entries of a part stand among these: of counts of a field, say, of the same documents."""
        return np.searchsorted(self.keys, part.keys)


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
        return Postings.from_columns(np.bincount(terms, minlength=vocabulary), documents, weights[order], len(lengths))

    @staticmethod
    def from_columns(
        sizes: NDArray[np.int64], documents: NDArray[np.int32], weights: NDArray[np.float64], size: int
    ) -> Postings:
        """Of entries that stand term after term; sizes: [terms], entries of each."""
        starts = np.zeros(len(sizes) + 1, dtype=np.int64)
        np.cumsum(sizes, out=starts[1:])
        return Postings(starts, documents, weights, size)

    @cached_property
    def positive(self) -> bool:
        """Does every term add to the score, so that it tells what matched?"""
        return bool((self.weights > 0).all())

    def scores(self, query: Sequence[tuple[int, float]]) -> NDArray[np.float64]:
        """Sum of weights over the (term, factor) pairs of a query, [size]."""
        total = np.zeros(self.size)
        for (_, factor), entries in zip(query, self._entries(query), strict=True):
            weights = self.weights[entries]
            documents = self.documents[entries].astype(np.intp)  # of which numpy adds the fastest
            np.add.at(total, documents, weights if factor == 1 else factor * weights)
        return total

    def _entries(self, query: Sequence[tuple[int, float]]) -> list[slice]:
        terms = np.array([term for term, _ in query], dtype=np.int64)
        return list(map(slice, self.starts[terms].tolist(), self.starts[terms + 1].tolist()))

    def matching(self, query: Sequence[tuple[int, float]]) -> NDArray[np.int64]:
        """The documents that hold a term of a query, ascending."""
        matched = np.zeros(self.size, dtype=bool)
        for entries in self._entries(query):
            matched[self.documents[entries]] = True
        return np.flatnonzero(matched)

    def best(
        self, query: Sequence[tuple[int, float]], total: NDArray[np.float64], constant: float, k: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Positions and float32 scores of the `k` best documents that match.

        total: what `scores` gives for the query; constant: what is added to it.
        """
        if self.positive and all(factor > 0 for _, factor in query):
            hits = np.flatnonzero(total > _bound(total, constant, k))
        else:
            hits = self.matching(query)
        return top_k(total[hits] + constant, k, hits)

    def rows(self, positions: NDArray[np.int64]) -> SparseRows:
        """The weights of these documents' terms, document after document. positions: distinct."""
        row_of = np.full(self.size, -1, dtype=np.int64)
        row_of[positions] = np.arange(len(positions))
        rows = row_of[self.documents]
        entries = np.flatnonzero(rows >= 0)
        entries = entries[np.argsort(rows[entries], kind="stable")]
        lengths = np.bincount(rows[entries], minlength=len(positions))
        terms = np.repeat(np.arange(self.terms, dtype=np.int32), np.diff(self.starts))
        starts = np.concatenate([[0], np.cumsum(lengths)])
        return SparseRows(starts, terms[entries], self.weights[entries].astype(np.float32), self.terms)

    @property
    def terms(self) -> int:
        """How many there are."""
        return len(self.starts) - 1

    def record_size(self, vocabulary: Mapping[str, int], idf: NDArray[np.float64]) -> None:
        """Tell the bytes that the index takes in memory, with the vocabulary that leads to it."""
        words = sys.getsizeof(vocabulary) + sum(map(sys.getsizeof, vocabulary))
        arrays = (self.starts, self.documents, self.weights, idf)
        record(INDEX_BYTES, words + sum(array.nbytes for array in arrays))


def _bound(total: NDArray[np.float64], constant: float, k: int) -> float:
    """A number, at least 0, that lies below the scores of the `k` best.

    Each of k groups has a document that scores what the k-th best of all groups' best does, or more. What is equal to
    it in float32, with the constant, is above the bound too, so that ties are left to `top_k`.
    """
    groups = GROUPS_A_HIT * k
    rows = len(total) // groups if groups else 0
    if rows < 2:
        return 0.0
    best = total[: rows * groups].reshape(rows, groups).max(axis=0)
    last = float(np.partition(best, groups - k)[groups - k])
    return max(0.0, last - (last + abs(constant)) * 2**-22 - float(np.finfo(np.float32).tiny))


def rank_all(
    queries: Sequence[Sequence[tuple[int, float]]], postings: Postings, k: int, constants: Sequence[float] = ()
) -> Ranking:
    """Score and select query by query, so that the answer cannot depend on how queries are batched.

    queries: (term, factor) pairs of each; constants: a number added to every score of each query.
    """
    ranking = Ranking.empty(len(queries), k)
    for row, query in enumerate(queries):
        with phase(SCORE):
            total = postings.scores(query)
        with phase(SELECT):
            ranking.put(row, *postings.best(query, total, constants[row] if constants else 0.0, k))
    return ranking
