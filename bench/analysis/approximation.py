"""Approximate against exact: what an index loses of the search that it approximates, and what it takes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.analysis.costs import too_busy
from bench.analysis.mean_with_interval import figures as with_intervals
from bench.analysis.mean_with_interval import grouped
from bench.analysis.values import evaluate
from bench.data.dataset import Dataset
from bench.evaluation.intervals import DRAWS
from bench.evaluation.measures import resolve
from bench.evaluation.streams import Purpose, stream
from bench.storage.cell import Cell
from bench.storage.costs import INDEX
from retrievers.approximate import BUILD_INDEX
from retrievers.base import INDEX_BYTES, Ranking

HITS = 10  # of exact search, of which the recall is


@dataclass(frozen=True)
class ApproximationFigure:
    """A row of approximate.csv.

    quantity: "recall", the share of exact's first 10 hits among its own first 10; "exact", the mean of the measure of
    exact search over the same vectors; "loss", exact's less its own, paired by query, with the interval of a
    difference; "build_seconds", of the index, apart from encoding, NaN where the machine was too busy; "index_bytes",
    of all that its search needs but the model; "bytes_a_document", of them. measure: empty where it is of none.
    """

    quantity: str
    measure: str
    value: float
    low: float
    high: float
    queries: int


def figures(dataset: Dataset, cell: Cell, seed: int) -> Iterator[ApproximationFigure]:
    """Those of a cell; none where its search approximates none."""
    exact = cell.exact
    if exact is None:
        return
    asked, names = dataset.answerable, list(cell.per_query)
    of_exact = {name: values[asked] for name, values in evaluate(dataset, exact, resolve(names)).items()}
    means = {"recall": recall_of_exact(cell.ranking, exact)[asked], **of_exact}
    losses = {name: of_exact[name] - cell.per_query[name][asked] for name in names}
    groups, queries = grouped(dataset, asked), int(asked.sum())
    # The draws of the tables of measures and differences, so that a figure that stands there too has the same interval.
    mean = with_intervals(means, stream(seed, Purpose.MEAN), draws=DRAWS, groups=groups)
    differences = stream(seed, Purpose.DIFFERENCE)
    loss = with_intervals(losses, differences, draws=DRAWS, groups=groups, differences=True)
    listed = [("recall", "", mean["recall"])]
    listed += [(quantity, name, its[name]) for quantity, its in (("exact", mean), ("loss", loss)) for name in names]
    for quantity, name, its in listed:
        yield ApproximationFigure(quantity, name, its.value, its.low, its.high, queries)
    for quantity, value in _sizes(dataset, cell):
        yield ApproximationFigure(quantity, "", value, math.nan, math.nan, queries)


def _sizes(dataset: Dataset, cell: Cell) -> Iterator[tuple[str, float]]:
    seconds = math.nan if too_busy(cell, INDEX) else cell.info["phases"]["index"].get(BUILD_INDEX, math.nan)
    size = cell.info["quantities"].get(INDEX_BYTES, math.nan)
    yield from (("build_seconds", seconds), ("index_bytes", size), ("bytes_a_document", size / len(dataset.documents)))


def recall_of_exact(ranking: Ranking, exact: Ranking) -> NDArray[np.float64]:
    """By query, the share of exact's first 10 hits among the ranking's; 1 where exact has none. float64 [queries]."""
    wanted, hits = exact.documents[:, :HITS], ranking.documents[:, :HITS]
    there = wanted >= 0
    both = ((wanted[:, :, None] == hits[:, None, :]).any(axis=2) & there).sum(axis=1)
    return np.where(there.any(axis=1), both / np.maximum(there.sum(axis=1), 1), 1.0)
