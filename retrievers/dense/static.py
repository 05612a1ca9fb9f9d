"""Static embeddings: one vector a word, whatever stands around it; a text is the weighted mean of its words'.

Weights of a word w, N and df(w) of the indexed documents, p(w) its share of all their words:
  mean  1
  idf   ln((1 + N) / (1 + df(w))) + 1, scikit-learn's smooth idf
  sif   a / (a + p(w)), a = .001; of each mean its part along the first singular vector of the documents' means is taken
        away (smooth inverse frequency: Arora, Liang & Ma, A simple but tough-to-beat baseline for sentence embeddings,
        ICLR 2017)
Then every vector is made length 1, and the score is the cosine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from retrievers.base import ANALYZE, INDEX_BYTES, Documents, RetrieverError, phase, record
from retrievers.dense.cached import cached_vectors
from retrievers.dense.exact import ExactSearch, unit
from retrievers.dense.model import begin_of
from retrievers.dense.word_vectors import WORDLLAMA, WordVectors, digest_of, files_of, read_word_vectors

WEIGHTINGS = ("mean", "idf", "sif")
SIF_A = 1e-3
BATCH = 64


@dataclass(unsafe_hash=True)
class Static(ExactSearch):
    """The mean of word vectors, each the same wherever its word stands, by cosine.

    vectors: "wordllama" (256 dimensions, of the package of that name, extra `static`), a folder of model2vec or of
    sentence-transformers' StaticEmbedding, or a file of GloVe (text) or word2vec (text, binary). weighting: of the
    words: "mean", "idf" or "sif". sha256: of the files of the vectors, or how it begins; others are refused; filled in
    where it is not given.
    A query none of whose words has a vector has no hits.
    """

    kind: ClassVar[str] = "static"

    vectors: str = WORDLLAMA
    weighting: str = "mean"
    sha256: str | None = None
    _table: WordVectors | None = field(init=False, repr=False, compare=False, default=None)
    _weights: NDArray[np.float32] | None = field(init=False, repr=False, compare=False, default=None)
    _common: NDArray[np.float32] | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if self.weighting not in WEIGHTINGS:
            raise RetrieverError(f"weighting={self.weighting!r} is not known.", f"Known: {', '.join(WEIGHTINGS)}.")
        digest = digest_of(files_of(self.vectors))
        self.sha256 = begin_of(digest, self.sha256, "table of word vectors", f"{self.vectors!r}")

    def encode_documents(self, documents: Sequence[str] | Documents) -> NDArray[np.float32]:
        """Learn the weights of words from the documents, and encode these. Memory: the table of vectors beside them."""
        if self._table is None:  # a second index keeps it
            self._table = read_word_vectors(files_of(self.vectors))
        self._weights = self._learn_weights(documents, self._table)
        self._common = None
        record(INDEX_BYTES, self._table.matrix.nbytes)
        means = self._means(documents)
        if self.weighting == "sif" and means.any():
            # Of the smaller square matrix: its first eigenvector is the first right singular vector of the means.
            self._common = np.linalg.eigh((means.T @ means).astype(np.float64))[1][:, -1].astype(np.float32)
        return self._finished(means)

    def query_vectors(self, queries: Sequence[str]) -> NDArray[np.float32]:
        """Encode queries: float32 [queries, dimensions]."""
        return self._finished(self._means(queries))

    def _learn_weights(self, documents: Sequence[str] | Documents, table: WordVectors) -> NDArray[np.float32]:
        size = len(table.matrix)
        if self.weighting == "mean":
            return np.ones(size, dtype=np.float32)
        counts, holding = np.zeros(size), np.zeros(size)
        with phase(ANALYZE, len(documents)) as progress:
            for batch in _batches(documents):
                for rows in table.rows(batch):
                    distinct, times = np.unique(np.array(rows, dtype=np.intp), return_counts=True)
                    counts[distinct] += times
                    holding[distinct] += 1
                progress.advance(len(batch))
        if self.weighting == "idf":
            weights = np.log((1 + len(documents)) / (1 + holding)) + 1
        else:
            weights = SIF_A / (SIF_A + counts / max(counts.sum(), 1))
        return weights.astype(np.float32)

    def _means(self, texts: Sequence[str] | Documents) -> NDArray[np.float32]:
        """Weighted means of the texts' word vectors; zeros where no word has one."""
        assert self._weights is not None
        weights = hashlib.sha256(self._weights.tobytes()).hexdigest()
        return cached_vectors(list(texts), f"static {self.sha256} {weights}", self._mean_batch, batch_size=BATCH)

    def _mean_batch(self, texts: list[str]) -> NDArray[np.float32]:
        from scipy.sparse import csr_array

        assert self._table is not None
        assert self._weights is not None
        rows = self._table.rows(texts)
        ends = np.cumsum([0, *map(len, rows)])
        at = np.fromiter((row for one in rows for row in one), np.int64, int(ends[-1]))
        weights = self._weights[at]
        summed = csr_array((weights, at, ends), shape=(len(texts), len(self._table.matrix))) @ self._table.matrix
        totals = np.add.reduceat(np.append(weights, 0), ends[:-1]) * (np.diff(ends) > 0)
        means: NDArray[np.float32] = (summed / np.where(totals, totals, 1)[:, None]).astype(np.float32)
        return means

    def _finished(self, means: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._common is not None:
            means = means - np.outer(np.vecdot(means, self._common), self._common)
        return unit(means)


def _batches(texts: Sequence[str] | Documents) -> Iterator[list[str]]:
    for start in range(0, len(texts), BATCH):
        yield list(texts[start : start + BATCH])
