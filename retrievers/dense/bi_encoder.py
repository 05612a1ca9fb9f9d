"""Dense retrieval: sentence embeddings, exact nearest neighbours by the model's own similarity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrievers.base import WHEN_SET, Documents, RetrieverError
from retrievers.columns import Field, column, parse_fields
from retrievers.dense.backends import AUTO, DTYPES, TORCH, refuse_backend
from retrievers.dense.encoder import Encoder, refuse_absent_device
from retrievers.dense.exact import ExactSearch
from retrievers.dense.fastest import fastest
from retrievers.dense.model import MINILM, locate, pinned, refuse_settings, similarity


@dataclass(unsafe_hash=True)
class Dense(ExactSearch):
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
    backend: what runs the model: torch, onnx (ONNX Runtime), openvino, or auto, in whose place the fastest of them here
    is put. onnx and openvino run an export of the model, made on first use; dtype is then float32, int8 (onnx) or
    bfloat16 (openvino, where the processor has it), and the processor the only device.
    Raises RetrieverError where there is no such model, or the backend cannot run it.
    """

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
    backend: str = field(default=TORCH, metadata=WHEN_SET)
    _fields: tuple[Field, ...] = field(init=False, repr=False, compare=False, default=())
    _encoder: Encoder | None = field(init=False, repr=False, compare=False, default=None)

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
        if self.device is not None and self.backend in (TORCH, AUTO):
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
        return Encoder(
            model=self.model,
            revision=self.revision,
            device=self.device,
            dtype=self.dtype,
            batch_size=self.batch_size,
            max_length=self.max_length,
            query_prompt=self.query_prompt,
            document_prompt=self.document_prompt,
            backend=backend,
        )

    def encode_documents(self, documents: Sequence[str] | Documents) -> NDArray[np.float32]:
        """Their vectors, float32 [documents, dimensions]. Memory: with fields for a while twice that."""
        columns = [(column(documents, one.name), one.weight) for one in self._fields]  # before the model is loaded
        return _mean(self.encoder, columns) if columns else self.encoder.encode(documents, "document")

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
