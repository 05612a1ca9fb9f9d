"""Our own formulas against figures worked out by hand, their sources' programs and the providers that round."""

from __future__ import annotations

import math
import shutil

import numpy as np
import pytest
from defined import by_the_authors_rule
from drawn import drawn
from ir_measures.providers import registry

from bench.evaluation import measures
from bench.evaluation.measures import evaluate_positions, resolve, uncut

EXPONENTIAL = "nDCG(dcg='exp-log2')"


def value(name, grades, hits):
    """Of one query: position -> grade, and the positions that were found."""
    return evaluate_positions(resolve([name]), [grades], np.array([hits]))[name][0]


class TestExpectedReciprocalRank:
    def test_of_three_hits(self):
        """Grade 3 satisfies 7/16, grade 1 one in 16: 7/16 + 9/16 * 1/16 / 3."""
        assert value("ERR@10", {0: 3, 1: 1}, [0, 5, 1]) == pytest.approx(7 / 16 + 9 / 16 / 16 / 3, abs=1e-15)

    def test_looks_down_to_its_cutoff_and_without_one_to_the_end(self):
        assert value("ERR@2", {1: 4}, [5, 6, 1]) == 0
        assert value("ERR", {1: 4}, [5, 6, 1]) == pytest.approx(15 / 16 / 3, abs=1e-15)

    def test_negative_and_unjudged_hits_satisfy_nobody(self):
        assert value("ERR@3", {0: -2, 1: 1}, [0, 9, 1]) == pytest.approx(1 / 16 / 3, abs=1e-15)


class TestExponentialGains:
    def test_of_two_hits(self):
        """Gains 7 and 1: (1 + 7 / log2(3)) / (7 + 1 / log2(3))."""
        expected = (1 + 7 / math.log2(3)) / (7 + 1 / math.log2(3))
        assert value(EXPONENTIAL + "@10", {0: 3, 1: 1}, [1, 0]) == pytest.approx(expected, abs=1e-15)

    def test_the_ideal_is_cut_too(self):
        assert value(EXPONENTIAL + "@1", {0: 3, 1: 3}, [1, 5]) == 1

    def test_a_grade_above_4_has_its_gain(self):
        expected = (31 + 63 / math.log2(3)) / (63 + 31 / math.log2(3))
        assert value(EXPONENTIAL, {0: 6, 1: 5}, [1, 0]) == pytest.approx(expected, abs=1e-15)

    def test_a_grade_of_thousands_is_a_number(self):
        """2^3000 is no float; what a document two grades lower gains is a quarter of it."""
        expected = (1 / 4 + 1 / math.log2(3)) / (1 + 1 / 4 / math.log2(3))
        assert value(EXPONENTIAL + "@5", {0: 3000, 1: 2998}, [1, 0]) == pytest.approx(expected, abs=1e-15)

    def test_unjudged_hits_may_be_left_out(self):
        name = "nDCG(dcg='exp-log2',judged_only=True)@2"
        assert value(name, {0: 2, 1: -1}, [9, 1, 0]) == 1
        assert value(EXPONENTIAL + "@2", {0: 2, 1: -1}, [9, 1, 0]) == 0


@pytest.mark.skipif(not shutil.which("perl"), reason="gdeval is a program in Perl")
@pytest.mark.parametrize("cutoff", [1, 5, 20])
def test_err_and_exponential_ndcg_are_gdevals_but_for_its_rounding(cutoff):
    judgements, documents = drawn(np.random.default_rng(cutoff))
    asked = resolve([f"ERR@{cutoff}", f"{EXPONENTIAL}@{cutoff}"])
    qrels = {str(query): {str(d): g for d, g in grades.items()} for query, grades in enumerate(judgements)}
    run = {
        str(query): {str(d): float(50 - rank) for rank, d in enumerate(row) if d >= 0}
        for query, row in enumerate(documents.tolist())
    }
    ours = evaluate_positions(asked, judgements, documents)
    seen = 0
    for name, measure in asked.items():
        for metric in registry["gdeval"].iter_calc([measure], qrels, run):
            assert abs(ours[name][int(metric.query_id)] - metric.value) <= 5e-6 + 1e-12
            seen += metric.value > 0
    assert seen > 20


class TestRankBiasedPrecision:
    def test_of_two_relevant_hits(self):
        """p = .5: half of 1 + 1/4."""
        assert value("RBP(p=0.5)", {0: 1, 1: 1, 2: 1}, [0, 5, 1]) == 0.625

    def test_persistence_is_four_fifths_unless_said(self):
        assert value("RBP", {0: 1}, [5, 0]) == pytest.approx(0.2 * 0.8, abs=1e-15)

    def test_a_gain_is_the_share_of_the_querys_highest_grade(self):
        assert value("RBP(p=0.5)", {0: 1, 1: 4, 2: -1}, [0, 2, 1]) == pytest.approx(0.5 / 4 + 0.125, abs=1e-15)

    def test_with_rel_it_is_one(self):
        assert value("RBP(p=0.5,rel=2)", {0: 1, 1: 4, 2: 2}, [0, 2, 1]) == 0.25 + 0.125

    def test_it_ends_at_its_cutoff(self):
        assert value("RBP(p=0.5)@1", {0: 1, 1: 1}, [0, 1]) == 0.5

    def test_nothing_relevant_is_0(self):
        assert value("RBP", {0: 0, 1: -2}, [0, 1]) == 0


class TestCompatibility:
    def test_one_relevant_document_at_the_second_rank(self):
        """Of the sum of p^(d-1) / d from depth 1 on, -ln(1 - p) / p, what begins at depth 2 is left."""
        whole = -math.log(0.5) / 0.5  # beyond depth 1,000 nothing is left of it
        assert value("Compat(p=0.5)", {0: 1}, [5, 0]) == pytest.approx((whole - 1) / whole, abs=1e-12)

    def test_an_ideal_order_is_1_and_a_short_one_is_not(self):
        assert value("Compat", {0: 2, 1: 1}, [0, 1]) == pytest.approx(1, abs=1e-12)
        assert value("Compat", {0: 2, 1: 1}, [0, -1]) < 1

    def test_the_sum_goes_on_to_depth_1000_whatever_the_lengths(self):
        """Not to the longer of the two, where the provider ends: hits that are not relevant moved its figure."""
        longer = value("Compat", {0: 1}, [5, 0, 6, 7, 8])
        assert value("Compat", {0: 1}, [5, 0]) == pytest.approx(longer, abs=1e-15)

    @pytest.mark.parametrize(("p", "normalize"), [(0.95, True), (0.95, False), (0.7, True), (0.99, True)])
    def test_it_is_the_authors(self, p, normalize):
        judgements, documents = drawn(np.random.default_rng(7), queries=12)
        name = f"Compat(p={p},normalize={normalize})"
        ours = evaluate_positions(resolve([name]), judgements, documents)[name]
        hits = [[d for d in row if d >= 0] for row in documents.tolist()]
        theirs = [by_the_authors_rule(g, h, p, normalize) for g, h in zip(judgements, hits, strict=True)]
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
        assert 0 < min(ours[ours > 0]) < max(ours) < 1

    def test_it_looks_down_to_rank_1000(self):
        assert measures.cutoff("Compat") == measures.cutoff("Compat(p=0.8)") == 1000
        assert uncut(["Compat", "RBP", "ERR"]) == ["RBP", "ERR"]


@pytest.mark.parametrize("beta", ["1e-07", "0.25", "1.0", "4", "1e+17"])
def test_set_f_takes_every_beta(beta):
    """Precision 1/2, recall 1/3: (x + 1) P R / (R + x P); a provider read 1e-07 as 1."""
    x, found = float(beta), value(f"SetF(beta={beta})", {0: 1, 1: 1, 2: 1}, [0, 9])
    assert found == pytest.approx((x + 1) / 6 / (1 / 3 + x / 2))
