"""Numbers of vectors in 8 bits and in one, by the formulas of sentence-transformers' `quantize_embeddings`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVELS = 256


@dataclass(frozen=True)
class Int8:
    """Vectors in 8 bits a number, of equal steps between the least and the largest value of each dimension.

    codes: int8 [n, d]. starts, steps: float32 [d]; a step of 0 is of a dimension with one value.
    """

    codes: NDArray[np.int8]
    starts: NDArray[np.float32]
    steps: NDArray[np.float32]

    @staticmethod
    def of(vectors: NDArray[np.float32], block: int = 65_536) -> Int8:
        """Those of float32 [n, d]; the ranges are these vectors' own."""
        starts, ends = vectors.min(axis=0), vectors.max(axis=0)
        steps = (ends - starts) / np.float32(LEVELS - 1)
        divisors = np.where(steps == 0, np.float32(1), steps)
        codes = np.empty(vectors.shape, dtype=np.int8)
        for first in range(0, len(vectors), block):
            scaled = np.floor((vectors[first : first + block] - starts) / divisors)
            codes[first : first + block] = np.clip(scaled, 0, LEVELS - 1) - LEVELS // 2
        return Int8(codes, starts, steps)

    @property
    def nbytes(self) -> int:
        """What they take."""
        return self.codes.nbytes + self.starts.nbytes + self.steps.nbytes

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All of it, to be saved: by the names that it is made with."""
        return {"codes": self.codes, "starts": self.starts, "steps": self.steps}

    def scores(self, query: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The dot products of a query with some of them, each number taken at the middle of its step."""
        products: NDArray[np.float32] = np.vecdot(self.codes.take(rows, axis=0).astype(np.float32), query * self.steps)
        products += np.vecdot(self._middle, query)
        return products

    @cached_property
    def _middle(self) -> NDArray[np.float32]:
        return self.starts + np.float32(LEVELS // 2 + 0.5) * self.steps


def sign_patterns(dimensions: int) -> NDArray[np.float32]:
    """All patterns of signs of so many numbers, at most 4, those of fewer repeated: float32 [16, dimensions] of ±1.

    A number that is not above 0 has the sign -, as in a binary code.
    """
    patterns = (np.arange(16)[:, None] >> np.arange(dimensions)) & 1
    return (2 * patterns - 1).astype(np.float32)
