"""Approximate nearest neighbours over any encoder of one vector a text."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from retrievers.approximate import BUILD_INDEX
from retrievers.base import (
    INDEX_BYTES,
    LOAD,
    SCORE,
    SELECT,
    WHEN_SET,
    WRITTEN,
    Documents,
    Ranking,
    Retriever,
    RetrieverError,
    phase,
    record,
    require_index,
    top_k,
    warn,
)
from retrievers.dense.exact import VectorEncoder
from retrievers.indexes.faiss_indexes import INDEXES
from retrievers.indexes.kept_vectors import KEPT, KeptVectors
from retrievers.indexes.reduction import Reduction, principal_axes
from retrievers.indexes.vector_index import FlatIndex, VectorIndex
from retrievers.pipelines.parts import named, of_part, only_part, usual_dense

# Recorded where a corpus is too small to train the index on.
FALLBACK = "fell_back_to_flat"
# Parameter -> the range of its values, of those that some indexes have.
RANGES = {
    "m": (2, 512),
    "ef": (1, 100_000),
    "construction": (1, 100_000),
    "lists": (1, 1_000_000),
    "probes": (1, 1_000_000),
    "subvectors": (1, 65_536),
    "dimensions": (1, 65_536),
    "pca": (1, 65_536),
    "rescore": (0, 100_000),
}


def _of_some() -> Any:
    return field(default=None, metadata=WHEN_SET)


@dataclass(frozen=True)
class _Built:
    """What documents became. kept: what scores candidates anew, None where nothing is kept."""

    index: VectorIndex
    reduction: Reduction
    kept: KeptVectors | None


@dataclass(unsafe_hash=True)
class Ann:
    """The vectors of an encoder in an index that is searched sooner, or is smaller: ann(minilm, index=hnsw, ef=64).

    parts: the encoder (none: minilm), which keeps no vectors of its own. index_type, written `index`: flat, ivf, hnsw,
    pq, ivfpq, sq8, int8 or binary (retrievers.indexes.faiss_indexes). m: links of a vector in hnsw; ef: candidates of
    its search, and no query has more hits; construction: those while it is built. lists: of ivf and ivfpq (none: by the
    documents); probes: how many of them are searched. subvectors: of pq and ivfpq (none: of 4 numbers each).
    dimensions: only the first so many; pca: so many along which the documents vary most. Either is of the index alone.
    rescore: candidates that are scored anew by what is kept, and no query has more hits; 0: none. keep: what that is,
    float32, float16, int8 or nothing.

    Candidates do not depend on how many hits are asked for. Trained on the documents, from a fixed seed. Where there
    are too few of them for that, it searches them exactly, and says so.
    """

    kind: ClassVar[str] = "approximate"
    search_parameters: ClassVar[tuple[str, ...]] = ("ef", "probes", "rescore")

    parts: tuple[Retriever, ...] = ()
    index_type: str = field(default="hnsw", metadata={WRITTEN: "index"})
    m: int | None = _of_some()
    ef: int | None = _of_some()
    construction: int | None = _of_some()
    lists: int | None = _of_some()
    probes: int | None = _of_some()
    subvectors: int | None = _of_some()
    dimensions: int | None = _of_some()
    pca: int | None = _of_some()
    rescore: int | None = None
    keep: str | None = None
    _documents: Sequence[str] | Documents | None = field(init=False, repr=False, compare=False, default=None)
    _built: _Built | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        self.parts = only_part("ann", self.parts, usual_dense)
        if not isinstance(self.parts[0], VectorEncoder):
            raise RetrieverError(
                f"ann needs an encoder of one vector a text, and {type(self.parts[0]).__name__} is none.",
                "Give one, as in ann(minilm) or ann(lsa).",
            )
        if self.index_type not in INDEXES:
            raise RetrieverError(f"ann knows no index={self.index_type}.", f"Known: {', '.join(INDEXES)}.")
        if self._needs_faiss and importlib.util.find_spec("faiss") is None:
            raise RetrieverError(
                f"index={self.index_type} needs faiss, which is not installed.", "Run: pip install -e '.[ann]'"
            )
        self._fill_in()
        self._refuse_out_of_range()

    def _fill_in(self) -> None:
        """Defaults of the index. Raises RetrieverError for a parameter that it does not have."""
        its = INDEXES[self.index_type]
        of_some = {name for other in INDEXES.values() for name in other.parameters}
        for name in sorted(of_some - set(its.parameters)):
            if getattr(self, name) is not None:
                has = (*its.parameters, "dimensions", "pca", "rescore", "keep")
                raise RetrieverError(f"index={self.index_type} has no {name}.", f"It has {', '.join(has)}.")
        for name, default in {**its.parameters, "rescore": its.rescore}.items():
            if getattr(self, name) is None:
                setattr(self, name, default)
        if self.keep is None:
            self.keep = "int8" if self.rescore else "nothing"

    def _refuse_out_of_range(self) -> None:
        for name, (least, most) in RANGES.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise RetrieverError(f"{name}={value} is out of range.", f"Give {least:,} to {most:,}.")
        if self.keep not in KEPT:
            raise RetrieverError(f"ann knows no keep={self.keep}.", f"Known: {', '.join(KEPT)}.")
        if self.rescore and self.keep == "nothing":
            raise RetrieverError(
                f"rescore={self.rescore} has nothing to score by: keep=nothing.", "Give keep=int8, float16 or float32."
            )
        if self.dimensions is not None and self.pca is not None:
            raise RetrieverError("dimensions and pca are two ways to the same.", "Give one of them.")

    @property
    def _needs_faiss(self) -> bool:
        return self.index_type != "flat"

    @property
    def encoder(self) -> VectorEncoder:
        """Its part."""
        (part,) = self.parts
        assert isinstance(part, VectorEncoder)
        return part

    @property
    def least_score(self) -> float | None:
        """Its part's."""
        least: float | None = getattr(self.parts[0], "least_score", None)
        return least

    @property
    def settings(self) -> dict[str, Any]:
        """The parameters of its index."""
        return {name: getattr(self, name) for name in INDEXES[self.index_type].parameters}

    def index(self, documents: Sequence[str] | Documents) -> None:
        """Encode the documents, and build the index over their vectors. Memory: for a while both."""
        self._built = None  # before the next: both would be in memory
        if self._needs_faiss:
            with phase(LOAD):
                importlib.import_module("faiss")
        with self._of_part():
            vectors = self.encoder.encode_documents(documents)
            unit = self.encoder.similarity == "cosine"
        with phase(BUILD_INDEX):
            self._built = self._flat(vectors, unit) or self._made(vectors, unit)
        self._documents = documents
        built = self._built
        record(INDEX_BYTES, built.index.nbytes + built.reduction.nbytes + (built.kept.nbytes if built.kept else 0))

    def _of_part(self) -> Any:
        ((name, _),) = named(self.parts)
        return of_part(name)

    def _flat(self, vectors: NDArray[np.float32], unit: bool) -> _Built | None:
        """Exact search, where there are too few vectors to train on."""
        needs = {f"index={self.index_type}": INDEXES[self.index_type].needs(self.settings)}
        needs |= {} if self.pca is None else {f"pca={self.pca}": self.pca}
        trained = max(needs, key=lambda name: needs[name])
        if len(vectors) >= needs[trained]:
            return None
        if len(vectors):
            record(FALLBACK, 1)
            warn(
                f"{trained} needs {needs[trained]:,} documents to train on, and there are {len(vectors):,}: they are "
                "searched exactly, without an index."
            )
        return _Built(FlatIndex(vectors, unit), Reduction(), None)

    def _made(self, vectors: NDArray[np.float32], unit: bool) -> _Built:
        axes: NDArray[np.float32] | int | None = self.dimensions
        if self.pca is not None:
            axes = principal_axes(vectors, self.pca)
        reduction = Reduction(axes, unit)
        index = INDEXES[self.index_type].make(np.ascontiguousarray(reduction.of(vectors)), unit, self.settings)
        return _Built(index, reduction, KEPT[str(self.keep)](vectors))

    def searching_with(self, **parameters: int) -> Ann:
        """The same index, searched with other parameters: some of `search_parameters`.

        Raises:
            RetrieverError: For another parameter, one that its index does not have, or a value out of range.
        """
        strange = [name for name in parameters if name not in self.search_parameters]
        if strange:
            known = ", ".join(self.search_parameters)
            raise RetrieverError(f"{strange[0]} is no parameter of a search alone.", f"Those are: {known}.")
        other = dataclasses.replace(self, **parameters)  # type: ignore[arg-type]
        other._documents, other._built = self._documents, self._built
        return other

    def search(self, queries: Sequence[str], k: int) -> Ranking:
        """The `k` nearest documents that the index finds."""
        require_index(self._built)
        if not queries:
            return Ranking.empty(0, k)
        with self._of_part():
            vectors = self.encoder.query_vectors(queries)
        return self.search_vectors(vectors, k)

    def search_vectors(self, vectors: NDArray[np.float32], k: int) -> Ranking:
        """The same for float32 [queries, dimensions]. A vector of zeros has no hits, as in exact search."""
        require_index(self._built)
        known = vectors.any(axis=1)
        if known.all():
            return self._nearest(vectors, k)
        ranking = Ranking.empty(len(vectors), k)
        hits = self._nearest(vectors[known], k)
        ranking.documents[known], ranking.scores[known] = hits.documents, hits.scores
        return ranking

    def _nearest(self, vectors: NDArray[np.float32], k: int) -> Ranking:
        built = self._built
        assert built is not None
        rescored = self.rescore if built.kept is not None else 0
        self._warn_of_fewer(k, rescored or 0)
        with phase(SCORE):
            queries = built.reduction.of(vectors)
            ranking = built.index.best(queries, rescored or k, self.settings)
        if rescored:
            with phase(SELECT):
                ranking = _rescored(ranking, vectors, built.kept, k)
        return ranking

    def _warn_of_fewer(self, k: int, rescored: int) -> None:
        """Say so where a query has fewer hits than are asked for, since it has no more candidates."""
        assert self._built is not None
        assert self._documents is not None
        limits = {"rescore": rescored} if rescored else {}
        if not isinstance(self._built.index, FlatIndex) and self.ef is not None:
            limits["ef"] = self.ef
        name = min(limits, key=lambda name: limits[name], default="")
        if name and limits[name] < min(k, len(self._documents)):
            warn(f"{name}={limits[name]:,} gives a query so many hits at most, and {k:,} are asked for: raise it.")

    def search_exact(self, queries: Sequence[str], k: int) -> Ranking:
        """What its part finds by itself. Encodes the documents again, or takes their vectors from the cache."""
        require_index(self._documents)
        exact = copy.copy(self.parts[0])  # whose matrix goes with it
        with self._of_part():
            exact.index(self._documents)  # type: ignore[arg-type]
            return exact.search(queries, k)


def _rescored(candidates: Ranking, vectors: NDArray[np.float32], kept: KeptVectors | None, k: int) -> Ranking:
    """Candidates by their new scores, the `k` best of them."""
    assert kept is not None
    ranking = Ranking.empty(len(vectors), k)
    for row, (query, documents) in enumerate(zip(vectors, np.sort(candidates.documents, axis=1), strict=True)):
        rows = documents[np.searchsorted(documents, 0) :]  # without -1
        ranking.put(row, *top_k(kept.scores(query, rows), k, rows))
    return ranking
