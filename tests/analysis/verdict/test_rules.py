"""The verdict: every rule on a case made for it, and that it never says more than the figures allow."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from verdicts import BM25, MARGIN, MINILM, TFIDF, against_margin, compared, outline, verdict

from bench.analysis.verdict import sentences
from bench.analysis.verdict.choices import Limits, RetrieverSummary
from bench.analysis.verdict.fusion import FusionEstimate
from bench.analysis.verdict.overall import overall
from bench.analysis.verdict.rules import decide
from bench.evaluation.pairs import adjusted, compare_pairs, outcome
from retrievers import create
from retrievers.fusion import USUAL

HYBRID = RetrieverSummary("hybrid", "hybrid", 0.66, 0.63, 0.69, p95_ms=25, memory_mb=650, fuses=True)


def fused(low, high, over=MINILM):
    return FusionEstimate(MINILM, BM25, over, "nDCG@10", (low + high) / 2, low, high, 3)


class TestBetter:
    def test_the_best_is_shown_better_than_the_other(self):
        found = verdict(0.05, 0.15)
        assert outline(found) == ("dense", "better", "minilm", "minilm")
        assert (found.best, found.pair, found.level, found.worse) == (
            *("minilm", ("minilm", "bm25")),
            *(("minilm",), ("bm25",)),
        )
        assert (found.difference, found.low, found.high) == pytest.approx((0.10, 0.05, 0.15))
        assert found.sentences[0] == "On faq use minilm (dense): it is better than bm25."
        assert "margin" not in " ".join(found.sentences)

    def test_the_other_way(self):
        low = replace(MINILM, mean=0.40)
        assert outline(verdict(-0.15, -0.05, (BM25, low))) == ("lexical", "better", "bm25", "bm25")

    def test_by_the_margin_or_more(self):
        found = verdict(0.05, 0.15, margins=MARGIN)
        assert outline(found) == ("dense", "beyond margin", "minilm", "minilm")
        assert "better than bm25 by 0.02 or more" in found.sentences[0]

    def test_whether_by_the_margin_is_open_where_the_better_one_is_the_cheaper_too(self):
        found = verdict(0.01, 0.15, (replace(BM25, p95_ms=90), MINILM), margins=MARGIN)
        assert outline(found) == ("dense", "better", "minilm", "minilm")
        assert found.level == ("minilm", "bm25")
        assert found.sentences[0].endswith("it is better than bm25; whether by the margin of 0.02 is open.")

    def test_the_order_of_a_pair_does_not_matter(self):
        rows = against_margin([compared("bm25", "minilm", -0.15, -0.05)], MARGIN)
        found = decide("faq", "nDCG@10", [MINILM, BM25], rows, margins=MARGIN)
        assert found == verdict(0.05, 0.15, margins=MARGIN)

    def test_of_any_kinds(self):
        """The best is a hybrid; that it is better than both of its parts is shown."""
        rows = [compared("hybrid", "minilm", 0.02, 0.10), compared("hybrid", "bm25", 0.1, 0.2)]
        found = verdict(0.05, 0.15, (BM25, MINILM, HYBRID), rows)
        assert outline(found) == ("hybrid", "better", "hybrid", "hybrid")
        assert found.sentences[0] == "On faq use hybrid (hybrid): it is better than minilm and bm25."
        assert found.sentences[1].startswith("In nDCG@10 hybrid has 0.660 (0.630 to 0.690) and minilm has 0.600")
        assert "the best two of 3" in found.sentences[1]

    def test_all_others_are_counted(self):
        others = [replace(TFIDF, label=f"bm25+{n}", mean=0.1) for n in range(3)]
        rows = [compared(a, each.label, 0.2, 0.4) for each in others for a in ("minilm", "bm25")]
        rows += [compared(others[i].label, others[j].label, -0.1, 0.1) for i, j in ((0, 1), (0, 2), (1, 2))]
        assert "it is better than all 4 others" in verdict(0.05, 0.15, (BM25, MINILM, *others), rows).sentences[0]


class TestLevel:
    """The best is not shown better than the cheaper one."""

    @pytest.mark.parametrize(("ends", "p"), [((0.05, 0.15), 0.05), ((0.0, 0.15), 0.001)])
    def test_neither_the_interval_nor_the_p_value_alone_show_it(self, ends, p):
        found = verdict(*ends, p=p)
        assert outline(found) == ("lexical", "level", None, "bm25")
        assert found.level == ("minilm", "bm25")

    def test_what_the_best_may_have_above_the_cheapest_is_said_corrected(self):
        found = verdict(-0.01, 0.07, p=0.1, low_best=-0.02, high_best=0.08)
        assert found.sentences[0] == (
            "On faq use bm25 (lexical), the cheaper one: minilm, which has the highest mean, is not shown better."
        )
        assert found.at_most == pytest.approx(0.08)
        assert "bm25 is below the truly best of both, whichever that is, by at most 0.080" in found.sentences[2]
        assert "interval" not in found.sentences[1]

    def test_so_many_more_queries_would_settle_it(self):
        """.03 seen, .056 shown by 300: (.056 / .03)^2 times as many, with no correction to make for other rows."""
        found = verdict(-0.01, 0.07, p=0.1)
        assert found.more_queries == pytest.approx(300 * ((0.04 * 2.8 / 1.96 / 0.03) ** 2 - 1), rel=0.05)
        said = (
            f"About {found.more_queries:,} more judged queries would settle whether minilm is better, in 4 cases of 5"
        )
        assert any(sentence.startswith(said) for sentence in found.sentences)

    def test_the_best_itself_where_it_is_the_cheapest(self):
        found = verdict(-0.01, 0.07, (replace(BM25, p95_ms=90), MINILM), p=0.1)
        assert outline(found) == ("dense", "level", None, "minilm")
        assert found.sentences[0].endswith("it has the highest mean and costs least, and bm25 is not shown worse.")
        assert found.at_most == pytest.approx(0.01)
        assert found.more_queries is None

    def test_the_cheapest_of_those_not_shown_worse_alone(self):
        """tfidf is cheaper still, and shown worse."""
        rows = [compared("minilm", "tfidf", 0.05, 0.25), compared("bm25", "tfidf", -0.01, 0.11, p=0.2)]
        found = verdict(-0.01, 0.07, (TFIDF, BM25, MINILM), rows, p=0.1)
        assert outline(found) == ("lexical", "level", None, "bm25")
        assert (found.level, found.worse) == (("minilm", "bm25"), ("tfidf",))
        assert found.sentences[1] == "Against minilm, not shown worse: bm25; shown worse: tfidf."
        assert "below the truly best of the 3, whichever that is" in found.sentences[3]

    def test_no_more_than_any_other_may_have_above_it(self):
        rows = [compared("minilm", "tfidf", -0.05, 0.25, p=0.2), compared("bm25", "tfidf", -0.05, 0.3, p=0.2)]
        found = verdict(-0.01, 0.07, (TFIDF, BM25, MINILM), rows, p=0.1)
        assert found.retriever == "tfidf"
        assert found.at_most == pytest.approx(0.3), "bm25 may be the truly best one"

    def test_better_but_not_shown_to_be_by_the_margin(self):
        found = verdict(0.01, 0.15, margins=MARGIN)
        assert outline(found) == ("lexical", "level", "minilm", "bm25")
        assert found.sentences[0].endswith("is better, but not shown to be by 0.02 or more.")

    def test_without_times_by_kind_and_said_so(self):
        untimed = [replace(each, p95_ms=None, memory_mb=None) for each in (MINILM, BM25, HYBRID)]
        rows = [compared("hybrid", "minilm", -0.02, 0.10, p=0.3), compared("hybrid", "bm25", -0.01, 0.2, p=0.2)]
        found = verdict(-0.01, 0.07, untimed, rows, p=0.1)
        assert outline(found) == ("lexical", "level", None, "bm25")
        assert found.sentences[0].startswith("On faq use bm25 (lexical), the simplest by its kind of 3: hybrid, which")
        assert found.sentences[-1] == (
            "Without times of all of them the cheapest goes by kind (lexical, static, dense, approximate, hybrid, "
            "reranked, other), then by memory and the mean."
        )

    def test_what_both_cost_is_said(self):
        assert (
            "bm25 costs 2 against 20 ms of p95 and 60 against 600 MB of memory."
            in verdict(-0.01, 0.07, p=0.1).sentences
        )

    def test_the_median_stands_in_where_one_has_no_p95(self):
        few = [replace(BM25, p50_ms=1), replace(MINILM, p95_ms=None, p50_ms=12, p50_low_ms=11)]
        assert verdict(0.05, 0.15, few).sentences[-1] == (
            "minilm costs 12 against 1 ms of p50 and 600 against 60 MB of memory."
        )

    def test_no_number_where_there_is_no_difference(self):
        found = verdict(-0.01, 0.01, (BM25, replace(MINILM, p95_ms=1)), p=1.0)
        assert (found.retriever, found.more_queries) == ("minilm", None)
        found = verdict(-0.01, 0.01, p=1.0)
        assert found.more_queries is None
        assert "A difference of 0 is too small to matter or to be shown." in found.sentences

    def test_what_few_queries_may_hide_is_not_called_too_small(self):
        """26 queries of which none differs say nothing of a difference below .137."""
        assert (
            "So few queries may hide a difference of up to 0.137: judge more."
            in verdict(-0.137, 0.137, p=1.0).sentences
        )

    def test_a_number_that_nobody_will_judge_is_not_advice(self):
        found = verdict(-0.0145, 0.0155, p=0.9)
        assert found.more_queries > 100_000
        assert any(
            "A difference of below 0.001 is too small to matter or to be shown (about" in each
            for each in found.sentences
        )

    def test_groups_are_asked_for_as_groups(self):
        assert "in groups of their own" in " ".join(verdict(-0.01, 0.07, p=0.1, groups=60).sentences)

    def test_the_same_values_show_no_power(self):
        found = verdict(0.0, 0.0, p=1.0, wins=0, losses=0, ties=300)
        assert "both have the same value on each of 300 queries." in found.sentences[1]
        assert "4 times of 5" not in found.sentences[1]

    def test_what_the_queries_show_is_said_to_be_before_the_correction(self):
        said = "with 300 queries a true difference of 0.071 is found 4 times of 5, before that correction."
        assert said in verdict(0.05, 0.15).sentences[1]
        assert "a true difference of below 0.001 is found" in verdict(0.05, 0.0501).sentences[1]


class TestWithinTheMargin:
    def test_the_cheaper_is_enough_where_the_best_is_better_by_less(self):
        found = verdict(-0.01, 0.015, p=0.4, margins=MARGIN)
        assert outline(found) == ("lexical", "within margin", None, "bm25")
        assert found.sentences[0].endswith(", the cheaper one: no other one is better by 0.02 or more.")

    def test_also_where_it_is_shown_better(self):
        assert outline(verdict(0.005, 0.015, margins=MARGIN)) == ("lexical", "within margin", "minilm", "bm25")

    def test_by_the_corrected_bound_and_not_by_the_interval(self):
        assert verdict(-0.01, 0.015, p=0.4, margins=MARGIN, high_best=0.02).basis == "level"
        assert verdict(-0.01, 0.015, p=0.4, margins=MARGIN, high_best=0.0199).basis == "within margin"

    def test_no_other_may_be_better_by_the_margin(self):
        """bm25 is as good as minilm, the best; that a third one is not better than bm25 by the margin is not shown."""
        small = replace(MINILM, label="small", mean=0.58)
        rows = [compared("small", "bm25", -0.05, 0.03, p=0.5), compared("minilm", "small", -0.03, 0.05, p=0.5)]
        assert verdict(-0.01, 0.015, (BM25, MINILM, small), rows, p=0.4, margins=MARGIN).basis == "level"
        worse = [compared("small", "bm25", -0.09, -0.03, p=0.001), rows[1]]
        assert verdict(-0.01, 0.015, (BM25, MINILM, small), worse, p=0.4, margins=MARGIN).basis == "within margin"

    @pytest.mark.parametrize(("n", "basis"), [(26, "level"), (148, "level"), (149, "within margin")])
    def test_so_few_queries_show_nothing_alike_whatever_they_say(self, n, basis):
        """.98^148 = .0503: of fewer than 149 queries none may differ, and a difference of .02 would go unseen."""
        values = {label: {"nDCG@10": np.ones(n)} for label in ("minilm", "bm25")}
        rows = adjusted(compare_pairs("faq", values, np.ones(n, bool), seed=0, main="nDCG@10", margins=MARGIN))
        rows = [row._replace(high_best=1 - 0.05 ** (1 / n)) for row in rows]  # what 10,000 draws come near to
        found = decide("faq", "nDCG@10", (BM25, MINILM), rows, margins=MARGIN)
        assert found.basis == basis
        said = f"{n} queries cannot show a difference within 0.02, whatever they say; 149 are the least."
        assert (said in found.sentences) == (basis == "level")

    def test_rows_of_another_margin_are_a_mistake(self):
        with pytest.raises(ValueError, match="not tested against the margin"):
            decide("faq", "nDCG@10", (BM25, MINILM), [compared("minilm", "bm25", 0, 0.1)], margins=MARGIN)


class TestCosts:
    def test_the_better_one_is_too_slow(self):
        found = verdict(0.05, 0.15, limits=Limits(p95_ms=10))
        assert outline(found) == ("lexical", "cost", "minilm", "bm25")
        assert "minilm has a p95 of 20 ms where 10 ms are allowed" in found.sentences[0]
        assert "minilm is better, but too costly" in found.sentences[1]

    def test_the_worse_one_is_too_large(self):
        found = verdict(-0.15, -0.05, limits=Limits(memory_mb=500))
        assert outline(found) == ("lexical", "cost", "bm25", "bm25")
        assert found.pair == ("bm25", "minilm")
        assert found.difference == pytest.approx(0.10)

    def test_neither_shown_better(self):
        found = verdict(-0.05, 0.06, p=0.6, limits=Limits(memory_mb=500))
        assert outline(found) == ("lexical", "cost", None, "bm25")
        assert "Neither is shown better" in found.sentences[1]

    def test_better_than_the_other_but_not_than_all(self):
        rows = [compared("minilm", "tfidf", -0.1, 0.3, p=0.3), compared("bm25", "tfidf", 0.01, 0.09)]
        slow = replace(TFIDF, p95_ms=11)
        found = verdict(0.05, 0.15, (BM25, slow, MINILM), rows, limits=Limits(p95_ms=10))
        assert outline(found) == ("lexical", "cost", None, "bm25")
        assert found.sentences[1].startswith("minilm is shown better than bm25, but not than tfidf: the difference")
        assert "tfidf is left out: it has a p95 of 11 ms" in found.sentences[2]

    def test_of_two_that_keep_the_limits_the_rules_go_on(self):
        rows = [compared("minilm", "tfidf", 0.05, 0.3), compared("bm25", "tfidf", 0.01, 0.09)]
        found = verdict(0.05, 0.15, (BM25, TFIDF, MINILM), rows, limits=Limits(p95_ms=10))
        assert outline(found) == ("lexical", "better", "bm25", "bm25")
        assert "minilm is left out: it has a p95 of 20 ms" in " ".join(found.sentences)
        assert "best two" not in " ".join(found.sentences)

    def test_the_lexical_one_is_too_slow(self):
        slow = replace(BM25, p95_ms=90)
        found = verdict(-0.15, -0.05, (slow, MINILM), limits=Limits(p95_ms=50))
        assert outline(found) == ("dense", "cost", "bm25", "minilm")

    def test_no_one_keeps_the_limits(self):
        found = verdict(0.05, 0.15, limits=Limits(p95_ms=0.5))
        assert outline(found) == ("undecided", "no one affords", None, None)
        assert "every retriever exceeds" in found.sentences[0]

    def test_of_many_that_exceed_the_limits_three_are_named(self):
        out = [replace(MINILM, label=f"dense{n}") for n in range(5)]
        said = sentences.limited(Limits(p95_ms=10), (BM25,), out)
        assert len(said) == 4
        assert said[-1] == "2 more exceed the limits."

    def test_a_cost_that_was_not_measured_is_said(self):
        found = verdict(0.05, 0.15, (BM25, replace(MINILM, p95_ms=None)), limits=Limits(p95_ms=10))
        assert found.retriever == "minilm"
        assert found.sentences[0].startswith("On faq, if it keeps the limits, use minilm (dense): it is better")
        assert "Not every cost of minilm could be measured" in " ".join(found.sentences)

    def test_a_limit_that_the_median_exceeds_is_exceeded(self):
        """With too few samples for p95, which is never below the median."""
        slow = replace(MINILM, p95_ms=None, p50_ms=73, p50_low_ms=71)
        found = verdict(0.05, 0.15, (BM25, slow), limits=Limits(p95_ms=20))
        assert outline(found) == ("lexical", "cost", "minilm", "bm25")
        assert "minilm has a p95 of at least 71 ms where 20 ms are allowed" in found.sentences[0]

    def test_a_limit_above_the_median_is_neither_kept_nor_exceeded(self):
        few = replace(MINILM, p95_ms=None, p50_ms=21, p50_low_ms=19)
        found = verdict(0.05, 0.15, (BM25, few), limits=Limits(p95_ms=20))
        assert found.sentences[0].startswith("On faq, if it keeps the limits, use minilm")

    def test_a_limit_that_is_kept_is_no_condition(self):
        assert verdict(0.05, 0.15, limits=Limits(p95_ms=30)).sentences[0].startswith("On faq use minilm")


class TestHybrid:
    def test_worth_trying_where_its_corrected_gain_is_above_zero(self):
        found = verdict(0.05, 0.15, fusion=fused(0.01, 0.05))
        assert outline(found) == ("hybrid worth trying", "fusion", "minilm", None)
        assert "estimate from the stored rankings" in found.sentences[0]
        assert "fusing bm25 and minilm by the z-scores of their hits gains +0.030 nDCG@10" in found.sentences[0]
        assert "(95% interval +0.010 to +0.050, corrected for the choice among 3 fusions" in found.sentences[0]
        assert found.sentences[0].endswith("its speed was not measured, so run it beside the two.")

    def test_says_how_to_run_it_where_both_can_be_named(self):
        bm25, minilm = (replace(each, specification=text) for each, text in ((BM25, "bm25:k1=0.9"), (MINILM, "minilm")))
        sentence = sentences.hybrid("faq", fused(0.01, 0.05)._replace(first=minilm, second=bm25))
        assert sentence.endswith("beside the two: -r 'hybrid(bm25(k1=0.9), minilm)'.")
        assert create("hybrid(bm25(k1=0.9), minilm)").fusion == USUAL

    @pytest.mark.parametrize("gain", [(0.0, 0.05), (-0.05, -0.01), (0.005, 0.015)])
    def test_not_where_its_gain_may_be_none_or_is_below_the_margin(self, gain):
        assert verdict(0.05, 0.15, fusion=fused(*gain), margins=MARGIN).basis == "beyond margin"

    def test_also_where_neither_alone_is_shown_better(self):
        assert verdict(-0.05, 0.06, p=0.6, fusion=fused(0.02, 0.09)).choice == "hybrid worth trying"

    def test_one_that_ran_is_chosen_like_any_other(self):
        rows = [compared("hybrid", "minilm", -0.02, 0.10, p=0.3), compared("hybrid", "bm25", 0.1, 0.2)]
        found = verdict(0.05, 0.15, (BM25, MINILM, HYBRID), rows)
        assert outline(found) == ("dense", "level", None, "minilm")


class TestTooFewQueries:
    @staticmethod
    def all_one_way(queries, pairs=21):
        """Each query says the same of minilm and bm25, and of as many other pairs."""
        value = np.linspace(0.8, 1.0, queries)
        values = {"minilm": {"nDCG@10": value}, "bm25": {"nDCG@10": value / 2}}
        (one,) = compare_pairs("faq", values, np.ones(queries, bool), seed=0, main="nDCG@10")
        rows = adjusted([one, *(one._replace(a=f"a{i}", b=f"b{i}") for i in range(1, pairs))])
        return decide("faq", "nDCG@10", (BM25, MINILM), rows)

    def test_no_outcome_would_be_shown_and_so_many_queries_as_it_names_do_settle_it(self):
        """Of few queries the smallest p there is, times the comparisons, decides; not the normal's quantiles."""
        few = self.all_one_way(8)
        assert outline(few) == ("undecided", "undecided", None, None)
        assert few.best == "minilm"
        assert few.more_queries == 2  # 2 / 2^10 x 21 = .041, and 2 / 2^9 x 21 = .082
        assert "About 2 more judged queries would settle it in 4 cases of 5" in " ".join(few.sentences)
        assert self.all_one_way(8 + few.more_queries - 1).choice == "undecided"
        assert self.all_one_way(8 + few.more_queries).retriever == "minilm"

    def test_too_few_for_so_many_comparisons(self):
        said = "8 queries are too few for 21 comparisons, whatever they show: judge more, or compare fewer retrievers."
        assert said in self.all_one_way(8).sentences
        assert "too few" not in " ".join(self.all_one_way(8, pairs=6).sentences)

    def test_too_few_for_any_test(self):
        said = "5 queries are too few for a test at .05, whatever they show: judge more."
        assert said in self.all_one_way(5, pairs=1).sentences

    def test_one_more_query_is_one(self):
        assert "About 1 more judged query would settle it" in " ".join(self.all_one_way(9).sentences)

    def test_no_difference_is_as_large_as_so_few_would_have_to_show(self):
        said = verdict(-0.7, 0.8, p=1.0, detectable=1.763, interval="bounded", queries=3, groups=3).sentences[1]
        assert said.endswith("with 3 queries no difference would be found 4 times of 5.")


class TestMoreQueries:
    def test_other_pairs_ask_for_more_and_other_sets_and_measures_do_not(self):
        others = [compared(f"a{i}", f"b{i}", -0.1, 0.1, p=0.5) for i in range(20)]
        elsewhere = [row._replace(dataset="other") for row in others] + [row._replace(measure="R@10") for row in others]
        assert verdict(-0.01, 0.07, p=0.1, more_rows=elsewhere) == verdict(-0.01, 0.07, p=0.1)
        assert verdict(-0.01, 0.07, p=0.1, more_rows=others).more_queries > verdict(-0.01, 0.07, p=0.1).more_queries

    def test_queries_without_a_difference_do_not_count(self):
        found = verdict(0.3, 0.8, p=0.06, queries=10, groups=10, wins=5, losses=0, ties=5)
        assert found.more_queries == 2  # 6 of 12

    def test_that_show_it_within_the_margin(self):
        """.001 would take a million queries to show; that it is below .02 takes 5.1 times 300, and one query more that
        differs by 1: some hundred."""
        assert verdict(-0.029, 0.031, p=0.9, margins=MARGIN).more_queries == 1400

    def test_that_show_it_beyond_the_margin(self):
        """.05 seen, so .03 beyond the margin, as of .03 without one."""
        beyond = verdict(0.01, 0.09, p=0.001, margins=MARGIN).more_queries
        assert beyond == verdict(-0.01, 0.07, p=0.1).more_queries


class TestNoPair:
    def test_one_retriever_and_one_query(self):
        found = decide("faq", "nDCG@10", [replace(BM25, low=math.nan, high=math.nan)], [])
        assert found.sentences[1] == "In nDCG@10 it has 0.500."

    def test_one_retriever_alone(self):
        found = decide("faq", "nDCG@10", [BM25], [])
        assert outline(found) == ("undecided", "no pair", None, None)
        assert found.sentences == (
            "Undecided on faq: bm25 is the only retriever with figures.",
            "In nDCG@10 it has 0.500 (0.470 to 0.530).",
            "No dense retriever was compared.",
        )

    def test_nothing_at_all(self):
        assert decide("faq", "nDCG@10", [], []).sentences[0] == "Undecided on faq: no retriever has figures."

    def test_too_few_queries_for_an_interval(self):
        nan = math.nan
        found = verdict(nan, nan, queries=1, groups=1, limits=Limits(p95_ms=10))
        assert (found.choice, found.basis, found.pair) == ("undecided", "no pair", ("minilm", "bm25"))
        assert "1 query is too few to compare by." in found.sentences[0]

    def test_a_failed_retriever_is_left_out(self):
        failed = RetrieverSummary("e5", "dense", math.nan, math.nan, math.nan)
        assert verdict(0.05, 0.15, (BM25, failed, MINILM)).retriever == "minilm"

    @pytest.mark.parametrize(
        ("kinds", "said"),
        [
            (("lexical", "lexical"), ("No dense retriever was compared.",)),
            (("dense", "static"), ("No lexical retriever was compared.",)),
            (("other", "other"), ("No lexical and no dense retriever was compared.",)),
            (("lexical", "approximate"), ()),
            (("other", "hybrid"), ()),
        ],
    )
    def test_kinds_that_nobody_tried_are_named(self, kinds, said):
        candidates = [replace(each, kind=kind) for each, kind in zip((BM25, MINILM), kinds, strict=True)]
        assert sentences.not_compared(candidates) == said
        text = verdict(0.05, 0.15, candidates).sentences
        assert text[len(text) - len(said) :] == said

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


def test_it_is_plain_json():
    found = verdict(0.05, 0.15, p=math.nan)
    assert json.loads(json.dumps(found.as_json(), allow_nan=False)) == found.as_json()
    assert json.loads(json.dumps(overall([found]).as_json(), allow_nan=False))["sets"] == {"bm25": ["faq"]}


ends = st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3)).map(sorted)
costs = st.none() | st.floats(0.1, 100)
RIGHT = ("tfidf", "bm25", "minilm")


@settings(max_examples=500, deadline=None)
@given(
    ends, ends, st.floats(0, 0.2), st.lists(st.floats(1e-5, 1), min_size=3, max_size=3),
    st.sampled_from([0, 0.02, 0.1]), st.none() | ends, st.builds(Limits, costs, costs),
    st.lists(costs, min_size=4, max_size=4), st.sampled_from([5, 30, 300]),
)  # fmt: skip
@example([0.0, 0.0], [0.0, 0.0], 0.0, [1.0] * 3, 0.02, None, Limits(1.0, None), [2.0, None, None, None], 5)
def test_it_never_says_more_than_the_figures_allow(first, second, half, p, margin, gain, limits, cost, groups):
    """bm25 and minilm as far above or below tfidf as their intervals say."""
    over = {"tfidf": 0.0, "bm25": sum(first) / 2, "minilm": sum(second) / 2}
    candidates = [
        replace(each, mean=0.5 + over[each.label], p95_ms=ms, memory_mb=cost[3])
        for each, ms in zip((TFIDF, BM25, MINILM), cost, strict=False)
    ]
    third = over["minilm"] - over["bm25"]
    rows = [
        compared("bm25", "tfidf", *first, p=p[0], groups=groups),
        compared("minilm", "tfidf", *second, p=p[1], groups=groups),
        compared("minilm", "bm25", third - half, third + half, p=p[2], groups=groups),
    ]
    margins = {"nDCG@10": margin}
    rows = against_margin(rows, margins)
    best = max(candidates, key=lambda each: each.mean)
    fusion = fused(*gain, best) if gain else None
    found = decide("faq", "nDCG@10", candidates, rows, margins=margins, limits=limits, fusion=fusion)
    assert found == decide(
        "faq", "nDCG@10", candidates[::-1], rows[::-1], margins=margins, limits=limits, fusion=fusion
    )
    by_label = {each.label: each for each in candidates}
    allowed = [each for each in candidates if not limits.exceeded(each)]

    def against(label):
        return {row.b: row for row in (row.seen_from(label) for row in rows if label in (row.a, row.b))}

    if found.winner:
        beaten = allowed if found.basis != "cost" else candidates
        mine = [row for label, row in against(found.winner).items() if by_label[label] in beaten]
        assert all(row.low > 0 and row.p_holm < 0.05 for row in mine)
    else:
        assert "it is better than" not in found.sentences[0]
    for label in found.worse:
        row = against(found.best)[label]
        assert (outcome(row), row.low >= margin) == ("a", True)
    if found.retriever:
        assert by_label[found.retriever] in allowed
        assert found.choice == by_label[found.retriever].kind
    if found.basis in ("better", "beyond margin"):
        assert found.retriever == found.winner == found.best
    if found.basis == "beyond margin":
        assert all(row.low >= margin > 0 for label, row in against(found.best).items() if by_label[label] in allowed)
    if found.basis in ("within margin", "level"):
        assert found.retriever in found.level
        assert {*found.level, *found.worse} == {each.label for each in allowed}
        rivals = [row for label, row in against(found.retriever).items() if by_label[label] in allowed]
        assert found.at_most == max(0, *(-row.low_best for row in rivals))
        assert (found.basis == "within margin") == (found.at_most < margin)
    if found.choice == "hybrid worth trying":
        assert gain[0] > 0
        assert gain[1] >= margin
    assert (found.retriever is None) == (found.choice in ("undecided", "hybrid worth trying"))
    assert found.more_queries is None or found.basis in ("level", "undecided")
    json.dumps(found.as_json(), allow_nan=False)
