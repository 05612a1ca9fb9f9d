"""Where one loses most against another."""

from __future__ import annotations

import numpy as np
from made import made, ranked, values_of

from bench.analysis.judged_hits import Hits
from bench.analysis.terms import Terms
from bench.analysis.worst_losses import worst_losses


def test_the_greatest_losses_come_first_with_what_stood_above():
    dataset = made(
        {"a": "the feline slept", "b": "cat food " + "x" * 400, "c": "cat nap", "d": "dog"},
        {"q1": "sleeping cat", "q2": "cat food", "q3": "dog"},
        [("q1", "a", 1), ("q1", "b", 0), ("q2", "b", 1), ("q3", "d", 1)],
    )
    rankings = {
        "bm25": ranked(dataset, [["b", "c"], ["c", "b"], ["d"]]),
        "minilm": ranked(dataset, [["a", "b"], ["b", "c"], ["d"]]),
    }
    hits = {label: Hits.of(dataset, each) for label, each in rankings.items()}
    first, second = worst_losses(dataset, Terms(dataset), hits, values_of(dataset, rankings, "RR@10"))
    assert (first.loser, first.winner, first.lost) == ("bm25", "minilm", 2)
    assert (second.loser, second.winner, second.lost, second.worst) == ("minilm", "bm25", 0, [])
    one, other = first.worst
    assert (one.query, one.loss, one.loser_rank, one.winner_rank) == ("q1", 1, None, 1)
    assert (one.document, one.matched, one.missing) == ("a", [], ["sleep", "cat"])
    assert [(each.document, each.rank, each.grade, each.matched) for each in one.above] == [
        ("b", 1, 0, ["cat"]),
        ("c", 2, None, ["cat"]),
    ]
    assert one.above[0].text == "cat food " + "x" * 289 + "…"
    assert (other.query, other.loss, other.loser_rank, other.document) == ("q2", 0.5, 2, "b")
    assert [each.document for each in other.above] == ["c"]


def test_an_answer_that_the_winner_does_not_store_is_the_best_judged_one():
    """P counts a relevant hit of grade 1; here only values differ, neither has the answer stored."""
    dataset = made({"a": "x", "b": "y", "c": "z"}, {"q": "x"}, [("q", "a", 1), ("q", "b", 2)])
    hits = {label: Hits.of(dataset, ranked(dataset, [["c"]])) for label in ("one", "two")}
    found = worst_losses(dataset, Terms(dataset), hits, {"one": np.array([0.0]), "two": np.array([0.5])})[0]
    assert (found.worst[0].document, found.worst[0].winner_rank) == ("b", None)


def test_a_query_without_an_answer_is_nobodys_failure():
    dataset = made({"a": "x"}, {"q": "x", "r": "y"}, [("q", "a", 1)], unanswerable=["r"])
    hits = {label: Hits.of(dataset, ranked(dataset, [["a"], ["a"]])) for label in ("one", "two")}
    values = {"one": np.array([1.0, np.nan]), "two": np.array([1.0, 1.0])}
    assert [each.lost for each in worst_losses(dataset, Terms(dataset), hits, values)] == [0, 0]
