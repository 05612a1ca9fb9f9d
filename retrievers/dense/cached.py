"""Texts -> vectors, by way of the embedding cache: for encoders of one's own, as one that asks a paid service."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retrievers.base import ENCODE, VECTORS_ENCODED, VECTORS_FROM_CACHE, RetrieverError, phase, record
from retrievers.dense import vector_cache

Vectors = dict[str, NDArray[np.float32]]

_WANTED = "Give float32 [texts, dimensions], in the order of the texts."


def cached_vectors(
    texts: Sequence[str],
    identity: str,
    encode: Callable[[list[str]], ArrayLike],
    *,
    batch_size: int = 32,
    workers: int = 1,
) -> NDArray[np.float32]:
    """The vectors of texts: from the embedding cache where it serves and holds them, else encoded, and stored.

    Each batch is stored as soon as it is there, so that what is stopped or fails goes on where it was. Quality passes
    have a cache; timed searches never do, nor does a run with `--no-cache`: then all is encoded.

    Args:
        texts: What to encode; of equal texts one is encoded.
        identity: Names all that decides a vector beside the text: model, revision, dimensions, prompt, and whether
            texts are queries or documents where that matters. Vectors are kept under it, for every run to come.
        encode: A batch of texts -> their vectors [len(batch), dimensions], in that order.
        batch_size: Texts of a batch at most.
        workers: Batches encoded side by side, each in a thread, as of a service that is asked.

    Returns:
        float32 [len(texts), dimensions]; [0, 0] of no text.

    Raises:
        RetrieverError: Where vectors are not one a text, of different lengths, or not finite; for a batch_size below 1.
    """
    if batch_size < 1:
        raise RetrieverError(f"batch_size={batch_size} is below 1.", "Give a whole number of at least 1.")
    held = vector_cache.current()
    distinct = list(dict.fromkeys(texts))
    batches = Batches(f"The encoder {identity!r}", encode, batch_size, workers)
    with phase(ENCODE, len(distinct)) as progress:
        if held is None:
            vectors = batches.encode(distinct, progress, None)
        else:
            key = hashlib.sha256(json.dumps(["own encoder", identity]).encode()).digest()
            cached = held.get(key, distinct)
            progress.advance(len(cached))
            missing = [text for text in distinct if text not in cached]
            encoded = batches.encode(missing, progress, partial(held.put, key))
            record(VECTORS_ENCODED, len(encoded))
            record(VECTORS_FROM_CACHE, len(cached))
            vectors = cached | encoded
    if len({len(vector) for vector in vectors.values()}) > 1:
        raise RetrieverError(
            f"The vectors of {identity!r} are not all of one length.",
            "Put into the identity what decides the length; `python -m bench cache clear` removes vectors of old.",
        )
    return np.stack([vectors[text] for text in texts]) if vectors else np.zeros((0, 0), dtype=np.float32)


@dataclass(frozen=True)
class Batches:
    """Encodes texts in batches of `size`, each stored at once, in milliseconds. name: of the encoder, for errors.

    workers: batches encoded side by side, each in a thread.
    """

    name: str
    forward: Callable[[list[str]], ArrayLike]
    size: int
    workers: int = 1

    def encode(self, texts: list[str], progress: phase, store: Callable[[Vectors], None] | None) -> Vectors:
        """The vectors of distinct texts, batch after batch in their order; side by side as they come.

        Raises RetrieverError where vectors are not one a text or not finite: such a batch is not stored.
        """
        batches = (texts[start : start + self.size] for start in range(0, len(texts), self.size))
        vectors: Vectors = {}
        for batch, rows in self._in_order(batches) if self.workers == 1 else self._side_by_side(batches):
            part = dict(zip(batch, rows, strict=True))
            progress.advance(len(batch))
            if store is not None:
                store(part)
            vectors |= part
        return vectors

    def _in_order(self, batches: Iterator[list[str]]) -> Iterator[tuple[list[str], NDArray[np.float32]]]:
        for batch in batches:
            yield batch, self._encode_one(batch)

    def _side_by_side(self, batches: Iterator[list[str]]) -> Iterator[tuple[list[str], NDArray[np.float32]]]:
        """After a failure none is begun any more, and those under way are awaited: they may be paid for."""
        failure: BaseException | None = None
        with ThreadPoolExecutor(self.workers) as pool:
            running = {pool.submit(self._encode_one, batch): batch for batch in islice(batches, self.workers)}
            while running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    batch = running.pop(future)
                    failure = failure or future.exception()
                    if future.exception() is None:
                        yield batch, future.result()
                    following = next(batches, None) if failure is None else None
                    if following is not None:
                        running[pool.submit(self._encode_one, following)] = following
        if failure is not None:
            raise failure

    def _encode_one(self, batch: list[str]) -> NDArray[np.float32]:
        try:
            vectors = np.asarray(self.forward(batch), dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise RetrieverError(f"{self.name} gives no array: {error}.", _WANTED) from error
        if vectors.ndim != 2 or len(vectors) != len(batch):
            raise RetrieverError(
                f"{self.name} gives a batch of {len(batch):,} an array of shape {vectors.shape}.", _WANTED
            )
        spoiled = int((~np.isfinite(vectors).all(axis=1)).sum())
        if spoiled:
            raise RetrieverError(
                f"{self.name} gives {spoiled:,} of {len(batch):,} texts a vector that is not finite.",
                "Give dtype=float32, or a model that is whole.",
            )
        return vectors
