"""A set that grows by documents that nobody judged: the same queries and judgements in ever larger haystacks.

The documents stand in one drawn order, and a size takes its first ones: each size holds all smaller ones. The set's own
documents keep their ids, and so their order among themselves, by which ties are broken; those of another corpus stand
before them, so that a tie with one is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bench.data.dataset import TEXT, Dataset, Texts, joined
from bench.data.normalised import normalised
from bench.errors import BenchError


class Size(NamedTuple):
    """times: of the documents at 1×, to two decimals. documents: how many that is."""

    times: float
    documents: int

    @property
    def shown(self) -> str:
        """As names of sets have it: x1, x3, x3.62."""
        return f"x{self.times:.2f}".rstrip("0").rstrip(".")


@dataclass(frozen=True)
class Grown:
    """A set at a size. distractor: bool [documents], those that joined it."""

    size: Size
    dataset: Dataset
    distractor: NDArray[np.bool_]


@dataclass(frozen=True)
class Growth:
    """What a set grows from and by.

    base: the set at 1×. pool: documents that may join it, a table of its columns. order: int64 [pool], in which they
    do. source: the corpus that they are of. own: is it the set itself? copies: documents that were left out, since
    their text is that of one at 1×.
    """

    base: Dataset
    pool: pa.Table
    order: NDArray[np.int64]
    source: str
    own: bool
    copies: int

    @property
    def whole(self) -> Size:
        """The size with all that there are."""
        documents = len(self.base.documents) + len(self.pool)
        return Size(round(documents / len(self.base.documents), 2), documents)

    def size(self, times: float) -> Size:
        """So many times the documents at 1×."""
        return Size(times, round(times * len(self.base.documents)))

    def at(self, size: Size, asked: Dataset) -> Grown:
        """The set at a size. asked: `base`, or a sample of its queries."""
        more = self.pool.take(pa.array(self.order[: size.documents - len(asked.documents)]))
        grown = asked.joined_by(more)
        card = grown.card if self.own else replace(grown.card, complete=False)
        own = f"{len(asked.documents):,} judged documents and {len(more):,} that nobody judged"
        foreign = f"{len(asked.documents):,} documents and {len(more):,} of {self.source}"
        note = joined(own if self.own else foreign, grown.note)
        grown = replace(grown, name=f"{asked.name} {size.shown}", card=card, note=note)
        return Grown(size, grown, pc.is_in(grown.documents["id"], value_set=more["id"].combine_chunks()).to_numpy())


def by_corpus(dataset: Dataset, corpus: Dataset, rng: np.random.Generator) -> Growth:
    """By the documents of another corpus, judged there or not.

    Raises BenchError where it has none that the set does not have.
    """
    beginning, nothing = (pa.scalar(text, pa.large_string()) for text in (_beginning(dataset, corpus.name), ""))
    ids = pc.binary_join_element_wise(beginning, corpus.documents["id"].cast(pa.large_string()), nothing)
    growth = _drawn(dataset, _as_columns(corpus.documents, ids, dataset.documents.schema), corpus.name, rng, own=False)
    if not len(growth.pool):
        raise BenchError(
            f"{corpus.name} has no document whose text {dataset.name} does not have.", "Name another corpus."
        )
    return growth


def by_itself(dataset: Dataset, rng: np.random.Generator) -> Growth:
    """By its own documents that nobody judged, from those that are judged, of any grade.

    Raises BenchError where all are judged.
    """
    base = dataset.judged_alone()
    unjudged = pc.invert(pc.is_in(dataset.documents["id"], value_set=base.documents["id"].combine_chunks()))
    growth = _drawn(base, dataset.documents.filter(unjudged), dataset.name, rng, own=True)
    if not len(growth.pool):
        raise BenchError(
            f"{dataset.name} has no document that nobody judged.",
            "Name another corpus, whose documents join it: --distractors CORPUS.",
        )
    return growth


def _drawn(base: Dataset, pool: pa.Table, source: str, rng: np.random.Generator, *, own: bool) -> Growth:
    """The documents of a pool in the order in which they join, without those of a text that the base has."""
    known = set(map(normalised, base.texts))
    fresh = np.array([normalised(text) not in known for text in Texts(pool[TEXT])], dtype=bool)
    kept = pool.filter(pa.array(fresh))
    order = rng.permutation(len(kept)).astype(np.int64)
    return Growth(base, kept, order, source, own, copies=int((~fresh).sum()))


def _beginning(dataset: Dataset, corpus: str) -> str:
    """Of the ids of another corpus: one that stands after all ids of the set, and so none of them begins with it."""
    beginning, last = f"~{corpus}:", dataset.documents["id"][0].as_py()
    return beginning if last.encode() < beginning.encode() else f"{last}{beginning}"


def _as_columns(documents: pa.Table, ids: pa.ChunkedArray, schema: pa.Schema) -> pa.Table:
    """Documents with other ids and the columns of a set, "" in those that they do not have."""
    columns = {name: documents[name] for name in schema.names if name in documents.column_names} | {"id": ids}
    empty = pa.array([""] * len(documents), pa.large_string())
    return pa.table({name: columns.get(name, empty) for name in schema.names}).cast(schema)
