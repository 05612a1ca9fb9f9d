"""Contextual word vectors: a word's vector depends on what stands around it; a text is the mean of its words'.

By a masked-language model that nobody trained to compare sentences (BERT: Devlin et al., NAACL 2019), as a whole or cut
off after one of its layers. What sentence encoders gained over it is what they were trained for: Reimers & Gurevych,
Sentence-BERT, EMNLP 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrievers.base import LOAD, Documents, RetrieverError, phase, warn
from retrievers.dense.backends import TORCH, refuse_backend
from retrievers.dense.encoder import Encoder
from retrievers.dense.exact import ShardableSearch, Side
from retrievers.dense.model import is_plain, layers_of, refuse_words
from retrievers.dense.model_settings import ModelSettings
from retrievers.saved_index import content_key

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


@dataclass
class MeanOfTokens(Encoder):
    """A model's token vectors and their mean, whatever its folder says of pooling. layer: as of `Contextual`."""

    layer: int | None = None

    @cached_property
    def similarity(self) -> str:
        """Nothing in such a model says how its vectors are compared."""
        return "cosine"

    def _key(self, side: Side) -> bytes | None:
        key = super()._key(side)
        return None if key is None else key + f" mean of tokens, layer {self.layer}".encode()

    def _warn_of_pooling(self) -> None:
        if isinstance(self._where, Path) and not is_plain(self._where):
            warn("its model was trained for sentences: so this is not what token vectors give by themselves.")

    @cached_property
    def sentence_transformer(self) -> SentenceTransformer:
        """The model, cut off after its layer, and the mean."""
        with phase(LOAD):
            from sentence_transformers import SentenceTransformer
            from sentence_transformers.sentence_transformer.modules import Pooling

            whole = self._open(self.layer)
            mean = Pooling(whole[0].get_embedding_dimension(), "mean")
            return SentenceTransformer(modules=[whole[0], mean], device=str(whole.device)).eval()


@dataclass(unsafe_hash=True)
class Contextual(ShardableSearch, ModelSettings):
    """The mean of the token vectors of a model that was not trained for sentences (BERT), by cosine.

    model: a folder of transformers (BERT and its like), or a hub name with `revision`. layer: after which the model is
    cut off, 0 for the vectors that go into the first (None: none, the whole model).
    """

    model: str = ""
    layer: int | None = None
    _encoder: MeanOfTokens | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if not self.model:
            raise RetrieverError(
                "contextual needs a model that was not trained for sentences, and none comes with bench.",
                "Name its folder, or one of the hub: contextual:model=google-bert/bert-base-uncased,revision=<commit>",
            )
        where = self._locate()
        refuse_backend(TORCH, self.dtype, self.device, where)
        if not isinstance(where, Path):
            return
        refuse_words(where)
        layers = layers_of(where)
        if self.layer is not None and not 0 <= self.layer <= (layers or self.layer):
            raise RetrieverError(f"The model {where.name!r} has no layer {self.layer}.", f"It has 0 to {layers}.")

    @property
    def encoder(self) -> MeanOfTokens:
        """The model with its settings, made once: a second index keeps it loaded."""
        if self._encoder is None:
            self._encoder = MeanOfTokens(**self._for_encoder(), layer=self.layer)
        return self._encoder

    def encode_documents(self, documents: Sequence[str] | Documents) -> NDArray[np.float32]:
        """Their vectors, float32 [documents, dimensions]."""
        return self.encoder.encode(documents, "document")

    def vectors_key(self, documents: Sequence[str] | Documents) -> bytes | None:
        """A digest of all that decides the documents' vectors; None of a model that is not pinned."""
        key = self.encoder.documents_key()
        return None if key is None else content_key(key.hex(), documents)

    def query_vectors(self, queries: Sequence[str]) -> NDArray[np.float32]:
        """Encode queries: float32 [queries, dimensions]."""
        return self.encoder.encode(queries, "query")
