"""Several retrievers searched for each query, their rankings fused into one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

from retrievers.base import Ranking, Retriever, RetrieverError, phase, require_index
from retrievers.fusion import DEPTH, METHODS, RRF_K, USUAL, fuse
from retrievers.pipelines.parts import named, of_part, retrievers_of, usual_dense, usual_lexical

FUSE = "fuse"
T = TypeVar("T")


@dataclass(unsafe_hash=True)
class Hybrid:
    """Two retrievers or more, their hits fused: hybrid(bm25, minilm), which is hybrid alone.

    parts: the retrievers, each searched to `depth`. fusion: how (retrievers.fusion has the formulas).
    weights: one a part, 0 or more (none: all the same). depth: hits of each part that are fused, whatever is asked for,
    so that the first ten are the same ten: a ranking has at most as many as all parts' together. rrf_k: for rrf.
    parallel: search the parts side by side, in threads, and not one after the other.
    """

    kind: ClassVar[str] = "hybrid"

    parts: tuple[Retriever, ...] = ()
    fusion: str = USUAL
    weights: tuple[float, ...] = ()
    depth: int = DEPTH
    rrf_k: float = RRF_K
    parallel: bool = False
    _indexed: bool | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        self.parts = retrievers_of("hybrid", self.parts) or (usual_lexical(), usual_dense())
        self.weights = tuple(map(float, self.weights))
        if len(self.parts) < 2:
            raise RetrieverError("hybrid has one part.", "Give two or more: hybrid(bm25, minilm).")
        if self.fusion not in METHODS:
            raise RetrieverError(f"There is no fusion {self.fusion!r}.", f"Known: {', '.join(METHODS)}.")
        if self.weights and len(self.weights) != len(self.parts):
            raise RetrieverError(
                f"hybrid has {len(self.parts)} parts and {len(self.weights)} weights.", "Give one weight a part."
            )
        if not all(math.isfinite(weight) and weight >= 0 for weight in self.weights) or (
            self.weights and not any(self.weights)
        ):
            raise RetrieverError(f"The weights {list(self.weights)} are no weights.", "Give numbers from 0, not all 0.")
        if self.depth < 1 or not 0 <= self.rrf_k < math.inf:
            raise RetrieverError(
                f"depth={self.depth}, rrf_k={self.rrf_k:g}: one is out of range.", "Give depth from 1, rrf_k from 0."
            )

    def index(self, documents: Sequence[str]) -> None:
        """Index the documents in each part, one after the other."""
        for name, retriever in named(self.parts):
            with of_part(name):
                retriever.index(documents)
        self._indexed = True

    def search(self, queries: Sequence[str], k: int) -> Ranking:
        """Search the parts and fuse; memory: 16 bytes a query and hit of each part, a few times."""
        require_index(self._indexed)
        rankings = self._each(lambda retriever: retriever.search(queries, self.depth))
        with phase(FUSE):
            floors = [getattr(retriever, "least_score", None) for retriever in self.parts]
            return fuse(rankings, self.fusion, self.weights, floors=floors, rrf_k=self.rrf_k).to_depth(k)

    def _each(self, work: Callable[[Retriever], T]) -> list[T]:
        def one(name: str, retriever: Retriever) -> T:
            with of_part(name):
                return work(retriever)

        if not self.parallel:
            return [one(name, retriever) for name, retriever in named(self.parts)]
        with ThreadPoolExecutor(len(self.parts)) as pool:
            # Each in a copy of the context, in which it is known who listens.
            running = [pool.submit(copy_context().run, one, name, retriever) for name, retriever in named(self.parts)]
            return [result.result() for result in running]
