"""What can be searched for the nearest of its vectors: exactly, or by an index of faiss."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from operator import gt
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from retrievers.base import Ranking
from retrievers.dense.exact import SLACK, nearest

# So many more are asked for than are wanted, so that equal scores at the end can be put in order. Of numbers in 4 bits
# many sums are equal; of whole ones next to none, unless vectors are.
MORE, MORE_OF_FEW_BITS = 1, 16
# Queries up to which faiss compares one by one: it multiplies matrices from 20 on, whose sums depend on the batch.
ONE_BY_ONE = 1 << 30

# Parameter -> value; of an index all that it has.
Settings = Mapping[str, Any]


class VectorIndex(Protocol):
    """Vectors that can be searched.

    vectors: float32 [n, d], None where it does not hold them as such. nbytes: what they take with all that finds them.
    """

    @property
    def vectors(self) -> NDArray[np.float32] | None: ...

    @property
    def nbytes(self) -> int: ...

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All of it that is not a setting, to be saved: one array."""
        ...

    def best(self, queries: NDArray[np.float32], k: int, settings: Settings) -> Ranking:
        """The `k` best, or fewer where no more are found: by score, then by position, whatever stands beside a query.

        queries: float32 [n, d]. settings: those of a search.
        """
        ...


@dataclass(frozen=True)
class FlatIndex:
    """The vectors themselves, all of which are compared with a query. unit: have they length 1, or 0?"""

    vectors: NDArray[np.float32]
    unit: bool

    @property
    def nbytes(self) -> int:
        return self.vectors.nbytes

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"vectors": self.vectors}

    def best(self, queries: NDArray[np.float32], k: int, settings: Settings) -> Ranking:  # noqa: ARG002 - has none
        longest = 1.0 if self.unit else _longest(queries) * _longest(self.vectors)
        return nearest(queries, self.vectors, k, longest)


def _longest(vectors: NDArray[np.float32]) -> float:
    return float(np.linalg.norm(vectors, axis=1).max(initial=0.0))


@dataclass(frozen=True)
class FaissIndex:
    """An index of faiss.

    search_with: the parameters of a search, by settings. most: hits that it has for a query at most, by settings; None
    where that is all vectors. vectors: those that lie in it, by which hits are scored where faiss would not score equal
    vectors alike, as it sums one alone and four together in different orders. more: what is asked for beyond the hits.
    """

    index: Any
    search_with: Callable[[Settings], Any] = lambda _: None
    most: Callable[[Settings], int | None] = lambda _: None
    vectors: NDArray[np.float32] | None = None
    more: int = MORE

    @property
    def nbytes(self) -> int:
        return stored_bytes(self.index)

    def arrays(self) -> dict[str, NDArray[Any]]:
        import faiss

        return {"faiss": faiss.serialize_index(self.index)}

    def best(self, queries: NDArray[np.float32], k: int, settings: Settings) -> Ranking:
        count = min(k, self.index.ntotal, self.most(settings) or k)
        ranking = self._in_order(queries, count, count + self.more, settings)
        return ranking if count == k else ranking.to_depth(k)

    def _in_order(self, queries: NDArray[np.float32], k: int, depth: int, settings: Settings) -> Ranking:
        """Looks deeper where the last of the `k` and the last that was seen are equal: others may be, too."""
        depth = min(depth, self.index.ntotal, self.most(settings) or depth)
        with one_thread() if len(queries) == 1 else _one_by_one():  # other threads would only wait for a single query
            scores, documents = self.index.search(queries, depth, params=self.search_with(settings))
        if self.vectors is not None:
            for row, query in enumerate(queries):
                np.vecdot(self.vectors.take(documents[row], axis=0, mode="wrap"), query, out=scores[row])
        in_doubt = slice(k + 1) if self.vectors is None else slice(None)  # scores that faiss gave lie in order
        if len(queries) == 1 and documents[0, -1] >= 0 and _is_clear(scores[0, in_doubt].tolist(), k):
            return Ranking(documents[:, :k], scores[:, :k])
        scores[documents < 0] = -np.inf
        if not (scores[:, 1:] < scores[:, :-1]).all():
            rows, order = np.arange(len(queries))[:, None], np.lexsort((documents, -scores), axis=1)
            documents, scores = documents[rows, order], scores[rows, order]
        if k < depth < self.index.ntotal and depth != self.most(settings):
            slack = 0 if self.vectors is None else SLACK * np.maximum(1, np.abs(scores[:, k - 1]))
            tied = np.flatnonzero((documents[:, -1] >= 0) & (scores[:, -1] >= scores[:, k - 1] - slack))
            if len(tied):
                deeper = self._in_order(queries[tied], k, 2 * depth, settings)
                documents[tied, :k], scores[tied, :k] = deeper.documents, deeper.scores
        return Ranking(documents[:, :k], scores[:, :k])


def _is_clear(scores: list[float], k: int) -> bool:
    """Is nothing to be put in order of a single query's hits, nor looked for any deeper?

    The same is asked of many by operations on arrays, each of which takes as long as all of this.
    """
    last = scores[k - 1]
    clear = k == len(scores) or scores[-1] < last - float(SLACK) * max(1.0, abs(last))
    return clear and all(map(gt, scores, scores[1:]))


@contextmanager
def _one_by_one() -> Iterator[None]:
    """Compare one query at a time, each with the same sums whatever stands beside it."""
    import faiss

    before = faiss.cvar.distance_compute_blas_threshold
    faiss.cvar.distance_compute_blas_threshold = ONE_BY_ONE
    try:
        yield
    finally:
        faiss.cvar.distance_compute_blas_threshold = before


@contextmanager
def one_thread() -> Iterator[None]:
    """Let faiss work on this thread alone."""
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def open_index(file: NDArray[np.uint8]) -> Any:
    """An index of faiss that reads its vectors, codes and links where they lie in its file, which goes with it."""
    import faiss

    reader = faiss.ZeroCopyIOReader(faiss.swig_ptr(file), len(file))
    index = faiss.read_index(reader)
    index.referenced_objects = [file, reader]
    return index


def stored_bytes(index: Any) -> int:
    """The bytes of an index of faiss as it would be written to a file, counted without a copy of it."""
    import faiss

    written = [0]

    def count(chunk: bytes) -> None:
        written[0] += len(chunk)

    writer = faiss.PyCallbackIOWriter(count)
    faiss.write_index(index, writer)
    del writer  # which sends what it still holds
    return written[0]
