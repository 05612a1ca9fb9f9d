"""What is judged next."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judged import made_pool

from bench.judging.design import RANDOM_SHARE, JudgingOrder, judging_order, sizes
from bench.judging.estimate import chances_after
from bench.judging.pool import pool_hits, rank_weights
from retrievers.base import Ranking


def test_the_same_seed_gives_the_same_order_and_another_one_another():
    pool, _ = made_pool(np.random.default_rng(0))
    orders = [judging_order(pool, np.random.default_rng(seed)).order for seed in (1, 1, 2)]
    assert np.array_equal(orders[0], orders[1])
    assert not np.array_equal(orders[0], orders[2])
    assert sorted(orders[0]) == list(range(len(pool)))


def test_any_pair_may_be_judged_and_those_that_decide_come_first():
    pool, _ = made_pool(np.random.default_rng(0))
    size = sizes(pool)
    assert size.sum() == pytest.approx(1)
    assert size.min() >= RANDOM_SHARE / len(pool)
    alike = pool.weight[:, 0] == pool.weight[:, 1]
    first = (pool.rank == 1).any(axis=1)
    assert size[first & ~alike].mean() > 2 * size[first & alike].mean()


@pytest.mark.parametrize("retrievers", [1, 2])
def test_retrievers_that_return_the_same_can_be_judged(retrievers):
    hits = Ranking(np.array([[0, 1, 2]]), np.array([[3, 2, 1]], dtype=np.float32))
    pool = pool_hits([hits] * retrievers, rank_weights("nDCG@10"))
    assert sizes(pool).sum() == pytest.approx(1)


def test_a_pair_is_among_the_first_as_often_as_its_chance_says():
    """Of priority sampling: 1 over the chance, where a pair is among the first, has the mean 1 for every pair."""
    pool, _ = made_pool(np.random.default_rng(0), queries=3)
    total, draws, judged = np.zeros(len(pool)), 20_000, 20
    for seed in range(draws):
        order = judging_order(pool, np.random.default_rng(seed))
        first = order.order[:judged]
        total[first] += 1 / order.chances(judged)[first]
    # Weights of up to 1 / (least chance) have a standard error of about sqrt(1 / chance / draws).
    error = np.sqrt(1 / chances_after(sizes(pool), judged) / draws)
    assert np.all(np.abs(total / draws - 1) < 5 * error)


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_a_batch_has_the_pairs_of_the_order_those_of_a_query_together(seed, count):
    pool, _ = made_pool(np.random.default_rng(seed % 7), queries=8)
    order = judging_order(pool, np.random.default_rng(seed))
    batch = order.batch(pool, 5, 5 + count)
    assert sorted(batch) == sorted(order.order[5 : 5 + count])
    asked = pool.query[batch]
    assert np.count_nonzero(np.diff(asked)) == len(set(asked.tolist())) - 1
    assert asked[0] == pool.query[order.order[5]]


@given(st.lists(st.floats(0.01, 10), min_size=2, max_size=30), st.data())
def test_the_chances_of_so_many_add_up_to_that(given_sizes, data):
    size = np.array(given_sizes) / sum(given_sizes)
    judged = data.draw(st.integers(1, len(size)))
    chances = chances_after(size, judged)
    assert chances.sum() == pytest.approx(judged)
    assert np.all((chances > 0) & (chances <= 1))
    unsure = chances < 1 - 1e-9
    if unsure.any():
        np.testing.assert_allclose(chances[unsure] / size[unsure], (chances / size)[unsure][0])


def test_where_all_are_judged_all_are_certain():
    order = JudgingOrder(np.array([1, 0]), np.array([2.0, 1.0]), np.array([0.5, 0.5]))
    assert order.chances(2).tolist() == [1, 1]
    assert order.chances(1).tolist() == [1, 1]
