"""Pairs of retrievers: what a row says, and what it lets one say."""

import math
import time

import numpy as np
import pytest

from bench.evaluation.pairs import COLUMNS, adjusted, compare_pairs, not_shown_worse, outcome
from bench.evaluation.power import detectable, effect_size
from bench.evaluation.significance import holm

MEASURES = ("nDCG@10", "R@10")


def made(means, n=200, seed=0, spread=0.2):
    """Retriever -> measure -> values; queries are as hard for one as for the other."""
    rng = np.random.default_rng(seed)
    hardness = rng.normal(0, 0.2, n)
    return {
        label: {measure: np.clip(mean + hardness + rng.normal(0, spread, n), 0, 1) for measure in MEASURES}
        for label, mean in means.items()
    }


TWO = {"a": 0.4, "b": 0.43}
MARGINS = dict.fromkeys(MEASURES, 0.02)


def compared(dataset, values, answerable, **more):
    return compare_pairs(dataset, values, answerable, **{"seed": 1, "main": "nDCG@10", "margins": MARGINS, **more})


def rows_of(means, n=200, dataset="set", **more):
    return compared(dataset, made(means, n), np.ones(n, bool), **{"flips": 5_000, **more})


def test_there_is_a_row_for_each_pair_and_measure():
    rows = rows_of({"tfidf": 0.4, "bm25": 0.5, "dense": 0.6})
    pairs = [("tfidf", "bm25"), ("tfidf", "dense"), ("bm25", "dense")]
    assert [(row.a, row.b, row.measure) for row in rows] == [(*pair, measure) for pair in pairs for measure in MEASURES]
    assert COLUMNS[:4] == ("dataset", "measure", "a", "b")


def test_a_row_holds_what_the_statistics_say():
    values = made({"a": 0.4, "b": 0.5})
    row = compared("set", values, np.ones(200, bool))[0]
    differences = (values["a"]["nDCG@10"] - values["b"]["nDCG@10"])[:, None]
    assert row.mean_a - row.mean_b == pytest.approx(row.difference)
    assert row.difference == pytest.approx(differences.mean())
    assert row.low < row.difference < row.high < 0
    assert row.p < 0.01
    assert row.wins + row.ties + row.losses == row.queries == row.groups == 200
    assert row.effect == pytest.approx(effect_size(differences)[0])
    assert row.detectable == pytest.approx(detectable(differences)[0])


def test_the_unanswerable_are_left_out():
    values, answerable = made({"a": 0.4, "b": 0.5}), np.arange(200) < 120
    cut = {label: {m: each[:120] for m, each in measures.items()} for label, measures in values.items()}
    whole = compared("set", values, answerable, flips=2_000)
    again = compared("set", cut, np.ones(120, bool), flips=2_000)
    assert list(map(repr, adjusted(whole))) == list(map(repr, adjusted(again))), "NaN is not itself"


def test_it_is_the_same_from_run_to_run():
    one, other = (adjusted(rows_of({"a": 0.4, "b": 0.45})) for _ in range(2))
    assert list(map(repr, one)) == list(map(repr, other)), "NaN is not itself"


def test_the_other_order_of_a_pair_says_the_same():
    values = made({"a": 0.4, "b": 0.43})
    forward = adjusted(compared("set", values, np.ones(200, bool)))[0]
    back = adjusted(compared("set", dict(reversed(values.items())), np.ones(200, bool)))[0].seen_from("a")
    assert back.p == forward.p
    assert back[:4] == forward[:4]
    assert back[11:14] == forward[11:14]
    assert (back.low, back.high) == pytest.approx((forward.low, forward.high), abs=1e-3)


def test_seen_from_a_third():
    with pytest.raises(ValueError, match="neither"):
        rows_of({"a": 0.4, "b": 0.43})[0].seen_from("c")


def test_groups_make_it_less_sure():
    values = made({"a": 0.4, "b": 0.45}, n=40)
    copied = {label: {m: np.repeat(v, 5) for m, v in each.items()} for label, each in values.items()}
    groups = np.repeat(np.arange(40), 5)
    by_query = compared("set", copied, np.ones(200, bool))[0]
    by_group = compared("set", copied, np.ones(200, bool), groups=groups)[0]
    assert (by_group.queries, by_group.groups) == (200, 40)
    assert by_group.high - by_group.low > 1.5 * (by_query.high - by_query.low)
    assert by_group.detectable > 1.5 * by_query.detectable
    assert by_group.p > by_query.p


def test_holm_counts_the_pairs_of_a_set_by_its_main_measure():
    means = {"a": 0.4, "b": 0.43, "c": 0.44}
    rows = adjusted([*rows_of(means), *rows_of(means, n=150, dataset="other")])
    assert all(math.isnan(row.p_holm) for row in rows_of(means))
    for dataset in ("set", "other"):
        for family, measure in (("verdict", "nDCG@10"), ("exploratory", "R@10")):
            mine = [row for row in rows if (row.dataset, row.family) == (dataset, family)]
            assert {row.measure for row in mine} == {measure}
            assert [row.p_holm for row in mine] == holm(np.array([row.p for row in mine])).tolist()


def test_what_else_is_shown_changes_nothing():
    """Ten more sets and more measures: the verdict's p is the same."""
    alone = adjusted(compared("set", {k: {"nDCG@10": v["nDCG@10"]} for k, v in made(TWO).items()}, np.ones(200, bool)))
    beside = adjusted([*rows_of(TWO, flips=100_000), *(row for n in range(10) for row in rows_of(TWO, dataset=str(n)))])
    assert [beside[0].low, beside[0].high] == pytest.approx([alone[0].low, alone[0].high])
    assert beside[0].p_holm == beside[0].p == pytest.approx(alone[0].p, rel=0.1)


def test_a_row_says_which_interval_it_has_and_what_it_was_tested_for():
    few, many = np.zeros(200), np.zeros(200)
    few[:5], many[:50] = 0.5, 0.5
    values = {"a": {"nDCG@10": few, "R@10": many}, "b": {"nDCG@10": few * 0, "R@10": few * 0}}
    one, other = compared("set", values, np.ones(200, bool), margins={"nDCG@10": 0.05})
    assert (one.interval, other.interval) == ("bounded", "bootstrap")
    assert (one.margin, other.margin) == (0.05, 0)
    assert one.p_above < 0.001 < one.p_below < 0.1
    assert math.isnan(other.p_above)
    back = one.seen_from("b")
    assert (back.p_above, back.p_below) == (one.p_below, one.p_above)


def test_bounds_with_the_best_are_wider_the_more_are_compared_and_turn_with_the_pair():
    two, three = (rows_of({"a": 0.4, "b": 0.43, **more})[0] for more in ({}, {"c": 0.3}))
    # The last digit of a product of matrices depends on how many columns are multiplied at once.
    assert (two.low, two.high) == pytest.approx((three.low, three.high), rel=1e-12)
    assert three.low_best < two.low_best < two.difference < two.high_best < three.high_best
    back = two.seen_from("b")
    assert (back.low_best, back.high_best) == (-two.high_best, -two.low_best)


def test_bounds_with_the_best_are_of_the_main_measure_and_of_all_pairs_alone():
    main, other = rows_of(TWO)
    assert not math.isnan(main.low_best)
    assert math.isnan(other.low_best)
    assert all(math.isnan(row.high_best) for row in rows_of(TWO, against="a"))


def test_outcome_needs_both_the_interval_and_the_adjusted_p():
    row = rows_of({"a": 0.4, "b": 0.43})[0]
    assert outcome(row._replace(p_holm=0.01, low=0.01, high=0.05)) == "a"
    assert outcome(row._replace(p_holm=0.01, low=-0.05, high=-0.01)) == "b"
    assert outcome(row._replace(p_holm=0.05, low=0.01, high=0.05)) == "undecided"
    assert outcome(row._replace(p_holm=0.01, low=0.0, high=0.05)) == "undecided"
    assert outcome(row._replace(p_holm=float("nan"), low=0.01, high=0.05)) == "undecided", "not adjusted"


def test_undistinguished_from_the_best():
    rows = adjusted(rows_of({"weak": 0.2, "good": 0.5, "as good": 0.505}))
    best, level = not_shown_worse(rows)["set", "nDCG@10"]
    assert {best, *level} == {"good", "as good"}


def test_identical_retrievers_are_undecided_and_the_first_is_best():
    values = made({"a": 0.4})
    rows = adjusted(compared("set", {"a": values["a"], "copy": values["a"]}, np.ones(200, bool)))
    assert (rows[0].p, rows[0].effect, rows[0].ties) == (1, 0, 200)
    assert rows[0].low < 0 < rows[0].high
    assert not_shown_worse(rows)["set", "R@10"] == ("a", ("copy",))


@pytest.mark.parametrize("n", [1, 2])
def test_a_query_or_two_decide_nothing(n):
    assert {outcome(row) for row in adjusted(rows_of({"a": 0.1, "b": 0.9}, n=n))} == {"undecided"}


def test_nothing_to_compare():
    assert compared("set", made({"a": 0.4}), np.ones(200, bool)) == []
    assert compared("set", made({"a": 0.4, "b": 0.5}), np.zeros(200, bool)) == []
    assert adjusted([]) == []
    assert not_shown_worse([]) == {}


@pytest.mark.slow
def test_five_thousand_queries_take_seconds():
    """Three retrievers by three measures at 100,000 flips: 5 s of one core."""
    rng = np.random.default_rng(0)
    values = {label: {m: rng.random(5_000) for m in ("nDCG@10", "R@10", "RR@10")} for label in "abc"}
    start = time.process_time()
    assert len(compared("set", values, np.ones(5_000, bool))) == 9
    assert time.process_time() - start < 60


def test_against_a_baseline_there_are_its_rows_alone_and_one_family_of_them():
    means = {"tfidf": 0.4, "bm25": 0.5, "dense": 0.6}
    rows = rows_of(means, against="bm25")
    assert [(row.a, row.b) for row in rows if row.measure == "nDCG@10"] == [("tfidf", "bm25"), ("dense", "bm25")]
    corrected = adjusted(rows)
    for measure in MEASURES:
        mine = [row for row in corrected if row.measure == measure]
        assert [row.p_holm for row in mine] == pytest.approx(holm(np.array([row.p for row in mine])).tolist())
    whole = next(row for row in rows_of(means) if (row.a, row.b) == ("tfidf", "bm25"))
    assert (rows[0].difference, rows[0].wins) == (whole.difference, whole.wins)
    assert rows_of(means, against="absent") == []


def test_against_a_baseline_level_is_who_is_not_shown_different_from_it():
    rows = adjusted(rows_of({"base": 0.5, "like": 0.5, "worse": 0.2, "better": 0.8}, against="base"))
    assert not_shown_worse(rows, "base")["set", "nDCG@10"] == ("base", ("like",))
