"""Dense retrieval: sentence embeddings, exact nearest neighbours by the model's own similarity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from retrievers.base import (
    INDEX_BYTES,
    SCORE,
    SELECT,
    WHEN_SET,
    Documents,
    Ranking,
    RetrieverError,
    phase,
    record,
    require_index,
    top_k,
)
from retrievers.columns import Field, column, parse_fields
from retrievers.dense.encoder import Encoder, refuse_absent_device
from retrievers.dense.model import MINILM, locate, pinned, refuse_settings, similarity

DTYPES = ("float32", "float16", "bfloat16")

# The score block is at most QUERY_BLOCK x DOCUMENT_BLOCK float32 (8 MiB), whatever the corpus.
QUERY_BLOCK = 256
DOCUMENT_BLOCK = 8_192
# The least number of groups that a block is seen as, and how many candidates a query may gather beyond 4 k.
GROUPS = 256
KEPT = 4096
# A product of matrices sums each score in an order of its own, so that equal vectors' scores differ in their last bits,
# for unit vectors by less than half of this, and in proportion for others.
SLACK = np.float32(2e-5)


@dataclass(unsafe_hash=True)
class Dense:
    """Sentence embeddings, exact search by cosine, or by dot product where the model says so.

    model: all-MiniLM-L6-v2 (shipped), a sentence-transformers folder, or a hub name with `revision`.
    device: a torch device (None: a GPU where there is one). dtype: of the weights. batch_size: texts per forward
    pass. max_length: word pieces a text is cut at (None: the model's own). query_prompt, document_prompt:
    put before each text (None: the model's own, "": none).
    sha256: of the model's files, or how it begins; another model is refused. Where it is not given it is filled in, so
    that a model that was trained on in its folder is another retriever (None: from the hub, where the revision tells).
    fields: columns of the documents with their weights, "title text" or "title^0.3 text", each encoded by itself (none:
    the whole text as one). The score is then the sum over fields of weight * similarity, divided by the sum of the
    weights; an empty field adds nothing. Similarity is linear in the document's vector, so that the one vector that is
    kept of a document is the weighted mean of its fields'.
    Raises RetrieverError where there is no such model.
    """

    kind: ClassVar[str] = "dense"
    least_score: ClassVar[float | None] = -1.0  # of a cosine; a fusion takes that of the hits where it is lower

    model: str = MINILM
    revision: str | None = None
    device: str | None = None
    dtype: str = "float32"
    batch_size: int = 32
    max_length: int | None = None
    query_prompt: str | None = None
    document_prompt: str | None = None
    sha256: str | None = None
    fields: str = field(default="", metadata=WHEN_SET)
    _fields: tuple[Field, ...] = field(init=False, repr=False, compare=False, default=())
    _encoder: Encoder | None = field(init=False, repr=False, compare=False, default=None)
    _vectors: NDArray[np.float32] | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise RetrieverError(f"dtype={self.dtype!r} is not known.", f"Known: {', '.join(DTYPES)}.")
        for name in ("batch_size", "max_length"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise RetrieverError(f"{name}={value} is below 1.", "Give a whole number of at least 1.")
        self._fields, self.fields = parse_fields(self.fields), " ".join(self.fields.split())
        if any(one.b is not None for one in self._fields):
            raise RetrieverError(f"fields={self.fields!r} has a b, which is of bm25.", "Leave ~b out.")
        if self.device is not None:
            refuse_absent_device(self.device)
        where = locate(self.model, self.revision)
        if isinstance(where, Path):
            similarity(where)
            refuse_settings(where, self.max_length, self.dtype)
            if self.revision is not None:
                raise RetrieverError("revision pins a model of the hub.", f"{self.model} is a folder; leave it out.")
            self.sha256 = pinned(where, self.sha256)
        elif self.sha256 is not None:
            raise RetrieverError("sha256 pins a model folder.", f"{self.model} has its revision; leave it out.")

    def index(self, documents: Sequence[str] | Documents) -> None:
        """Encode the documents. Memory: 4 bytes x dimensions a document, for a while twice that with fields."""
        columns = [(column(documents, one.name), one.weight) for one in self._fields]  # before the model is loaded
        if self._encoder is None:  # a second index keeps the loaded model
            self._encoder = Encoder(
                model=self.model,
                revision=self.revision,
                device=self.device,
                dtype=self.dtype,
                batch_size=self.batch_size,
                max_length=self.max_length,
                query_prompt=self.query_prompt,
                document_prompt=self.document_prompt,
            )
        self._vectors = _mean(self._encoder, columns) if columns else self._encoder.encode(documents, "document")
        record(INDEX_BYTES, self._vectors.nbytes)

    def search(self, queries: Sequence[str], k: int) -> Ranking:
        """The `k` nearest documents of each query; every document is a hit."""
        require_index(self._vectors)
        return self.search_vectors(self.query_vectors(queries), k) if queries else Ranking.empty(0, k)

    def query_vectors(self, queries: Sequence[str]) -> NDArray[np.float32]:
        """Encode queries: float32 [queries, dimensions]."""
        require_index(self._encoder)
        assert self._encoder is not None
        return self._encoder.encode(queries, "query")

    def document_vectors(self, positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """Those of indexed documents: float32 [positions, dimensions]."""
        require_index(self._vectors)
        assert self._vectors is not None
        return self._vectors[positions]

    def search_vectors(self, vectors: NDArray[np.float32], k: int) -> Ranking:
        """The `k` documents nearest to each of float32 [queries, dimensions]."""
        require_index(self._vectors)
        assert self._encoder is not None
        assert self._vectors is not None
        unit = self._encoder.similarity == "cosine"
        return nearest(vectors, self._vectors, k, 1.0 if unit else _longest(vectors) * _longest(self._vectors))


def _mean(encoder: Encoder, columns: Sequence[tuple[Sequence[str], float]]) -> NDArray[np.float32]:
    """[documents, dimensions]: the mean of the columns' vectors by their weights; zeros stand for an empty text."""
    mean = None
    weights = sum(weight for _, weight in columns)
    for texts, weight in columns:
        vectors = encoder.encode(texts, "document")
        vectors *= np.float32(weight / weights)
        vectors[np.fromiter((not text.strip() for text in texts), np.bool_, len(texts))] = 0
        mean = vectors if mean is None else np.add(mean, vectors, out=mean)
    assert mean is not None
    return mean


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
