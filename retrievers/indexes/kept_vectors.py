"""What is kept of vectors beside an index, to score its candidates anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from retrievers.indexes.quantisation import Int8


class KeptVectors(Protocol):
    """Vectors in some form. nbytes: what they take beside the index."""

    @property
    def nbytes(self) -> int: ...

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All of it, to be saved: by the names that it is made with."""
        ...

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

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"vectors": self.vectors}

    def scores(self, query: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        products: NDArray[np.float32] = np.vecdot(self.vectors.take(rows, axis=0).astype(np.float32, copy=False), query)
        return products


@dataclass(frozen=True)
class KeptForm:
    """of: float32 [n, d] -> that form of them. made: the same, from its arrays."""

    of: Callable[[NDArray[np.float32]], KeptVectors | None]
    made: Callable[..., KeptVectors] = Floats


# What a user can ask for.
KEPT: dict[str, KeptForm] = {
    "float32": KeptForm(Floats),
    "float16": KeptForm(lambda vectors: Floats(vectors.astype(np.float16))),
    "int8": KeptForm(Int8.of, Int8),
    "nothing": KeptForm(lambda _: None),
}
