"""What a retriever gains by having been in the pool that was judged: each is left out of it in turn.

The documents that it alone brought to the judges become unjudged, as they would be for a new retriever (Zobel, How
reliable are the results of large-scale information retrieval experiments?, SIGIR 1998). How far its figure falls is how
much too low that of a retriever may be that was not in the pool.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.analysis.mean_with_interval import Figure, figures
from bench.analysis.values import evaluate
from bench.data.dataset import Dataset, is_relevant
from bench.evaluation.measures import resolve
from retrievers.base import Ranking

Values = NDArray[np.float64]


@dataclass(frozen=True)
class LeftOut:
    """A retriever without the judgements that it alone brought.

    alone, relevant: how many those are, and how many of them say relevant. value: as judged; without: without them;
    moved: the second less the first. All are over the queries that have an answer as judged; one whose answers only
    this retriever brought then counts 0. best: the highest mean as judged, and best_without them.
    """

    alone: int
    relevant: int
    value: float
    without: float
    moved: Figure
    best: str
    best_without: str


def pool_bias(
    dataset: Dataset,
    rankings: Mapping[str, Ranking],
    values: Mapping[str, Values],
    measure: str,
    rng: np.random.Generator,
) -> dict[str, LeftOut]:
    """By label of a retriever that is in the pool and in the run; empty where none is.

    values: label -> the measure as judged, [queries].
    """
    asked = dataset.answerable
    groups = None if dataset.groups is None else dataset.groups[asked]
    results = {}
    for label in (label for label in rankings if label in dataset.brought_alone):
        lost = _lost(dataset, label)
        fewer = _without(dataset, lost)
        without = {
            other: evaluate(fewer, ranking, resolve([measure]))[measure][asked] for other, ranking in rankings.items()
        }
        before = {other: values[other][asked] for other in rankings}
        moved = without[label] - before[label]
        results[label] = LeftOut(
            int(lost.sum()),
            int((lost & is_relevant(dataset.grade)).sum()),
            float(before[label].mean()),
            float(without[label].mean()),
            figures({label: moved}, rng, groups=groups, differences=True)[label],
            _best(before),
            _best(without),
        )
    return results


def _lost(dataset: Dataset, label: str) -> NDArray[np.bool_]:
    """[judgements]: those of documents that this retriever alone brought."""
    alone = dataset.brought_alone[label]
    pairs = zip(dataset.judged_query.tolist(), dataset.document_ids(dataset.judged_document), strict=True)
    return np.array([(dataset.query_ids[query], document) in alone for query, document in pairs], dtype=bool)


def _without(dataset: Dataset, lost: NDArray[np.bool_]) -> Dataset:
    """The same queries, of which some may have no judgement left."""
    kept = ~lost
    return replace(
        dataset,
        judged_query=dataset.judged_query[kept],
        judged_document=dataset.judged_document[kept],
        grade=dataset.grade[kept],
    )


def _best(values: Mapping[str, Values]) -> str:
    return max(sorted(values), key=lambda label: values[label].mean())
