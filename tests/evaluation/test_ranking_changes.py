"""What moved between two rankings, and what of it equal scores alone have moved."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bench.evaluation.ranking_changes import (
    largest_rank_change,
    largest_score_difference,
    ranking_changes,
    with_ties_settled,
)
from retrievers.base import Ranking, top_k


def ranking(*rows, scores=None):
    """Rows of positions; scores descend by 1 unless given."""
    made = Ranking.empty(len(rows), max(map(len, rows)))
    for number, row in enumerate(rows):
        its = np.arange(len(row), 0, -1) if scores is None else np.array(scores[number])
        made.put(number, np.array(row), its.astype(np.float32))
    return made


def in_order(scores, order, k):
    """The ranking of one query by these scores, of documents that were handed over in that order."""
    made = Ranking.empty(1, k)
    places, its = top_k(scores[order].astype(np.float32), k)
    made.put(0, order[places], its)
    return made


def test_the_first_hit_the_first_ten_and_their_order_are_told_apart():
    base = ranking(*[list(range(12))] * 4)
    other = ranking(
        list(range(12)),
        [1, 0, *range(2, 12)],
        [*range(9), 10, 9, 11],
        [*range(10), 11, 10],
    )
    changes = ranking_changes(base, other)
    assert changes.top1.tolist() == [False, True, False, False]
    assert changes.top10_set.tolist() == [False, False, True, False]
    assert changes.top10_order.tolist() == [False, True, True, False]


def test_the_rank_of_a_document_that_is_not_ranked_is_below_the_last():
    base, other = ranking([4, 5, 6], [4, 5, 6]), ranking([4, 6, 5], [4, 5, 7])
    assert largest_rank_change(base, other, np.array([0]), np.array([5])) == 1
    assert largest_rank_change(base, other, np.array([1]), np.array([6])) == 1
    assert largest_rank_change(base, other, np.array([1]), np.array([9])) == 0
    assert largest_rank_change(base, other, np.array([0, 1]), np.array([4, 4])) == 0


def test_scores_are_compared_of_documents_that_both_have():
    base = ranking([4, 5], scores=[[3.0, 2.0]])
    assert largest_score_difference(base, ranking([5, 9], scores=[[2.5, 1.0]])) == 0.5
    assert largest_score_difference(base, ranking([8, 9])) == 0


def test_an_order_of_other_scores_is_not_settled():
    base, other = ranking([0, 1], scores=[[2, 1]]), ranking([1, 0], scores=[[2, 1]])
    assert with_ties_settled(base, other).documents.tolist() == [[1, 0]]


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=12).flatmap(
        lambda scores: st.tuples(st.just(scores), st.permutations(range(len(scores))), st.integers(1, len(scores)))
    )
)
def test_ties_are_all_that_the_order_of_documents_moves(drawn):
    """However they are cut, a ranking by equal scores in another order is the base's once ties are settled."""
    scores, order, k = np.array(drawn[0]), np.array(drawn[1]), drawn[2]
    base = in_order(scores, np.arange(len(scores)), k)
    other = in_order(scores, order, k)
    assert np.array_equal(with_ties_settled(base, other).documents, base.documents)


@given(st.permutations(range(12)), st.permutations(range(12)))
def test_without_ties_nothing_is_settled(scores, order):
    other = in_order(np.array(scores), np.array(order), 12)
    base = in_order(np.array(scores[::-1]), np.arange(12), 12)
    assert with_ties_settled(base, other) == Ranking(other.documents, other.scores)
