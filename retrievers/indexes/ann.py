"""Approximate nearest neighbours over any encoder of one vector a text."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from retrievers import saved_index
from retrievers.approximate import BUILD_INDEX, is_compared
from retrievers.base import (
    INDEX_BYTES,
    INDEX_NEEDS,
    LOAD,
    SCORE,
    SELECT,
    SET_ASIDE,
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
from retrievers.dense.exact import KeyedEncoder, VectorEncoder
from retrievers.indexes.built_index import BuiltIndex, Recipe, set_aside
from retrievers.indexes.faiss_indexes import INDEXES, STORAGES
from retrievers.indexes.kept_vectors import KEPT, KeptVectors
from retrievers.indexes.vector_index import FlatIndex
from retrievers.pipelines.parts import named, of_part, only_part, usual_dense

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


@dataclass(unsafe_hash=True)
class Ann:
    """The vectors of an encoder in an index that is searched sooner, or is smaller: ann(minilm, index=hnsw, ef=64).

    parts: the encoder (none: minilm), which keeps no vectors of its own. index_type, written `index`: flat, ivf, hnsw,
    pq, ivfpq, sq8, int8 or binary (retrievers.indexes.faiss_indexes). m: links of a vector in hnsw; ef: candidates of
    its search, and no query has more hits; construction: those while it is built; storage: what it holds of a vector,
    sq8 or (none) float32. lists: of ivf and ivfpq (none: by the
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
    storage: str | None = _of_some()
    lists: int | None = _of_some()
    probes: int | None = _of_some()
    subvectors: int | None = _of_some()
    dimensions: int | None = _of_some()
    pca: int | None = _of_some()
    rescore: int | None = None
    keep: str | None = None
    _documents: Sequence[str] | Documents | None = field(init=False, repr=False, compare=False, default=None)
    _built: BuiltIndex | None = field(init=False, repr=False, compare=False, default=None)

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
        if self.storage not in (None, *STORAGES):
            raise RetrieverError(f"ann knows no storage={self.storage}.", f"Known: {', '.join(STORAGES)}.")
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
        """Encode the documents, and build the index over their vectors. Memory: for a while both.

        Where saved indexes serve, one of these documents is opened, or saved, if their encoder is a `KeyedEncoder`.
        """
        self._built = None  # before the next: both would be in memory
        if self._needs_faiss:
            with phase(LOAD):
                importlib.import_module("faiss")
        recipe, saved = self._recipe(len(documents)), saved_index.current()
        key = None if saved is None else self._key(documents, recipe)
        arrays = None if saved is None or key is None else saved.load(key)
        with self._of_part():
            unit = self.encoder.similarity == "cosine"
        self._built = self._made(documents, recipe, unit) if arrays is None else recipe.opened(arrays, unit)
        self._documents = documents
        record(INDEX_BYTES, self._built.nbytes)
        if saved is not None and key is not None and arrays is None:
            with phase(SET_ASIDE):
                about = f"{recipe.index_type} over {type(self.encoder).__name__.lower()}, documents: {len(documents):,}"
                saved.save(key, self._built.arrays(), about)

    def _of_part(self) -> Any:
        ((name, _),) = named(self.parts)
        return of_part(name)

    def _recipe(self, documents: int) -> Recipe:
        """Its own, or exact search where there are too few documents to train on."""
        recipe = Recipe(self.index_type, self.settings, self.dimensions, self.pca, str(self.keep))
        needs, trained = recipe.needs
        if documents >= needs:
            return recipe
        if documents:
            record(INDEX_NEEDS, needs)
            warn(
                f"{trained} needs {needs:,} documents to train on, and there are {documents:,}: they are "
                "searched exactly, without an index."
            )
        return Recipe()

    def _key(self, documents: Sequence[str] | Documents, recipe: Recipe) -> bytes | None:
        """That of its saved index; None where it has none."""
        if not isinstance(self.encoder, KeyedEncoder):
            return None
        with self._of_part():
            vectors = self.encoder.vectors_key(documents)
        identity = ["ann", recipe.identity(self.search_parameters), self.encoder.similarity]
        return None if vectors is None else saved_index.content_key(identity, [vectors.hex()])

    def _made(self, documents: Sequence[str] | Documents, recipe: Recipe, unit: bool) -> BuiltIndex:
        """Encoded and built. No vectors are left in memory but those that the index holds."""
        with self._of_part():
            vectors = self.encoder.encode_documents(documents)
        with phase(BUILD_INDEX):
            built = recipe.build(vectors, unit)
        if built.whole is not None or not is_compared():
            return built
        with phase(SET_ASIDE):
            return dataclasses.replace(built, set_aside=set_aside(vectors))

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
        return _of_known(vectors, k, self._nearest)

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
        limits: dict[str, int] = {"rescore": rescored} if rescored else {}
        if not isinstance(self._built.index, FlatIndex) and self.ef is not None:
            limits["ef"] = self.ef
        name = min(limits, key=lambda name: limits[name], default="")
        if name and limits[name] < min(k, len(self._documents)):
            warn(f"{name}={limits[name]:,} gives a query so many hits at most, and {k:,} are asked for: raise it.")

    def search_exact(self, queries: Sequence[str], k: int) -> Ranking:
        """What its part finds by itself, by the vectors that the index was built of. No document is encoded for it.

        Of an index that was opened and does not hold them whole, they are asked of the part anew, which has them in the
        embedding cache. So, too, where they were not set aside in a file while it was built (`approximate.comparing`).
        """
        require_index(self._built)
        if not queries:
            return Ranking.empty(0, k)
        with self._of_part():
            exact = FlatIndex(self._whole(), self.encoder.similarity == "cosine")
            return _of_known(self.encoder.query_vectors(queries), k, lambda known, k: exact.best(known, k, {}))

    def _whole(self) -> NDArray[np.float32]:
        """The vectors of all documents as they were encoded."""
        assert self._built is not None
        assert self._documents is not None
        whole = self._built.whole
        return self.encoder.encode_documents(self._documents) if whole is None else whole

    def document_vectors(self, positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """Those of these documents as they were encoded, not as the index holds them: got as for `search_exact`."""
        require_index(self._built)
        with self._of_part():
            return self._whole()[positions]

    def query_vectors(self, queries: Sequence[str]) -> NDArray[np.float32]:
        """Those of queries."""
        require_index(self._built)
        with self._of_part():
            return self.encoder.query_vectors(queries)


def _of_known(vectors: NDArray[np.float32], k: int, nearest: Callable[[NDArray[np.float32], int], Ranking]) -> Ranking:
    """What is nearest to vectors; a vector of zeros has no hits."""
    known = vectors.any(axis=1)
    if known.all():
        return nearest(vectors, k)
    ranking = Ranking.empty(len(vectors), k)
    hits = nearest(vectors[known], k)
    ranking.documents[known], ranking.scores[known] = hits.documents, hits.scores
    return ranking


def _rescored(candidates: Ranking, vectors: NDArray[np.float32], kept: KeptVectors | None, k: int) -> Ranking:
    """Candidates by their new scores, the `k` best of them."""
    assert kept is not None
    ranking = Ranking.empty(len(vectors), k)
    for row, (query, documents) in enumerate(zip(vectors, np.sort(candidates.documents, axis=1), strict=True)):
        rows = documents[np.searchsorted(documents, 0) :]  # without -1
        ranking.put(row, *top_k(kept.scores(query, rows), k, rows))
    return ranking
