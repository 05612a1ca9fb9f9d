"""The noise floor: how far figures move by what should not matter, from the stored cells of a retriever's variants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.analysis.values import evaluate
from bench.data.dataset import Dataset
from bench.evaluation.ranking_changes import (
    RankingChanges,
    largest_rank_change,
    largest_score_difference,
    ranking_changes,
    with_ties_settled,
)
from bench.storage.cell import Cell
from bench.storage.files import write_csv
from bench.storage.run import Row, Run
from bench.storage.schema import NOISE
from retrievers.base import Ranking

if TYPE_CHECKING:
    import ir_measures

BATCH_SIZE, THREADS, BACKEND, ORDER = "batch size", "threads", "backend", "order"
SHARES = ("top1", "top10_set", "top10_order")


@dataclass(frozen=True)
class Variation:
    """One way to run a retriever. line: its label. changed, setting: what is otherwise, and how; empty of the base."""

    line: str
    changed: str = ""
    setting: str = ""

    @property
    def label(self) -> str:
        """What the variant is called."""
        return f"{self.line}, {self.changed} {self.setting}" if self.changed else self.line


@dataclass(frozen=True)
class _Measured:
    """A variant. means: of each measure over the answerable queries, settled: with ties as the base has them."""

    variation: Variation
    ranking: Ranking
    settled_ranking: Ranking
    means: Mapping[str, float]
    settled: Mapping[str, float]


def write_noise(
    run: Run,
    dataset: Dataset,
    cells: Mapping[str, Cell],
    variations: Mapping[str, Variation],
    measures: dict[str, ir_measures.Measure],
) -> None:
    """Write noise.csv of a run whose cells are there, a row a variant and quantity. variations: by label.

    A retriever whose base failed, or all of whose variants, has no rows. Quantities by variant: mean, difference (to
    the base), without_ties (the same, equal scores in the base's order) of each measure; top1, top10_set, top10_order
    (shares of the queries that have others) and the same with _ties (what ties alone moved); rank_change, the largest
    of a relevant document; score_difference, the largest of a hit. By what was changed: spread, the largest difference
    between any two. Of all: floor, the same; floor_without_ties; largest_difference, to the base.
    """
    rows = []
    for line in dict.fromkeys(variation.line for variation in variations.values()):
        measured = [
            (variation, cells[label])
            for label, variation in variations.items()
            if variation.line == line and label in cells
        ]
        if len(measured) > 1 and not measured[0][0].changed:
            rows += list(_of_retriever(dataset, measured, measures))
    write_csv(run.folder / "noise.csv", NOISE, [[row[name] for name in NOISE] for row in rows])
    run.hold("noise", rows)


def _of_retriever(
    dataset: Dataset, cells: list[tuple[Variation, Cell]], measures: dict[str, ir_measures.Measure]
) -> Iterator[Row]:
    """cells: the base first."""
    first = cells[0][1].ranking
    variants = [_measured(dataset, variation, cell, first, measures) for variation, cell in cells]
    base, *others = variants

    def row(variation: Variation, quantity: str, value: float, measure: str = "") -> Row:
        variant = variation.label if variation.changed and variation.setting else ""
        named = (dataset.name, base.variation.line, variant, variation.changed, variation.setting)
        return dict(zip(NOISE, (*named, quantity, measure, value), strict=True))

    for variant in variants:
        for measure, mean in variant.means.items():
            yield row(variant.variation, "mean", mean, measure)
    for variant in others:
        for measure, mean in base.means.items():
            yield row(variant.variation, "difference", variant.means[measure] - mean, measure)
            yield row(variant.variation, "without_ties", variant.settled[measure] - mean, measure)
        for quantity, value in _moved(dataset, base, variant).items():
            yield row(variant.variation, quantity, value)
    for changed in dict.fromkeys(variant.variation.changed for variant in others):
        some = [base, *(variant for variant in others if variant.variation.changed == changed)]
        for measure in base.means:
            spread = _spread(variant.means[measure] for variant in some)
            yield row(Variation(base.variation.line, changed), "spread", spread, measure)
    for measure, mean in base.means.items():
        whole = Variation(base.variation.line)
        yield row(whole, "floor", _spread(variant.means[measure] for variant in variants), measure)
        yield row(whole, "floor_without_ties", _spread(variant.settled[measure] for variant in variants), measure)
        largest = max(abs(variant.means[measure] - mean) for variant in others)
        yield row(whole, "largest_difference", largest, measure)


def _spread(means: Iterator[float]) -> float:
    """The largest difference between any two."""
    listed = list(means)
    return max(listed) - min(listed)


def _measured(
    dataset: Dataset, variation: Variation, cell: Cell, base: Ranking, measures: dict[str, ir_measures.Measure]
) -> _Measured:
    # Where the documents stand as in the base, ties do too.
    settled = with_ties_settled(base, cell.ranking) if variation.changed == ORDER else cell.ranking
    values = {name: cell.per_query[name] for name in measures}
    same = np.array_equal(settled.documents, cell.ranking.documents)
    settled_values = values if same else evaluate(dataset, settled, measures)
    means, settled_means = (
        {name: float(of_queries[dataset.answerable].mean()) for name, of_queries in of_all.items()}
        for of_all in (values, settled_values)
    )
    return _Measured(variation, cell.ranking, settled, means, settled_means)


def _moved(dataset: Dataset, base: _Measured, variant: _Measured) -> dict[str, float]:
    """What became of single queries."""
    changes, settled = (ranking_changes(base.ranking, one) for one in (variant.ranking, variant.settled_ranking))
    asked, relevant = dataset.answerable, dataset.relevant
    shares = {}
    for name in SHARES:
        moved = _of(changes, name)[asked]
        shares[name] = float(moved.mean())
        shares[f"{name}_ties"] = float((moved & ~_of(settled, name)[asked]).mean())
    judged = dataset.judged_query[relevant], dataset.judged_document[relevant]
    return {
        **shares,
        "rank_change": largest_rank_change(base.ranking, variant.ranking, *judged),
        "score_difference": largest_score_difference(base.ranking, variant.ranking),
    }


def _of(changes: RankingChanges, name: str) -> NDArray[np.bool_]:
    values: NDArray[np.bool_] = getattr(changes, name)
    return values
