"""The documents and passages of a set, every one once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.report.page.addresses import LONGEST
from bench.report.table import head, inert

MOST_CHARACTERS = 8_000_000  # of all passages but heads together; above it each document is shown by its head


class Kept(NamedTuple):
    """The passages that are shown, by document, its head first.

    number: int64, of a passage as it was added -> its number among these. counts: how many each document has.
    """

    number: NDArray[np.int64]
    counts: NDArray[np.int64]
    texts: list[str]


class Passages:
    """Distinct documents and passages, numbered as they come; the first passage of a document is its head."""

    def __init__(self, ids: Sequence[str] = (), heads: Sequence[str] = ()) -> None:
        self._documents = {name: number for number, name in enumerate(ids)}
        self._passages = {key: key[0] for key in enumerate(heads)}
        self._heads = dict(self._passages)

    def number(self, rows: pa.Table) -> list[int]:
        """[rows] The number of the document of each."""
        numbers = self._documents
        return [numbers.setdefault(name, len(numbers)) for name in rows["document"].to_pylist()]

    def add(self, rows: pa.Table) -> NDArray[np.int64]:
        """[rows] The number of the passage of each, to be handed to `kept`."""
        numbers = self._passages
        keys = zip(self.number(rows), rows["text"].to_pylist(), strict=True)
        return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)

    @property
    def one_a_document(self) -> bool:
        """Are there too many to show them all?"""
        return sum(len(text) for _, text in self._passages.keys() - self._heads.keys()) > MOST_CHARACTERS

    def kept(self) -> Kept:
        """Those that are shown. Passages of one document are alike, and take less room side by side."""
        first = {document: (document, text) for document, text in reversed(self._passages)}
        shown = {key: key for key in self._passages}
        if self.one_a_document:
            shown = {key: first[key[0]] for key in self._passages}
        ordered = sorted(set(shown.values()), key=lambda key: (key[0], key != first[key[0]], key[1]))
        place = {key: place for place, key in enumerate(ordered)}
        counts = np.bincount([document for document, _ in ordered], minlength=len(self._documents))
        numbers = np.array([place[key] for key in shown.values()], dtype=np.int64)
        return Kept(numbers, counts, [inert(text) for _, text in ordered])

    @property
    def documents(self) -> Mapping[str, int]:
        """Id -> number."""
        return self._documents

    @property
    def ids(self) -> list[str]:
        """Of the documents by their numbers, as they are shown."""
        return [head(name, LONGEST) for name in self._documents]
