"""Text -> one vector a token, of any sentence-transformers encoder: what late interaction compares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from retrievers.base import ENCODE, VECTORS_ENCODED, VECTORS_FROM_CACHE, RetrieverError, phase, record
from retrievers.dense import vector_cache
from retrievers.dense.encoder import Encoder
from retrievers.dense.exact import Side
from retrievers.dense.runtime import by_length

Tokens = NDArray[np.float16]


class TokenEncoder(Encoder):
    """An encoder that is asked for its token vectors, those of its own marks at both ends among them.

    They are rounded to float16, wherever they come from, which keeps and stores half the bytes. Of 150 queries of
    medical-questions that were reranked so, nDCG@10 stayed the same to four digits.
    """

    def encode_tokens(self, texts: Sequence[str], side: Side) -> Iterator[list[Tokens]]:
        """The token vectors of texts, `chunk` texts at a time: float16 [tokens, dimensions] each, of length 1."""
        encoded = from_cache = 0
        with phase(ENCODE, len(texts)) as progress:
            for start in range(0, len(texts), self.chunk):
                chunk = list(texts[start : start + self.chunk])
                tokens = self._cached(chunk, side)
                from_cache += len(tokens)
                missing = [text for text in dict.fromkeys(chunk) if text not in tokens]
                encoded += len(missing)
                progress.advance(len(chunk) - len(missing))
                for batch in self._batches(missing, side):
                    tokens |= self._encode_batch(batch, side)
                    progress.advance(len(batch))
                yield [tokens[text] for text in chunk]
        if vector_cache.current() is not None:
            record(VECTORS_ENCODED, encoded)
            record(VECTORS_FROM_CACHE, from_cache)

    def _batches(self, texts: list[str], side: Side) -> Iterator[list[str]]:
        if not texts:
            return
        ordered = by_length(self._load(), texts, side)
        for start in range(0, len(ordered), self.batch_size):
            yield ordered[start : start + self.batch_size]

    def _encode_batch(self, batch: list[str], side: Side) -> dict[str, Tokens]:
        """The token vectors of a batch, which are stored at once where a cache serves."""
        vectors = getattr(self.sentence_transformer, f"encode_{side}")(
            batch,
            prompt=self._prompt(side),
            batch_size=self.batch_size,
            show_progress_bar=False,
            output_value="token_embeddings",
        )
        tokens = {text: _unit(its.float().cpu().numpy()) for text, its in zip(batch, vectors, strict=True)}
        spoiled = sum(not np.isfinite(its).all() for its in tokens.values())
        if spoiled:
            raise RetrieverError(
                f"The model {self.model!r} gives {spoiled:,} of {len(batch):,} texts a vector that is not finite.",
                "Give a model that is whole.",
            )
        held, key = vector_cache.current(), self._token_key(side)
        if held is not None and key is not None:
            held.put(key, {text: _packed(its) for text, its in tokens.items()})
        return tokens

    def _cached(self, texts: list[str], side: Side) -> dict[str, Tokens]:
        held, key = vector_cache.current(), self._token_key(side)
        if held is None or key is None:
            return {}
        return {text: _unpacked(flat) for text, flat in held.get(key, list(dict.fromkeys(texts))).items()}

    def _token_key(self, side: Side) -> bytes | None:
        key = self._key(side)
        return None if key is None else key + b" tokens, float16"


def _unit(vectors: NDArray[np.float32]) -> Tokens:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Tokens = (vectors / np.maximum(lengths, 1e-12)).astype(np.float16)
    return unit


def _packed(tokens: Tokens) -> NDArray[np.float32]:
    """As the cache keeps one vector a text: the number of dimensions, then two numbers in the place of one."""
    flat = tokens.astype("<f2").ravel()
    padded = np.pad(flat, (0, len(flat) % 2))
    return np.concatenate([np.array([tokens.shape[1]], dtype="<f4"), padded.view("<f4")])


def _unpacked(flat: NDArray[np.float32]) -> Tokens:
    dimensions, numbers = int(flat[0]), flat[1:].view("<f2")
    return numbers[: len(numbers) // dimensions * dimensions].reshape(-1, dimensions)
