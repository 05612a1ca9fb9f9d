"""The values that a ranking of a dataset has by each measure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.data.dataset import Dataset
from bench.errors import BenchError
from bench.evaluation.measure_names import parse
from bench.evaluation.measure_registry import registered
from retrievers.base import Ranking

if TYPE_CHECKING:
    import ir_measures
from bench.evaluation.measures import cutoff, evaluate_positions


def check_grades(measures: dict[str, ir_measures.Measure], dataset: Dataset) -> None:
    """Raise BenchError for a measure that the set's grades are too high for, as ERR, whose definition ends at 4."""
    highest = int(dataset.grade.max(initial=0))
    for name, measure in measures.items():
        most = registered(measure.NAME).highest_grade
        if most is not None and highest > most:
            raise BenchError(
                f"The measure {name!r} cannot be computed on {dataset.name}: it is defined for grades up to {most}, "
                f"and the set has {highest}.",
                f"Leave it out, or write the judgements with grades from 0 to {most}.",
            )


def always_one(names: Sequence[str], dataset: Dataset) -> list[str]:
    """Those that are 1 for whoever returns all documents of so small a set, in any order.

    A measure that asks for a grade (rel=2) is 0 for a query whose documents all have lower ones.
    """
    best = np.zeros(len(dataset.queries), dtype=np.int64)
    np.maximum.at(best, dataset.judged_query, dataset.grade)
    least = int(best[dataset.answerable].min(initial=np.iinfo(np.int64).max))
    parsed = {name: parse(name) for name in names}
    return [
        name
        for name, measure in parsed.items()
        if measure.NAME in ("R", "Success") and cutoff(name) >= dataset.corpus_size and least >= measure["rel"]
    ]


def evaluate(
    dataset: Dataset, ranking: Ranking, measures: dict[str, ir_measures.Measure]
) -> dict[str, NDArray[np.float64]]:
    """For each measure its values, float64 [queries], in the dataset's order of queries."""
    return evaluate_positions(measures, dataset.judgements, ranking.documents)


def recall_curve(dataset: Dataset, ranking: Ranking) -> NDArray[np.float64]:
    """Mean recall@k over the answerable queries for k = 1..depth, float64 [depth]."""
    answerable = dataset.answerable
    if not answerable.any():
        return np.zeros(ranking.documents.shape[1])
    width = len(dataset.documents)
    wanted = dataset.relevant
    relevant = dataset.judged_query[wanted] * width + dataset.judged_document[wanted]
    rows = np.arange(len(ranking.documents))[:, None] * width
    hit = np.isin(rows + ranking.documents, relevant) & (ranking.documents >= 0)
    total = np.bincount(dataset.judged_query[wanted], minlength=len(answerable))
    shares = hit[answerable].cumsum(axis=1) / total[answerable, None]
    curve: NDArray[np.float64] = shares.mean(axis=0)
    return curve
