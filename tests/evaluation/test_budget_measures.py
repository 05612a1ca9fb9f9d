"""What a measure over a budget of word pieces is called, and what is none."""

from __future__ import annotations

import pytest

from bench.errors import BenchError
from bench.evaluation.budget_measures import budget_of, is_answer, over_hits
from bench.evaluation.main_measure import ceiling, fits
from bench.evaluation.measure_names import canonical, parse, same
from bench.evaluation.measures import closed_form, counts, cutoff, resolve, uncut


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("R@800t", "R@800t"),
        ("R@800.0t", "R@800t"),
        ("R(cut=False,rel=1)@800t", "R@800t"),
        ("R(cut=True)@800t", "R(cut=True)@800t"),
        ("Recall(cut=True,rel=2.0)@800t", "R(rel=2,cut=True)@800t"),
        ("Success@50t", "Success@50t"),
        ("NDCG@800t", "nDCG@800t"),
        ("nDCG(dcg='exp-log2')@800t", "nDCG(dcg='exp-log2')@800t"),
        ("Answer@800t", "Answer@800t"),
        ("Answer(cut=True)@1_000t", "Answer(cut=True)@1000t"),
    ],
)
def test_it_has_one_name(name, own):
    assert canonical(name) == canonical(own) == own
    resolve([name])


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("R@800tokens", "R@800t"),
        ("recall_at_800_tokens", "R@800t"),
        ("R@800T", "R@800t"),
        ("r@800 word pieces", "R@800t"),
        ("R@800tc", "R(cut=True)@800t"),
        ("hit@800t", "Success@800t"),
        ("answer", "Answer@800t"),
        ("Answer@10", "Answer@800t"),
        ("answer in context@500 tokens", "Answer@500t"),
    ],
)
def test_a_near_miss_is_told_the_name(slip, meant):
    with pytest.raises(BenchError) as caught:
        resolve([slip])
    assert f"Did you mean {meant!r}?" in caught.value.hint
    resolve([meant])


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("P@800t", "P has no form over a budget", "R@800t, Success@800t, nDCG@800t, Answer@800t"),
        ("R@0t", "has budget 0", "from 1 to 1,000,000"),
        ("R@2_000_000t", "has budget 2000000", "from 1 to 1,000,000"),
        ("R@1.5t", "has budget 1.5", "whole number"),
        ("R(cut=1)@800t", "has cut 1", "True or False"),
        ("Answer(rel=2)@800t", "no parameter 'rel'", "cut"),
        ("R(judged_only=True)@800t", "no parameter 'judged_only'", "rel, cut"),
        ("R(cut=True)@10", "no parameter 'cut'", "cutoff"),
        ("R@t", "no measure 'R@t'", "R@800t"),
        ("R@-5t", "no measure 'R@-5t'", "R@800t"),
    ],
)
def test_what_is_none_is_one_clear_error(name, message, hint):
    with pytest.raises(BenchError) as caught:
        resolve([name])
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_it_is_another_measure_than_the_plain_one():
    assert same("R(cut=False)@800t", ["R@800", "R@800t"]) == "R@800t"
    assert same("R@800t", ["R@800", "R(cut=True)@800t"]) is None
    assert [budget_of(parse(name)) for name in ("R@800", "R@800t")] == [0, 800]
    assert [is_answer(parse(name)) for name in ("R@800t", "Answer@800t")] == [False, True]


def test_what_is_asked_of_a_measure_elsewhere_has_an_answer():
    names = ["R@800t", "Success@800t", "nDCG@800t", "Answer@800t"]
    assert [cutoff(name) for name in names] == [0, 0, 0, 0]
    assert uncut([*names, "AP"]) == ["AP"]
    assert not any(closed_form(name, 100) or counts(name) for name in names)
    assert [ceiling(name, 30) for name in names] == [1, 1, 1, 1]
    assert [fits(name, 30) for name in names] == [True, False, True, True]


def test_over_the_hits_that_fit_it_is_the_plain_measure():
    assert str(over_hits(parse("R(rel=2,cut=True)@800t"), 7)) == "R(rel=2)@7"
    assert str(over_hits(parse("nDCG(dcg='exp-log2')@800t"), 7)) == "nDCG(dcg='exp-log2')"
