"""Fusions against values worked out by hand, and against a naive program by the formulas."""

from __future__ import annotations

import math
from statistics import fmean, pstdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrievers.base import Ranking
from retrievers.fusion import METHODS, RRF_K, fuse, reciprocal_rank_fusion


def ranking(*rows):
    """Rows of (document, score), best first."""
    made = Ranking.empty(len(rows), max(map(len, rows), default=0))
    for row, hits in enumerate(rows):
        documents, scores = (np.array([hit[part] for hit in hits]) for part in (0, 1))
        made.put(row, documents.astype(np.int64), scores.astype(np.float32))
    return made


def hits_of(fused, row=0):
    return [
        (int(document), float(score))
        for document, score in zip(fused.documents[row], fused.scores[row], strict=True)
        if document >= 0
    ]


FIRST, SECOND = ranking([(4, 9.0), (2, 5.0), (7, 1.0)]), ranking([(2, 0.8), (5, 0.6), (4, 0.2)])


def test_reciprocal_ranks_by_hand():
    fused = dict(hits_of(reciprocal_rank_fusion(FIRST, SECOND)))
    assert fused == pytest.approx({2: 1 / 62 + 1 / 61, 4: 1 / 61 + 1 / 63, 5: 1 / 62, 7: 1 / 63}, abs=1e-7)
    assert [document for document, _ in hits_of(reciprocal_rank_fusion(FIRST, SECOND))] == [2, 4, 5, 7]


def test_min_max_by_hand():
    """9, 5, 1 are 1, .5, 0; .8, .6, .2 are 1, 2/3, 0; document 7 counts 0 in the second, 5 in the first."""
    fused = hits_of(fuse((FIRST, SECOND), "minmax"))
    assert fused == [(2, pytest.approx(1.5)), (4, pytest.approx(1.0)), (5, pytest.approx(2 / 3)), (7, 0.0)]


def test_z_scores_by_hand():
    """4 / 1.633 = 2.449 … what a ranking does not have counts as its last hit: -1.2247 for document 5 in the first."""
    unit, small = math.sqrt(32 / 3), pstdev([0.8, 0.6, 0.2])
    fused = dict(hits_of(fuse((FIRST, SECOND), "zscore")))
    mean = fmean([0.8, 0.6, 0.2])
    assert fused[5] == pytest.approx(-4 / unit + (0.6 - mean) / small, abs=1e-6)
    assert fused[7] == pytest.approx(-4 / unit + (0.2 - mean) / small, abs=1e-6)


def test_the_theoretical_least_score_is_where_a_scale_begins():
    """From 0 to 9, and from -1 to .8; what a ranking lacks counts as its last hit."""
    fused = dict(hits_of(fuse((FIRST, SECOND), "tmm", floors=(0.0, -1.0))))
    assert fused[4] == pytest.approx(1 + 1.2 / 1.8)
    assert fused[5] == pytest.approx(1 / 9 + 1.6 / 1.8)


def test_a_single_hit_counts_as_the_best():
    """An identifier that stands in one document: the ranking of words is sure of it."""
    words = ranking([(3, 7.0)])
    for method in METHODS:
        assert hits_of(fuse((words, SECOND), method))[0][0] in (2, 3)
    assert dict(hits_of(fuse((words, SECOND), "minmax")))[3] == pytest.approx(1.0)


def test_a_weight_of_nothing_leaves_a_ranking_out():
    for method in METHODS:
        first = [document for document, _ in hits_of(fuse((FIRST, SECOND), method, (1.0, 0.0)))]
        assert first[:2] == [4, 2]


def test_rows_without_a_hit_are_rows_without_a_hit():
    nothing = Ranking.empty(2, 3)
    for method in METHODS:
        fused = fuse((nothing, ranking([(1, 2.0)], [])), method)
        assert [len(hits_of(fused, row)) for row in (0, 1)] == [1, 0]


def naive(rankings, method, weights, floors, rrf_k):
    """Document -> fused score of one query, by the formulas."""
    total = {document: 0.0 for hits in rankings for document, _ in hits}
    for hits, weight, floor in zip(rankings, weights, floors, strict=True):
        scores = [score for _, score in hits]
        if method == "rrf":
            values = [1 / (rrf_k + rank) for rank in range(1, len(hits) + 1)]
            absent = 0.0
        elif not hits:
            continue
        elif max(scores) == min(scores):
            values, absent = [1.0] * len(hits), 0.0
        else:
            low, high, mean, spread = min(scores), max(scores), fmean(scores), pstdev(scores)
            start = low if method == "minmax" or floor is None else min(low, floor)
            values = {
                "minmax": [(score - low) / (high - low) for score in scores],
                "tmm": [(score - start) / (high - start) for score in scores],
                "zscore": [(score - mean) / spread for score in scores],
                "dbsf": [min(1, max(0, (score - mean + 3 * spread) / (6 * spread))) for score in scores],
            }[method]
            absent = min(values)
        known = {document: value for (document, _), value in zip(hits, values, strict=True)}
        for document in total:
            total[document] += weight * known.get(document, absent)
    return total


SCORES = st.integers(-40, 40).map(lambda number: number / 8)
LISTS = st.dictionaries(st.integers(0, 9), SCORES, max_size=6).map(
    lambda hits: sorted(hits.items(), key=lambda hit: (-hit[1], hit[0]))
)


@given(
    st.lists(LISTS, min_size=2, max_size=4),
    st.sampled_from(METHODS),
    st.lists(st.integers(0, 3), min_size=4, max_size=4),
)
def test_the_formulas(rankings, method, weights):
    weights = [float(weight) for weight in weights[: len(rankings)]]
    floors = [None, -6.0, 0.0, None][: len(rankings)]
    fused = fuse([ranking(hits) for hits in rankings], method, weights, floors=floors)
    expected = naive(rankings, method, weights, floors, RRF_K)
    found = hits_of(fused)
    assert dict(found) == pytest.approx(expected, abs=1e-6)
    assert found == sorted(found, key=lambda hit: (-hit[1], hit[0])), "best first, ties by position"
