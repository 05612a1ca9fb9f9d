"""Latent semantic analysis: TF-IDF in few dimensions, in which words that stand in like documents come near.

The documents' TF-IDF matrix by its truncated singular value decomposition, X = U S V' (Deerwester, Dumais, Furnas,
Landauer & Harshman, Indexing by latent semantic analysis, JASIS 41(6), 1990); a text is x V, its length made 1, and the
score is the cosine. Meaning from counts alone: no model, and nothing that the documents do not say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from retrievers.base import COMPILE, ENCODE, INDEX_BYTES, Documents, RetrieverError, phase, record
from retrievers.dense.exact import ExactSearch, unit
from retrievers.lexical.tfidf import TfidfVectors

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Lanczos' method starts from a vector drawn by it.
SEED = 0
# Axes along which the documents hold less than this share of the first are rounding.
LEAST = 1e-6


@dataclass(unsafe_hash=True)
class Lsa(ExactSearch, TfidfVectors):
    """Latent semantic analysis: TF-IDF vectors in few dimensions, by cosine.

    dimensions: of which there are no more than documents or terms. The other fields are those of tfidf. A query none of
    whose terms is known has no hits; of any other every document is one.
    """

    kind: ClassVar[str] = "static"

    dimensions: int = 200
    _axes: NDArray[np.float64] | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dimensions < 1:
            raise RetrieverError(f"dimensions={self.dimensions} is below 1.", "Give a whole number of at least 1.")

    def encode_documents(self, documents: Sequence[str] | Documents) -> NDArray[np.float32]:
        """Learn idf and the axes from the documents. Memory: 8 bytes x dimensions a term beside the vectors."""
        rows = self._fit(documents)
        if rows is None:  # no document holds a term
            self._axes = None
            return np.zeros((len(documents), 1), dtype=np.float32)
        with phase(COMPILE):
            self._axes = _axes(rows, self.dimensions)
            record(INDEX_BYTES, self._axes.nbytes)
            return unit(rows @ self._axes)

    def query_vectors(self, queries: Sequence[str]) -> NDArray[np.float32]:
        """Queries on the documents' axes: float32 [queries, dimensions]."""
        if self._axes is None:
            return np.zeros((len(queries), 1), dtype=np.float32)
        with phase(ENCODE, len(queries)):
            return unit(self._transform(queries) @ self._axes)


def _axes(rows: csr_matrix, dimensions: int) -> NDArray[np.float64]:
    """The first right singular vectors of [documents, terms]: float64 [terms, <= dimensions], as many as there are."""
    if dimensions < min(rows.shape):
        from scipy.sparse.linalg import svds

        start = np.random.default_rng(SEED).standard_normal(min(rows.shape))
        _, values, axes = svds(rows, dimensions, v0=start)
        return np.ascontiguousarray(axes[values > LEAST * values.max()].T)
    if rows.shape[0] < rows.shape[1]:  # by the smaller of the two square matrices
        squares, left = np.linalg.eigh((rows @ rows.T).toarray())
        kept = squares > LEAST**2 * squares.max()
        axes = rows.T @ (left[:, kept] / np.sqrt(squares[kept]))
        return np.ascontiguousarray(axes)
    squares, right = np.linalg.eigh((rows.T @ rows).toarray())
    return np.ascontiguousarray(right[:, squares > LEAST**2 * squares.max()])
