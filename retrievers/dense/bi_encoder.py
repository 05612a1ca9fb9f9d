"""Dense retrieval: sentence embeddings, exact nearest neighbours by the model's own similarity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrievers.base import WHEN_SET, Documents, RetrieverError
from retrievers.columns import Field, column, parse_fields
from retrievers.dense.backends import AUTO, TORCH, refuse_backend
from retrievers.dense.encoder import Encoder
from retrievers.dense.exact import ShardableSearch
from retrievers.dense.fastest import fastest
from retrievers.dense.model import similarity
from retrievers.dense.model_settings import ModelSettings
from retrievers.saved_index import content_key


@dataclass(unsafe_hash=True)
class Dense(ShardableSearch, ModelSettings):
    """Sentence embeddings, exact search by cosine, or by dot product where the model says so.

    fields: columns of the documents with their weights, "title text" or "title^0.3 text", each encoded by itself (none:
    the whole text as one). The score is then the sum over fields of weight * similarity, divided by the sum of the
    weights; an empty field adds nothing. Similarity is linear in the document's vector, so that the one vector that is
    kept of a document is the weighted mean of its fields'.
    backend: what runs the model: torch, onnx (ONNX Runtime), openvino, or auto, in whose place the fastest of them here
    is put. onnx and openvino run an export of the model, made on first use; dtype is then float32, int8 (onnx) or
    bfloat16 (openvino, where the processor has it), and the processor the only device.
    Raises RetrieverError where there is no such model, or the backend cannot run it.
    """

    fields: str = field(default="", metadata=WHEN_SET)
    backend: str = field(default=TORCH, metadata=WHEN_SET)
    _fields: tuple[Field, ...] = field(init=False, repr=False, compare=False, default=())
    _encoder: Encoder | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        self._fields, self.fields = parse_fields(self.fields), " ".join(self.fields.split())
        if any(one.b is not None for one in self._fields):
            raise RetrieverError(f"fields={self.fields!r} has a b, which is of bm25.", "Leave ~b out.")
        where = self._locate()
        if isinstance(where, Path):
            similarity(where)
        refuse_backend(self.backend, self.dtype, self.device, where)
        if self.backend == AUTO:
            self.backend = fastest(self._made(TORCH), where)

    @property
    def similarity(self) -> str:
        """How the model means its vectors to be compared."""
        return self.encoder.similarity

    @property
    def encoder(self) -> Encoder:
        """The model with its settings, made once: a second index keeps it loaded."""
        if self._encoder is None:
            self._encoder = self._made(self.backend)
        return self._encoder

    def _made(self, backend: str) -> Encoder:
        return Encoder(**self._for_encoder(), backend=backend)

    def _refuse_device(self) -> None:
        if self.backend in (TORCH, AUTO):
            super()._refuse_device()

    def encode_documents(self, documents: Sequence[str] | Documents) -> NDArray[np.float32]:
        """Their vectors, float32 [documents, dimensions]. Memory: with fields for a while twice that."""
        columns = [(column(documents, one.name), one.weight) for one in self._fields]  # before the model is loaded
        return _mean(self.encoder, columns) if columns else self.encoder.encode(documents, "document")

    def vectors_key(self, documents: Sequence[str] | Documents) -> bytes | None:
        """A digest of all that decides the documents' vectors; None of a model that is not pinned."""
        key = self.encoder.documents_key()
        columns = [column(documents, one.name) for one in self._fields]
        texts = chain.from_iterable(columns) if columns else documents
        weights = [one.weight for one in self._fields]
        return None if key is None else content_key([key.hex(), weights], texts)

    def query_vectors(self, queries: Sequence[str]) -> NDArray[np.float32]:
        """Encode queries: float32 [queries, dimensions]."""
        return self.encoder.encode(queries, "query")


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
