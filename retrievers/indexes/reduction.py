"""Vectors of fewer dimensions: their first ones, or those along which a corpus varies most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrievers.dense.exact import unit

BLOCK = 8_192  # vectors of which a product in float64 is made at a time


@dataclass(frozen=True)
class Reduction:
    """axes: float32 [dimensions, fewer], or how many of the first dimensions are kept (Matryoshka: Kusupati et al.,
    NeurIPS 2022), or None where all are. renormalised: are vectors made length 1 again, as a cosine asks for?"""

    axes: NDArray[np.float32] | int | None = None
    renormalised: bool = True

    @property
    def nbytes(self) -> int:
        """What the axes take."""
        return self.axes.nbytes if isinstance(self.axes, np.ndarray) else 0

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """What it learnt, to be saved."""
        return {"axes": self.axes} if isinstance(self.axes, np.ndarray) else {}

    def of(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """The vectors with fewer dimensions: float32 [n, fewer]."""
        if self.axes is None:
            return vectors
        if isinstance(self.axes, int):
            fewer = np.ascontiguousarray(vectors[:, : self.axes])
        else:
            # A product a row: in one of all of them, a query's vector would depend on those beside it.
            fewer = (vectors[:, None, :] @ self.axes)[:, 0]
        return unit(fewer) if self.renormalised else fewer


def principal_axes(vectors: NDArray[np.float32], dimensions: int) -> NDArray[np.float32]:
    """The axes of largest variance: the first eigenvectors of the covariance, in float64.

    vectors: [n, d]. Returns [d, dimensions]. Vectors are projected without their mean being taken off, so that dot
    products stay as near as they can.
    """
    mean = vectors.mean(axis=0, dtype=np.float64)
    covariance = np.zeros((vectors.shape[1],) * 2)
    for start in range(0, len(vectors), BLOCK):
        block = vectors[start : start + BLOCK] - mean
        covariance += block.T @ block
    _, axes = np.linalg.eigh(covariance)  # ascending
    return np.ascontiguousarray(axes[:, ::-1][:, :dimensions], dtype=np.float32)
