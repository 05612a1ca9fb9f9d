"""The best fusion of stored rankings, and what it may be said to gain where it was chosen among several."""

from dataclasses import replace

import numpy as np
import pytest
from verdicts import BM25, MINILM, TFIDF

from bench.analysis.verdict.choices import Limits
from bench.analysis.verdict.fusion import best_fusion
from bench.evaluation.intervals import difference_interval
from bench.evaluation.streams import Purpose, stream

RNG = np.random.default_rng(0)
VALUES = {"minilm": RNG.random(200), "bm25": RNG.random(200) * 0.9, "tfidf": RNG.random(200) * 0.8}
FUSED = {
    frozenset(pair): np.maximum(*(VALUES[label] for label in pair)) * share
    for *pair, share in (("minilm", "bm25", 0.8), ("minilm", "tfidf", 0.7), ("bm25", "tfidf", 0.9))
}
CANDIDATES = tuple(replace(each, mean=float(VALUES[each.label].mean())) for each in (BM25, TFIDF, MINILM))


def estimate(candidates=CANDIDATES, limits=None, fused=FUSED):
    return best_fusion("nDCG@10", candidates, limits or Limits(), fused, VALUES, seed=0)


def test_the_pair_of_the_highest_mean_of_any_kinds_against_the_best():
    found = estimate()
    means = {pair: values.mean() for pair, values in FUSED.items()}
    assert frozenset((found.first.label, found.second.label)) == max(means, key=means.get)
    assert found.over.label == "minilm"
    assert found.gain == pytest.approx(max(means.values()) - VALUES["minilm"].mean())
    assert found.pairs == 3
    lexical = estimate(fused={pair: values for pair, values in FUSED.items() if "minilm" not in pair})
    assert (lexical.first.label, lexical.second.label, lexical.pairs) == ("bm25", "tfidf", 1)
    assert lexical.over.label == "minilm", "nobody would run a fusion that is below the best one alone"


def test_the_interval_allows_for_the_choice_of_the_fusion():
    three, alone = estimate(), estimate(fused={frozenset(("minilm", "bm25")): FUSED[frozenset(("minilm", "bm25"))]})
    assert three[:3] == alone[:3]
    assert three.low < alone.low < alone.gain == three.gain < alone.high < three.high


def test_the_lower_end_holds_over_whichever_is_the_best():
    pair = frozenset(("minilm", "bm25"))
    gains = FUSED[pair][:, None] - np.column_stack([VALUES[label] for label in ("minilm", "bm25", "tfidf")])
    low = difference_interval(gains, stream(0, Purpose.FUSION)).low
    assert estimate(fused={pair: FUSED[pair]}).low == pytest.approx(low.min(), abs=1e-12)


def test_none_where_one_that_ran_fuses_already():
    assert estimate((*CANDIDATES, replace(MINILM, label="rerank", kind="reranked", fuses=True))) is None


def test_one_that_failed_did_not_run():
    assert estimate((*CANDIDATES, replace(MINILM, label="hybrid", kind="hybrid", mean=np.nan, fuses=True))) is not None


def test_only_pairs_that_together_keep_the_limits():
    found = estimate(limits=Limits(p95_ms=21.5))
    assert {found.first.label, found.second.label} != {"minilm", "bm25"}
    assert found.pairs == 2
    assert estimate(limits=Limits(p95_ms=1.5)) is None
