"""What a part of the judgements says, held against the whole."""

from dataclasses import replace

import numpy as np
import pytest
from judged import drawn, drawn_groups, estimate_after, judge, made_pool

from bench.errors import BenchError
from bench.judging.design import judging_order
from bench.judging.estimate import estimate
from bench.judging.intervals import FEWEST_RELEVANT, contrast_interval

DIFFERENCE, VALUE = np.array([1.0, -1.0]), np.array([1.0, 0.0])


def orders(pool, count):
    return [judging_order(pool, np.random.default_rng(seed)) for seed in range(count)]


def test_all_judged_is_the_value_itself():
    pool, gain = made_pool(np.random.default_rng(0))
    seen = estimate_after(pool, orders(pool, 1)[0], gain, len(pool))
    np.testing.assert_allclose(seen.values, pool.values(gain))
    assert seen.sampling_variance(DIFFERENCE) == 0


@pytest.mark.parametrize("share", [0.1, 0.3])
@pytest.mark.parametrize("contrast", [DIFFERENCE, VALUE], ids=["difference", "value"])
def test_the_estimate_is_unbiased_and_its_variance_is_as_stated(share, contrast):
    pool, gain = made_pool(np.random.default_rng(1), better=0.5)
    seen = [estimate_after(pool, order, gain, int(share * len(pool))) for order in orders(pool, 600)]
    means = np.array([each.means @ contrast for each in seen])
    error = means.std() / np.sqrt(len(means))
    assert abs(means.mean() - pool.values(gain).mean(axis=0) @ contrast) < 4 * error
    stated = np.mean([each.sampling_variance(contrast) for each in seen])
    assert stated == pytest.approx(means.var(), rel=0.25)


def test_the_variance_that_more_judgements_leave_is_foretold():
    pool, gain = made_pool(np.random.default_rng(2), queries=100)
    some, more = 400, 900
    foretold = np.mean(
        [estimate_after(pool, o, gain, some).sampling_variance(DIFFERENCE, more) for o in orders(pool, 60)]
    )
    came = np.mean([estimate_after(pool, o, gain, more).sampling_variance(DIFFERENCE) for o in orders(pool, 60)])
    assert foretold == pytest.approx(came, rel=0.25)


def test_what_is_judged_out_of_turn_is_not_used():
    pool, gain = made_pool(np.random.default_rng(3))
    order = orders(pool, 1)[0]
    known = judge(order, gain, 50)
    known[order.order[60:]] = gain[order.order[60:]]
    seen, plain = estimate(pool, order, known), estimate_after(pool, order, gain, 50)
    assert seen.judged == 50
    assert np.array_equal(seen.values, plain.values)


def test_a_skipped_pair_closes_the_gap_with_what_its_ranks_let_expect():
    pool, gain = made_pool(np.random.default_rng(4))
    order = orders(pool, 1)[0]
    known = judge(order, gain, len(pool))
    skipped = np.zeros(len(pool), dtype=bool)
    skipped[order.order[30]] = True
    known[skipped] = np.nan
    seen = estimate(pool, order, known, skipped)
    assert seen.judged == len(pool)
    other = pool.query != pool.query[order.order[30]]
    np.testing.assert_allclose(
        seen.values[np.unique(pool.query[other])], pool.values(gain)[np.unique(pool.query[other])]
    )
    assert np.all(seen.residual[skipped] == 0)


def test_grades_have_to_be_divided_by_the_highest():
    pool, gain = made_pool(np.random.default_rng(0))
    with pytest.raises(BenchError, match="outside of 0 to 1"):
        estimate(pool, orders(pool, 1)[0], gain * 2)


def test_too_few_relevant_ones_have_no_interval():
    pool, gain = made_pool(np.random.default_rng(0))
    order = orders(pool, 1)[0]
    counted = np.cumsum((gain > 0)[order.order] & (pool.weight @ DIFFERENCE != 0)[order.order])
    enough = int(np.argmax(counted == FEWEST_RELEVANT)) + 1
    assert np.isnan(contrast_interval(estimate_after(pool, order, gain, enough - 1), DIFFERENCE)).all()
    assert np.isfinite(contrast_interval(estimate_after(pool, order, gain, enough), DIFFERENCE)).all()


def test_nothing_relevant_at_all_is_known_as_well_as_so_few_queries_can():
    pool, gain = made_pool(np.random.default_rng(0), queries=30)
    seen = estimate_after(pool, orders(pool, 1)[0], gain * 0, len(pool))
    low, high = contrast_interval(seen, VALUE)
    assert low == 0
    assert high == pytest.approx(1 - 0.025 ** (1 / 30))  # Clopper & Pearson: 0 of 30


@pytest.mark.parametrize("share", [0.4, 1.0])
def test_groups_of_one_query_are_queries(share):
    pool, gain = made_pool(np.random.default_rng(5))
    alone = replace(pool, groups=np.arange(pool.queries))
    order = orders(pool, 1)[0]
    intervals = [
        contrast_interval(estimate_after(one, order, gain, int(share * len(pool))), DIFFERENCE) for one in (pool, alone)
    ]
    np.testing.assert_allclose(*intervals, atol=1e-12)


def test_wordings_of_one_question_hold_the_truth_as_one_and_not_as_many():
    """Thirty questions in five wordings each that find the same documents, two fifths of the pool judged."""
    whole, gains = made_pool(np.random.default_rng(6), queries=200)
    five = np.tile(np.arange(whole.queries), 5)
    pool, gain = drawn(whole, gains, five)
    truth = whole.values(gains).mean(axis=0)
    trials, held = 120, {"groups": 0, "queries": 0}
    for seed in range(trials):
        rng = np.random.default_rng(seed)
        some, its = drawn_groups(pool, gain, five, 30, rng)
        order = judging_order(some, rng)
        for kind, asked in (("groups", some), ("queries", replace(some, groups=None))):
            low, high = contrast_interval(estimate_after(asked, order, its, int(0.4 * len(some))), VALUE)
            held[kind] += low <= truth @ VALUE <= high
    assert held["groups"] / trials >= 0.95 - 3.29 * np.sqrt(0.05 * 0.95 / trials)
    assert held["queries"] / trials < 0.8


def test_one_group_says_nothing_of_others():
    pool, gain = made_pool(np.random.default_rng(7))
    pool = replace(pool, groups=np.zeros(pool.queries, dtype=np.int64))
    for count in (len(pool) // 2, len(pool)):
        assert np.isnan(contrast_interval(estimate_after(pool, orders(pool, 1)[0], gain, count), VALUE)).all()
