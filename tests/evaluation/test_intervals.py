"""Intervals of means and of differences, and the test for a margin. What they promise: test_simulated.py."""

import numpy as np
import pytest
import scipy.stats
from drawn import ndcg, rng
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bench.evaluation.intervals import (
    FEWEST_MOVED,
    bootstrap_interval,
    bounded_interval,
    bounds_with_best,
    difference_interval,
    least_units,
    mean_interval,
    within_margin,
)
from bench.evaluation.significance import randomisation_test

BOTH = [bounded_interval, bootstrap_interval]


class TestBoth:
    @pytest.mark.parametrize("interval", BOTH)
    @pytest.mark.parametrize("groups", [None, np.arange(50) // 3])
    def test_is_the_same_from_run_to_run(self, interval, groups):
        values = ndcg(50, 2)
        assert np.array_equal(interval(values, rng(), groups=groups), interval(values, rng(), groups=groups))

    @pytest.mark.parametrize("interval", BOTH)
    def test_agrees_with_the_normal_approximation(self, interval):
        values = np.clip(rng(0).normal(0.5, 0.1, (2000, 1)), 0, 1)
        low, high = interval(values, rng())
        half = 1.96 * values.std() / np.sqrt(2000)
        assert low[0] == pytest.approx(values.mean() - half, abs=half / 8)
        assert high[0] == pytest.approx(values.mean() + half, abs=half / 8)

    @pytest.mark.parametrize("interval", BOTH)
    def test_columns_share_the_draws(self, interval):
        values = ndcg(40, 3)
        low, high = interval(values, rng())
        alone_low, alone_high = interval(values[:, 1:2], rng())
        assert low[1] == pytest.approx(alone_low[0], abs=1e-12)
        assert high[1] == pytest.approx(alone_high[0], abs=1e-12)

    @pytest.mark.parametrize("interval", BOTH)
    def test_groups_of_one_query_change_nothing(self, interval):
        values = ndcg(60, 2)
        assert np.allclose(interval(values, rng(), groups=np.arange(60)), interval(values, rng()))

    @pytest.mark.parametrize("interval", BOTH)
    def test_copies_of_a_query_in_its_group_add_no_certainty(self, interval):
        values, copies = ndcg(60, 2), 5
        groups = np.repeat(np.arange(60), copies)
        copied = interval(np.repeat(values, copies, axis=0), rng(), groups=groups)
        assert np.allclose(copied, interval(values, rng()))

    @pytest.mark.parametrize("interval", BOTH)
    def test_groups_of_unequal_size_keep_the_mean_over_queries(self, interval):
        values = np.concatenate([np.full((90, 1), 0.8), np.full((10, 1), 0.2)])
        groups = np.concatenate([np.arange(90) // 9, 10 + np.arange(10)])
        low, high = interval(values, rng(), groups=groups)
        assert low[0] < 0.74 < high[0]

    @pytest.mark.parametrize("interval", [mean_interval, difference_interval])
    @pytest.mark.parametrize("n", [0, 1])
    def test_one_query_says_nothing_of_the_spread(self, interval, n):
        found = interval(np.ones((n, 3)), rng())
        assert np.isnan([found.low, found.high]).all()

    def test_one_group_says_nothing_of_the_spread(self):
        assert np.isnan(mean_interval(ndcg(9, 2), rng(), groups=np.zeros(9, dtype=np.int64)).low).all()

    @settings(max_examples=60, deadline=None)
    @given(arrays(np.float64, st.tuples(st.integers(2, 30), st.just(2)), elements=st.floats(0, 1)))
    def test_the_mean_is_inside_and_the_ends_are_possible(self, values):
        for found, least in (
            (mean_interval(values, rng(), draws=500), 0),
            (difference_interval(values, rng(), 500), -1),
        ):
            assert (least - 1e-9 <= found.low).all()
            assert (found.low <= found.high).all()
            assert (found.high <= 1 + 1e-9).all()
        bounded = mean_interval(values, rng(), draws=500)
        assert ((bounded.low <= values.mean(axis=0) + 1e-9) & (values.mean(axis=0) - 1e-9 <= bounded.high)).all()


class TestBounded:
    @pytest.mark.parametrize(("found", "n"), [(0, 48), (48, 48), (1, 20), (19, 20), (30, 60)])
    def test_of_zeros_and_ones_is_clopper_and_pearsons(self, found, n):
        """0 of 48: the exact binomial's upper end is .074."""
        values = np.zeros((n, 1))
        values[:found] = 1
        theirs = scipy.stats.binomtest(found, n).proportion_ci(method="exact")
        low, high = bounded_interval(values, rng())
        assert (low[0], high[0]) == pytest.approx(theirs)
        if (found, n) == (0, 48):
            assert high[0] == pytest.approx(0.074, abs=0.0005)

    @pytest.mark.parametrize(("found", "n"), [(0, 48), (19, 20), (30, 60)])
    def test_the_weights_give_what_the_closed_form_gives(self, found, n):
        values = np.zeros((n, 1))
        values[:found] = 1
        theirs = scipy.stats.binomtest(found, n).proportion_ci(method="exact")
        low, high = bounded_interval(values, rng(), draws=100_000, groups=np.arange(n))
        assert (low[0], high[0]) == pytest.approx(theirs, abs=0.003)

    def test_where_all_are_solved_it_is_not_certain_that_all_will_be(self):
        found = mean_interval(np.ones((20, 1)), rng())
        assert found.bounded[0]
        assert found.low[0] == pytest.approx(0.025 ** (1 / 20))
        assert found.high[0] == 1

    def test_a_count_has_no_ends(self):
        found = mean_interval(np.column_stack([rng(0).integers(0, 90, 60), ndcg(60, 1)[:, 0]]).astype(float), rng())
        assert found.bounded.tolist() == [False, True]
        assert found.high[0] > 30


class TestOfADifference:
    def test_is_scipys_percentiles_a_little_further_out(self):
        values = ndcg(80, 1) - ndcg(80, 1, seed=9)
        low, high, bounded = difference_interval(values, rng())
        assert not bounded[0]
        # 1 - 2 ndtr(sqrt(80 / 79) t(.025, 79)) = .9546
        theirs = scipy.stats.bootstrap(
            (values[:, 0],), np.mean, n_resamples=10_000, method="percentile", confidence_level=0.9546, rng=rng(2)
        ).confidence_interval
        width = theirs.high - theirs.low
        assert low[0] == pytest.approx(theirs.low, abs=width / 40)
        assert high[0] == pytest.approx(theirs.high, abs=width / 40)

    def test_is_bounded_where_few_differ(self):
        values = np.zeros((300, 2))
        values[: FEWEST_MOVED - 1, 0] = values[:FEWEST_MOVED, 1] = 0.5
        assert difference_interval(values, rng()).bounded.tolist() == [True, False]

    def test_by_group_those_count_that_differ(self):
        values, groups = np.zeros((300, 1)), np.arange(300) // 10
        values[:20] = 0.5  # of two groups
        assert difference_interval(values, rng()).bounded.tolist() == [False]
        assert difference_interval(values, rng(), groups=groups).bounded.tolist() == [True]

    def test_no_difference_among_few_queries_is_not_none_at_all(self):
        low, high, _ = difference_interval(np.zeros((26, 1)), rng())
        assert high[0] == pytest.approx(1 - 0.025 ** (1 / 26), abs=0.01)
        assert low[0] == pytest.approx(-high[0], abs=0.01)

    @pytest.mark.parametrize("moved", range(1, FEWEST_MOVED))
    def test_of_zeros_and_ones_it_leaves_0_out_where_the_exact_test_does(self, moved):
        for lost in range(moved + 1):
            values = np.zeros((300, 1))
            values[:moved] = 1
            values[:lost] = -1
            low, high, _ = difference_interval(values, rng())
            p = randomisation_test(values, rng())[0]
            if abs(p - 0.05) > 0.01:
                assert (low[0] > 0 or high[0] < 0) == (p < 0.05), (moved, lost, p)


class TestWithinMargin:
    def test_one_hundred_and_twenty_two_without_a_difference_are_the_least_for_three_hundredths(self):
        """.97^122 = .0243, .97^121 = .0251."""
        assert least_units(0.03) == 122
        assert (least_units(0.02), least_units(0.01), least_units(1.5)) == (183, 368, 1)
        p = [within_margin(np.zeros((n, 1)), np.array([0.03]), rng(), draws=200_000) for n in (100, 122, 150)]
        assert [float(above[0]) for above, _ in p] == pytest.approx([0.97**100, 0.97**122, 0.97**150], abs=0.002)
        assert [float(below[0]) for _, below in p] == pytest.approx([0.97**100, 0.97**122, 0.97**150], abs=0.002)

    def test_each_side_is_that_sides(self):
        above, below = within_margin(np.full((300, 1), 0.02) + ndcg(300, 1) * 1e-3, np.array([0.05]), rng())
        assert above[0] < below[0] < 0.025
        above, below = within_margin(np.full((300, 1), 0.2), np.array([0.05]), rng())
        assert above[0] < 0.001
        assert below[0] > 0.99

    def test_p_is_where_the_bounded_interval_ends(self):
        values = ndcg(200, 1) - ndcg(200, 1, seed=9)
        low, high = bounded_interval(values, rng(), (-1.0, 1.0))
        above, _ = within_margin(values, -low, rng())
        _, below = within_margin(values, high, rng())
        assert [above[0], below[0]] == pytest.approx([0.025, 0.025], abs=0.001)

    def test_without_a_margin_or_ends_nothing_is_tested(self):
        values = np.column_stack([np.zeros(200), np.arange(200.0)])
        assert np.isnan(within_margin(values, np.array([0.0, 0.03]), rng())).all()
        assert np.isnan(within_margin(values[:0], np.array([0.03, 0.03]), rng())).all()


class TestBoundsWithTheBest:
    @pytest.mark.parametrize("others", [1, 2, 11])
    def test_without_a_difference_they_are_of_closed_form(self, others):
        """One more query stands among n equal ones, whose random weight is above 1 - p^(1 / n) in p of all draws."""
        low, high = bounds_with_best(np.zeros((100, 1)), others, rng(), draws=40_000)
        end = 1 - (0.05 / others) ** (1 / 100)
        assert (-low[0], high[0]) == pytest.approx((end, end), rel=0.05)

    def test_with_one_other_each_bound_is_that_of_an_interval_of_nine_tenths(self):
        values = ndcg(200, 2)[:, :1] - ndcg(200, 2)[:, 1:]
        low, high = bounds_with_best(values, 1, rng())
        ends = bounded_interval(values, rng().spawn(2)[0], (-1.0, 1.0), level=0.9)
        assert np.allclose((low, high), ends)

    def test_a_count_has_those_of_a_bootstrap(self):
        counts = 10 * ndcg(200, 2)
        low, high = bounds_with_best(counts, 2, rng())
        assert np.all(low < counts.mean(axis=0))
        assert np.all(high - low < 2 * counts.std(axis=0) / 200**0.5 * 2.5)
