"""A query made longer by its own first hits, and searched again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from retrievers.approximate import Approximate
from retrievers.base import Ranking, Retriever, RetrieverError, phase, require_index
from retrievers.expansion import TermSearch, VectorSearch, rm3, rocchio
from retrievers.pipelines.parts import named, of_part, only_part, usual_lexical

EXPAND = "expand"


@dataclass(unsafe_hash=True)
class Expand:
    """Pseudo-relevance feedback: expand(bm25) is RM3 over its terms, expand(minilm) Rocchio over its vectors.

    parts: the retriever (none: bm25). documents: its first so many hits are taken for relevant. terms: how many of
    theirs RM3 adds. weight: share of the query itself, 0 to 1 (retrievers.expansion has the formulas).
    """

    parts: tuple[Retriever, ...] = ()
    documents: int = 10
    terms: int = 10
    weight: float = 0.5
    _documents: Sequence[str] | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        self.parts = only_part("expand", self.parts, usual_lexical)
        # An index has not every vector at hand, and a query needs some of them.
        if isinstance(self.parts[0], Approximate) or not isinstance(self.parts[0], TermSearch | VectorSearch):
            raise RetrieverError(
                f"expand needs terms or vectors, and {type(self.parts[0]).__name__} is searched by neither.",
                "Give bm25 or a dense one, as in hybrid(expand(bm25), minilm).",
            )
        if self.documents < 1 or self.terms < 1 or not 0 <= self.weight <= 1:
            raise RetrieverError(
                f"documents={self.documents}, terms={self.terms}, weight={self.weight:g}: one is out of range.",
                "Give documents and terms from 1, and a weight from 0 to 1.",
            )

    @property
    def kind(self) -> str:
        """Its part's."""
        return str(getattr(self.parts[0], "kind", "other"))

    @property
    def least_score(self) -> float | None:
        """Its part's."""
        least: float | None = getattr(self.parts[0], "least_score", None)
        return least

    def index(self, documents: Sequence[str]) -> None:
        """Index the documents in the part."""
        ((name, retriever),) = named(self.parts)
        with of_part(name):
            retriever.index(documents)
        self._documents = documents

    def search(self, queries: Sequence[str], k: int) -> Ranking:
        """Search, expand each query by its first hits, and search again."""
        require_index(self._documents)
        ((name, retriever),) = named(self.parts)
        with of_part(name):
            if isinstance(retriever, VectorSearch):
                return self._by_vectors(retriever, queries, k)
            assert isinstance(retriever, TermSearch)
            return self._by_terms(retriever, queries, k)

    def _by_terms(self, retriever: TermSearch, queries: Sequence[str], k: int) -> Ranking:
        assert self._documents is not None
        first = retriever.search(queries, self.documents)
        expanded = []
        with phase(EXPAND):
            for query, hits, scores in zip(queries, first.documents, first.scores, strict=True):
                real = hits >= 0
                feedback = [retriever.terms(self._documents[hit]) for hit in hits[real].tolist()]
                expanded.append(rm3(retriever.terms(query), feedback, scores[real].tolist(), self.terms, self.weight))
        return retriever.search_terms(expanded, k)

    def _by_vectors(self, retriever: VectorSearch, queries: Sequence[str], k: int) -> Ranking:
        if not queries:
            return Ranking.empty(0, k)
        vectors = retriever.query_vectors(queries)
        first = retriever.search_vectors(vectors, self.documents)
        with phase(EXPAND):
            moved = [
                rocchio(vector, retriever.document_vectors(hits[hits >= 0]), self.weight)
                for vector, hits in zip(vectors, first.documents, strict=True)
            ]
        return retriever.search_vectors(np.stack(moved), k)
