"""Learned sparse retrieval (SPLADE): a model weighs the words of a vocabulary for a text, also words that it lacks.

Formal, Piwowarski & Clinchant, SPLADE, SIGIR 2021. The score is the dot product of two texts' weights, by the inverted
index of the lexical retrievers: what shares no weighted word with the query is no hit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from retrievers.base import (
    COMPILE,
    INDEX_BYTES,
    Documents,
    Ranking,
    RetrieverError,
    phase,
    record,
    require_index,
)
from retrievers.dense.backends import TORCH, refuse_backend
from retrievers.dense.exact import Side
from retrievers.dense.model import MASKED_LM, SPARSE
from retrievers.dense.model_settings import ModelSettings
from retrievers.dense.ragged_encoder import Ragged, RaggedEncoder
from retrievers.lexical.postings import Postings, rank_all
from retrievers.vectors import SparseRows


class SparseWeights(RaggedEncoder):
    """An encoder whose texts have weights of some words: float32 [2, words], their numbers and their weights."""

    kinds = (SPARSE, MASKED_LM)
    kept_as = b" sparse weights"

    @property
    def opened_as(self) -> str:
        """The class of sentence-transformers that opens the model."""
        return "SparseEncoder"

    @cached_property
    def similarity(self) -> str:
        """Weights are not made length 1."""
        return "dot"

    def encode_weights(self, texts: Sequence[str] | Documents, side: Side) -> Iterator[list[NDArray[np.float32]]]:
        """The weights of texts, `chunk` texts at a time."""
        return cast("Iterator[list[NDArray[np.float32]]]", self.encode_ragged(texts, side))

    def encode_batch(self, batch: list[str], side: Side) -> list[Ragged]:
        """Numbers of words, ascending, and their weights, of each text."""
        rows = getattr(self.sentence_transformer, f"encode_{side}")(
            batch,
            prompt=self._prompt(side),
            batch_size=self.batch_size,
            show_progress_bar=False,
            convert_to_sparse_tensor=False,
        )
        weights = rows.float().cpu().numpy()
        # Numbers of words are below 2^24, which float32 holds exactly.
        return [np.stack([(at := np.flatnonzero(row)).astype(np.float32), row[at]]) for row in weights]

    def pack(self, array: Ragged) -> NDArray[np.float32]:
        """Numbers, then weights."""
        return array.astype("<f4").ravel()

    def unpack(self, flat: NDArray[np.float32]) -> NDArray[np.float32]:
        """What `pack` made so."""
        return flat.reshape(2, -1)


@dataclass(unsafe_hash=True)
class Sparse(ModelSettings):
    """Learned weights of words (SPLADE), by dot product.

    model: a folder of sentence-transformers' SparseEncoder, of a SPLADE (a masked-language model that was trained so),
    or a hub name with `revision`.
    """

    kind: ClassVar[str] = "dense"  # it compares vectors, of mostly zeros, and costs what its encoder does
    least_score: ClassVar[float | None] = 0.0
    kinds: ClassVar[tuple[str, ...]] = SparseWeights.kinds

    model: str = ""
    _encoder: SparseWeights | None = field(init=False, repr=False, compare=False, default=None)
    _postings: Postings | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if not self.model:
            raise RetrieverError(
                "sparse needs a model, and none comes with bench.",
                "Name its folder, or one of the hub: sparse:model=naver/splade-v3,revision=<commit>",
            )
        refuse_backend(TORCH, self.dtype, self.device, self._locate())

    @property
    def encoder(self) -> SparseWeights:
        """The model with its settings, made once: a second index keeps it loaded."""
        if self._encoder is None:
            self._encoder = SparseWeights(**self._for_encoder())
        return self._encoder

    def index(self, documents: Sequence[str] | Documents) -> None:
        """Weigh the words of the documents, and build their inverted index. Memory: 12 bytes a weight above 0."""
        rows = [its for chunk in self.encoder.encode_weights(documents, "document") for its in chunk]
        with phase(COMPILE):
            sizes = np.fromiter((its.shape[1] for its in rows), np.int64, len(rows))
            joined = np.concatenate([np.zeros((2, 0), np.float32), *rows], axis=1)
            words = joined[0].astype(np.int32)
            size = int(words.max(initial=-1)) + 1
            self._postings = Postings.from_rows(words, sizes, joined[1].astype(np.float64), size)
        postings = self._postings
        record(INDEX_BYTES, postings.starts.nbytes + postings.documents.nbytes + postings.weights.nbytes)

    def search(self, queries: Sequence[str], k: int) -> Ranking:
        """The `k` documents of highest dot product for each query, among those that share a weighted word with it."""
        require_index(self._postings)
        assert self._postings is not None
        return rank_all(self._weighted(queries, self._postings), self._postings, k)

    def document_vectors(self, positions: NDArray[np.int64]) -> SparseRows:
        """The weights of these documents' words: a row a position."""
        require_index(self._postings)
        assert self._postings is not None
        return self._postings.rows(positions)

    def query_vectors(self, queries: Sequence[str]) -> SparseRows:
        """Those of queries, of words that a document has."""
        require_index(self._postings)
        assert self._postings is not None
        return SparseRows.of(self._weighted(queries, self._postings), self._postings.terms)

    def _weighted(self, queries: Sequence[str], postings: Postings) -> list[list[tuple[int, float]]]:
        """(word, weight) pairs of each query."""
        return [
            [(int(word), float(weight)) for word, weight in its.T.tolist() if word < postings.terms]
            for chunk in self.encoder.encode_weights(queries, "query")
            for its in chunk
        ]
