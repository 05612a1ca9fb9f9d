"""Which of the measures that were asked for fits the judgements of a set, where nobody says by which it is judged.

nDCG@10 fits whatever the judgements are: grades, one relevant document or hundreds. Of others the first that fits is
taken. A measure does not fit where a perfect ranking could not reach its end for half of the queries: R@k with fewer
than the median's relevant documents within k, P@k with fewer relevant documents than k; nor one that looks at the first
relevant document alone (RR, Success) where a query has many.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench.evaluation.measure_names import parse

# More relevant documents of a query are many: where the first of them stands says little.
MANY = 10
_FIRST_ALONE = ("RR", "Success", "Success@t")


def ceiling(name: str, relevant: float) -> float:
    """The value of a perfect ranking of a query with so many relevant documents: 1 but for R@k and P@k."""
    measure = parse(name)
    if measure.NAME not in ("R", "P"):
        return 1.0
    cutoff = int(measure.params["cutoff"])
    return min(1.0, cutoff / relevant if measure.NAME == "R" else relevant / cutoff)


def fits(name: str, relevant: float) -> bool:
    """Can a set be judged by this measure whose queries have so many relevant documents in the median?"""
    if parse(name).NAME in _FIRST_ALONE:
        return relevant <= MANY
    return ceiling(name, relevant) == 1


def fitting(names: Sequence[str], relevant: float) -> str:
    """The first measure that fits, else the one whose ceiling is highest."""
    first = next((name for name in names if fits(name, relevant)), None)
    return first or max(names, key=lambda name: ceiling(name, relevant))
