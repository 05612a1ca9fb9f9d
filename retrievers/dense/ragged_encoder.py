"""Text -> an array of its own size: the vectors of its tokens, or the weights of the words that it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from retrievers.base import (
    ENCODE,
    VECTORS_ENCODED,
    VECTORS_FROM_CACHE,
    Documents,
    RetrieverError,
    phase,
    record,
)
from retrievers.dense import vector_cache
from retrievers.dense.encoder import Encoder
from retrievers.dense.exact import Side
from retrievers.dense.runtime import by_length

Ragged = NDArray[np.float16] | NDArray[np.float32]


class RaggedEncoder(Encoder):
    """An encoder whose texts have arrays of different sizes; subclasses say how a batch is encoded and packed."""

    # What the cache's key of the model ends in, for what is kept of it.
    kept_as: ClassVar[bytes]

    def encode_batch(self, batch: list[str], side: Side) -> list[Ragged]:
        """An array for each text of a batch."""
        raise NotImplementedError

    def pack(self, array: Ragged) -> NDArray[np.float32]:
        """As the cache keeps it, in one dimension."""
        raise NotImplementedError

    def unpack(self, flat: NDArray[np.float32]) -> Ragged:
        """What `pack` made so."""
        raise NotImplementedError

    def encode_ragged(self, texts: Sequence[str] | Documents, side: Side) -> Iterator[list[Ragged]]:
        """The arrays of texts, `chunk` texts at a time."""
        encoded = from_cache = 0
        with phase(ENCODE, len(texts)) as progress:
            for start in range(0, len(texts), self.chunk):
                chunk = list(texts[start : start + self.chunk])
                arrays = self._cached(chunk, side)
                from_cache += len(arrays)
                missing = [text for text in dict.fromkeys(chunk) if text not in arrays]
                encoded += len(missing)
                progress.advance(len(chunk) - len(missing))
                for batch in self._batches(missing, side):
                    arrays |= self._encoded_now(batch, side)
                    progress.advance(len(batch))
                yield [arrays[text] for text in chunk]
        if vector_cache.current() is not None:
            record(VECTORS_ENCODED, encoded)
            record(VECTORS_FROM_CACHE, from_cache)

    def _batches(self, texts: list[str], side: Side) -> Iterator[list[str]]:
        if not texts:
            return
        ordered = by_length(self._load(), texts, side)
        for start in range(0, len(ordered), self.batch_size):
            yield ordered[start : start + self.batch_size]

    def _encoded_now(self, batch: list[str], side: Side) -> dict[str, Ragged]:
        """The arrays of a batch, which are stored at once where a cache serves."""
        arrays = dict(zip(batch, self.encode_batch(batch, side), strict=True))
        spoiled = sum(not np.isfinite(its).all() for its in arrays.values())
        if spoiled:
            raise RetrieverError(
                f"The model {self.model!r} gives {spoiled:,} of {len(batch):,} texts a vector that is not finite.",
                "Give a model that is whole.",
            )
        held, key = vector_cache.current(), self._ragged_key(side)
        if held is not None and key is not None:
            held.put(key, {text: self.pack(its) for text, its in arrays.items()})
        return arrays

    def _cached(self, texts: list[str], side: Side) -> dict[str, Ragged]:
        held, key = vector_cache.current(), self._ragged_key(side)
        if held is None or key is None:
            return {}
        return {text: self.unpack(flat) for text, flat in held.get(key, list(dict.fromkeys(texts))).items()}

    def _ragged_key(self, side: Side) -> bytes | None:
        key = self._key(side)
        return None if key is None else key + self.kept_as
