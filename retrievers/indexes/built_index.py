"""What documents become: an index of their vectors and what is kept beside it; built, or opened from a file."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrievers import saved_index
from retrievers.dense import exact
from retrievers.indexes import faiss_indexes, kept_vectors, quantisation, reduction, vector_index
from retrievers.indexes.faiss_indexes import INDEXES
from retrievers.indexes.kept_vectors import KEPT, Floats, KeptVectors
from retrievers.indexes.reduction import Reduction, principal_axes
from retrievers.indexes.vector_index import Settings, VectorIndex, open_index

# What saved an index must have in common with what opens it.
_MODULES = (exact, faiss_indexes, kept_vectors, quantisation, reduction, vector_index)

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class BuiltIndex:
    """kept: what scores candidates anew, None where nothing is. set_aside: all vectors as they were encoded, mapped
    from a file, where nothing else here holds them and they were asked for."""

    index: VectorIndex
    reduction: Reduction
    kept: KeptVectors | None
    set_aside: NDArray[np.float32] | None = None

    @property
    def nbytes(self) -> int:
        """What a search needs of it, in memory."""
        return self.index.nbytes + self.reduction.nbytes + (self.kept.nbytes if self.kept else 0)

    @property
    def whole(self) -> NDArray[np.float32] | None:
        """All vectors as they were encoded, float32 [documents, dimensions], where they are at hand."""
        if isinstance(self.kept, Floats) and self.kept.vectors.dtype == np.float32:
            kept: NDArray[np.float32] = self.kept.vectors  # type: ignore[assignment]
            return kept
        if self.reduction.axes is None and self.index.vectors is not None:
            return self.index.vectors
        return self.set_aside

    def arrays(self) -> Arrays:
        """All of it, to be saved."""
        of_parts = {
            "index": self.index.arrays(),
            "reduction": self.reduction.arrays(),
            "kept": self.kept.arrays() if self.kept else {},
        }
        return {f"{part} {name}": array for part, arrays in of_parts.items() for name, array in arrays.items()}


@dataclass(frozen=True)
class Recipe:
    """How vectors become an index. settings: the index's own. dimensions, pca: of the index alone. keep: of KEPT."""

    index_type: str = "flat"
    settings: Settings = field(default_factory=dict)
    dimensions: int | None = None
    pca: int | None = None
    keep: str = "nothing"

    @property
    def needs(self) -> tuple[int, str]:
        """How many documents it is trained on at least, and what of it asks for them."""
        of_index = (INDEXES[self.index_type].needs(self.settings), f"index={self.index_type}")
        return of_index if self.pca is None else max(of_index, (self.pca, f"pca={self.pca}"))

    def build(self, vectors: NDArray[np.float32], unit: bool) -> BuiltIndex:
        """The index of float32 [n, d]. unit: have they length 1, or 0?"""
        axes = self.dimensions if self.pca is None else principal_axes(vectors, self.pca)
        fewer = Reduction(axes, unit)
        its = INDEXES[self.index_type]
        index = its.make(np.ascontiguousarray(fewer.of(vectors)), unit, self.settings)
        return BuiltIndex(its.around(index, unit), fewer, KEPT[self.keep].of(vectors))

    def opened(self, arrays: Arrays, unit: bool) -> BuiltIndex:
        """What `BuiltIndex.arrays` gave, none of it copied."""
        of_index, of_reduction, of_kept = (
            {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
            for prefix in ("index ", "reduction ", "kept ")
        )
        (index,) = of_index.values()
        held = INDEXES[self.index_type].around(index if self.index_type == "flat" else open_index(index), unit)
        kept = KEPT[self.keep].made(**of_kept) if of_kept else None
        return BuiltIndex(held, Reduction(of_reduction.get("axes", self.dimensions), unit), kept)

    def identity(self, search_parameters: tuple[str, ...]) -> list[Any]:
        """What the index is made of, beside the vectors. search_parameters: those on which it does not depend."""
        settings = {name: value for name, value in self.settings.items() if name not in search_parameters}
        made_by = saved_index.versions((*_MODULES, sys.modules[__name__]), ("numpy",))
        return [self.index_type, settings, self.dimensions, self.pca, self.keep, self._version, made_by]

    @property
    def _version(self) -> str:
        """That of faiss, where it makes the index."""
        if self.index_type == "flat":
            return ""
        import faiss

        return str(faiss.__version__)


def set_aside(vectors: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """The same in a file without a name, which take memory once they are read; None where it cannot be written."""
    with suppress(OSError), tempfile.TemporaryFile() as stream:
        vectors.tofile(stream)
        stream.flush()
        return np.memmap(stream, np.float32, "r", shape=vectors.shape).view(np.ndarray)
    return None
