"""Work that one retriever after the other has in common, over the same documents and queries: it is done once.

Trials of a tuning differ in a few parameters. A part that two of them have is one object, indexed once, and what it
finds for the same queries is kept; an approximate index that is only searched otherwise is not built again. What comes
out is what each retriever alone would give, since the parts are the same objects, asked the same.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from retrievers import Retriever, contract, create, parameters, signature
from retrievers.approximate import Approximate
from retrievers.base import Ranking, parts_of
from retrievers.lexical.term_numbers import SharedTerms, sharing_terms
from retrievers.saved_index import content_key

# Retrievers that are held with what they indexed, those of longest ago let go.
MOST_HELD = 6


class SharedParts:
    """Makes and indexes retrievers whose equal parts are one object, and whose equal analyzers read the texts once."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, Retriever] = OrderedDict()
        self._terms = SharedTerms()

    def indexed(self, specification: str, documents: Sequence[str]) -> Retriever:
        """The retriever of a specification, over these documents. Raises RetrieverError."""
        made = create(specification)
        with sharing_terms(self._terms):
            if isinstance(made, Approximate):
                its = parameters(made)
                search = {name: its.pop(name) for name in made.search_parameters if its.get(name) is not None}
                built = self._one(f"{type(made).__module__}.{type(made).__qualname__} {its}", made)
                contract.index(built, documents)
                assert isinstance(built, Approximate)
                return built.searching_with(**search)
            self._share(made)
            contract.index(made, documents)
            return made

    def _share(self, retriever: Retriever) -> None:
        """Put the objects that are held in the place of its parts, and of theirs."""
        parts: Any = parts_of(retriever)
        if not parts:
            return
        for part in parts:
            self._share(part)
        settable: Any = retriever
        settable.parts = tuple(self._one(signature(part), part) for part in parts)

    def _one(self, key: str, retriever: Retriever) -> Retriever:
        """The one that is held by that key, else this, which remembers from here on what it was asked."""
        if key not in self._held:
            _Remembering(retriever).take_its_place()
            self._held[key] = retriever
        self._held.move_to_end(key)
        while len(self._held) > MOST_HELD:
            self._held.popitem(last=False)
        return self._held[key]


@dataclass(eq=False)
class _Remembering:
    """A retriever's two methods, which do nothing twice.

    The object itself gets them, and no wrapper stands in its place: pipelines ask of their parts what else they are.
    """

    retriever: Retriever
    documents: Any = None
    digest: bytes = b""
    rankings: dict[tuple[bytes, int], Ranking] = field(default_factory=dict)

    def take_its_place(self) -> None:
        """Stand in for the object's methods, where it lets anybody."""
        self._index, self._search = self.retriever.index, self.retriever.search
        own: Any = self.retriever
        try:
            own.index, own.search = self.index, self.search
        except AttributeError:  # frozen, or with slots: it does all of its work, each time
            pass

    def index(self, documents: Sequence[str]) -> None:
        """Index, unless these documents are indexed."""
        # The same object is the same texts and columns. Of other lists (passages of chunks) the texts say it.
        if documents is self.documents:
            return
        digest = content_key("documents", documents) if isinstance(documents, list) else b""
        if digest and digest == self.digest:
            return
        self.documents, self.digest = None, b""
        self.rankings.clear()
        self._index(documents)
        self.documents, self.digest = documents, digest

    def search(self, queries: Sequence[str], k: int) -> Ranking:
        """Search, unless that was asked before."""
        key = content_key("queries", queries), k
        if key not in self.rankings:
            self.rankings[key] = self._search(queries, k)
        return self.rankings[key]
