"""Nested columns of queries.parquet as flat ones, and every passage once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bench.report.page.addresses import LONGEST
from bench.report.table import head, inert

MOST_CHARACTERS = 8_000_000  # of all passages together; above it each document is shown by one

Pair = tuple[int, str]  # a query's position, a document's id


def flat(queries: pa.Table, column: str) -> pa.Table:
    """The rows of a list column, each with the position of its "query"; none of a run of before it had the column."""
    if column not in queries.column_names:
        return pa.table({"query": pa.array([], pa.int64()), "document": pa.array([], pa.string())})
    lists = queries[column].combine_chunks()
    return pa.Table.from_struct_array(lists.flatten()).append_column("query", pc.list_parent_indices(lists))


def of_retriever(rows: pa.Table, name: str) -> pa.Table:
    """Those rows that are of one retriever."""
    return rows.filter(pc.equal(rows["retriever"], name))


def pairs(rows: pa.Table) -> list[Pair]:
    """Query and document of each row."""
    return list(zip(rows["query"].to_pylist(), rows["document"].to_pylist(), strict=True))


def ranks(rows: pa.Table, name: str) -> dict[Pair, int] | None:
    """The ranks that rows hold by a retriever, of those that it has among its hits; None where they hold no ranks."""
    if "ranks" not in rows.column_names:
        return None
    lists = rows["ranks"].combine_chunks()
    inner = pa.Table.from_struct_array(lists.flatten()).append_column("row", pc.list_parent_indices(lists))
    inner = of_retriever(inner, name)
    return dict(zip(pairs(rows.take(inner["row"])), inner["rank"].to_pylist(), strict=True))


def counts(rows: pa.Table, queries: int) -> NDArray[np.int64]:
    """[queries] How many rows each has; rows stand by query."""
    return np.bincount(rows["query"].to_numpy(), minlength=queries)


class Passages:
    """Distinct documents and passages, numbered as they come; of a document the first passage that came is its own."""

    def __init__(self) -> None:
        self._documents: dict[str, int] = {}
        self._passages: dict[tuple[int, str], int] = {}

    def document(self, name: str) -> int:
        """The number of a document."""
        return self._documents.setdefault(name, len(self._documents))

    def add(self, rows: pa.Table) -> NDArray[np.int64]:
        """[rows] The number of the passage of each, to be handed to `kept`."""
        numbers = self._passages
        keys = zip(map(self.document, rows["document"].to_pylist()), rows["text"].to_pylist(), strict=True)
        return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)

    @property
    def one_a_document(self) -> bool:
        """Are there too many to show them all?"""
        return sum(len(text) for _, text in self._passages) > MOST_CHARACTERS

    def kept(self) -> tuple[NDArray[np.int64], list[int], list[str]]:
        """Number of a passage -> its number among those that are shown; of these the documents and the texts.

        They stand by document and text: passages of one document are alike, and take less room side by side.
        """
        shown = {key: key for key in self._passages}
        if self.one_a_document:
            first = {document: (document, text) for document, text in reversed(self._passages)}
            shown = {key: first[key[0]] for key in self._passages}
        ordered = sorted(set(shown.values()))
        number = {key: place for place, key in enumerate(ordered)}
        numbers = np.array([number[key] for key in shown.values()], dtype=np.int64)
        return numbers, [document for document, _ in ordered], [inert(text) for _, text in ordered]

    @property
    def documents(self) -> list[str]:
        """The names of the documents by their numbers, as they are shown."""
        return [head(name, LONGEST) for name in self._documents]
