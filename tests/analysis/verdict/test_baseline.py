"""Against a baseline: that one or the best of the others, of which none was compared with another."""

import math
from dataclasses import replace

import pytest
from verdicts import BM25, MINILM, TFIDF, against_margin, compared, outline

from bench.analysis.verdict.choices import Limits
from bench.analysis.verdict.rules import decide


def decided(minilm, tfidf=(-0.10, -0.02), candidates=(BM25, TFIDF, MINILM), margins=None, **more):
    rows = [
        compared("tfidf", "bm25", *tfidf[:2], **dict(tfidf[2:])),
        compared("minilm", "bm25", *minilm[:2], **dict(minilm[2:])),
    ]
    return decide("faq", "nDCG@10", candidates, against_margin(rows, margins), margins=margins, against="bm25", **more)


def test_the_best_of_the_others_is_shown_better():
    found = decided((0.05, 0.15))
    assert outline(found) == ("dense", "better", "minilm", "minilm")
    assert found.pair == ("minilm", "bm25")
    assert found.sentences[0] == "On faq use minilm (dense): it is better than bm25."
    assert found.sentences[-1].startswith("Each was compared with bm25 alone, not with one another;")


def test_the_baseline_is_better_only_against_every_other():
    low = replace(MINILM, mean=0.40)
    assert decided((-0.15, -0.05), candidates=(BM25, TFIDF, low)).winner == "bm25"
    open_still = decided((-0.15, -0.05), (-0.1, 0.02, ("p", 0.2)), candidates=(BM25, TFIDF, low))
    assert outline(open_still) == ("undecided", "undecided", None, None)


def test_it_is_undecided_where_the_difference_may_be_none():
    found = decided((-0.01, 0.08, ("p", 0.2)))
    assert outline(found) == ("undecided", "undecided", None, None)
    assert found.pair == ("minilm", "bm25")


def test_that_the_best_was_picked_counts_for_the_margin():
    cheap = replace(MINILM, p95_ms=1, memory_mb=10)
    margin = {"nDCG@10": 0.1}
    rows = [compared("tfidf", "bm25", -0.2, -0.15), compared("minilm", "bm25", -0.01, 0.03, p=0.4)]

    def found(p_above):
        tested = [each._replace(margin=0.1, p_above=p_above, p_below=0.001) for each in rows]
        return decide("faq", "nDCG@10", (BM25, TFIDF, cheap), tested, margins=margin, against="bm25")

    assert outline(found(0.012)) == ("dense", "within margin", None, "minilm")
    assert found(0.013).basis == "undecided"


def test_limits():
    slow = decided((0.05, 0.15), limits=Limits(p95_ms=10))
    assert outline(slow) == ("lexical", "better", "bm25", "bm25")
    assert slow.pair == ("bm25", "tfidf")
    alone = decided((0.05, 0.15), candidates=(BM25, MINILM), limits=Limits(p95_ms=10))
    assert outline(alone) == ("lexical", "cost", "minilm", "bm25")
    assert decided((0.05, 0.15), limits=Limits(p95_ms=0.5)).basis == "no one affords"


@pytest.mark.parametrize(
    ("candidates", "sentence"),
    [
        ((TFIDF, MINILM), "the baseline bm25 has no figures"),
        ((replace(BM25, mean=math.nan), MINILM), "the baseline bm25 has no figures"),
        ((BM25,), "bm25 is the only retriever with figures"),
    ],
)
def test_nothing_to_compare(candidates, sentence):
    found = decide("faq", "nDCG@10", candidates, [], against="bm25")
    assert (found.choice, found.basis, found.pair) == ("undecided", "no pair", None)
    assert sentence in found.sentences[0]
