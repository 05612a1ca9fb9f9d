"""The verdict: every rule on a case made for it, and that it never says more than the intervals allow."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench.analysis.verdict import sentences
from bench.analysis.verdict.choices import Limits, RetrieverSummary, best_pair
from bench.analysis.verdict.result import AMONG, Verdict
from bench.analysis.verdict.rules import decide, leading, overall
from bench.evaluation.pairs import PairedDifference, adjusted, compare_pairs
from retrievers import create

BM25 = RetrieverSummary("bm25", "lexical", 0.50, 0.47, 0.53, p95_ms=2, memory_mb=60)
TFIDF = RetrieverSummary("tfidf", "lexical", 0.45, 0.42, 0.48, p95_ms=1, memory_mb=50)
MINILM = RetrieverSummary("minilm", "dense", 0.60, 0.57, 0.63, p95_ms=20, memory_mb=600)
OTHER = RetrieverSummary("splade", "other", 0.90, 0.88, 0.92)
MARGIN = {"nDCG@10": 0.02}


def row(a, b, low, high, p=0.001, **more):
    """a minus b, of 300 queries that show what the interval's length says."""
    middle = (low + high) / 2
    usual = {"queries": 300, "groups": 300, "detectable": (high - low) / 2 * 2.8 / 1.96, "effect": 0.2}
    usual |= {"wins": 90, "ties": 120, "losses": 90, "p": p, "p_holm": p, "family": "verdict", "interval": "bootstrap"}
    usual |= {"margin": 0.0, "p_above": math.nan, "p_below": math.nan, **more}
    return PairedDifference(
        "faq", "nDCG@10", a, b, mean_a=0.5 + middle, mean_b=0.5, difference=middle, low=low, high=high, **usual
    )


def against(rows, margins):
    """The same against the margin, by the ends of their intervals, as the tests do at .025 each."""
    margin = (margins or {}).get("nDCG@10", 0.0)

    def p(shown):
        return math.nan if not margin else 0.001 if shown else 0.4

    return [each._replace(margin=margin, p_above=p(each.low > -margin), p_below=p(each.high < margin)) for each in rows]


def fused(low, high, over="minilm"):
    return row("rrf", over, low, high)


def verdict(low, high, candidates=(BM25, MINILM), more_rows=(), margins=MARGIN, limits=None, fusion=None, **figures):
    """On minilm minus bm25."""
    rows = against([row("minilm", "bm25", low, high, **figures), *more_rows], margins)
    return decide("faq", "nDCG@10", candidates, rows, margins=margins, limits=limits, fusion=fusion)


def said(found, retriever=None):
    return found.choice, found.basis, found.winner, found.retriever


class TestWhoIsShownBetter:
    def test_dense_by_more_than_the_margin(self):
        found = verdict(0.05, 0.15)
        assert said(found) == ("dense", "beyond margin", "minilm", "minilm")
        assert "better than bm25 by 0.02 or more" in found.sentences[0]

    def test_dense_whether_by_the_margin_is_open(self):
        found = verdict(0.01, 0.15)
        assert said(found) == ("dense", "better", "minilm", "minilm")
        assert "margin of 0.02 is open" in found.sentences[0]

    def test_lexical(self):
        assert said(verdict(-0.15, -0.05)) == ("lexical", "beyond margin", "bm25", "bm25")

    def test_without_a_margin_nothing_is_said_of_one(self):
        found = verdict(0.05, 0.15, margins=None)
        assert said(found) == ("dense", "better", "minilm", "minilm")
        assert "margin" not in " ".join(found.sentences)

    def test_not_by_the_interval_alone(self):
        assert said(verdict(0.05, 0.15, p=0.05)) == ("undecided", "undecided", None, None)

    def test_not_by_the_p_value_alone(self):
        assert said(verdict(0.0, 0.15, p=0.001)) == ("undecided", "undecided", None, None)

    def test_the_order_of_a_pair_does_not_matter(self):
        rows = against([row("bm25", "minilm", -0.15, -0.05)], MARGIN)
        found = decide("faq", "nDCG@10", [MINILM, BM25], rows, margins=MARGIN)
        assert said(found) == ("dense", "beyond margin", "minilm", "minilm")
        assert (found.difference, found.low, found.high) == pytest.approx((0.10, 0.05, 0.15))

    def test_only_against_every_retriever_of_the_other_kind(self):
        """bm25 is the best lexical one by its mean; that tfidf is worse than minilm is not shown."""
        found = verdict(0.05, 0.15, (TFIDF, BM25, MINILM), [row("tfidf", "minilm", -0.4, 0.1, p=0.2)])
        assert said(found) == ("undecided", "undecided", None, None)
        assert "shown better than bm25, but not than tfidf" in found.sentences[0]
        assert "best of 2 lexical" in found.sentences[1]

    def test_another_kind_has_no_part_in_it(self):
        found = verdict(0.05, 0.15, (BM25, MINILM, OTHER))
        assert said(found) == said(verdict(0.05, 0.15))
        assert "splade, neither lexical nor dense and so no part of this choice, has 0.900" in found.sentences[2]
        hybrid = verdict(0.05, 0.15, (BM25, MINILM, replace(OTHER, kind="hybrid")))
        assert hybrid.sentences == found.sentences
        worse = replace(OTHER, mean=0.1)
        assert verdict(0.05, 0.15, (BM25, MINILM, worse)).sentences == verdict(0.05, 0.15).sentences


class TestWithinTheMargin:
    def test_alike_the_cheaper_is_enough(self):
        found = verdict(-0.01, 0.015, p=0.4)
        assert said(found) == ("lexical", "within margin", None, "bm25")
        assert "the cheaper one" in found.sentences[0]

    def test_better_by_so_little_the_cheaper_is_enough(self):
        found = verdict(0.005, 0.015)
        assert said(found) == ("lexical", "within margin", "minilm", "bm25")
        assert "minilm is better by less than 0.02" in found.sentences[0]

    def test_the_dense_one_where_it_is_the_cheaper(self):
        slow = replace(BM25, p95_ms=90, memory_mb=900)
        assert said(verdict(-0.01, 0.015, (slow, MINILM), p=0.4)) == ("dense", "within margin", None, "minilm")

    @pytest.mark.parametrize("costs", [{"p95_ms": 90}, {"p95_ms": None, "memory_mb": None}])
    def test_the_lexical_one_where_neither_is_cheaper_in_all(self, costs):
        found = verdict(-0.01, 0.015, (replace(BM25, **costs), MINILM), p=0.4)
        assert said(found) == ("lexical", "within margin", None, "bm25")
        assert "the simpler one" in found.sentences[0]

    @pytest.mark.parametrize("ends", [(-0.02, 0.01), (-0.01, 0.02)])
    def test_an_interval_that_reaches_the_margin_is_not_within(self, ends):
        assert verdict(*ends, p=0.4).basis == "undecided"

    def test_by_the_tests_and_not_by_the_interval(self):
        """The interval of 26 queries without a difference may be short; the tests know that it is of 26."""
        rows = [each._replace(p_above=0.4, p_below=0.001) for each in against([row("minilm", "bm25", 0, 0)], MARGIN)]
        assert decide("faq", "nDCG@10", (BM25, MINILM), rows, margins=MARGIN).basis == "undecided"

    @pytest.mark.parametrize(("n", "basis"), [(26, "undecided"), (182, "undecided"), (200, "within margin")])
    def test_so_few_queries_show_nothing_alike_whatever_they_say(self, n, basis):
        """.98^182 = .0253: of fewer than 183 queries none may differ, and a difference of .02 would go unseen."""
        values = {label: {"nDCG@10": np.ones(n)} for label in ("minilm", "bm25")}
        rows = adjusted(compare_pairs("faq", values, np.ones(n, bool), seed=0, main="nDCG@10", margins=MARGIN))
        found = decide("faq", "nDCG@10", (BM25, MINILM), rows, margins=MARGIN)
        assert found.basis == basis
        said = f"{n} queries cannot show a difference within 0.02, whatever they say; 183 are the least."
        assert (said in found.sentences) == (basis == "undecided")
        if basis == "undecided":
            assert found.more_queries == pytest.approx(183 - n, abs=3)
            assert "nor are they shown to be within 0.02 of each other" in found.sentences[0]

    def test_no_rival_may_be_better_by_the_margin(self):
        """bm25 is as good as minilm, the best dense one; of the other dense one that is not shown."""
        small = RetrieverSummary("small", "dense", 0.58, 0.55, 0.61, p95_ms=20, memory_mb=600)
        rows = [row("small", "bm25", -0.05, 0.03, p=0.5)]
        assert verdict(-0.01, 0.015, (BM25, MINILM, small), rows, p=0.4).basis == "undecided"
        worse = [row("small", "bm25", -0.09, -0.03, p=0.001)]
        assert verdict(-0.01, 0.015, (BM25, MINILM, small), worse, p=0.4).basis == "within margin"

    def test_the_best_of_several_rivals_was_chosen(self):
        """That it is worse by less than the margin is shown at .025 of each, together."""
        small = RetrieverSummary("small", "dense", 0.50, 0.47, 0.53, p95_ms=20, memory_mb=600)
        rows = against([row("minilm", "bm25", -0.01, 0.015, p=0.4), row("small", "bm25", -0.09, -0.03)], MARGIN)
        for p_above, basis in ((0.012, "within margin"), (0.013, "undecided")):
            rows[0] = rows[0]._replace(p_above=p_above)
            assert decide("faq", "nDCG@10", (BM25, MINILM, small), rows, margins=MARGIN).basis == basis

    def test_rows_of_another_margin_are_a_mistake(self):
        with pytest.raises(ValueError, match="not tested against the margin"):
            decide("faq", "nDCG@10", (BM25, MINILM), [row("minilm", "bm25", 0, 0.1)], margins=MARGIN)


class TestOneThatCostsLess:
    """bm25 has the higher mean, tfidf takes half of its memory and is not shown worse."""

    BIG = replace(BM25, memory_mb=125, p95_ms=2)
    ROWS = (row("bm25", "tfidf", -0.01, 0.03, p=0.3),)

    def test_is_recommended_where_it_passes_the_same_rule(self):
        found = verdict(-0.15, -0.05, (self.BIG, TFIDF, MINILM), [row("minilm", "tfidf", -0.14, -0.04), *self.ROWS])
        assert said(found) == ("lexical", "beyond margin", "bm25", "tfidf")
        assert found.sentences[1] == (
            "bm25 has the higher mean (0.500 (0.470 to 0.530)) but is not shown better (the difference of bm25 over "
            "tfidf is +0.010 nDCG@10, 95% interval -0.010 to +0.030, p 0.300 after Holm's correction), and tfidf costs "
            "less: 1 against 2 ms of p95 and 50 against 125 MB of memory."
        )

    def test_not_where_it_does_not(self):
        rows = [row("minilm", "tfidf", -0.14, 0.04, p=0.4), *self.ROWS]
        assert verdict(-0.15, -0.05, (self.BIG, TFIDF, MINILM), rows).retriever == "bm25"

    def test_not_where_it_is_shown_worse(self):
        rows = [row("minilm", "tfidf", -0.14, -0.04), row("bm25", "tfidf", 0.01, 0.03)]
        assert verdict(-0.15, -0.05, (self.BIG, TFIDF, MINILM), rows).retriever == "bm25"

    def test_not_where_it_costs_more_of_anything(self):
        slow = replace(TFIDF, p95_ms=9)
        rows = [row("minilm", "tfidf", -0.14, -0.04), *self.ROWS]
        assert verdict(-0.15, -0.05, (self.BIG, slow, MINILM), rows).retriever == "bm25"

    def test_where_the_costs_of_the_others_decide_too(self):
        """minilm is too slow; of the lexical ones tfidf takes half of the memory and is not shown worse."""
        rows = [row("minilm", "tfidf", 0.06, 0.16), *self.ROWS]
        found = verdict(0.05, 0.15, (self.BIG, TFIDF, MINILM), rows, limits=Limits(p95_ms=10))
        assert said(found) == ("lexical", "cost", "minilm", "tfidf")
        assert "bm25 has the higher mean" in found.sentences[1]

    def test_within_the_margin_too(self):
        rows = [row("minilm", "tfidf", -0.015, 0.01), *self.ROWS]
        found = verdict(-0.01, 0.015, (self.BIG, TFIDF, MINILM), rows, p=0.4)
        assert said(found) == ("lexical", "within margin", None, "tfidf")


class TestCosts:
    def test_the_better_one_is_too_slow(self):
        found = verdict(0.05, 0.15, limits=Limits(p95_ms=10))
        assert said(found) == ("lexical", "cost", "minilm", "bm25")
        assert "minilm has a p95 of 20 ms where 10 ms are allowed" in found.sentences[0]
        assert "minilm is better, but too costly" in found.sentences[1]

    def test_the_worse_one_is_too_large(self):
        found = verdict(-0.15, -0.05, limits=Limits(memory_mb=500))
        assert said(found) == ("lexical", "cost", "bm25", "bm25")
        assert found.difference == pytest.approx(-0.10), "always dense minus lexical"

    def test_neither_shown_better(self):
        found = verdict(-0.05, 0.06, p=0.6, limits=Limits(memory_mb=500))
        assert said(found) == ("lexical", "cost", None, "bm25")
        assert "Neither is shown better" in found.sentences[1]

    def test_better_than_the_other_but_not_than_all(self):
        rows = [row("minilm", "tfidf", -0.1, 0.3, p=0.3), row("bm25", "tfidf", 0.01, 0.09)]
        found = verdict(0.05, 0.15, (BM25, TFIDF, MINILM), rows, limits=Limits(p95_ms=10))
        assert said(found) == ("lexical", "cost", None, "bm25")
        assert found.sentences[1].startswith("minilm is shown better than bm25, but not than tfidf: the difference")

    def test_the_lexical_one_is_too_slow(self):
        slow = replace(BM25, p95_ms=90)
        found = verdict(-0.15, -0.05, (slow, MINILM), limits=Limits(p95_ms=50))
        assert said(found) == ("dense", "cost", "bm25", "minilm")
        assert (found.low, found.high) == pytest.approx((-0.15, -0.05))

    def test_no_one_keeps_the_limits(self):
        found = verdict(0.05, 0.15, limits=Limits(p95_ms=0.5))
        assert said(found) == ("undecided", "no one affords", None, None)
        assert "every retriever exceeds" in found.sentences[0]

    def test_the_next_of_its_kind_takes_the_place(self):
        small = RetrieverSummary("small", "dense", 0.55, 0.52, 0.58, p95_ms=5, memory_mb=90)
        found = verdict(0.08, 0.12, (BM25, MINILM, small), [row("small", "bm25", 0.03, 0.07)], limits=Limits(p95_ms=9))
        assert said(found) == ("dense", "beyond margin", "small", "small")
        assert "minilm is left out: it has a p95 of 20 ms" in " ".join(found.sentences)
        assert "best of" not in " ".join(found.sentences), "minilm is better than small, which is not the best of 2"

    def test_a_cost_that_was_not_measured_is_said(self):
        found = verdict(0.05, 0.15, (BM25, replace(MINILM, p95_ms=None)), limits=Limits(p95_ms=10))
        assert found.retriever == "minilm"
        assert found.sentences[0].startswith("On faq, if it keeps the limits, use minilm (dense): it is better")
        assert "Not every cost of minilm could be measured" in " ".join(found.sentences)

    def test_a_limit_that_the_median_exceeds_is_exceeded(self):
        """With too few samples for p95, which is never below the median."""
        slow = replace(MINILM, p95_ms=None, p50_ms=73, p50_low_ms=71)
        found = verdict(0.05, 0.15, (BM25, slow), limits=Limits(p95_ms=20))
        assert said(found) == ("lexical", "cost", "minilm", "bm25")
        assert "minilm has a p95 of at least 71 ms where 20 ms are allowed" in found.sentences[0]

    def test_a_limit_above_the_median_is_neither_kept_nor_exceeded(self):
        found = verdict(
            0.05, 0.15, (BM25, replace(MINILM, p95_ms=None, p50_ms=21, p50_low_ms=19)), limits=Limits(p95_ms=20)
        )
        assert found.retriever == "minilm"
        assert found.sentences[0].startswith("On faq, if it keeps the limits, use minilm")

    def test_a_median_without_an_interval_hides_no_other_cost(self):
        """It has none of fewer than six queries; what is known of the other of two alone exceeds the limit."""
        unknown = replace(BM25, p95_ms=None, p50_ms=1, p50_low_ms=math.nan)
        assert Limits(p95_ms=10).exceeded(unknown, MINILM)
        assert not Limits(p95_ms=10).exceeded(unknown)

    def test_a_limit_that_is_kept_is_no_condition(self):
        assert verdict(0.05, 0.15, limits=Limits(p95_ms=30)).sentences[0].startswith("On faq use minilm")

    def test_the_median_stands_in_where_one_has_no_p95(self):
        few = [replace(BM25, p50_ms=1), replace(MINILM, p95_ms=None, p50_ms=12, p50_low_ms=11)]
        assert verdict(0.05, 0.15, few).sentences[-1] == (
            "minilm costs 12 against 1 ms of p50 and 600 against 60 MB of memory."
        )

    def test_what_the_better_one_costs_is_said(self):
        assert verdict(0.05, 0.15).sentences[-1] == (
            "minilm costs 20 against 2 ms of p95 and 600 against 60 MB of memory."
        )


class TestHybrid:
    def test_worth_trying_where_its_gain_is_above_zero(self):
        found = verdict(0.05, 0.15, fusion=fused(0.01, 0.05))
        assert said(found) == ("hybrid worth trying", "fusion", "minilm", None)
        assert "estimate from the stored rankings" in found.sentences[0]
        assert "fusing bm25 and minilm by reciprocal rank (k = 60) gains +0.030" in found.sentences[0]
        assert found.sentences[0].endswith("its speed was not measured, so run that fusion beside the two.")

    def test_says_how_to_run_it_where_both_can_be_named(self):
        bm25, minilm = (replace(each, specification=text) for each, text in ((BM25, "bm25:k1=0.9"), (MINILM, "minilm")))
        sentence = sentences.hybrid("faq", bm25, minilm, fused(0.01, 0.05))
        assert sentence.endswith("beside the two: -r 'hybrid(bm25(k1=0.9), minilm, fusion=rrf)'.")
        assert create("hybrid(bm25(k1=0.9), minilm, fusion=rrf)").fusion == "rrf"

    @pytest.mark.parametrize("gain", [(0.0, 0.05), (-0.05, -0.01), (0.005, 0.015)])
    def test_not_where_its_gain_may_be_none_or_is_below_the_margin(self, gain):
        assert verdict(0.05, 0.15, fusion=fused(*gain)).basis == "beyond margin"

    def test_also_where_neither_alone_is_shown_better(self):
        assert verdict(-0.05, 0.06, p=0.6, fusion=fused(0.02, 0.09)).choice == "hybrid worth trying"

    def test_not_over_the_weaker_one(self):
        assert verdict(0.05, 0.15, fusion=fused(0.06, 0.12, over="bm25")).choice == "dense"

    def test_not_where_both_together_cost_too_much(self):
        found = verdict(0.05, 0.15, fusion=fused(0.03, 0.05), limits=Limits(p95_ms=21))
        assert found.choice == "dense"


class TestUndecided:
    def test_says_how_many_more_queries_would_settle_it(self):
        """.03 seen, .056 shown by 300: (.056 / .03)^2 times as many, with no correction to make for other rows."""
        found = verdict(-0.01, 0.07, p=0.1)
        assert found.basis == "undecided"
        assert found.more_queries == pytest.approx(300 * ((0.04 * 2.8 / 1.96 / 0.03) ** 2 - 1), rel=0.05)
        assert f"About {found.more_queries:,} more judged queries" in found.sentences[-1]

    def test_other_pairs_ask_for_more_and_other_sets_and_measures_do_not(self):
        others = [row(f"a{i}", f"b{i}", -0.1, 0.1, p=0.5) for i in range(20)]
        elsewhere = [
            *(each._replace(dataset="other") for each in others), *(each._replace(measure="R@10") for each in others)
        ]  # fmt: skip
        assert verdict(-0.01, 0.07, p=0.1, more_rows=elsewhere) == verdict(-0.01, 0.07, p=0.1)
        assert verdict(-0.01, 0.07, p=0.1, more_rows=others).more_queries > verdict(-0.01, 0.07, p=0.1).more_queries

    @staticmethod
    def all_one_way(queries, pairs=21):
        """Each query says the same of minilm and bm25, and of as many other pairs."""
        value = np.linspace(0.8, 1.0, queries)
        values = {"minilm": {"nDCG@10": value}, "bm25": {"nDCG@10": value / 2}}
        (one,) = compare_pairs("faq", values, np.ones(queries, bool), seed=0, main="nDCG@10")
        rows = adjusted([one, *(one._replace(a=f"a{i}", b=f"b{i}") for i in range(1, pairs))])
        return decide("faq", "nDCG@10", (BM25, MINILM), rows)

    def test_so_many_queries_as_it_names_do_settle_it(self):
        """Of few queries the smallest p there is, times the comparisons, decides; not the normal's quantiles."""
        few = self.all_one_way(8)
        assert few.choice == "undecided"
        assert few.more_queries == 2  # 2 / 2^10 x 21 = .041, and 2 / 2^9 x 21 = .082
        assert "About 2 more judged queries would settle it in 4 cases of 5" in " ".join(few.sentences)
        assert self.all_one_way(8 + few.more_queries - 1).choice == "undecided"
        assert self.all_one_way(8 + few.more_queries).retriever == "minilm"

    def test_queries_without_a_difference_do_not_count(self):
        found = verdict(0.3, 0.8, p=0.06, queries=10, groups=10, wins=5, losses=0, ties=5, margins=None)
        assert found.more_queries == 2  # 6 of 12

    def test_too_few_queries_for_so_many_comparisons_are_called_too_few(self):
        assert (
            "8 queries are too few for 21 comparisons, whatever they show: judge more, or compare fewer retrievers."
            in (self.all_one_way(8).sentences)
        )
        assert "too few" not in " ".join(self.all_one_way(8, pairs=6).sentences)

    def test_too_few_for_any_test(self):
        assert "5 queries are too few for a test at .05, whatever they show: judge more." in (
            self.all_one_way(5, pairs=1).sentences
        )

    def test_one_more_query_is_one(self):
        assert "About 1 more judged query would settle it" in " ".join(self.all_one_way(9).sentences)

    def test_what_the_queries_show_is_said_to_be_before_the_correction(self):
        said = "with 300 queries a true difference of 0.071 is found 4 times of 5, before that correction."
        assert said in verdict(0.05, 0.15).sentences[1]
        assert "a true difference of below 0.001 is found" in verdict(0.05, 0.0501).sentences[1]

    def test_no_difference_is_as_large_as_so_few_would_have_to_show(self):
        said = verdict(-0.7, 0.8, p=1.0, detectable=1.763, interval="bounded", queries=3, groups=3).sentences[1]
        assert said.endswith("with 3 queries no difference would be found 4 times of 5.")

    def test_or_show_that_it_is_within_the_margin(self):
        """.001 would take a million queries to show; that it is below .02 takes 5.1 times 300, and one query more that
        differs by 1: some hundred."""
        assert verdict(-0.029, 0.031, p=0.9).more_queries == 1400

    def test_groups_are_asked_for_as_groups(self):
        assert "in groups of their own" in verdict(-0.01, 0.07, p=0.1, groups=60).sentences[-1]

    def test_the_same_values_show_no_power(self):
        found = verdict(0.0, 0.0, p=1.0, margins=None, wins=0, losses=0, ties=300)
        assert "both have the same value on each of 300 queries." in found.sentences[1]
        assert "4 times of 5" not in found.sentences[1]

    def test_no_number_where_there_is_no_difference(self):
        found = verdict(-0.01, 0.01, p=1.0, margins=None)
        assert found.more_queries is None
        assert found.sentences[-1] == (
            "A difference of 0 is too small to matter or to be shown: take bm25, the cheaper one, or decide by other "
            "queries."
        )

    def test_what_few_queries_may_hide_is_not_called_too_small(self):
        """26 queries of which none differs say nothing of a difference below .137."""
        found = verdict(-0.137, 0.137, p=1.0, margins=None)
        assert found.sentences[-1] == "So few queries may hide a difference of up to 0.137: judge more."

    def test_a_number_that_nobody_will_judge_is_not_advice(self):
        found = verdict(-0.0145, 0.0155, p=0.9, margins=None)
        assert found.more_queries > 100_000
        assert "A difference of below 0.001 is too small to matter" in found.sentences[-1]
        assert "more judged queries would): take bm25, the cheaper one" in found.sentences[-1]


class TestNoPair:
    def test_one_retriever_and_one_query(self):
        found = decide("faq", "nDCG@10", [replace(BM25, low=math.nan, high=math.nan)], [])
        assert found.sentences[1] == "In nDCG@10 it has 0.500."

    def test_one_retriever_alone(self):
        found = decide("faq", "nDCG@10", [BM25], [])
        assert said(found) == ("undecided", "no pair", None, None)
        assert found.sentences == (
            "Undecided on faq: bm25 is the only retriever with figures.",
            "In nDCG@10 it has 0.500 (0.470 to 0.530).",
            "No dense retriever was compared.",
        )

    def test_nothing_at_all(self):
        assert "no lexical and no dense" in decide("faq", "nDCG@10", [], []).sentences[0]

    def test_too_few_queries_for_an_interval(self):
        nan = math.nan
        found = verdict(nan, nan, queries=1, groups=1, limits=Limits(p95_ms=10))
        assert (found.choice, found.basis) == ("undecided", "no pair")

    def test_a_failed_retriever_is_left_out(self):
        failed = RetrieverSummary("e5", "dense", math.nan, math.nan, math.nan)
        assert best_pair([BM25, failed, MINILM]) == (BM25, MINILM)
        assert verdict(0.05, 0.15, (BM25, failed, MINILM)).retriever == "minilm"

    def test_a_pair_without_a_row_is_a_mistake(self):
        with pytest.raises(ValueError, match="not compared"):
            decide("faq", "nDCG@10", [BM25, MINILM], [])

    def test_rows_that_are_not_adjusted_are_a_mistake(self):
        with pytest.raises(ValueError, match="not adjusted"):
            verdict(0.05, 0.15, p_holm=math.nan)

    @pytest.mark.parametrize("margin", [-0.01, math.nan])
    def test_a_margin_is_not_below_zero(self, margin):
        with pytest.raises(ValueError, match="margin"):
            verdict(0.05, 0.15, margins={"nDCG@10": margin})


class TestOneKind:
    """No dense one was compared: which of the lexical ones, and that no dense one was tried; the same the other way."""

    @staticmethod
    def of(low, high, candidates=(TFIDF, BM25), more_rows=(), margins=None, limits=None, **figures):
        rows = against([row("bm25", "tfidf", low, high, **figures), *more_rows], margins)
        return decide("faq", "nDCG@10", candidates, rows, margins=margins, limits=limits)

    def test_one_is_shown_better(self):
        found = self.of(0.01, 0.09)
        assert said(found) == ("bm25 of those compared", "better", "bm25", "bm25")
        assert found.sentences[0] == "On faq use bm25 (lexical): it is better than tfidf."
        assert found.sentences[1].startswith("In nDCG@10 bm25 has 0.500 (0.470 to 0.530) and tfidf has 0.450")
        assert found.sentences[2] == "bm25 costs 2 against 1 ms of p95 and 60 against 50 MB of memory."
        assert found.sentences[3] == "No dense retriever was compared."
        assert (found.dense, found.lexical, found.difference) == (None, None, None)

    def test_neither_is_shown_better(self):
        found = self.of(-0.01, 0.07, p=0.1)
        assert said(found) == ("undecided", "undecided", None, None)
        assert found.sentences[0] == "Undecided on faq: neither bm25 nor tfidf is shown better."
        assert found.more_queries > 0
        assert found.sentences[-1] == "No dense retriever was compared."

    def test_better_than_the_second_is_not_better_than_all(self):
        third = replace(TFIDF, label="bm25+", mean=0.40)
        rows = [row("bm25", "bm25+", -0.1, 0.3, p=0.3)]
        found = self.of(0.01, 0.09, (TFIDF, third, BM25), rows)
        assert said(found) == ("undecided", "undecided", None, None)
        assert "bm25 is shown better than tfidf, but not than bm25+" in found.sentences[0]
        assert "the best two of 3" in found.sentences[1]

    def test_only_dense_ones(self):
        small = RetrieverSummary("small", "dense", 0.55, 0.52, 0.58, p95_ms=5, memory_mb=90)
        found = decide("faq", "nDCG@10", [small, MINILM], [row("minilm", "small", 0.01, 0.09)])
        assert said(found) == ("minilm of those compared", "better", "minilm", "minilm")
        assert found.sentences[-1] == "No lexical retriever was compared."

    def test_another_kind_takes_part(self):
        found = decide("faq", "nDCG@10", [BM25, OTHER], [row("splade", "bm25", 0.3, 0.5)])
        assert said(found) == ("splade of those compared", "better", "splade", "splade")
        assert found.sentences[0] == "On faq use splade: it is better than bm25."

    def test_neither_kind(self):
        second = replace(OTHER, label="colbert", mean=0.5)
        found = decide("faq", "nDCG@10", [second, OTHER], [row("splade", "colbert", 0.3, 0.5)])
        assert found.choice == "splade of those compared"
        assert found.sentences[-1] == "No lexical and no dense retriever was compared."

    def test_beyond_the_margin(self):
        assert self.of(0.03, 0.09, margins=MARGIN).basis == "beyond margin"

    def test_within_the_margin_the_cheaper(self):
        found = self.of(0.001, 0.015, margins=MARGIN)
        assert said(found) == ("tfidf of those compared", "within margin", "bm25", "tfidf")
        assert found.sentences[0] == "On faq use tfidf (lexical), the cheaper one: bm25 is better by less than 0.02."

    def test_within_the_margin_the_leader_where_it_is_the_cheaper(self):
        found = self.of(-0.01, 0.015, (replace(TFIDF, p95_ms=9, memory_mb=200), BM25), margins=MARGIN, p=0.4)
        assert said(found) == ("bm25 of those compared", "within margin", None, "bm25")
        assert ", the cheaper one: tfidf differs" in found.sentences[0]

    def test_within_the_margin_without_costs_the_one_of_the_higher_mean(self):
        unknown = [replace(each, p95_ms=None, memory_mb=None) for each in (TFIDF, BM25)]
        found = self.of(-0.01, 0.015, unknown, margins=MARGIN, p=0.4)
        assert said(found) == ("bm25 of those compared", "within margin", None, "bm25")
        assert ", the one of the higher mean: tfidf differs from it by less than 0.02 either way" in found.sentences[0]

    def test_the_better_one_is_too_slow(self):
        found = self.of(0.01, 0.09, limits=Limits(p95_ms=1.5))
        assert said(found) == ("tfidf of those compared", "cost", "bm25", "tfidf")
        assert "bm25 has a p95 of 2 ms where 1.5 ms are allowed" in found.sentences[0]
        assert "bm25 is better, but too costly" in found.sentences[1]

    def test_no_one_keeps_the_limits(self):
        assert said(self.of(0.01, 0.09, limits=Limits(p95_ms=0.5))) == ("undecided", "no one affords", None, None)

    def test_one_too_slow_of_three_is_named(self):
        third = replace(BM25, label="bm25+", mean=0.55, p95_ms=9)
        rows = [row("bm25+", "bm25", 0.01, 0.09), row("bm25+", "tfidf", 0.01, 0.19)]
        found = self.of(0.01, 0.09, (TFIDF, BM25, third), rows, limits=Limits(p95_ms=5))
        assert found.retriever == "bm25"
        assert "bm25+ is left out: it has a p95 of 9 ms" in " ".join(found.sentences)
        assert "best two" not in " ".join(found.sentences)

    def test_too_few_queries(self):
        found = self.of(math.nan, math.nan, queries=1, groups=1)
        assert said(found) == ("undecided", "no pair", None, None)
        assert "1 query is too few to compare by." in found.sentences[0]

    def test_over_all_sets(self):
        one, other = (Verdict("a", "nDCG@10", 0, f"{name}{AMONG}", "better", ()) for name in ("bm25", "tfidf"))
        same = overall([one, replace(one, dataset="b")])
        assert same.sentences == ("Over all sets: bm25 of those compared, on 2 of 2.",)
        assert overall([one, one, replace(other, dataset="b")]).sentences[0].startswith("The sets disagree")


class TestOverall:
    @staticmethod
    def of(*choices):
        return overall([Verdict(f"set{i}", "nDCG@10", 0.02, each, "better", ()) for i, each in enumerate(choices)])

    def test_all_sets_agree(self):
        found = self.of("dense", "dense")
        assert (found.choice, found.sentences) == ("dense", ("Over all sets: dense, on 2 of 2.",))

    def test_most_agree_and_none_opposes(self):
        found = self.of("dense", "undecided", "dense")
        assert found.choice == "dense"
        assert found.sentences[1] == "By set: dense on set0, set2; undecided on set1."

    def test_sets_that_disagree_are_named(self):
        found = self.of("dense", "dense", "dense", "lexical")
        assert found.choice == "undecided"
        assert found.sentences[0].startswith("The sets disagree")
        assert found.sets == {"dense": ("set0", "set1", "set2"), "lexical": ("set3",)}

    @pytest.mark.parametrize(
        "choices", [("dense", "undecided"), ("undecided", "undecided", "lexical"), ("hybrid worth trying", "dense")]
    )
    def test_half_of_the_sets_are_not_enough(self, choices):
        assert self.of(*choices).choice == "undecided"

    def test_hybrid_and_one_of_its_parts_do_not_oppose(self):
        assert self.of("hybrid worth trying", "dense", "hybrid worth trying").choice == "hybrid worth trying"

    def test_no_set(self):
        assert overall([]).choice == "undecided"


def test_it_is_plain_json():
    found = verdict(0.05, 0.15, p=math.nan)
    assert found.choice == "undecided"
    assert json.loads(json.dumps(found.as_json(), allow_nan=False)) == found.as_json()
    assert json.loads(json.dumps(overall([found]).as_json(), allow_nan=False))["sets"] == {"undecided": ["faq"]}


ends = st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3)).map(sorted)
costs = st.none() | st.floats(0.1, 100)


@settings(max_examples=500, deadline=None)
@given(
    ends,
    ends,
    st.floats(1e-5, 1),
    st.floats(1e-5, 1),
    st.sampled_from([0, 0.02, 0.1]),
    st.none() | ends,
    st.builds(Limits, costs, costs),
    st.lists(costs, min_size=4, max_size=4),
    st.sampled_from([5, 30, 300]),
)
@example([0.0, 0.0], [0.0, 0.0], 1.0, 1.0, 0.02, None, Limits(1.0, None), [2.0, None, None, None], 5)
def test_it_never_says_more_than_the_intervals_allow(pair, second, p, q, margin, gain, limits, cost, groups):
    candidates = [
        replace(BM25, p95_ms=cost[0], memory_mb=cost[1]),
        replace(TFIDF, p95_ms=cost[2]),
        replace(MINILM, p95_ms=cost[3]),
    ]
    others = [row(each, "tfidf", *second, p=q, groups=groups) for each in ("minilm", "bm25")]
    found = verdict(
        *pair, candidates, others, {"nDCG@10": margin}, limits,
        fused(*gain) if gain else None, p=p, groups=groups,
    )  # fmt: skip
    text = " ".join(found.sentences)
    low, high = found.low, found.high
    other_way = verdict(
        *pair, candidates[::-1], others, {"nDCG@10": margin}, limits,
        fused(*gain) if gain else None, p=p, groups=groups,
    )  # fmt: skip
    assert other_way == found
    if low is None:
        assert (found.choice, found.winner) == ("undecided", None)
        return
    if low <= 0 <= high or found.p_holm >= 0.05:
        assert found.winner is None
        assert "is better" not in text
        assert found.basis not in ("better", "beyond margin")
    if found.winner:
        assert low > 0 if found.winner == "minilm" else high < 0
    if found.choice == "dense" and found.basis in ("better", "beyond margin"):
        assert low > 0
        assert found.winner == found.retriever == "minilm"
    if found.basis == "beyond margin":
        assert min(abs(low), abs(high)) >= margin > 0
    if found.basis == "within margin":
        assert -margin < low
        assert high < margin
    if found.choice == "hybrid worth trying":
        assert gain[0] > 0
    picked = {each.label: each for each in candidates}.get(found.retriever)
    assert picked is None or not limits.exceeded(picked)
    assert (found.basis == "undecided") >= (found.more_queries is not None)
    json.dumps(found.as_json(), allow_nan=False)


@settings(max_examples=300, deadline=None)
@given(
    ends, ends, ends, st.floats(1e-5, 1), st.floats(1e-5, 1), st.sampled_from([0, 0.02, 0.1]),
    st.builds(Limits, costs, costs), st.lists(costs, min_size=3, max_size=3), st.sampled_from([5, 30, 300]),
)  # fmt: skip
def test_nor_of_retrievers_of_one_kind(first, second, third, p, q, margin, limits, cost, groups):
    """tfidf 0, bm25 and bm25+ as far above or below it as their intervals say."""
    over = {"tfidf": 0.0, "bm25": sum(first) / 2, "bm25+": sum(second) / 2}
    candidates = [
        replace(BM25, label=label, mean=0.5 + mean, p95_ms=each)
        for (label, mean), each in zip(over.items(), cost, strict=True)
    ]
    shift = over["bm25+"] - over["bm25"] - sum(third) / 2
    rows = [
        row("bm25", "tfidf", *first, p=p, groups=groups),
        row("bm25+", "tfidf", *second, p=q, groups=groups),
        row("bm25+", "bm25", *(each + shift for each in third), p=p, groups=groups),
    ]
    rows = against(rows, {"nDCG@10": margin})
    found = decide("faq", "nDCG@10", candidates, rows, margins={"nDCG@10": margin}, limits=limits)
    text = " ".join(found.sentences)
    assert decide("faq", "nDCG@10", candidates[::-1], rows[::-1], margins={"nDCG@10": margin}, limits=limits) == found
    if found.winner:
        mine = [each.seen_from(found.winner) for each in rows if found.winner in (each.a, each.b)]
        affordable = {each.label for each in candidates if not limits.exceeded(each)}
        assert all(each.low > 0 and each.p_holm < 0.05 for each in mine if each.b in affordable)
    else:
        assert "is better" not in text
        assert found.basis not in ("better", "beyond margin")
    assert (found.retriever is None) == (found.choice == "undecided")
    assert found.retriever is None or found.choice == found.retriever + AMONG
    assert "No dense retriever was compared." in found.sentences
    picked = {each.label: each for each in candidates}.get(found.retriever)
    assert picked is None or not limits.exceeded(picked)
    json.dumps(found.as_json(), allow_nan=False)


@pytest.mark.parametrize("difference", [0.0, 1e-17, -1e-17, -0.1])
def test_of_equal_means_the_lexical_one_leads_whatever_the_rounding(difference):
    for seen in (row("minilm", "bm25", difference, difference), row("bm25", "minilm", -difference, -difference)):
        assert leading(BM25, MINILM, seen) is BM25
    assert leading(BM25, MINILM, row("minilm", "bm25", 0.1, 0.1)) is MINILM


class TestAgainstABaseline:
    """bm25 is the baseline; tfidf and minilm were compared with it, and not with each other."""

    def decided(self, minilm, tfidf=(-0.10, -0.02), candidates=(BM25, TFIDF, MINILM), margins=None, **more):
        rows = [
            row("tfidf", "bm25", *tfidf[:2], **dict(tfidf[2:])),
            row("minilm", "bm25", *minilm[:2], **dict(minilm[2:])),
        ]
        return decide("faq", "nDCG@10", candidates, against(rows, margins), margins=margins, against="bm25", **more)

    def test_the_best_of_the_others_is_shown_better(self):
        found = self.decided((0.05, 0.15))
        assert said(found) == (f"minilm{AMONG}", "better", "minilm", "minilm")
        assert found.pair == ("minilm", "bm25")
        assert found.sentences[0] == "On faq use minilm (dense): it is better than bm25."
        assert found.sentences[-1].startswith("Each was compared with bm25 alone, not with one another;")

    def test_the_baseline_is_better_only_against_every_other(self):
        low = replace(MINILM, mean=0.40)
        assert self.decided((-0.15, -0.05), candidates=(BM25, TFIDF, low)).winner == "bm25"
        open_still = self.decided((-0.15, -0.05), (-0.1, 0.02, ("p", 0.2)), candidates=(BM25, TFIDF, low))
        assert said(open_still) == ("undecided", "undecided", None, None)

    def test_it_is_undecided_where_the_difference_may_be_none(self):
        found = self.decided((-0.01, 0.08, ("p", 0.2)))
        assert said(found) == ("undecided", "undecided", None, None)
        assert found.pair == ("minilm", "bm25")

    def test_that_the_best_was_picked_counts_for_the_margin(self):
        cheap = replace(MINILM, p95_ms=1, memory_mb=10)
        margin = {"nDCG@10": 0.1}
        rows = [row("tfidf", "bm25", -0.2, -0.15), row("minilm", "bm25", -0.01, 0.03, p=0.4)]

        def found(p_above):
            tested = [each._replace(margin=0.1, p_above=p_above, p_below=0.001) for each in rows]
            return decide("faq", "nDCG@10", (BM25, TFIDF, cheap), tested, margins=margin, against="bm25")

        assert said(found(0.012)) == (f"minilm{AMONG}", "within margin", None, "minilm")
        assert found(0.013).basis == "undecided"

    def test_limits(self):
        slow = self.decided((0.05, 0.15), limits=Limits(p95_ms=10))
        assert said(slow) == (f"bm25{AMONG}", "better", "bm25", "bm25")
        assert slow.pair == ("bm25", "tfidf")
        alone = self.decided((0.05, 0.15), candidates=(BM25, MINILM), limits=Limits(p95_ms=10))
        assert said(alone) == (f"bm25{AMONG}", "cost", "minilm", "bm25")
        assert self.decided((0.05, 0.15), limits=Limits(p95_ms=0.5)).basis == "no one affords"

    @pytest.mark.parametrize(
        ("candidates", "sentence"),
        [
            ((TFIDF, MINILM), "the baseline bm25 has no figures"),
            ((replace(BM25, mean=math.nan), MINILM), "the baseline bm25 has no figures"),
            ((BM25,), "bm25 is the only retriever with figures"),
        ],
    )
    def test_nothing_to_compare(self, candidates, sentence):
        found = decide("faq", "nDCG@10", candidates, [], against="bm25")
        assert (found.choice, found.basis, found.pair) == ("undecided", "no pair", None)
        assert sentence in found.sentences[0]
