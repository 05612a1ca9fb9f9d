"""Late interaction over all documents: exact MaxSim by the token vectors of a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from retrievers.base import INDEX_BYTES, Documents, Ranking, record, require_index
from retrievers.dense.backends import TORCH, refuse_backend
from retrievers.dense.maxsim import TokenBlock, nearest_by_tokens
from retrievers.dense.model import refuse_words
from retrievers.dense.model_settings import ModelSettings
from retrievers.dense.token_encoder import TokenEncoder


@dataclass(unsafe_hash=True)
class Late(ModelSettings):
    """Late interaction: MaxSim over the token vectors of all documents, of a ColBERT or any sentence encoder.

    model: all-MiniLM-L6-v2 (shipped), a folder of sentence-transformers' MultiVectorEncoder, of PyLate or of Stanford's
    ColBERT, or one of an encoder; of the hub, encoders alone. Memory: 2 bytes x dimensions a token, all kept.
    """

    kind: ClassVar[str] = "dense"
    least_score: ClassVar[float | None] = -1.0
    kinds: ClassVar[tuple[str, ...]] = TokenEncoder.kinds

    _encoder: TokenEncoder | None = field(init=False, repr=False, compare=False, default=None)
    _blocks: list[TokenBlock] | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        where = self._locate()
        refuse_backend(TORCH, self.dtype, self.device, where)
        if isinstance(where, Path):
            refuse_words(where)

    @property
    def encoder(self) -> TokenEncoder:
        """The model with its settings, made once: a second index keeps it loaded."""
        if self._encoder is None:
            self._encoder = TokenEncoder(**self._for_encoder())
        return self._encoder

    def index(self, documents: Sequence[str] | Documents) -> None:
        """Encode the tokens of the documents."""
        self._blocks = [TokenBlock.of(chunk) for chunk in self.encoder.encode_tokens(documents, "document")]
        record(INDEX_BYTES, sum(block.tokens.nbytes + block.starts.nbytes for block in self._blocks))

    def search(self, queries: Sequence[str], k: int) -> Ranking:
        """The `k` documents of highest MaxSim for each query; every document is a hit."""
        require_index(self._blocks)
        assert self._blocks is not None
        ranking = Ranking.empty(len(queries), k)
        if self._blocks:
            for row, (hits, scores) in enumerate(nearest_by_tokens(self._tokens(queries), self._blocks, k)):
                ranking.put(row, hits, scores)
        return ranking

    def _tokens(self, queries: Sequence[str]) -> list[NDArray[np.float32]]:
        chunks = self.encoder.encode_tokens(queries, "query")
        return [tokens.astype(np.float32) for chunk in chunks for tokens in chunk]
