"""Vectors of documents in memory, and exact search among them: what every encoder of one vector a text shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from retrievers.base import (
    INDEX_BYTES,
    SCORE,
    SELECT,
    Documents,
    Ranking,
    RetrieverError,
    phase,
    record,
    require_index,
    top_k,
)
from retrievers.sharding import Statistics

Side = Literal["query", "document"]

# The score block is at most QUERY_BLOCK x DOCUMENT_BLOCK float32 (8 MiB), whatever the corpus.
QUERY_BLOCK = 256
DOCUMENT_BLOCK = 8_192
# The least number of groups that a block is seen as, and how many candidates a query may gather beyond 4 k.
GROUPS = 256
KEPT = 4096
# A product of matrices sums each score in an order of its own, so that equal vectors' scores differ in their last bits,
# for unit vectors by less than half of this, and in proportion for others.
SLACK = np.float32(2e-5)


@runtime_checkable
class VectorEncoder(Protocol):
    """What makes one vector of a text; an index of vectors can be built over it.

    similarity: how vectors are compared: "cosine", then they have length 1 (or 0, where nothing in a text is known), or
    "dot".
    """

    @property
    def similarity(self) -> str: ...

    def encode_documents(self, documents: Sequence[str] | Documents) -> NDArray[np.float32]:
        """The vectors of documents. What an encoder learns from its corpus, it learns here.

        Args:
            documents: As `index` is given them.

        Returns:
            float32 [documents, dimensions].
        """
        ...

    def query_vectors(self, queries: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of queries, once documents were encoded.

        Args:
            queries: Their texts.

        Returns:
            float32 [queries, dimensions].
        """
        ...


@runtime_checkable
class KeyedEncoder(VectorEncoder, Protocol):
    """An encoder that knows what decides its vectors, and learns nothing from documents that its queries would need.

    An index of its vectors can be kept in a file, and opened without encoding a document.
    """

    def vectors_key(self, documents: Sequence[str] | Documents) -> bytes | None:
        """A digest of all that decides the vectors of these documents.

        Args:
            documents: As `index` is given them.

        Returns:
            It, or None where something that decides them is not known.
        """
        ...


@dataclass(unsafe_hash=True)
class ExactSearch:
    """A retriever that compares a query's vector with those of all documents: a `VectorEncoder` is made one by it.

    A query whose vector is all zeros, as nothing in it is known, has no hits; of any other every document is one.
    """

    kind: ClassVar[str] = "dense"
    least_score: ClassVar[float | None] = -1.0  # of a cosine; a fusion takes that of the hits where it is lower

    _vectors: NDArray[np.float32] | None = field(init=False, repr=False, compare=False, default=None)

    @property
    def similarity(self) -> str:
        """ "cosine" or "dot"."""
        return "cosine"

    def encode_documents(self, documents: Sequence[str] | Documents) -> NDArray[np.float32]:
        """float32 [documents, dimensions]."""
        raise NotImplementedError

    def query_vectors(self, queries: Sequence[str]) -> NDArray[np.float32]:
        """float32 [queries, dimensions]."""
        raise NotImplementedError

    def index(self, documents: Sequence[str] | Documents) -> None:
        """Encode the documents. Memory: 4 bytes x dimensions a document."""
        self._vectors = self.encode_documents(documents)
        record(INDEX_BYTES, self._vectors.nbytes)

    def search(self, queries: Sequence[str], k: int) -> Ranking:
        """The `k` nearest documents of each query."""
        require_index(self._vectors)
        return self.search_vectors(self.query_vectors(queries), k) if queries else Ranking.empty(0, k)

    def document_vectors(self, positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """Those of indexed documents: float32 [positions, dimensions]."""
        require_index(self._vectors)
        assert self._vectors is not None
        return self._vectors[positions]

    def search_vectors(self, vectors: NDArray[np.float32], k: int) -> Ranking:
        """The `k` documents nearest to each of float32 [queries, dimensions]."""
        require_index(self._vectors)
        assert self._vectors is not None
        largest = 1.0 if self.similarity == "cosine" else _longest(vectors) * _longest(self._vectors)
        known = np.flatnonzero(vectors.any(axis=1))
        if len(known) == len(vectors):
            return nearest(vectors, self._vectors, k, largest)
        ranking = Ranking.empty(len(vectors), k)
        hits = nearest(vectors[known], self._vectors, k, largest)
        ranking.documents[known], ranking.scores[known] = hits.documents, hits.scores
        return ranking


@dataclass(unsafe_hash=True)
class ShardableSearch(ExactSearch):
    """An exact search by shards, of whoever encodes each document by itself and learns nothing from the corpus.

    A shard may end anywhere, also within a block of documents: what a block's product of matrices selects is scored
    again from its two vectors alone (`nearest`), so that a score has the same bits in any shard. The vectors have them
    where they are the same: of a model that is true of those in the embedding cache and in a file (`index_vectors`),
    while encoding anew, in other batches, may move their last bits.
    """

    def shard_statistics(self, documents: Sequence[str] | Documents, first: int) -> Statistics:
        """No more than where the shard lies."""
        return Statistics(first, len(documents), {})

    def index_shard(self, documents: Sequence[str] | Documents, statistics: Statistics) -> None:  # noqa: ARG002
        """As `index`: no document's vector depends on another document."""
        self.index(documents)

    def index_vectors(self, vectors: NDArray[np.float32]) -> None:
        """Make documents searchable whose vectors are there already, as those of a shard in a file of all.

        Args:
            vectors: float32 [documents, dimensions], as `encode_documents` gives them; kept, not copied, so that they
                may lie in a file: np.load("vectors.npy", mmap_mode="r")[first:last].

        Raises:
            RetrieverError: Where they are of another type or shape.
        """
        if vectors.ndim != 2 or vectors.dtype != np.float32:
            raise RetrieverError(
                f"index_vectors got {vectors.dtype} of shape {vectors.shape}.", "Give float32 [documents, dimensions]."
            )
        self._vectors = vectors
        record(INDEX_BYTES, vectors.nbytes)


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Vectors made length 1; zeros stay so.

    Args:
        vectors: [n, dimensions].

    Returns:
        float32 [n, dimensions].
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths, lengths, 1)).astype(np.float32)


def _longest(vectors: NDArray[np.float32]) -> float:
    """The length of the longest."""
    return float(np.linalg.norm(vectors, axis=1).max(initial=0.0))


def nearest(queries: NDArray[np.float32], documents: NDArray[np.float32], k: int, largest: float = 1.0) -> Ranking:
    """Exact top `k` by dot product, in bounded memory; equal documents stand in order of position.

    queries: float32 [m, d]; documents: float32 [n, d]; all finite: a NaN would hide other documents. largest: what no
    score exceeds, 1 for unit vectors.
    Blocks of scores are formed in one buffer and looked through once: only what comes near a lower bound of the k-th
    best score so far is kept. What is left is scored again row by row, so that a score depends on its two vectors
    alone: neither on the batch nor on the block.
    """
    ranking = Ranking.empty(len(queries), k)
    buffer = np.empty(min(QUERY_BLOCK, len(queries)) * min(DOCUMENT_BLOCK, len(documents)), dtype=np.float32)
    for start in range(0, len(queries), QUERY_BLOCK):
        block = queries[start : start + QUERY_BLOCK]
        highest = np.zeros((len(block), 0), dtype=np.float32)
        candidates = _Candidates(block, documents, k, SLACK * np.float32(largest))
        for first in range(0, len(documents), DOCUMENT_BLOCK):
            part = documents[first : first + DOCUMENT_BLOCK]
            with phase(SCORE):
                scores = buffer[: len(block) * len(part)].reshape(len(block), len(part))
                if len(block) == 1:
                    # On this thread: BLAS threads woken for one query go on spinning, and the encoder waits for them.
                    np.vecdot(part, block[0], out=scores[0])
                else:
                    np.matmul(block, part.T, out=scores)
            with phase(SELECT):
                highest = _highest(highest, scores, k)
                candidates.add(scores, first, highest[:, :1] if highest.shape[1] == k else np.float32(-np.inf))
        with phase(SELECT):
            for row, (hits, values) in enumerate(candidates.best()):
                ranking.put(start + row, hits, values)
    return ranking


def _highest(before: NDArray[np.float32], scores: NDArray[np.float32], k: int) -> NDArray[np.float32]:
    """The `k` highest, the lowest of them first, of `before` [m, <= k] and the best score of each group of documents.

    Every group gives a document of its own, so the k-th of these never lies above the k-th best score of all. More
    groups bring it nearer, fewer are sooner sorted: with 2 k of them, about 1.4 k scores of a first block reach it.
    """
    groups = min(scores.shape[1], max(GROUPS, 2 * k))
    size = scores.shape[1] // groups
    best = scores[:, : size * groups].reshape(len(scores), size, groups).max(axis=1)
    joined = np.concatenate([before, best], axis=1)
    surplus = joined.shape[1] - k
    return np.partition(joined, surplus, axis=1)[:, surplus:] if surplus >= 0 else joined


class _Candidates:
    """Scores that may be among the `k` best of their queries, block after block of documents."""

    def __init__(self, queries: NDArray[np.float32], documents: NDArray[np.float32], k: int, slack: np.float32) -> None:
        self._queries, self._documents, self._k, self._slack = queries, documents, k, slack
        self._parts: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]] = []
        self._size = 0

    def add(self, scores: NDArray[np.float32], first: int, bounds: NDArray[np.float32] | np.float32) -> None:
        """Keep what comes near its query's bound of scores [queries, n], whose positions start at `first`."""
        places = np.flatnonzero(scores >= bounds - self._slack)
        rows, columns = np.divmod(places, scores.shape[1])
        self._parts.append((rows, columns + first, scores.ravel()[places]))
        self._size += len(places)
        if self._size > len(self._queries) * (4 * self._k + KEPT):  # documents in ascending order, or many alike
            best = self.best()
            rows = np.repeat(np.arange(len(best)), [len(hits) for hits, _ in best])
            self._parts = [(rows, np.concatenate([hits for hits, _ in best]), np.concatenate([v for _, v in best]))]
            self._size = len(rows)

    def best(self) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Positions and scores of the best of each query, in order."""
        if not self._parts:
            return []
        rows, hits, values = (np.concatenate(arrays) for arrays in zip(*self._parts, strict=True))
        # Stable: of a query's candidates, the lower position goes on standing first, and so wins a tie.
        order = np.argsort(rows.astype(np.int16), kind="stable")
        hits, values = hits[order], values[order]
        ends = np.cumsum(np.bincount(rows, minlength=len(self._queries))).tolist()
        return [
            self._best_of(query, hits[start:end], values[start:end])
            for query, start, end in zip(self._queries, [0, *ends], ends, strict=False)
        ]

    def _best_of(
        self, query: NDArray[np.float32], hits: NDArray[np.int64], values: NDArray[np.float32]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        if len(hits) > self._k:
            hits = hits[values >= np.partition(values, -self._k)[-self._k] - self._slack]
        return top_k(np.vecdot(self._documents[hits], query), self._k, hits)
