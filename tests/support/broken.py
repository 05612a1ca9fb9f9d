"""For each check of the contract a retriever that breaks it, and `Sound`, which they are made from and breaks none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from retrievers.base import Ranking, require_index, top_k
from retrievers.sharding import Statistics
from retrievers.stages import Stages


@dataclass
class Sound:
    """Counts the words that a document shares with the query."""

    kind: ClassVar[str] = "lexical"

    _documents: list | None = field(init=False, repr=False, compare=False, default=None)

    def index(self, documents):
        self._documents = [set(text.split()) for text in documents]

    def search(self, queries, k):
        require_index(self._documents)
        ranking = Ranking.empty(len(queries), k)
        for row, query in enumerate(queries):
            scores = np.array([len(words & set(query.split())) for words in self._documents], dtype=float)
            hits = np.flatnonzero(scores > 0)
            ranking.put(row, *top_k(scores[hits], k, hits))
        return ranking


class Wide(Sound):
    """Its scores are float64."""

    def search(self, queries, k):
        found = super().search(queries, k)
        return Ranking(found.documents, found.scores.astype(np.float64))


class LastFirst(Sound):
    """Of equal scores the higher position comes first."""

    def search(self, queries, k):
        require_index(self._documents)
        ranking, all_hits = Ranking.empty(len(queries), k), super().search(queries, max(k, len(self._documents)))
        for row, (hits, scores) in enumerate(zip(all_hits.documents, all_hits.scores, strict=True)):
            order = np.lexsort((-hits, -scores))[: min(k, int((hits >= 0).sum()))]
            ranking.put(row, hits[order], scores[order])
        return ranking


class ByPosition(Sound):
    """A later document has a higher score, so that no two are equal."""

    def search(self, queries, k):
        require_index(self._documents)
        ranking, all_hits = Ranking.empty(len(queries), k), super().search(queries, max(k, len(self._documents)))
        for row, hits in enumerate(all_hits.documents):
            later = np.sort(hits[hits >= 0])[::-1][:k]
            ranking.put(row, later, later.astype(np.float32))
        return ranking


class SortsInPlace(Sound):
    """Changes the list that it is given."""

    def index(self, documents):
        super().index(documents)
        documents.sort()


class Keeps(Sound):
    """Forgets no word of what it indexed before: its positions are right, its scores are not."""

    def index(self, documents):
        before = self._documents or []
        super().index(documents)
        for words, old in zip(self._documents, before, strict=False):
            words |= old


class Narrow(Sound):
    """Gives no more columns than there are documents."""

    def search(self, queries, k):
        require_index(self._documents)
        return super().search(queries, min(k, len(self._documents)))


class Deeper(Sound):
    """Scores otherwise where many hits are asked for."""

    def search(self, queries, k):
        found = super().search(queries, k)
        return Ranking(found.documents, found.scores * np.float32(1 + k))


class Batched(Sound):
    """Scores by the size of the batch."""

    def search(self, queries, k):
        found = super().search(queries, k)
        return Ranking(found.documents, found.scores * np.float32(1 + len(queries)))


class TwoMinds(Sound):
    """Its stages give no score to the candidates."""

    def search_stages(self, queries, k):
        ranking = self.search(queries, k)
        return Stages(ranking, ranking, np.full(ranking.scores.shape, -np.inf, np.float32))


class Inexact(Sound):
    """Finds nothing exactly where few hits are asked for."""

    search_parameters = ()

    def search_exact(self, queries, k):
        return self.search(queries, k) if k > 10 else Ranking.empty(len(queries), k)

    def searching_with(self, **parameters):
        return self


class Lends(Sound):
    """Its vectors are what it keeps, and who writes to them writes there."""

    def index(self, documents):
        super().index(documents)
        self._rows = np.array([[len(text), 1] for text in documents], dtype=np.float32)

    def document_vectors(self, positions):
        return self._rows

    def query_vectors(self, queries):
        return np.array([[len(query), 1] for query in queries], dtype=np.float32)


class OwnShare(Sound):
    """Its scores grow with the documents of an index, of which a shard counts its own alone."""

    def search(self, queries, k):
        hits = super().search(queries, k)
        return Ranking(hits.documents, hits.scores * np.float32(len(self._documents)))

    def shard_statistics(self, documents, first):
        return Statistics(first, len(documents), {})

    def index_shard(self, documents, statistics):
        self.index(documents)


class NeedsQueries(Sound):
    """Stacks what it has for each query, of which there must be one."""

    def search(self, queries, k):
        np.stack([np.array(len(query)) for query in queries])
        return super().search(queries, k)


class Early(Sound):
    """Says in a word of Python's that there is no index yet."""

    def search(self, queries, k):
        if self._documents is None:
            raise TypeError("'NoneType' object is not iterable")
        return super().search(queries, k)


class Unequal(Sound):
    """Two of the same parameters differ."""

    def __eq__(self, other):
        return self is other

    __hash__ = object.__hash__


class All(Sound):
    """Every document is a hit."""

    def search(self, queries, k):
        require_index(self._documents)
        ranking = Ranking.empty(len(queries), k)
        for row, query in enumerate(queries):
            scores = np.array([len(words & set(query.split())) for words in self._documents], dtype=float)
            ranking.put(row, *top_k(scores, k))
        return ranking


def refuses(wrong):
    """A retriever that cannot index texts of which `wrong` is true."""

    class Refuses(Sound):
        def index(self, documents):
            if wrong(documents):
                raise ValueError("cannot index that")
            super().index(documents)

    return Refuses


BROKEN = {
    "one row of at most k hits a query, int64 and float32": Wide,
    "the ranking keeps every rule": LastFirst,
    "equal documents stand in order of position": ByPosition,
    "the inputs are not modified": SortsInPlace,
    "k may exceed the corpus": Narrow,
    "a second index replaces the first": Keeps,
    "fewer hits are the head of more": Deeper,
    "the answer does not depend on batches": Batched,
    "the stages of a search are its own": TwoMinds,
    "the exact search of an approximate one is a ranking": Inexact,
    "its vectors are one a text": Lends,
    "its shards answer as one index": OwnShare,
    "no query gives no row": NeedsQueries,
    "one document can be indexed": refuses(lambda texts: texts == ["one document about cats"]),
    "an empty document can be indexed": refuses(lambda texts: texts == [""]),
    "documents without a word can be indexed": refuses(lambda texts: texts == ["", "   "]),
    "only stop words can be indexed": refuses(lambda texts: texts == ["the of"]),
    "text that is not Latin can be indexed": refuses(lambda texts: texts == ["你好"]),
    "a text of 100,000 characters can be indexed": refuses(lambda texts: max(map(len, texts)) > 50_000),
    "symbols can be indexed": refuses(lambda texts: "\x00" in texts),
    "search before index is a clear error": Early,
    "equal parameters make equal retrievers": Unequal,
    "a document without a shared term is no hit": All,
}


@dataclass
class Trembles(Sound):
    """A neural encoder's kind of scores: their last digits depend on the batch."""

    kind: ClassVar[str] = "dense"

    by: float = 1e-6

    def search(self, queries, k):
        found = super().search(queries, k)
        moved = np.where(found.documents >= 0, found.scores + np.float32(self.by * len(queries)), found.scores)
        return Ranking(found.documents, moved.astype(np.float32))
