"""How a retriever stands by a measure of a set: best of all, its letters, and whether it is level with the best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bench.data.slices import ALL
from bench.report.run.names import analysis, contenders, deciding_queries
from bench.report.table import best_of
from bench.storage.run import Run


@dataclass(frozen=True)
class Marks:
    """Of one measure of one set, over all its queries.

    best: the highest of at least two, where there are enough queries. letters: retriever -> letters, of which two share
    none if they are shown different; nobody has any where there are fewer than three, or all have the same. level: who
    is not shown different from the best, or from the baseline.
    """

    best: frozenset[str]
    letters: dict[str, str]
    level: frozenset[str]


def marks(run: Run, dataset: dict[str, Any], measure: str) -> Marks:
    """The marks of a measure; none where it was not tested."""
    analyses, chosen = analysis(run, dataset), contenders(run)
    wanted = (dataset["name"], ALL, measure)
    values = {
        row["retriever"]: row["value"]
        for row in run.rows("measures")
        if (row["dataset"], row["slice"], row["measure"]) == wanted and row["retriever"] in chosen
    }
    labels, letters = list(values), analyses.get("letters", {}).get(measure, {})
    best = best_of(values.values(), deciding_queries(dataset))
    return Marks(
        frozenset(labels[place] for place in best),
        letters if len(letters) > 2 and len(set(letters.values())) > 1 else {},
        frozenset(analyses.get("level", {}).get(measure, {}).get("undecided", ())),
    )
