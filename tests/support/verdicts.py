"""Retrievers and comparisons made for a verdict: bm25, tfidf and minilm on 300 queries."""

import math

from bench.analysis.verdict.choices import RetrieverSummary
from bench.analysis.verdict.rules import decide
from bench.evaluation.pairs import PairedDifference

BM25 = RetrieverSummary("bm25", "lexical", 0.50, 0.47, 0.53, p95_ms=2, memory_mb=60)
TFIDF = RetrieverSummary("tfidf", "lexical", 0.45, 0.42, 0.48, p95_ms=1, memory_mb=50)
MINILM = RetrieverSummary("minilm", "dense", 0.60, 0.57, 0.63, p95_ms=20, memory_mb=600)
MARGIN = {"nDCG@10": 0.02}


def compared(a, b, low, high, p=0.001, **more):
    """a minus b, of 300 queries that show what the interval's length says."""
    middle = (low + high) / 2
    usual = {"queries": 300, "groups": 300, "detectable": (high - low) / 2 * 2.8 / 1.96, "effect": 0.2}
    usual |= {"wins": 90, "ties": 120, "losses": 90, "p": p, "p_holm": p, "family": "verdict", "interval": "bootstrap"}
    usual |= {"margin": 0.0, "p_above": math.nan, "p_below": math.nan, "low_best": low, "high_best": high, **more}
    return PairedDifference(
        "faq", "nDCG@10", a, b, mean_a=0.5 + middle, mean_b=0.5, difference=middle, low=low, high=high, **usual
    )


def against_margin(rows, margins):
    """The same against the margin, by the ends of their intervals, as the tests do at .025 each."""
    margin = (margins or {}).get("nDCG@10", 0.0)

    def p(shown):
        return math.nan if not margin else 0.001 if shown else 0.4

    return [row._replace(margin=margin, p_above=p(row.low > -margin), p_below=p(row.high < margin)) for row in rows]


def verdict(low, high, candidates=(BM25, MINILM), more_rows=(), margins=None, limits=None, fusion=None, **figures):
    """On minilm minus bm25."""
    rows = against_margin([compared("minilm", "bm25", low, high, **figures), *more_rows], margins)
    return decide("faq", "nDCG@10", candidates, rows, margins=margins, limits=limits, fusion=fusion)


def outline(found):
    """Choice, basis, winner, retriever."""
    return found.choice, found.basis, found.winner, found.retriever
