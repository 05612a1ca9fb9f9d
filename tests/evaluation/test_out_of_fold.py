"""Choosing by folds: laws, a case by hand, and simulated sets whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bench.evaluation.out_of_fold import deal, out_of_fold


@given(st.lists(st.integers(0, 8), min_size=2, max_size=60), st.integers(2, 6), st.integers(0, 9))
def test_a_group_lies_in_one_fold_and_folds_are_even(labels, folds, seed):
    groups = np.array(labels)
    if len(set(labels)) < 2:
        return
    dealt = deal(len(groups), folds, np.random.default_rng(seed), groups)
    assert all(len(set(dealt[groups == label].tolist())) == 1 for label in set(labels))
    sizes = np.bincount(dealt)
    assert len(sizes) == min(folds, len(set(labels)))
    assert sizes.min() > 0
    assert sizes.max() - sizes.min() <= np.unique(groups, return_counts=True)[1].max()


@given(st.integers(2, 200), st.integers(2, 10), st.integers(0, 9))
def test_single_queries_are_dealt_evenly_and_by_the_seed(queries, folds, seed):
    dealt = deal(queries, folds, np.random.default_rng(seed))
    sizes = np.bincount(dealt)
    assert sizes.max() - sizes.min() <= 1
    assert np.array_equal(dealt, deal(queries, folds, np.random.default_rng(seed)))


def test_by_hand():
    #                   fold 0      fold 1
    values = np.array([[0.5, 0.5, 0.5, 0.5], [1.0, 1.0, 0.0, 0.2], [0.0, 0.2, 1.0, 0.9]])
    its = out_of_fold(values, np.array([0, 0, 1, 1]))
    # Fold 0 is scored by what is best on fold 1, the last trial; fold 1 by what is best on fold 0.
    assert its.chosen.tolist() == [2, 1]
    assert its.values.tolist() == [0.0, 0.2, 0.0, 0.2]
    assert its.in_fold == pytest.approx((0.95 * 2 + 1.0 * 2) / 4)
    assert its.optimism == pytest.approx(0.975 - 0.1)
    assert (its.best, its.best_mean) == (1, pytest.approx(0.55))


def test_of_equal_trials_the_defaults_are_chosen():
    same = np.tile([0.1, 0.7, 0.3, 0.4], (3, 1))
    its = out_of_fold(same, np.array([0, 1, 0, 1]))
    assert its.chosen.tolist() == [0, 0]
    assert its.best == 0


@given(
    arrays.arrays(np.float64, st.tuples(st.integers(1, 6), st.just(12)), elements=st.floats(0, 1)), st.integers(0, 5)
)
def test_no_query_is_scored_by_a_choice_that_saw_it(values, seed):
    folds = deal(12, 4, np.random.default_rng(seed))
    before = out_of_fold(values, folds)
    for fold in range(4):
        changed = values.copy()
        changed[:, folds == fold] = np.random.default_rng(seed + 1).random(changed[:, folds == fold].shape)
        assert out_of_fold(changed, folds).chosen[fold] == before.chosen[fold]


@given(arrays.arrays(np.float64, st.tuples(st.integers(1, 6), st.just(10)), elements=st.floats(0, 1)))
def test_the_best_of_all_queries_is_never_below_out_of_fold(values):
    its = out_of_fold(values, deal(10, 5, np.random.default_rng(0)))
    assert its.best_mean >= its.mean - 1e-9


def simulated(sets, *, queries, group_size, seed=1, trials=50):
    """Errors of three estimates on sets whose truth is known: [estimates, sets], and by how much the naive is above.

    A trial's true mean is .5 plus little; wordings of one question share half of their noise.
    """
    rng = np.random.default_rng(seed)
    errors = np.empty((3, sets))
    groups = np.repeat(np.arange(queries // group_size), group_size)
    for number in range(sets):
        truth = 0.5 + 0.01 * rng.standard_normal(trials)
        shared = rng.standard_normal((trials, queries // group_size))[:, groups]
        own = rng.standard_normal((trials, queries))
        difficulty = 0.1 * rng.standard_normal(queries)
        values = truth[:, None] + difficulty + 0.1 * np.sqrt(0.8) * shared + 0.1 * np.sqrt(0.2) * own
        for place, by in enumerate((groups, None)):
            its = out_of_fold(values, deal(queries, 5, rng, by))
            true = float(np.bincount(its.folds, minlength=len(its.chosen)) @ truth[its.chosen]) / queries
            errors[place, number] = its.mean - true
        errors[2, number] = its.best_mean - truth[its.best]
    return errors


def bias(errors):
    """Mean error and its standard error, by estimate."""
    return errors.mean(axis=1), errors.std(axis=1, ddof=1) / np.sqrt(errors.shape[1])


@pytest.mark.parametrize("sets", [600, pytest.param(3000, marks=pytest.mark.statistics)])
@pytest.mark.parametrize(("queries", "group_size"), [(60, 1), (60, 4), (300, 1), (300, 4)])
def test_out_of_fold_is_unbiased_where_the_best_of_all_is_not(sets, queries, group_size):
    """The table of docs/tuning.md. Of 3,000 sets the error is below one standard error."""
    means, standard_errors = bias(simulated(sets, queries=queries, group_size=group_size))
    assert abs(means[0]) < (1 if sets == 3000 else 3) * standard_errors[0]
    assert means[2] > 10 * standard_errors[2]
    # Wordings of one question in several folds: the choice has seen a fold's questions in other words.
    assert group_size == 1 or means[1] > 5 * standard_errors[1]
