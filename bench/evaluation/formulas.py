"""Our own formulas of measures that no provider of ir_measures computes here, or that it rounds, or by another rule.

To add one: write its formula, and one entry of `measure_registry`.

Each takes a measure with its parameters, the judgements and the ranked positions, as measures.evaluate_positions does,
and gives a value per query, float64 [queries]: 0 where there is no hit or nothing is relevant. Unjudged hits and
negative grades are not relevant and gain nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrievers.base import NO_HIT

if TYPE_CHECKING:
    import ir_measures

Judgements = Sequence[dict[int, int]]
Positions = NDArray[np.int64]
Values = NDArray[np.float64]
Formula = Callable[["ir_measures.Measure", Judgements, Positions], Values]

HIGHEST_ERR_GRADE = 4  # gdeval.pl's, of the TREC Web tracks: a document of that grade satisfies 15 of 16 users
COMPAT_DEPTH = 1000
_UNJUDGED = -1  # as a grade: below every rel


def grades_by_query(
    measure: ir_measures.Measure, judgements: Judgements, documents: Positions
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """For each query the grades of its hits down to the cutoff, best first, and those of its judged documents.

    judged_only leaves out hits without a grade or with one below 0 before the cutoff, as trec_eval -J does.
    """
    cutoff = measure.params.get("cutoff")
    for grades, row in zip(judgements, documents.tolist(), strict=True):
        hits = [grades.get(document, _UNJUDGED) for document in row if document != NO_HIT]
        if measure.params.get("judged_only"):
            hits = [grade for grade in hits if grade >= 0]
        yield np.array(hits[:cutoff], dtype=np.int64), np.array(list(grades.values()), dtype=np.int64)


def expected_reciprocal_rank(measure: ir_measures.Measure, judgements: Judgements, documents: Positions) -> Values:
    """Sum over ranks n of R_n / n times the product of 1 - R above it, R = (2^grade - 1) / 2^4.

    Chapelle, Metzler, Zhang, Grinspan: Expected reciprocal rank for graded relevance, CIKM 2009. The highest grade is
    gdeval.pl's, whatever the set has, so that figures of several sets are of one scale.
    """
    values = np.zeros(len(judgements))
    for query, (hits, _) in enumerate(grades_by_query(measure, judgements, documents)):
        satisfied = (np.exp2(np.maximum(hits, 0)) - 1) / 2**HIGHEST_ERR_GRADE
        reached = np.concatenate([[1.0], np.cumprod(1 - satisfied)[:-1]])[: len(hits)]
        values[query] = (satisfied * reached / np.arange(1, len(hits) + 1)).sum()
    return values


def exponential_ndcg(measure: ir_measures.Measure, judgements: Judgements, documents: Positions) -> Values:
    """Sum of (2^grade - 1) / log2(rank + 1) over the same sum of the best possible order, both down to the cutoff.

    Burges et al.: Learning to rank using gradient descent, ICML 2005. Gains are divided by 2^(highest grade of the
    query), which changes no value and keeps every grade within what a float holds.
    """
    values = np.zeros(len(judgements))
    for query, (hits, judged) in enumerate(grades_by_query(measure, judgements, documents)):
        highest = int(judged.max(initial=0))
        if highest > 0:
            best = np.sort(judged)[::-1][: measure.params.get("cutoff")]
            reached, ideal = (_exponential_dcg(grades, highest) for grades in (hits, best))
            values[query] = reached / ideal
    return values


def _exponential_dcg(grades: NDArray[np.int64], highest: int) -> float:
    gains = np.exp2(np.maximum(grades, 0).astype(np.float64) - highest) - np.exp2(-float(highest))
    return float((gains / np.log2(np.arange(2, len(grades) + 2))).sum())


def rank_biased_precision(measure: ir_measures.Measure, judgements: Judgements, documents: Positions) -> Values:
    """(1 - p) times the sum of gain * p^(rank - 1): 1 from `rel` on, or without rel grade / highest grade of the query.

    Moffat, Zobel: Rank-biased precision for measurement of retrieval effectiveness, TOIS 27(1), 2008; the graded gain
    is trec_eval 10's `rbp`.
    """
    rel, p = measure.params.get("rel"), measure["p"]
    values = np.zeros(len(judgements))
    for query, (hits, judged) in enumerate(grades_by_query(measure, judgements, documents)):
        highest = max(int(judged.max(initial=0)), 1)
        gains = np.maximum(hits, 0) / highest if rel is None else hits >= rel
        values[query] = (1 - p) * float((gains * p ** np.arange(len(hits))).sum())
    return values


def compatibility(measure: ir_measures.Measure, judgements: Judgements, documents: Positions) -> Values:
    """Rank-biased overlap with the ideal ranking to depth 1,000, over that of the ideal ranking with itself.

    Ideal: relevant documents by descending grade, those of one grade as ranked here. Clarke, Vtyurina, Smucker:
    Assessing top-k preferences, TOIS 39(3), 2021, as in the authors' compatibility.py. A shorter ranking, or ideal one,
    has no further documents; the sum goes on to 1,000 all the same (ir_measures ends it with the longer of the two).
    """
    depths = np.arange(1, COMPAT_DEPTH + 1)
    persistence = measure["p"] ** np.arange(COMPAT_DEPTH)
    values = np.zeros(len(judgements))
    for query, (grades, row) in enumerate(zip(judgements, documents.tolist(), strict=True)):
        ranks = {document: rank for rank, document in enumerate(document for document in row if document != NO_HIT)}
        relevant = [document for document, grade in grades.items() if grade > 0]
        ideal = sorted(relevant, key=lambda document: (-grades[document], ranks.get(document, len(ranks))))
        # A document is shared from the depth on at which it is in both.
        shared = [max(place, ranks[document]) for place, document in enumerate(ideal) if document in ranks]
        entering = np.bincount([depth for depth in shared if depth < COMPAT_DEPTH], minlength=COMPAT_DEPTH)
        weights = persistence / depths
        best = weights @ np.minimum(depths, len(ideal)) if measure["normalize"] else persistence.sum()
        values[query] = weights @ entering.cumsum() / best if ideal else 0.0
    return values


def set_f(measure: ir_measures.Measure, judgements: Judgements, documents: Positions) -> Values:
    """(x + 1) P R / (R + x P) of all hits, x = beta: trec_eval's `set_F_x`, whose x is the square of the usual beta.

    The provider writes x into a name that trec_eval reads as 1 where it has an exponent (1e-07).
    """
    values = np.zeros(len(judgements))
    for query, (hits, judged) in enumerate(grades_by_query(measure, judgements, documents)):
        retrieved, relevant = int((hits >= measure["rel"]).sum()), int((judged >= measure["rel"]).sum())
        if retrieved:
            precision, recall = retrieved / len(hits), retrieved / relevant
            share = measure["beta"] / (measure["beta"] + 1)  # of recall; so no large beta overflows
            values[query] = precision * recall / ((1 - share) * recall + share * precision)
    return values


def interpolated_precision(measure: ir_measures.Measure, judgements: Judgements, documents: Positions) -> Values:
    """Highest precision at any rank by which a share of the relevant documents is found.

    That share is rounded to whole documents, half upwards: trec_eval 10 does so where 9, the provider of ir_measures,
    added 0.9 and cut.
    """
    values = np.zeros(len(judgements))
    for query, (hits, judged) in enumerate(grades_by_query(measure, judgements, documents)):
        relevant = int((judged >= measure["rel"]).sum())
        retrieved = np.cumsum(hits >= measure["rel"])
        least = math.floor(measure["recall"] * relevant + 0.5)
        precision = retrieved / np.arange(1, len(hits) + 1)
        if relevant:
            values[query] = precision[retrieved >= least].max(initial=0)
    return values


def relevant_documents(measure: ir_measures.Measure, judgements: Judgements, documents: Positions) -> Values:  # noqa: ARG001
    """How many documents are relevant; the provider knows no query without a hit."""
    counts = [sum(grade >= measure["rel"] for grade in grades.values()) for grades in judgements]
    return np.array(counts, dtype=np.float64)


def one_a_query(measure: ir_measures.Measure, judgements: Judgements, documents: Positions) -> Values:  # noqa: ARG001
    """1 for every query, so that the sum is their number."""
    return np.ones(len(judgements))
