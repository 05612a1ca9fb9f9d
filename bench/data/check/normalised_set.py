"""A set as the checks of its texts need it: texts in one form, and which of them are alike, found out once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from bench.data.check.near_duplicates import near_pairs
from bench.data.dataset import Dataset
from bench.data.normalised import normalised

Groups = Mapping[str, Sequence[int]]


class NormalisedSet:
    """The texts of a set in the form in which they are compared, by position."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.queries = [normalised(text) for text in dataset.query_texts]
        self.documents = [normalised(text) for text in dataset.texts]
        self.query_ids = dataset.query_ids
        self.document_ids: list[str] = dataset.documents["id"].to_pylist()

    @cached_property
    def same_queries(self) -> Groups:
        """Text -> positions of the queries that have it; empty ones are left out."""
        return _same(self.queries)

    @cached_property
    def same_documents(self) -> Groups:
        """Text -> positions of the documents that have it; empty ones are left out."""
        return _same(self.documents)

    @cached_property
    def near_queries(self) -> list[tuple[int, int]]:
        """Pairs of queries whose texts are nearly the same, but not the same; one position for each text.

        Raises near.TooMuch.
        """
        return _near(self.same_queries)

    @cached_property
    def near_documents(self) -> list[tuple[int, int]]:
        """Pairs of documents, as `near_queries`."""
        return _near(self.same_documents)

    def ids_of_queries(self, positions: Iterable[int]) -> tuple[str, ...]:
        """Their ids, ascending."""
        return tuple(sorted(self.query_ids[position] for position in positions))

    def ids_of_documents(self, positions: Iterable[int]) -> tuple[str, ...]:
        """Their ids, ascending."""
        return tuple(sorted(self.document_ids[position] for position in positions))


def _same(texts: Sequence[str]) -> Groups:
    groups: dict[str, list[int]] = {}
    for position, text in enumerate(texts):
        if text:
            groups.setdefault(text, []).append(position)
    return groups


def _near(groups: Groups) -> list[tuple[int, int]]:
    first = [positions[0] for positions in groups.values()]
    return [(first[one], first[other]) for one, other in near_pairs(list(groups))]
