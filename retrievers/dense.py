"""Dense retrieval: sentence embeddings, exact nearest neighbours by cosine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from retrievers.base import Ranking, RetrieverError, phase, record, require_index, top_k
from retrievers.encoder import MINILM, Encoder

DTYPES = ("float32", "float16", "bfloat16")

# The score block is at most QUERY_BLOCK x DOCUMENT_BLOCK float32 (32 MiB), whatever the corpus.
QUERY_BLOCK = 256
DOCUMENT_BLOCK = 32_768


@dataclass(unsafe_hash=True)
class Dense:
    """Cosine of sentence embeddings, exact search.

    model: all-MiniLM-L6-v2 (shipped), a sentence-transformers folder, or a hub name with `revision`.
    device: a torch device (None: a GPU where there is one). dtype: of the weights. batch_size: texts per forward
    pass. max_length: word pieces a text is cut at (None: the model's own). query_prompt, document_prompt:
    put before each text (None: the model's own, "": none).
    """

    model: str = MINILM
    revision: str | None = None
    device: str | None = None
    dtype: str = "float32"
    batch_size: int = 32
    max_length: int | None = None
    query_prompt: str | None = None
    document_prompt: str | None = None
    _encoder: Encoder | None = field(init=False, repr=False, compare=False, default=None)
    _vectors: NDArray[np.float32] | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise RetrieverError(f"dtype={self.dtype!r} is not known.", f"Known: {', '.join(DTYPES)}.")
        for name in ("batch_size", "max_length"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise RetrieverError(f"{name}={value} is below 1.", "Give a whole number of at least 1.")

    def index(self, documents: Sequence[str]) -> None:
        """Encode the documents. Memory: 4 bytes x dimensions a document."""
        if self._encoder is None:  # a second index keeps the loaded model
            self._encoder = Encoder(
                self.model,
                self.revision,
                self.device,
                self.dtype,
                self.batch_size,
                self.max_length,
                self.query_prompt,
                self.document_prompt,
            )
        self._vectors = self._encoder.encode(documents, "document")
        record("index_bytes", self._vectors.nbytes)

    def search(self, queries: Sequence[str], k: int) -> Ranking:
        """The `k` nearest documents of each query; every document is a hit."""
        require_index(self._vectors)
        assert self._encoder is not None
        assert self._vectors is not None
        if not queries:
            return Ranking.empty(0, k)
        return nearest(self._encoder.encode(queries, "query"), self._vectors, k)


def nearest(queries: NDArray[np.float32], documents: NDArray[np.float32], k: int) -> Ranking:
    """Exact top `k` by dot product, in bounded memory.

    queries: float32 [m, d]; documents: float32 [n, d]. A block of scores is looked through once: after the
    first block only what beats the k-th best so far is kept.
    """
    ranking = Ranking.empty(len(queries), k)
    for start in range(0, len(queries), QUERY_BLOCK):
        block = queries[start : start + QUERY_BLOCK]
        found = [(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32))] * len(block)
        for first in range(0, len(documents), DOCUMENT_BLOCK):
            with phase("score"):
                scores = block @ documents[first : first + DOCUMENT_BLOCK].T
            with phase("select"):
                found = [_merge(best, row, first, k) for best, row in zip(found, scores, strict=True)]
        for row, (hits, values) in enumerate(found):
            ranking.put(start + row, hits, values)
    return ranking


def _merge(
    best: tuple[NDArray[np.int64], NDArray[np.float32]], scores: NDArray[np.float32], first: int, k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Join the best so far with a block of scores whose positions start at `first`.

    What was found before has lower positions, so it wins ties by standing first.
    """
    hits, values = best
    if len(hits) < k:
        better = np.arange(len(scores))
    else:
        better = np.flatnonzero(scores > values[-1])
        if not len(better):
            return best
    return top_k(np.concatenate([values, scores[better]]), k, np.concatenate([hits, better + first]))
