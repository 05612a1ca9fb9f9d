"""Texts as vectors of one space: who can give those of its documents and of queries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from retrievers.base import Retriever


class SparseRows(NamedTuple):
    """Vectors that are mostly zeros, in compressed rows: scipy's csr_array((weights, columns, starts), (rows, size)).

    Arrays of numpy, so that a retriever whose memory is measured need not load scipy to give them. starts: int64
    [rows + 1]. columns: int32 [entries], the terms. weights: float32 [entries]. size: how many terms there are.
    """

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    weights: NDArray[np.float32]
    size: int

    @staticmethod
    def of(rows: Sequence[Sequence[tuple[int, float]]], size: int) -> SparseRows:
        """Rows of (term, weight) pairs.

        Args:
            rows: The pairs of each.
            size: How many terms there are.
        """
        pairs = [pair for row in rows for pair in row]
        return SparseRows(
            np.cumsum([0, *map(len, rows)], dtype=np.int64),
            np.fromiter((term for term, _ in pairs), np.int32, len(pairs)),
            np.fromiter((weight for _, weight in pairs), np.float32, len(pairs)),
            size,
        )


# float32 [texts, dimensions], or the same in compressed rows.
Vectors = NDArray[np.float32] | SparseRows


@runtime_checkable
class VectorSpace(Retriever, Protocol):
    """A retriever to whom each text is one vector, documents and queries in the same space.

    The dot product of a query and a document is the score that orders them, but for what is added to every document.
    """

    def document_vectors(self, positions: NDArray[np.int64]) -> Vectors:
        """The vectors of indexed documents, whose arrays are the caller's own.

        Args:
            positions: int64, distinct, of documents.

        Returns:
            A finite row a position.
        """
        ...

    def query_vectors(self, queries: Sequence[str]) -> Vectors:
        """The vectors of queries, once documents are indexed.

        Args:
            queries: Their texts.

        Returns:
            A finite row a query, as wide as those of documents.
        """
        ...
