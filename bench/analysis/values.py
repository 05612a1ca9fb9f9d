"""The values that a ranking of a dataset has by each measure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.analysis import budgets
from bench.analysis.budgets import BUDGETS, Budget, budgeted, ended, fits_whole, pieces_taken
from bench.data.dataset import Dataset
from bench.errors import BenchError
from bench.evaluation.budget_measures import budget_of
from bench.evaluation.measure_names import parse
from bench.evaluation.measure_registry import registered
from bench.evaluation.measures import cutoff, evaluate_positions
from retrievers.base import Ranking

if TYPE_CHECKING:
    import ir_measures


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

    def holds_all(name: str, measure: ir_measures.Measure) -> bool:
        if budget := budget_of(measure):
            return not dataset.judgements_alone and fits_whole(dataset, budget)
        return cutoff(name) >= dataset.corpus_size

    return [
        name
        for name, measure in parsed.items()
        if measure.NAME.removesuffix("@t") in ("R", "Success") and least >= measure["rel"] and holds_all(name, measure)
    ]


def evaluate(
    dataset: Dataset, ranking: Ranking, measures: dict[str, ir_measures.Measure]
) -> dict[str, NDArray[np.float64]]:
    """For each measure its values, float64 [queries], in the dataset's order of queries."""
    over_budget = budgeted(measures)
    plain = {name: measure for name, measure in measures.items() if name not in over_budget}
    values = evaluate_positions(plain, dataset.judgements, ranking.documents)
    if over_budget:
        values |= budgets.evaluate(dataset, ranking, over_budget)
    return {name: values[name] for name in measures}


def recall_curve(dataset: Dataset, ranking: Ranking) -> NDArray[np.float64]:
    """Mean recall@k over the answerable queries for k = 1..depth, float64 [depth]."""
    if not dataset.answerable.any():
        return np.zeros(ranking.documents.shape[1])
    hit, total = _relevant_hits(dataset, ranking)
    curve: NDArray[np.float64] = (hit.cumsum(axis=1) / total[:, None]).mean(axis=0)
    return curve


def budget_curve(
    dataset: Dataset, ranking: Ranking, measures: dict[str, ir_measures.Measure], cut_at: int
) -> list[tuple[int, float, int]]:
    """Recall by budget: the budget, the mean over the answerable queries of what whole passages within it hold, and
    for how many of these queries the ranking was cut before the budget was full.

    cut_at: the rank at which rankings were cut, 0 where none was.
    Of the usual budgets and of those of the measures; nothing where no query is answerable.
    """
    asked = dataset.answerable
    if not asked.any():
        return []
    pieces = sorted({*BUDGETS, *map(budget_of, budgeted(measures).values())})
    taken = pieces_taken(dataset, ranking, pieces[-1])[asked]
    hit, total = _relevant_hits(dataset, ranking)
    answered = ranking.of_queries(np.flatnonzero(asked).tolist())
    return [
        (
            budget,
            float(((hit & Budget(budget).fits(taken)).sum(axis=1) / total).mean()),
            int(ended(dataset, answered, taken, budget, cut_at).sum()),
        )
        for budget in pieces
    ]


def _relevant_hits(dataset: Dataset, ranking: Ranking) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Of the answerable queries, which hits are relevant, [queries, k], and how many documents are, [queries]."""
    answerable = dataset.answerable
    width = len(dataset.documents)
    wanted = dataset.relevant
    relevant = dataset.judged_query[wanted] * width + dataset.judged_document[wanted]
    rows = np.arange(len(ranking.documents))[:, None] * width
    hit = np.isin(rows + ranking.documents, relevant) & (ranking.documents >= 0)
    total = np.bincount(dataset.judged_query[wanted], minlength=len(answerable))
    return hit[answerable], total[answerable]
