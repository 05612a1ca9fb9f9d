"""A corpus in shards: retrievers that are built and searched shard by shard, with exactly the figures of one index.

A shard is a run of neighbouring documents. First each tells what of it decides the scores of others' documents: its
statistics, integers alone, so that merging them is exact. Of all shards' statistics, merged, and its own documents each
shard is then built, without the documents of any other. Each is searched for `k` hits, and the rankings become one:
whoever is among the k best of all is among the k best of its shard.

Nothing here says where a shard lies: `Sharded` has all of them in this process, and is what others are held against.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, TypeGuard, overload, runtime_checkable

import numpy as np

from retrievers.base import NO_HIT, Documents, Ranking, Retriever, RetrieverError, require_index


@dataclass(frozen=True)
class Statistics:
    """What of some neighbouring documents decides the scores of a whole corpus.

    first: position of the first of them in the corpus. documents: how many there are. frequencies: term -> documents
    that hold it, in the order of first occurrence, which floats are summed in. lengths: terms of all documents
    together, for each field that is counted apart.

    Memory: that of the frequencies, whatever the number of documents: 85 to 92 bytes a distinct term (by tracemalloc,
    of the words of SciFact, and of its pairs of words), so that 5 million distinct terms take half a GB.
    """

    first: int
    documents: int
    frequencies: Mapping[str, int]
    lengths: tuple[int, ...] = ()


@runtime_checkable
class Shardable(Retriever, Protocol):
    """A retriever that can be built of one shard, and then gives its documents the scores that one index would."""

    def shard_statistics(self, documents: Sequence[str] | Documents, first: int) -> Statistics:
        """What of a shard the whole corpus has to know. It leaves what is indexed as it is.

        Args:
            documents: Of the shard; there may be none.
            first: Position of its first document in the corpus.

        Returns:
            Its statistics.

        Raises:
            RetrieverError: Where it cannot be built by shards with these parameters.
        """
        ...

    def index_shard(self, documents: Sequence[str] | Documents, statistics: Statistics) -> None:
        """Make the documents of a shard searchable, as `index` would: `search` gives positions within the shard.

        Args:
            documents: Of the shard.
            statistics: Of the whole corpus: those of all shards, merged.
        """
        ...


def is_shardable(retriever: object) -> TypeGuard[Shardable]:
    """Can it be built and searched by shards?"""
    return isinstance(retriever, Shardable)


def merge_statistics(statistics: Iterable[Statistics]) -> Statistics:
    """The statistics of neighbouring shards as those of one, the same in whatever order they come.

    Who has many shards merges neighbours first, as they come, then what that gave: the result is the same, and no more
    than a few vocabularies lie in memory at once.

    Args:
        statistics: Of one shard or more.

    Returns:
        Those of all their documents: exactly what `shard_statistics` gives of them at once.

    Raises:
        RetrieverError: Where a shard is missing between two, or comes twice, or fields differ.
    """
    ordered = sorted(statistics, key=lambda one: (one.first, one.documents))  # of no documents: before its neighbour
    if not ordered:
        raise RetrieverError("There are no statistics to merge.", "Give those of one shard at least.")
    for one, following in pairwise(ordered):
        if one.first + one.documents != following.first:
            raise RetrieverError(
                f"The statistics of a shard end at document {one.first + one.documents:,}, and the next begin at "
                f"{following.first:,}.",
                "Give those of every shard, each once.",
            )
        if len(one.lengths) != len(following.lengths):
            raise RetrieverError("The statistics are of different fields.", "Make all of them by one retriever.")
    frequencies: dict[str, int] = {}
    for one in ordered:
        for term, documents in one.frequencies.items():
            frequencies[term] = frequencies.get(term, 0) + documents
    lengths = tuple(map(sum, zip(*(one.lengths for one in ordered), strict=True)))
    return Statistics(ordered[0].first, sum(one.documents for one in ordered), frequencies, lengths)


def merge_rankings(rankings: Sequence[Ranking], firsts: Sequence[int], k: int) -> Ranking:
    """The rankings of all shards as the one of the corpus, by the one tie rule.

    Args:
        rankings: Of the same queries, each to depth k, with positions within its shard. Some may have spans only if all
            do.
        firsts: Position of the first document of each shard.
        k: Hits a query at most.

    Returns:
        Arrays [queries, k], with positions in the corpus.
    """
    documents = [
        np.where(ranking.documents >= 0, ranking.documents + first, NO_HIT)
        for ranking, first in zip(rankings, firsts, strict=True)
    ]
    spans = [ranking.spans for ranking in rankings if ranking.spans is not None]
    joined = Ranking(
        np.concatenate(documents, axis=1),
        np.concatenate([ranking.scores for ranking in rankings], axis=1),
        np.concatenate(spans, axis=1) if spans else None,
    )
    return joined.by_tie_rule().to_depth(k)


def shard_bounds(documents: int, shards: int) -> list[int]:
    """Where shards of nearly equal size begin and end.

    Args:
        documents: How many there are.
        shards: How many are wanted; where there are fewer documents, some shards have none.

    Returns:
        shards + 1 positions: shard i has documents [i] to [i + 1], without that one.

    Raises:
        RetrieverError: For fewer than one shard.
    """
    if shards < 1:
        raise RetrieverError(f"shards={shards} is below 1.", "Give a whole number of at least 1.")
    return [documents * shard // shards for shard in range(shards + 1)]


def shard_of(documents: Sequence[str] | Documents, first: int, last: int) -> Sequence[str] | Documents:
    """The documents from position `first` to `last`, without that one; with columns where all have them."""
    texts = documents[first:last]
    return _Shard(texts, documents, first, last) if isinstance(documents, Documents) else texts


class _Shard(Sequence[str]):
    """Some neighbouring documents of `Documents`, with their columns."""

    def __init__(self, texts: Sequence[str], documents: Documents, first: int, last: int) -> None:
        self._texts, self._documents, self._place = texts, documents, slice(first, last)

    @property
    def columns(self) -> Sequence[str]:
        return self._documents.columns

    def column(self, name: str) -> Sequence[str]:
        return self._documents.column(name)[self._place]

    def __len__(self) -> int:
        return len(self._texts)

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    @overload
    def __getitem__(self, item: int) -> str: ...
    @overload
    def __getitem__(self, item: slice) -> Sequence[str]: ...
    def __getitem__(self, item: int | slice) -> str | Sequence[str]:
        return self._texts[item]


class Sharded:
    """A retriever in shards, all in this process, one after the other: the reference of whatever spreads them.

    make: gives a fresh retriever of the same parameters, one for each shard. shards: how many.
    """

    def __init__(self, make: Callable[[], Shardable], shards: int) -> None:
        self._make, self._number = make, shards
        self._shards: list[Shardable] | None = None
        self._bounds: list[int] = []

    def index(self, documents: Sequence[str] | Documents) -> None:
        """Build every shard of its own documents and of the statistics of all."""
        bounds = shard_bounds(len(documents), self._number)
        places = list(pairwise(bounds))
        shards = [self._make() for _ in places]
        statistics = merge_statistics(
            shard.shard_statistics(shard_of(documents, *place), place[0])
            for shard, place in zip(shards, places, strict=True)
        )
        for shard, place in zip(shards, places, strict=True):
            shard.index_shard(shard_of(documents, *place), statistics)
        self._shards, self._bounds = shards, bounds

    def search(self, queries: Sequence[str], k: int) -> Ranking:
        """The `k` best documents of all shards for each query."""
        require_index(self._shards)
        assert self._shards is not None
        return merge_rankings([shard.search(queries, k) for shard in self._shards], self._bounds[:-1], k)
