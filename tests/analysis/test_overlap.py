"""Lexical overlap, its bins, and a crossing only where the data show one."""

from __future__ import annotations

from itertools import pairwise
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import made

from bench.analysis.overlap import crossover, equal_bins, overlap
from bench.analysis.terms import Terms


def test_the_share_is_weighted_by_idf_and_taken_from_the_best_relevant_document():
    """Of three documents "pump" stands in two and "red" in one; "blue" in none."""
    dataset = made({"a": "pump", "b": "red pump", "c": "else"}, {"q": "red blue pump"}, [("q", "a", 1), ("q", "b", 2)])
    pump, red, blue = (log(1 + (3 - df + 0.5) / (df + 0.5)) for df in (2, 1, 0))
    assert overlap(dataset, Terms(dataset)) == pytest.approx([(pump + red) / (pump + red + blue)])


def test_without_terms_or_relevant_documents_there_is_no_share():
    dataset = made({"a": "pump"}, {"q1": "the", "q2": "pump"}, [("q1", "a", 1), ("q2", "a", 0)], unanswerable=["q2"])
    assert np.isnan(overlap(dataset, Terms(dataset))).all()


def test_equal_shares_are_never_parted():
    shares = np.array([0.0] * 7 + [0.2, 0.4, 0.6] + [1.0] * 5)
    assert equal_bins(shares, bins=5, fewest=1) == [(0, 0), (0.2, 0.6), (1, 1)]


def test_what_is_too_little_for_a_bin_joins_the_last_one():
    assert equal_bins(np.array([0.0, 0.1, 0.2, 0.3, 0.9]), bins=2, fewest=2) == [(0, 0.2), (0.3, 0.9)]
    assert equal_bins(np.array([0.0, 0.1, 0.2, 0.9]), bins=1, fewest=3) == [(0, 0.9)]
    assert equal_bins(np.array([0.5, 0.6]), fewest=3) == []


@given(shares=st.lists(st.sampled_from([0, 0.1, 0.25, 0.5, 0.9, 1]), max_size=60), fewest=st.integers(1, 20))
def test_bins_hold_every_share_once_and_enough_of_them(shares, fewest):
    values = np.array(shares, dtype=float)
    edges = equal_bins(values, fewest=fewest)
    counts = [int(((values >= low) & (values <= high)).sum()) for low, high in edges]
    assert all(count >= fewest for count in counts)
    assert sum(counts) == (len(shares) if len(shares) >= fewest else 0)
    assert all(one[1] < other[0] for one, other in pairwise(edges))


def halves(each):
    """`each` queries whose words are not in the relevant document, and as many whose words all are."""
    documents = {f"n{i:02}": f"name{i}" for i in range(each)} | {f"w{i:02}": f"word{i}" for i in range(each)}
    queries = {f"n{i:02}": f"other{i}" for i in range(each)} | {f"w{i:02}": f"word{i}" for i in range(each)}
    return made(documents, queries, [(name, name, 1) for name in queries])


def contest(dense, lexical, each=25):
    dataset = halves(each)
    values = {"minilm": np.array(dense, dtype=float), "bm25": np.array(lexical, dtype=float)}
    kinds = {"minilm": "dense", "bm25": "lexical"}
    return crossover(dataset, Terms(dataset), values, kinds, np.random.default_rng(0))


def test_a_planted_crossing_is_found():
    found = contest([0.8] * 25 + [0.5] * 25, [0.0] * 25 + [1.0] * 25)
    assert [(each.low, each.high, each.queries) for each in found.bins] == [(0, 0, 25), (1, 1, 25)]
    (only,) = found.contests
    assert [each.value for each in only.difference] == [pytest.approx(0.8), -0.5]
    assert only.crossings == [(0, 1)]


def test_one_who_leads_everywhere_crosses_nobody():
    (only,) = contest([0.8] * 50, [0.1] * 50).contests
    assert only.crossings == []


def test_a_lead_that_chance_can_explain_is_no_crossing():
    """The dense one leads at low overlap; above, wins and losses are even but for one."""
    (only,) = contest([0.8] * 25 + [1, 0] * 12 + [0], [0.0] * 25 + [0, 1] * 12 + [1]).contests
    assert only.difference[1].value < 0
    assert only.crossings == []


def test_retrievers_of_one_kind_do_not_contest():
    dataset = halves(25)
    values = {"a": np.ones(50), "b": np.zeros(50)}
    found = crossover(dataset, Terms(dataset), values, {"a": "lexical", "b": "lexical"}, np.random.default_rng(0))
    assert found.contests == []
    assert found.bins[0].quality["a"].value == 1
