"""Retrievers that tests script: simple, counting, failing."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from retrievers.base import Ranking, phase, record


@dataclass
class Fixed:
    """Ranks the documents in order of position, whatever the query."""

    step: float = 1.0
    _size: int = field(init=False, repr=False, compare=False, default=0)

    def index(self, documents):
        with phase("load"):
            self._size = len(documents)
        record("index_bytes", 8.0 * self._size)

    def search(self, queries, k):
        ranking = Ranking.empty(len(queries), k)
        with phase("score"):
            for row in range(len(queries)):
                hits = np.arange(min(k, self._size))
                ranking.put(row, hits, (100 - self.step * hits).astype(np.float32))
        return ranking


@dataclass
class Broken(Fixed):
    """Raises in `index` or in the `at`-th search."""

    where: str = "index"
    at: int = 1
    _searches: int = field(init=False, repr=False, compare=False, default=0)

    def index(self, documents):
        if self.where == "index":
            raise ValueError("the index is broken")
        super().index(documents)

    def search(self, queries, k):
        self._searches += 1
        if self.where == "search" and self._searches >= self.at:
            raise ValueError("the search is broken")
        return super().search(queries, k)


@dataclass
class Nonsense(Fixed):
    """Breaks the contract in the way that `kind` names."""

    kind: str = "shape"

    def search(self, queries, k):
        good = super().search(queries, k)
        documents, scores = good.documents.copy(), good.scores.copy()
        if self.kind == "shape":
            documents = documents[:, :-1]
        elif self.kind == "nan":
            scores[0, 0] = np.nan
        elif self.kind == "duplicate":
            documents[0, 1], scores[0, 1] = documents[0, 0], scores[0, 0]
        elif self.kind == "unsorted":
            scores[0, 0] = -1000
        elif self.kind == "out of range":
            documents[0, 0] = 10**9
        elif self.kind == "negative":
            documents[0, 0] = -7
        elif self.kind == "gap":
            documents[0, 0] = -1
        elif self.kind == "float positions":
            documents = documents.astype(float)
        elif self.kind == "no ranking":
            return documents.tolist()
        return Ranking(documents, scores)


NONSENSE = ["shape", "nan", "duplicate", "unsorted", "out of range", "negative", "gap", "float positions", "no ranking"]
