"""Disagreements worst first, and what they do to a difference between two retrievers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.judging.disagreement import difference_by_judge, disagreements
from bench.judging.grades import GradeLine
from retrievers.base import Ranking


def lines_of(document, query="q1", **grades):
    return [GradeLine(query, document, judge, grade=grade) for judge, grade in grades.items()]


def test_the_worst_come_first_and_what_is_settled_last():
    lines = [
        *lines_of("same", ann=2, bob=2),
        *lines_of("near", ann=2, bob=1),
        *lines_of("relevance", ann=1, bob=0),
        *lines_of("far", ann=3, bob=0),
        *lines_of("three", ann=1, bob=0, cat=0),
        *lines_of("decided", ann=3, bob=0),
        GradeLine("q1", "decided", "eve", grade=1, purpose="settle"),
        *lines_of("alone", ann=3),
    ]
    listed = disagreements(lines)
    assert [one.document for one in listed] == ["far", "three", "relevance", "near", "decided"]
    assert (listed[-1].decision, listed[0].decision) == (1, None)
    assert listed[1].grades == {"ann": 1, "bob": 0, "cat": 0}


QUERIES = [f"q{number}" for number in range(20)]
DOCUMENTS = ["d0", "d1"]


@pytest.fixture
def rankings():
    """One puts d0 first for every query, the other d1."""
    scores = np.tile(np.array([2, 1], dtype=np.float32), (20, 1))
    return {
        "one": Ranking(np.tile(np.array([0, 1]), (20, 1)), scores),
        "other": Ranking(np.tile(np.array([1, 0]), (20, 1)), scores),
    }


def by_judge(lines, rankings):
    return difference_by_judge(
        lines,
        rankings,
        "one",
        "other",
        queries=QUERIES,
        documents=DOCUMENTS,
        measure="P@1",
        rng=np.random.default_rng(0),
    )


def test_each_judge_alone_and_how_far_they_move_the_difference(rankings):
    lines = [GradeLine(query, "d0", "ann", grade=1) for query in QUERIES]
    lines += [GradeLine(query, "d1", "ann", grade=0) for query in QUERIES]
    lines += [
        GradeLine(query, document, "bob", grade=int(document == "d1")) for query in QUERIES for document in DOCUMENTS
    ]
    result = by_judge(lines, rankings)
    assert result.alone["ann"].value == 1
    assert result.alone["bob"].value == -1
    assert result.moved["ann", "bob"].value == 2
    assert math.isnan(result.combined.value)  # ties go down: to nobody's grade is anything relevant


def test_documents_that_only_one_judged_do_not_move_it(rankings):
    lines = [GradeLine(query, "d0", "ann", grade=1) for query in QUERIES]
    lines += [GradeLine(query, "d0", "bob", grade=1) for query in QUERIES[:5]]
    lines += [GradeLine("q19", "d1", "bob", grade=1)]
    result = by_judge(lines, rankings)
    assert result.alone["ann"].value == 1
    assert result.alone["bob"].value == pytest.approx(4 / 6)
    assert result.moved["ann", "bob"].value == 0
    assert result.moved["ann", "bob"].queries == 5
    assert result.combined.queries == 20


def test_what_is_no_longer_there_is_passed_by(rankings):
    lines = [GradeLine("gone", "d0", "ann", grade=1), GradeLine("q1", "gone", "ann", grade=1)]
    lines.append(GradeLine("q1", "d0", "ann", grade=1))
    assert by_judge(lines, rankings).alone["ann"].queries == 1
