"""How sure a figure is: intervals, tests, power. What they promise over many experiments: test_simulated.py."""

import math

import numpy as np
import pytest
import scipy.stats
from drawn import ndcg, rng
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bench.data.dataset import group_codes
from bench.evaluation.power import detectable, detectable_difference, effect_size, standard_error, wins_ties_losses
from bench.evaluation.separation import auroc, auroc_interval
from bench.evaluation.significance import holm, holm_within, randomisation_test

columns_of_differences = arrays(
    np.float64, st.tuples(st.integers(1, 24), st.integers(1, 3)), elements=st.sampled_from([-1, -0.5, -0.1, 0, 0.3, 1])
)


class TestRandomisationTest:
    @pytest.mark.parametrize("n", [2, 7, 8, 12, 16])
    def test_is_scipys_exact_test_where_few_queries_differ(self, n):
        differences = ndcg(n, 1) - ndcg(n, 1, seed=9)
        theirs = scipy.stats.permutation_test(
            (differences[:, 0],), lambda x, axis: np.abs(x.mean(axis)), permutation_type="samples",
            alternative="greater", vectorized=True, n_resamples=np.inf,
        )  # fmt: skip
        assert randomisation_test(differences, rng())[0] == pytest.approx(theirs.pvalue, abs=1e-12)

    def test_is_exact_for_each_column_whatever_stands_beside_it(self):
        """p does not depend on which other retrievers took part: ten queries differ here, and all sixty beside them."""
        few, many = np.zeros((60, 1)), rng(3).normal(0.03, 0.25, (60, 3))
        few[20:30, 0] = ndcg(10, 1)[:, 0] - 0.45
        alone, beside = (randomisation_test(each, rng()) for each in (few, np.hstack([many, few])))
        assert beside[3] == alone[0]
        assert alone[0] * 2**10 == round(alone[0] * 2**10)
        assert beside[:3] == pytest.approx(randomisation_test(many, rng()), abs=0.02)

    def test_is_scipys_test_where_many_do(self):
        differences = rng(3).normal(0.03, 0.25, (150, 1))
        theirs = scipy.stats.permutation_test(
            (differences[:, 0],), lambda x, axis: np.abs(x.mean(axis)), permutation_type="samples",
            alternative="greater", vectorized=True, n_resamples=20_000, batch=1000, rng=rng(4),
        )  # fmt: skip
        band = 4 * math.sqrt(theirs.pvalue * (1 - theirs.pvalue) / 20_000)
        assert randomisation_test(differences, rng())[0] == pytest.approx(theirs.pvalue, abs=band)

    def test_random_flips_agree_with_all_of_them(self):
        differences = ndcg(14, 3) - ndcg(14, 3, seed=9)
        exact = randomisation_test(differences, rng())
        assert randomisation_test(differences, rng(), flips=16_000) == pytest.approx(exact, abs=0.02)

    def test_counts_the_observed_assignment(self):
        """No assignment in 1,000 reaches 60 equal signs, and p is still not 0."""
        assert randomisation_test(np.ones((60, 1)), rng(), flips=1_000)[0] == 1 / 1001

    def test_equal_sums_in_another_order_are_equal(self):
        """.1 + .2 - .3 is not 0 in floating point; every assignment with a sum of 0.6 counts."""
        differences = np.array([[0.1], [0.2], [0.3]])
        assert randomisation_test(differences, rng())[0] == 2 / 8

    def test_identical_retrievers_have_p_of_one(self):
        assert (randomisation_test(np.zeros((30, 2)), rng()) == 1).all()
        assert (randomisation_test(np.zeros((0, 2)), rng()) == 1).all()

    def test_queries_without_a_difference_change_nothing(self):
        differences = rng(3).normal(0.03, 0.25, (60, 2))
        padded = np.concatenate([np.zeros((500, 2)), differences])
        assert np.array_equal(randomisation_test(padded, rng()), randomisation_test(differences, rng()))

    def test_is_the_same_from_run_to_run(self):
        differences = rng(3).normal(0.03, 0.25, (60, 2))
        assert np.array_equal(randomisation_test(differences, rng()), randomisation_test(differences, rng()))

    def test_a_group_has_one_sign(self):
        """Five copies of each of ten differences are as much evidence as the ten."""
        differences = rng(3).normal(0.2, 0.25, (10, 1))
        copied, groups = np.repeat(differences, 5, axis=0), np.repeat(np.arange(10), 5)
        assert randomisation_test(copied, rng(), groups=groups) == randomisation_test(differences, rng())
        assert randomisation_test(copied, rng()) < randomisation_test(differences, rng())

    @settings(max_examples=60, deadline=None)
    @given(columns_of_differences, st.randoms(use_true_random=False))
    def test_laws(self, differences, random):
        p = randomisation_test(differences, rng(), flips=2_000)
        assert ((p > 0) & (p <= 1)).all()
        assert np.array_equal(p, randomisation_test(-differences, rng(), flips=2_000)), "a against b is b against a"
        order = random.sample(range(len(differences)), len(differences))
        # Random flips meet other queries: the same within what chance allows.
        assert randomisation_test(differences[order], rng(), flips=2_000) == pytest.approx(p, abs=0.08)

    def test_holds_its_level_where_the_null_is_true(self):
        """2,000 experiments of 40 queries and none with a difference: 5% found, within the binomial band of 99.9%."""
        differences = ndcg(40, 2000) - ndcg(40, 2000, seed=9)
        found = (randomisation_test(differences, rng(), flips=5_000) < 0.05).sum()
        assert found <= scipy.stats.binom.ppf(0.9995, 2000, 0.05)
        assert found >= scipy.stats.binom.ppf(0.0005, 2000, 0.05)


class TestHolm:
    def test_by_hand(self):
        """Sorted .005 .01 .03 .04; times 4 3 2 1: .02 .03 .06 .04; never below the one before."""
        assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])

    def test_what_is_not_known_is_not_counted(self):
        adjusted = holm(np.array([np.nan, 0.02, np.nan, 0.04]))
        assert adjusted[[1, 3]] == pytest.approx([0.04, 0.04])
        assert np.isnan(adjusted[[0, 2]]).all()

    def test_each_family_stands_alone(self):
        found = holm_within(["a", "b", "a", "b"], [0.01, 0.01, 0.04, math.nan])
        assert found[:3] == pytest.approx([0.02, 0.01, 0.04])
        assert math.isnan(found[3])

    def test_of_nothing(self):
        assert len(holm(np.array([]))) == 0
        assert np.isnan(holm(np.array([np.nan]))).all()

    @given(arrays(np.float64, st.integers(1, 20), elements=st.floats(0, 1)), st.randoms(use_true_random=False))
    def test_laws(self, p, random):
        adjusted = holm(p)
        assert ((adjusted >= p) & (adjusted <= 1)).all()
        assert (adjusted <= np.minimum(len(p) * p, 1) + 1e-15).all(), "never stricter than Bonferroni"
        assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()
        order = random.sample(range(len(p)), len(p))
        assert np.array_equal(holm(p[order]), adjusted[order])


class TestSizeAndPower:
    def test_wins_ties_and_losses_forgive_float_noise(self):
        differences = np.array([[0.3, 0.0], [0.1 + 0.2 - 0.3, 0.0], [-0.2, 1.0]])
        assert wins_ties_losses(differences).T.tolist() == [[1, 1, 1], [1, 2, 0]]

    def test_effect_size_by_hand(self):
        """Mean .2, standard deviation of .1 .2 .3: .1."""
        assert effect_size(np.array([[0.1], [0.2], [0.3]]))[0] == pytest.approx(2)

    def test_effect_size_without_variance(self):
        assert effect_size(np.zeros((5, 1)))[0] == 0
        assert np.isnan(effect_size(np.full((5, 1), 0.1))[0])
        assert np.isnan(effect_size(np.full((1, 1), 0.1))[0])

    def test_standard_error_without_groups(self):
        values = ndcg(40, 2)
        assert standard_error(values) == pytest.approx(scipy.stats.sem(values))
        assert standard_error(values, np.arange(40)) == pytest.approx(scipy.stats.sem(values))

    def test_standard_error_of_equal_groups_is_that_of_their_means(self):
        values = ndcg(40, 1)
        means = values[:, 0].reshape(10, 4).mean(axis=1)
        assert standard_error(values, np.arange(40) // 4)[0] == pytest.approx(scipy.stats.sem(means))

    def test_detectable_from_the_textbook(self):
        """300 queries of standard deviation .25: about .04."""
        assert detectable_difference(300, 0.25) == pytest.approx(0.0406, abs=1e-4)
        differences = ndcg(300, 1) - ndcg(300, 1, seed=9)
        sd = differences.std(ddof=1)
        assert detectable(differences)[0] == pytest.approx(detectable_difference(300, sd))

    def test_queries_that_vary_together_show_less(self):
        differences = np.repeat(ndcg(30, 1) - ndcg(30, 1, seed=9), 10, axis=0)
        assert detectable(differences, np.arange(300) // 10)[0] > 2 * detectable(differences)[0]

    def test_a_query_without_a_label_is_its_own_group(self):
        assert group_codes(["a", "b", "a", "", None, "b"]).tolist() == [0, 1, 0, 2, 3, 1]


class TestAuroc:
    def test_is_scipys_mann_whitney(self):
        positive, negative = rng(0).integers(0, 9, 70).astype(float), rng(1).integers(0, 6, 30).astype(float)
        u = scipy.stats.mannwhitneyu(positive, negative).statistic
        assert auroc(positive, negative) == pytest.approx(u / (70 * 30))

    def test_no_hit_scores_below_everything(self):
        assert auroc(np.array([0.1, 0.2]), np.array([-np.inf, -np.inf])) == 1
        assert auroc(np.array([-np.inf]), np.array([-np.inf])) == 0.5

    def test_of_nothing(self):
        nothing, some = np.zeros(0), np.array([0.1, 0.2])
        assert math.isnan(auroc(nothing, some))
        assert all(math.isnan(each) for each in auroc_interval(some, nothing))

    def test_interval_is_delongs_where_nothing_is_extreme(self):
        """By the formula, written out: on the logit scale, with the variances of the two kinds of shares."""
        positive, negative = rng(0).normal(0.5, 1, 400), rng(1).normal(0, 3, 400)
        area = auroc(positive, negative)
        above = (positive[:, None] > negative).mean(axis=1).var(ddof=1) / 400
        below = (positive > negative[:, None]).mean(axis=1).var(ddof=1) / 400
        half = 1.96 * math.sqrt(above + below) / (area * (1 - area))
        logit = math.log(area / (1 - area))
        low, high = auroc_interval(positive, negative)
        assert low <= 1 / (1 + math.exp(half - logit)) + 1e-4
        assert high >= 1 / (1 + math.exp(-half - logit)) - 1e-4
        assert high - low < 1.1 * (1 / (1 + math.exp(-half - logit)) - 1 / (1 + math.exp(half - logit)))

    def test_interval_of_perfect_order_is_newcombes(self):
        """(1 - t)^2 = z^2 t (1 - t) (1 + 29 ((1 - t) / (2 - t) + t / (1 + t))) / 800 at its end."""
        low, high = auroc_interval(np.arange(40.0) + 50, np.arange(20.0))
        assert high == 1
        spread = (1 - low) / (2 - low) + low / (1 + low)
        assert (1 - low) ** 2 == pytest.approx(1.96**2 * low * (1 - low) * (1 + 29 * spread) / 800, rel=1e-3)

    def test_the_other_way_round_it_is_mirrored(self):
        positive, negative = rng(0).normal(2, 1, 60), rng(1).normal(0, 1, 12)
        low, high = auroc_interval(positive, negative)
        assert auroc_interval(negative, positive) == pytest.approx((1 - high, 1 - low))

    def test_wordings_that_score_alike_are_one_question(self):
        """Ten copies of each score say no more than the scores alone."""
        positive, negative = rng(0).normal(1, 1, 60), rng(1).normal(0, 1, 40)
        alone = auroc_interval(positive, negative)
        many = positive.repeat(10), negative.repeat(10)
        groups = np.arange(600) // 10, np.arange(400) // 10
        assert auroc_interval(*many, groups=groups) == pytest.approx(alone, abs=1e-9)
        low, high = auroc_interval(*many)
        assert high - low < (alone[1] - alone[0]) / 2

    def test_one_group_has_no_interval(self):
        groups = np.zeros(60, dtype=np.int64), None
        found = auroc_interval(rng(0).normal(1, 1, 60), rng(1).normal(0, 1, 40), groups=groups)
        assert all(map(math.isnan, found))
