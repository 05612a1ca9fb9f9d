"""What is kept of vectors beside an index, to score its candidates anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrievers.indexes.quantisation import Int8


class KeptVectors(Protocol):
    """Vectors in some form. nbytes: what they take beside the index."""

    @property
    def nbytes(self) -> int: ...

    def scores(self, query: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The dot products of a query [d] with some of them: float32 [rows], each of its two vectors alone."""
        ...


@dataclass(frozen=True)
class Floats:
    """Of 32 or 16 bits a number."""

    vectors: NDArray[np.float32] | NDArray[np.float16]

    @property
    def nbytes(self) -> int:
        return self.vectors.nbytes

    def scores(self, query: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        products: NDArray[np.float32] = np.vecdot(self.vectors[rows].astype(np.float32, copy=False), query)
        return products


# What a user can ask for -> float32 [n, d] in that form.
KEPT: dict[str, Callable[[NDArray[np.float32]], KeptVectors | None]] = {
    "float32": Floats,
    "float16": lambda vectors: Floats(vectors.astype(np.float16)),
    "int8": Int8.of,
    "nothing": lambda _: None,
}
