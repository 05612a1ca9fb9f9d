"""Wordings of one question: worst wording, flips and overlap, by hand and as they are stored and shown."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import Fixed
from hypothesis import given
from hypothesis import strategies as st

import bench
from bench.analysis import wordings
from bench.data.formats import load_dataset
from bench.report.run import quality
from retrievers.base import Ranking

QUERIES = [
    {"_id": "q1", "text": "cat on a mat", "metadata": {"question": "pets"}},
    {"_id": "q2", "text": "a feline on a carpet", "metadata": {"question": "pets"}},
    {"_id": "q3", "text": "film in the cinema", "metadata": {"question": "films"}},
    {"_id": "q4", "text": "movie seen in town", "metadata": {"question": "films"}},
    {"_id": "q5", "text": "what does E-4012 mean", "metadata": {"question": "codes"}},
    {"_id": "q6", "text": "no such thing", "metadata": {"question": "codes"}},
    {"_id": "q7", "text": "in no group"},
]
QRELS = [("q1", "d1", 1), ("q2", "d1", 1), ("q3", "d10", 1), ("q4", "d10", 1), ("q5", "d3", 1), ("q6", "d4", 0)]
CARD = 'group = "question"\n'


@pytest.fixture
def dataset(write_set):
    return load_dataset(write_set(queries=QUERIES, qrels=[*QRELS, ("q7", "d2", 1)], card=CARD))


def ranking(*rows):
    documents = np.array(rows, dtype=np.int64)
    return Ranking(documents, np.where(documents < 0, -np.inf, 1).astype(np.float32))


def test_a_group_needs_two_answerable_wordings(dataset):
    assert [each.tolist() for each in wordings.members(dataset)] == [[2, 3], [0, 1]]  # films, pets; codes has one


def test_the_figures_of_two_groups_by_hand(dataset):
    # Positions: d4 d3 d2 d10 d1. Pets: the first wording hits, the second does not; films: both hit.
    found = ranking([4, 0], [1, 0], [3, 1], [3, 1], [1, 0], [0, 1], [2, -1])
    values = {"RR@10": np.array([1, 0, 0.5, 0.25, 1, 0, 1])}
    by_hand = {each.quantity: each for each in wordings.figures(dataset, found, values, seed=0)}
    assert by_hand[wordings.WORST].value == (0 + 0.25) / 2
    assert by_hand[wordings.FLIP_RATE].value == 1 / 2
    assert by_hand[wordings.OVERLAP].value == (1 / 2 + 1) / 2
    assert {each.groups for each in by_hand.values()} == {2}
    assert 0 <= by_hand[wordings.WORST].low < 0.01
    assert 0.8 < by_hand[wordings.WORST].high < 1, "of two groups next to nothing is known"


def test_rows_without_hits_have_nothing_in_common():
    assert wordings.overlap(np.array([[-1, -1], [-1, -1]])) == 0
    assert wordings.overlap(np.array([[3, -1], [3, 4]])) == 1 / 2


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=5, unique=True), min_size=2, max_size=5))
def test_overlap_is_a_share_and_knows_no_order(rows):
    padded = np.array([row + [-1] * (5 - len(row)) for row in rows])
    found = wordings.overlap(padded)
    assert 0 <= found <= 1
    assert wordings.overlap(padded[::-1]) == pytest.approx(found)
    assert wordings.overlap(np.vstack([padded[0], padded[0][::-1]])) == 1


def test_they_are_stored_and_shown(dataset, tmp_path):
    found = bench.run([dataset], ["bm25", Fixed()], results=str(tmp_path / "out"), latency=False)
    assert set(found.groups["quantity"]) == {wordings.WORST, wordings.FLIP_RATE, wordings.OVERLAP}
    worst = found.groups[(found.groups["quantity"] == wordings.WORST) & (found.groups["measure"] == "RR@10")]
    assert dict(zip(worst["retriever"], worst["value"], strict=True))["Fixed"] == (1 / 4 + 1 / 5) / 2
    table = quality.wordings(found, found.datasets[0])
    assert [row[0] for row in table.rows] == ["bm25", "Fixed"]
    assert table.notes[0].startswith("First column: mean over ")
    assert "the others: over 2 groups of wordings" in table.notes[0]


def test_a_set_without_groups_has_no_such_table(write_set, tmp_path):
    found = bench.run(write_set(), [Fixed()], results=str(tmp_path / "out"), latency=False)
    assert len(found.groups) == 0
    assert quality.wordings(found, found.datasets[0]) is None
