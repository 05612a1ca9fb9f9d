"""Embeddings of a service: OpenAI's `/v1/embeddings` and all that speak it, with exact search here."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from retrievers.base import Documents, RetrieverError
from retrievers.dense.cached import cached_vectors
from retrievers.dense.exact import ExactSearch, unit
from retrievers.services.embeddings_client import EmbeddingsClient
from retrievers.services.spending import Spending

_AT_LEAST_ONE = ("dimensions", "batch_size", "concurrency", "attempts", "max_characters")
_ABOVE_ZERO = ("timeout", "usd_per_million", "max_usd")


@dataclass(unsafe_hash=True)
class Api(ExactSearch):
    """Embeddings of a service, exact search by cosine.

    url: of its `/v1/embeddings`. model: as the service calls it. key_env: the environment variable that holds the key,
    which is sent and neither stored nor shown; without a value none is sent. dimensions: asked for, of models that can
    give fewer. query_prompt, document_prompt: put before each text. batch_size: texts of a request. concurrency:
    requests side by side. max_characters: a longer text is cut. timeout: seconds for an answer. attempts: tries of a
    request. usd_per_million: price of a million tokens; max_usd: what a run may spend on one retriever, counted by the
    tokens that the service tells.
    An empty text is not asked for: its vector is zeros.
    """

    url: str = "http://localhost:11434/v1/embeddings"
    model: str = ""
    key_env: str = "OPENAI_API_KEY"
    dimensions: int | None = None
    query_prompt: str = ""
    document_prompt: str = ""
    batch_size: int = 64
    concurrency: int = 4
    max_characters: int | None = None
    timeout: float = 60.0
    attempts: int = 6
    usd_per_million: float | None = None
    max_usd: float | None = None
    _size: int | None = field(init=False, repr=False, compare=False, default=None)
    _client: EmbeddingsClient | None = field(init=False, repr=False, compare=False, default=None)
    _spending: Spending | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if not self.model:
            raise RetrieverError(
                "api needs the name of a model.",
                "As the service calls it: api:url=http://localhost:11434/v1/embeddings,model=all-minilm",
            )
        if urlsplit(self.url).scheme not in ("http", "https"):
            raise RetrieverError(f"url={self.url!r} is no address of a service.", "It begins with http:// or https://.")
        for name in _AT_LEAST_ONE:
            value = getattr(self, name)
            if value is not None and value < 1:
                raise RetrieverError(f"{name}={value} is below 1.", "Give a whole number of at least 1.")
        for name in _ABOVE_ZERO:
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise RetrieverError(f"{name}={value:g} is not above 0.", "Give a number above 0.")
        if self.max_usd is not None and self.usd_per_million is None:
            raise RetrieverError("max_usd needs a price.", "Give usd_per_million=, the price of a million tokens.")

    def encode_documents(self, documents: Sequence[str] | Documents) -> NDArray[np.float32]:
        """Ask for the vectors of documents: float32 [documents, dimensions], of length 1."""
        self._size = None
        vectors = self._encode(documents, self.document_prompt)
        self._size = vectors.shape[1] if vectors.any() else 0
        return vectors

    def query_vectors(self, queries: Sequence[str]) -> NDArray[np.float32]:
        """Ask for the vectors of queries: float32 [queries, dimensions], of length 1."""
        if not self._size:  # all documents are empty, and there is nothing to be found
            return np.zeros((len(queries), 1), dtype=np.float32)
        return self._encode(queries, self.query_prompt)

    def _encode(self, texts: Sequence[str] | Documents, prompt: str) -> NDArray[np.float32]:
        cut = [text[: self.max_characters] for text in texts]
        asked = [row for row, text in enumerate(cut) if text.strip()]
        if not asked:
            return np.zeros((len(cut), self._size or 1), dtype=np.float32)
        identity = f"{self.url} {self.model} {self.dimensions}"
        before = self.spending.totals
        try:
            its = cached_vectors(
                [prompt + cut[row] for row in asked],
                identity,
                self._ask,
                batch_size=self.batch_size,
                workers=self.concurrency,
            )
        finally:
            self.spending.tell_since(before)
        wanted = self._size or self.dimensions
        if wanted and its.shape[1] != wanted:
            raise RetrieverError(
                f"{self.url} gives vectors of {its.shape[1]:,} dimensions, where {wanted:,} are wanted.",
                "Leave dimensions out where the model has no choice; after a change of the model: bench cache clear",
            )
        vectors = np.zeros((len(cut), its.shape[1]), dtype=np.float32)
        vectors[asked] = unit(its)
        return vectors

    def _ask(self, texts: list[str]) -> list[list[float]]:
        characters, tokens = sum(map(len, texts)), None
        self.spending.reserve(characters)
        try:
            content = {"model": self.model} | ({"dimensions": self.dimensions} if self.dimensions else {})
            answer = self.client.embed(texts, content)
            tokens = answer.tokens
            if tokens is None and self.max_usd is not None:
                raise RetrieverError(
                    f"{self.url} tells no tokens, so that max_usd cannot be kept.", "Leave max_usd and its price out."
                )
            return answer.vectors
        finally:
            self.spending.settle(characters, tokens)

    @property
    def client(self) -> EmbeddingsClient:
        """Who asks the service, made once."""
        if self._client is None:
            key = os.environ.get(self.key_env, "") if self.key_env else ""
            self._client = EmbeddingsClient(
                self.url, key, timeout=self.timeout, attempts=self.attempts, connections=self.concurrency
            )
        return self._client

    @property
    def spending(self) -> Spending:
        """What was spent since this retriever was made."""
        if self._spending is None:
            self._spending = Spending(self.usd_per_million, self.max_usd)
        return self._spending
