"""The pool of pairs, and what each weighs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.evaluation.measures import evaluate_positions, resolve
from bench.judging.pool import pool_hits, rank_weights
from retrievers.base import Ranking


def ranking(*rows, k=10):
    made = Ranking.empty(len(rows), k)
    for row, hits in enumerate(rows):
        made.put(row, np.array(hits, dtype=np.int64), -np.arange(len(hits), dtype=np.float32))
    return made


def test_a_pair_that_two_return_stands_once_with_both_ranks():
    pool = pool_hits([ranking([7, 3], []), ranking([3, 9], [4])], np.array([0.75, 0.25]))
    assert list(zip(pool.query, pool.document, strict=True)) == [(0, 3), (0, 7), (0, 9), (1, 4)]
    assert pool.rank.tolist() == [[2, 1], [1, 0], [0, 2], [0, 1]]
    assert pool.weight.tolist() == [[0.25, 0.75], [0.75, 0], [0, 0.25], [0, 0.75]]
    assert pool.queries == 2


def test_hits_below_the_cutoff_are_not_in_the_pool():
    assert len(pool_hits([ranking(range(8))], rank_weights("P@5"))) == 5


@pytest.mark.parametrize("name", ["P@5", "P@10"])
@given(data=st.data())
def test_the_value_is_the_measure_where_the_measure_is_linear(name, data):
    """P by ir_measures."""
    documents = st.lists(st.integers(0, 30), max_size=12, unique=True)
    rows = data.draw(st.lists(documents.filter(bool), min_size=1, max_size=4))
    relevant = [data.draw(st.sets(st.integers(0, 30), min_size=1)) for _ in rows]
    hits = ranking(*rows, k=12)
    pool = pool_hits([hits], rank_weights(name))
    gain = np.array([float(d in relevant[q]) for q, d in zip(pool.query, pool.document, strict=True)])
    theirs = evaluate_positions(resolve([name]), [dict.fromkeys(each, 1) for each in relevant], hits.documents)[name]
    np.testing.assert_allclose(pool.values(gain)[:, 0], theirs)


def test_the_weights_of_dcg():
    """Järvelin & Kekäläinen 2002: 1 / log2(rank + 1), here over their sum."""
    np.testing.assert_allclose(rank_weights("nDCG@3"), np.array([1, 1 / np.log2(3), 0.5]) / (1.5 + 1 / np.log2(3)))


@pytest.mark.parametrize("name", ["RR@10", "AP@100", "nDCG"])
def test_what_is_no_weighted_sum_of_the_first_hits_is_refused(name):
    with pytest.raises(BenchError, match="not a weighted sum"):
        rank_weights(name)


def test_what_cannot_be_pooled_is_refused():
    with pytest.raises(BenchError, match="same queries"):
        pool_hits([ranking([1]), ranking([1], [2])], np.ones(1))
    with pytest.raises(BenchError, match="nothing to judge"):
        pool_hits([ranking([]), ranking([])], np.ones(1))
