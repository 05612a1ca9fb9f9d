"""What two retrievers have to give each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import made, plain_set, ranked, values_of

from bench.analysis.complementarity import complementarity
from bench.analysis.judged_hits import Hits
from retrievers.base import Ranking
from retrievers.fusion import reciprocal_rank_fusion

SIZE = 7


@st.composite
def rankings(draw, queries=2):
    found = Ranking.empty(queries, SIZE)
    for row in range(queries):
        documents = draw(st.permutations(range(SIZE)))[: draw(st.integers(0, SIZE))]
        found.put(row, np.array(documents, dtype=np.int64), np.arange(len(documents), 0, -1, dtype=np.float32))
    return found


def pair(dataset, one, other, measure="RR@10"):
    both = {"a": one, "b": other}
    hits = {label: Hits.of(dataset, each) for label, each in both.items()}
    values = values_of(dataset, both, measure)
    (found,) = complementarity(dataset, both, hits, values, measure=measure, rng=np.random.default_rng(0))
    return found, values


def test_each_solves_what_the_other_misses():
    """RR: a 1, 0, 1/2, 0 and b 0, 1, 1, 0. The better of both is 1, 1, 1, 0."""
    dataset = plain_set(3, [(q, 0, 1) for q in range(4)], queries=4)
    a = ranked(dataset, [["d000"], ["d001"], ["d001", "d000"], ["d001"]])
    b = ranked(dataset, [["d001"], ["d000"], ["d000"], ["d002"]])
    found, _ = pair(dataset, a, b)
    assert (found.solved.first_only, found.solved.second_only) == (["q000"], ["q001"])
    assert (found.solved.both, found.solved.neither) == (1, 1)
    assert found.better == "b"
    assert found.oracle.value == 0.75
    assert found.oracle_gain.value == 0.25


def test_fusion_by_hand():
    """1/61 + 1/62 for x and y alike, 1/63 for z: x before y, the lower position; then z."""
    dataset = plain_set(3, [(0, 0, 1)])
    x, y, z = "d002", "d001", "d000"  # positions 0, 1, 2
    fused = reciprocal_rank_fusion(ranked(dataset, [[x, y, z]]), ranked(dataset, [[y, x]]))
    assert fused.documents[0].tolist() == [0, 1, 2, -1, -1]
    assert fused.scores[0, :3] == pytest.approx([1 / 61 + 1 / 62, 1 / 61 + 1 / 62, 1 / 63])
    assert np.isneginf(fused.scores[0, 3:]).all()


def test_fusion_can_beat_both():
    """Each has the answer second, behind a document that the other does not know."""
    dataset = plain_set(5, [(0, 0, 1)])
    one, other = (ranked(dataset, [[first, "d000", "d003", "d004"]]) for first in ("d001", "d002"))
    found, values = pair(dataset, one, other)
    assert values["a"].tolist() == values["b"].tolist() == [0.5]
    assert found.fused_values.tolist() == [1]
    assert (found.fused.value, found.fused_gain.value) == (1, 0.5)


def test_a_measure_without_cutoff_is_fused_to_the_full_depth():
    dataset = plain_set(30, [(0, 29, 1)])
    everything = ranked(dataset, [[f"d{number:03}" for number in range(30)]])
    assert pair(dataset, everything, everything, "RR")[0].fused.value == pytest.approx(1 / 30)


@settings(max_examples=50)
@given(one=rankings(), other=rankings())
def test_fusion_does_not_depend_on_the_order_of_the_two_and_keeps_every_document_once(one, other):
    fused, turned = reciprocal_rank_fusion(one, other), reciprocal_rank_fusion(other, one)
    assert np.array_equal(fused.documents, turned.documents)
    assert np.array_equal(fused.scores, turned.scores)
    for row in range(2):
        real = fused.documents[row][fused.documents[row] >= 0].tolist()
        assert sorted(real) == sorted({*one.documents[row], *other.documents[row]} - {-1})
        scores = fused.scores[row, : len(real)]
        assert (np.diff(scores) <= 0).all()


@settings(max_examples=20)
@given(one=rankings(), other=rankings(), relevant=st.integers(0, SIZE - 1))
def test_the_oracle_is_at_least_as_good_as_either(one, other, relevant):
    dataset = plain_set(SIZE, [(0, relevant, 1), (1, 0, 2)], queries=2)
    found, values = pair(dataset, one, other, "nDCG@5")
    assert found.oracle.value >= max(each.mean() for each in values.values()) - 1e-12
    assert found.oracle_gain.low >= 0


def test_the_fusion_measures_the_passages_that_its_parts_name():
    dataset = made({"d1": "red cats sleep", "d2": "films"}, {"q": "x"}, [("q", "d1", 1)])
    whole = ranked(dataset, [["d1", "d2"]])
    one_word = replace(whole, spans=np.array([[[0, 3], [-1, -1]]], dtype=np.int32))
    assert pair(dataset, whole, whole, "R@2t")[0].fused_values.tolist() == [0]
    assert pair(dataset, one_word, one_word, "R@2t")[0].fused_values.tolist() == [1]
