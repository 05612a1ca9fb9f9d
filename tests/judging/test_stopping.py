"""When judging is enough."""

from dataclasses import replace

import numpy as np
import pytest
from judged import drawn, drawn_groups, estimate_after, exchanged, judge, made_pool

from bench.errors import BenchError
from bench.judging.design import judging_order
from bench.judging.stopping import LOOKS, looks, running_verdict, verdict_of


def verdict_on(seed, margin=0.001, *, count=None, null=False, **made):
    rng = np.random.default_rng(seed)
    pool, gain = made_pool(rng, **made)
    pool = exchanged(pool, rng) if null else pool
    order = judging_order(pool, rng)
    return running_verdict(pool, order, judge(order, gain, len(pool) if count is None else count), margin), pool


def test_looks_end_with_the_whole_pool():
    assert looks(1000)[-1] == 1000
    assert len(looks(1000)) == LOOKS
    assert looks(2) == (1, 2)


def test_there_is_no_verdict_before_the_first_look():
    assert verdict_on(0, count=looks(600)[0] // 2)[0] is None


def test_a_clear_winner_is_named_before_half_is_judged():
    verdict, pool = verdict_on(0, queries=150, better=1.5)
    assert (verdict.kind, verdict.leader) == ("winner", 0)
    assert verdict.judged < len(pool) / 2
    assert verdict.standings[0].low > 0


def test_the_look_that_decides_stands_whatever_is_judged_after_it():
    verdict, _ = verdict_on(0, queries=150, better=1.5)
    at_once, pool = verdict_on(0, queries=150, better=1.5, count=verdict.judged)
    assert verdict.judged < len(pool)
    assert (at_once.kind, at_once.judged, at_once.standings) == (verdict.kind, verdict.judged, verdict.standings)


def test_like_retrievers_are_within_a_wide_margin():
    verdict, pool = verdict_on(1, margin=0.1, queries=150, null=True)
    assert verdict.kind == "no difference"
    assert verdict.judged < len(pool)


def test_like_retrievers_are_never_settled_by_judgements_alone():
    verdict, pool = verdict_on(2, margin=0.001, queries=40, null=True)
    assert verdict.kind == "ask more"
    assert verdict.judgements is None
    assert verdict.queries > 10 * pool.queries


def test_so_many_more_judgements_settle_it_in_most_cases():
    """Where it says how many. Four of five would be if each difference were as it was estimated then."""
    settled = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        pool, gain = made_pool(rng, queries=200, better=0.35)
        order = judging_order(pool, rng)
        early = verdict_of(estimate_after(pool, order, gain, looks(len(pool))[3]), 0.001)
        if early.kind == "judge more":
            settled.append(verdict_of(estimate_after(pool, order, gain, early.judgements), 0.001).decided)
    assert len(settled) > 10
    assert np.mean(settled) >= 0.6


def test_of_three_the_one_that_is_named_is_better_than_both():
    verdict, _ = verdict_on(3, queries=200, retrievers=3, better=1.5)
    assert (verdict.kind, verdict.leader, len(verdict.standings)) == ("winner", 0, 2)


def test_one_retriever_is_refused():
    with pytest.raises(BenchError, match="nobody to be held against"):
        verdict_on(0, retrievers=1)


@pytest.mark.parametrize("retrievers", [2, 3])
def test_equals_have_a_winner_at_some_look_in_one_of_twenty_at_most(retrievers):
    """The fast form of what make check-statistics measures."""
    trials = 150
    wrong = sum(verdict_on(seed, null=True, retrievers=retrievers)[0].kind == "winner" for seed in range(trials))
    assert wrong / trials <= 0.05 + 3.29 * np.sqrt(0.05 * 0.95 / trials)


def test_equals_whose_queries_are_wordings_of_few_have_a_winner_no_more_often():
    """Twenty questions in six wordings each: taken as 120 queries, one of two equals would seem to win."""
    whole, gains = made_pool(np.random.default_rng(0), queries=200)
    six = np.tile(np.arange(whole.queries), 6)
    pool, gain = drawn(whole, gains, six)
    trials, wrong = 100, {"groups": 0, "queries": 0}
    for seed in range(trials):
        rng = np.random.default_rng(seed)
        some, its = drawn_groups(pool, gain, six, 20, rng)
        some = exchanged(some, rng)
        order = judging_order(some, rng)
        for kind, asked in (("groups", some), ("queries", replace(some, groups=None))):
            wrong[kind] += running_verdict(asked, order, its, 0.001).kind == "winner"
    assert wrong["groups"] / trials <= 0.05 + 3.29 * np.sqrt(0.05 * 0.95 / trials)
    assert wrong["queries"] / trials > 0.15
