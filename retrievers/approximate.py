"""An approximate search: who can say what it approximates, and be searched otherwise without a new index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ClassVar, Protocol, runtime_checkable

from retrievers.base import Ranking, Retriever

# The phase in which vectors become an index: what the index takes, apart from encoding.
BUILD_INDEX = "build index"


@runtime_checkable
class Approximate(Retriever, Protocol):
    """A retriever that gives nearly what an exact search would give."""

    search_parameters: ClassVar[tuple[str, ...]]  # those that a search reads, and no index depends on

    def search_exact(self, queries: Sequence[str], k: int) -> Ranking:
        """What it approximates, by comparing with every document. May take as long, and as much memory, as it wants.

        Args:
            queries: Their texts.
            k: Hits a query at most.

        Returns:
            As of `search`.
        """
        ...

    def searching_with(self, **parameters: int) -> Retriever:
        """The same index, searched with other parameters.

        Args:
            parameters: Some of `search_parameters`.

        Returns:
            A retriever of its own that shares the index.
        """
        ...


_comparing: ContextVar[bool] = ContextVar("comparing", default=False)


@contextmanager
def comparing(wanted: bool = True) -> Iterator[None]:
    """Let who indexes within this block know that `search_exact` will be asked for.

    Args:
        wanted: Will it?
    """
    token = _comparing.set(wanted)
    try:
        yield
    finally:
        _comparing.reset(token)


def is_compared() -> bool:
    """Will `search_exact` be asked for of what is indexed here?"""
    return _comparing.get()
