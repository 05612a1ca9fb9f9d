"""What is the cheapest of several, and that noise does not choose."""

import math
from dataclasses import replace
from itertools import permutations

import pytest
from verdicts import BM25, MINILM, TFIDF

from bench.analysis.verdict.choices import BY_KIND, Limits, cheapest
from retrievers import KINDS


def picked(*candidates):
    """The same in whatever order they are given."""
    (pick,) = {(found.retriever.label, found.by, found.timed) for found in map(cheapest, permutations(candidates))}
    return pick


def test_the_lower_p95_then_the_lower_memory():
    assert picked(BM25, TFIDF, MINILM) == ("tfidf", "cost", True)
    assert picked(replace(TFIDF, p95_ms=2), BM25) == ("tfidf", "cost", True)
    assert picked(replace(TFIDF, p95_ms=2, memory_mb=90), BM25) == ("bm25", "cost", True)


def test_the_lower_p95_whatever_the_memory():
    assert picked(BM25, replace(MINILM, p95_ms=1)) == ("minilm", "cost", True)


@pytest.mark.parametrize(("ms", "pick"), [(1.83, "bm25"), (1.81, "tfidf")])
def test_a_tenth_of_the_time_is_no_difference(ms, pick):
    """Of two that cost alike it is the one of the higher mean."""
    by = "mean" if pick == "bm25" else "cost"
    assert picked(BM25, replace(TFIDF, p95_ms=ms, memory_mb=60)) == (pick, by, True)


def test_on_a_noisy_machine_half_of_the_time_is_no_difference():
    noisy = replace(TFIDF, memory_mb=60, noisy=frozenset({"p95"}))
    assert picked(BM25, noisy) == ("bm25", "mean", True)
    assert picked(BM25, replace(noisy, p95_ms=0.9)) == ("tfidf", "cost", True)


def test_intervals_that_overlap_are_no_difference():
    one, other = (
        replace(each, memory_mb=60, ends={"p95": ends}) for each, ends in ((BM25, (1.5, 3)), (TFIDF, (0.8, 1.6)))
    )
    assert picked(one, other) == ("bm25", "mean", True)
    assert picked(replace(one, ends={"p95": (1.7, 3)}), other) == ("tfidf", "cost", True)
    assert picked(replace(one, ends={"p95": (math.nan, math.nan)}), other) == ("tfidf", "cost", True)


def test_alike_means_alike_the_least_one():
    """Each step is small; the third costs half more than the first."""
    steps = [replace(BM25, label=f"r{ms}", p95_ms=ms, mean=ms) for ms in (1.0, 1.09, 1.18)]
    assert picked(*steps) == ("r1.09", "cost", True)


def test_the_median_where_p95_is_not_known_of_all():
    few = replace(MINILM, p95_ms=None, p50_ms=0.5)
    assert picked(few, replace(BM25, p50_ms=1)) == ("minilm", "cost", True)


def test_without_times_by_kind_then_by_memory_then_by_the_mean():
    assert set(BY_KIND) == set(KINDS)
    assert BY_KIND == ("lexical", "static", "dense", "approximate", "hybrid", "reranked", "other")
    untimed = [replace(MINILM, label=kind, kind=kind, p95_ms=None, memory_mb=None) for kind in BY_KIND]
    for place in range(len(BY_KIND) - 1):
        assert cheapest(untimed[place:][::-1]) == (untimed[place], "kind", False)
    lexical = [replace(each, p95_ms=None) for each in (BM25, TFIDF)]
    assert picked(*lexical, untimed[2]) == ("tfidf", "cost", False)
    assert picked(*(replace(each, memory_mb=None) for each in lexical)) == ("bm25", "mean", False)


def test_one_alone():
    assert cheapest([BM25]).retriever is BM25


def test_a_median_without_an_interval_hides_no_other_cost():
    """It has none of fewer than six queries; what is known of the other of two alone exceeds the limit."""
    unknown = replace(BM25, p95_ms=None, p50_ms=1, p50_low_ms=math.nan)
    assert Limits(p95_ms=10).exceeded(unknown, MINILM)
    assert not Limits(p95_ms=10).exceeded(unknown)


def test_of_equal_cost_the_one_that_needs_no_tuning_is_taken():
    default = replace(BM25, mean=0.49, p95_ms=None, memory_mb=None)
    tuned = replace(default, label="bm25 tuned", mean=0.51, tuned=True)
    assert cheapest([tuned, default]) == (default, "defaults", False)
    assert cheapest([tuned]) == (tuned, "mean", False)
    assert cheapest([tuned, replace(tuned, label="other tuned", mean=0.4)]).by == "mean"
