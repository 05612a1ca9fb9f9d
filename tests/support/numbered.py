"""An encoder whose texts are numbers, each of a row of a matrix: vectors of one's own as documents and queries."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from made import made

from retrievers.dense.exact import ExactSearch, unit
from retrievers.saved_index import content_key


@dataclass(unsafe_hash=True)
class Numbered(ExactSearch):
    """Text "7" has row 7 of `rows`; a text that is no number has zeros. encoded: how often documents were."""

    rows: np.ndarray = field(compare=False, repr=False)
    compared_by: str = "cosine"
    encoded: int = field(default=0, compare=False)

    @property
    def similarity(self):
        return self.compared_by

    def encode_documents(self, documents):
        self.encoded += 1
        return self.query_vectors(documents)

    def query_vectors(self, queries):
        zeros = np.zeros(self.rows.shape[1], dtype=np.float32)
        return np.stack([self.rows[int(text)] if text.isdigit() else zeros for text in queries])


@dataclass(unsafe_hash=True)
class Keyed(Numbered):
    """It knows what decides its vectors, so that an index of them can be saved."""

    def vectors_key(self, documents):
        return content_key([self.rows.tobytes().hex(), self.compared_by], documents)


def clustered(count, dimensions=32, clusters=40, seed=0, spread=0.5):
    """float32 [count, dimensions] of length 1, around so many centres, as sentences lie."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((clusters, dimensions))
    noise = spread * rng.standard_normal((count, dimensions))
    return unit(centres[rng.integers(0, clusters, count)] + noise)


def numbers(first, last):
    """Texts of the rows from `first` to `last`, without that one."""
    return [str(number) for number in range(first, last)]


@dataclass(unsafe_hash=True)
class Clustered(Numbered):
    """Of 16 numbers, by a name that a specification can give: numbered:Clustered."""

    rows: np.ndarray = field(init=False, compare=False, repr=False)

    def __post_init__(self):
        self.rows = clustered(320, dimensions=16)


def nearest_are_relevant(documents=300, queries=20):
    """A set whose texts are numbers: a query's relevant documents are its three nearest of `Clustered`."""
    rows = Clustered().rows
    names = {f"{number:03}": str(number) for number in range(documents)}
    asked = {f"q{number}": str(number) for number in range(documents, documents + queries)}
    hits = np.argsort(-(rows[documents : documents + queries] @ rows[:documents].T), axis=1)[:, :3].tolist()
    return made(names, asked, [(query, f"{hit:03}", 1) for query, its in zip(asked, hits, strict=True) for hit in its])
