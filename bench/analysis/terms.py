"""The words of a set as the lexical retrievers see them: the shared analyzer with its defaults, each text once."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from functools import cached_property

from bench.data.dataset import Dataset
from retrievers.analyzer import Analyzer


class Terms:
    """The corpus is read once, when it is first asked for, and not kept: it may be larger than the memory."""

    def __init__(self, dataset: Dataset) -> None:
        self._texts, self._query_texts, self._analyzer = dataset.texts, dataset.query_texts, Analyzer()
        self._documents: dict[int, frozenset[str]] = {}

    @cached_property
    def queries(self) -> list[frozenset[str]]:
        """The distinct terms of each query."""
        return [frozenset(self._analyzer(text)) for text in self._query_texts]

    @cached_property
    def frequency(self) -> Counter[str]:
        """In how many documents a query's term stands."""
        asked = frozenset().union(*self.queries)
        frequency: Counter[str] = Counter()
        for text in self._texts:
            frequency.update(asked.intersection(self._analyzer(text)))
        return frequency

    def document(self, position: int) -> frozenset[str]:
        """The distinct terms of a document."""
        if position not in self._documents:
            self._documents[position] = frozenset(self._analyzer(self._texts[position]))
        return self._documents[position]

    def idf(self, term: str) -> float:
        """ln(1 + (N - df + 0.5) / (df + 0.5)), Lucene's BM25Similarity: above 0 even for a term of every document,
        and defined for one of no document."""
        holding = self.frequency[term]
        return math.log(1 + (len(self._texts) - holding + 0.5) / (holding + 0.5))

    def weight(self, terms: Iterable[str]) -> float:
        """The sum of idf; correctly rounded, so that it does not depend on the order of a set."""
        return math.fsum(map(self.idf, terms))

    def matched(self, query: int, document: int) -> list[str]:
        """The query's terms that the document has, the rarest first."""
        return self._ordered(self.queries[query] & self.document(document))

    def missing(self, query: int, document: int) -> list[str]:
        """The query's terms that the document does not have, the rarest first."""
        return self._ordered(self.queries[query] - self.document(document))

    def _ordered(self, terms: Iterable[str]) -> list[str]:
        return sorted(terms, key=lambda term: (self.frequency[term], term))
