"""A TREC run as the ranking of a dataset, and a ranking as a TREC run."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bench.data.dataset import Dataset
from bench.data.formats.ids import known
from retrievers.base import NO_HIT, Ranking, top_k


def trec_run(dataset: Dataset, ranking: Ranking, tag: str, unknown: Sequence[str] = ()) -> bytes:
    """A TREC run, gzipped without a time stamp. unknown: the ids of hits that the dataset does not have: -2, -3, …

    Scores are written as the shortest decimals that tell float32 values apart, which keep their order: stock trec_eval,
    which sorts by score, then by descending id, comes to the order of the ranks.
    """
    query, rank = np.nonzero(ranking.documents != NO_HIT)
    ids = pa.chunked_array([*dataset.documents["id"].chunks, pa.array(unknown[::-1], pa.large_string())])
    lines = pc.binary_join_element_wise(
        dataset.queries["id"].combine_chunks().take(pa.array(query)),
        pa.scalar("Q0", pa.large_string()),
        ids.take(pa.array(_place(ranking.documents[query, rank], len(ids)))).combine_chunks(),
        pa.array(rank + 1).cast(pa.large_string()),
        pa.array(ranking.scores[query, rank]).cast(pa.large_string()),
        pa.scalar(tag, pa.large_string()),
        pa.scalar(" ", pa.large_string()),
    )
    text = "".join(f"{line}\n" for line in lines.to_pylist())
    return gzip.compress(text.encode(), compresslevel=3, mtime=0)


def _place(documents: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Where ids stand in a list of `size` whose end are the unknown ones, the first of them last."""
    return np.where(documents < NO_HIT, size + 1 + documents, documents)


def to_ranking(run: Mapping[str, Mapping[str, float]], dataset: Dataset, depth: int) -> Ranking:
    """A run's hits in the dataset's positions, ordered by the one tie rule; queries without judgements are left out.

    A document that the dataset does not have keeps its rank, and nobody judged it, as in trec_eval: it stands as
    -2 - its place in `unknown_documents`.
    """
    asked = hits_by_query(run, dataset)
    position = _positions(asked, dataset)
    ranking = Ranking.empty(len(dataset.queries), depth)
    for row, hits in enumerate(asked):
        names = sorted(hits, reverse=True)  # trec_eval's order of ties, by names: unknown ones stand between others
        documents = np.array([position[name] for name in names], dtype=np.int64)
        scores = np.array([hits[name] for name in names], dtype=np.float64)
        ranking.put(row, *top_k(scores, depth, documents))
    return ranking


def hits_by_query(run: Mapping[str, Mapping[str, float]], dataset: Dataset) -> list[Mapping[str, float]]:
    """The hits of each of the dataset's queries, by position."""
    names = known(run)
    return [run.get(names.get(query, query), {}) for query in dataset.query_ids]


def unknown_documents(run: Mapping[str, Mapping[str, float]], dataset: Dataset) -> list[str]:
    """What the dataset's queries have as hits and the dataset does not have, ascending."""
    position = _positions(hits_by_query(run, dataset), dataset)
    return [name for name, place in position.items() if place < NO_HIT]


def _positions(asked: Iterable[Mapping[str, float]], dataset: Dataset) -> dict[str, int]:
    """Of documents by name; looked up all at once, since each look-up reads the names of the whole corpus."""
    names = sorted(set(chain.from_iterable(asked)))
    index = pc.index_in(pa.array(names, pa.large_string()), value_set=dataset.documents["id"].combine_chunks())
    positions = dict(zip(names, index.to_pylist(), strict=True))
    absent = [name for name, place in positions.items() if place is None]
    if not all(map(str.isascii, absent)):  # a name may be composed in another way
        places = {name: place for place, name in enumerate(dataset.documents["id"].to_pylist())}
        alike = known(places)
        same = {name: twin for name in absent if (twin := alike.get(name)) is not None and twin not in positions}
        positions |= {name: places[twin] for name, twin in same.items()}
        absent = [name for name in absent if positions[name] is None]
    return positions | {name: NO_HIT - 1 - number for number, name in enumerate(absent)}
