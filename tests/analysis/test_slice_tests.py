"""Tests by slice: each value of a field, and whether the difference is the same on all."""

import numpy as np
import pytest
from made import sliced

import bench
from bench.analysis import slice_tests
from bench.analysis.slice_tests import FEWEST
from bench.analysis.verdict.slice_sentences import by_slice as sentences
from bench.evaluation.pairs import outcome
from bench.report.run import quality


def by_slice(dataset, values, seed):
    return slice_tests.by_slice(dataset, values, "nDCG@10", seed)


def signs(found):
    return [{"a": 1, "b": -1}.get(outcome(each.row), 0) for each in found.slices]


KINDS = ["one word"] * 30 + ["question"] * 90


def values(one, other, noise=0.1, n=30, m=90):
    rng = np.random.default_rng(0)
    base = rng.random(n + m) * 0.2 + 0.3
    shift = np.concatenate([np.full(n, one), np.full(m, other)])
    return {"bm25": base + shift + rng.normal(0, noise, n + m) * 0.5, "minilm": base}


def test_opposite_winners_are_named():
    found = by_slice(sliced(KINDS), values(0.2, -0.1), seed=1)
    assert [(each.value, each.row.queries) for each in found.slices] == [("one word", 30), ("question", 90)]
    assert signs(found) == [1, -1]
    (sentence,) = sentences(found, "minilm")
    assert sentence.startswith("By kind: bm25 is better on one word (0.")
    assert "; minilm is better on question (0." in sentence
    assert sentence.endswith("(paired tests, Holm over 2 slices).")
    assert found.interactions[0].p_holm < 0.001


def test_slices_that_agree_with_the_verdict_are_not_told():
    found = by_slice(sliced(KINDS), values(0.2, 0.2), seed=1)
    assert signs(found) == [1, 1]
    assert sentences(found, "bm25") == ()
    assert "bm25 is better on" in sentences(found, None)[0]
    assert found.interactions[0].p > 0.05


def test_what_no_slice_shows_alone_may_differ_between_them():
    kinds = [f"k{n % 20:02}" for n in range(160)]
    rng = np.random.default_rng(3)
    base = rng.random(160) * 0.2 + 0.3
    found = by_slice(
        sliced(kinds),
        {"a": base + np.where(np.arange(160) % 2, 0.06, -0.06) + rng.normal(0, 0.09, 160), "b": base},
        seed=1,
    )
    assert not any(signs(found))
    assert sentences(found, None)[0].startswith("By kind their difference is not the same everywhere (p ")


def test_values_of_few_queries_are_left_out():
    kinds = ["few"] * (FEWEST - 1) + ["many"] * 40 + [""] * 10
    found = by_slice(sliced(kinds), values(0.1, 0.1, n=5, m=len(kinds) - 5), seed=1)
    assert [each.value for each in found.slices] == ["many"]
    assert found.interactions == ()


@pytest.mark.parametrize("kinds", [["a", "b"] * 60, ["a"] * 60 + ["b"] * 60])
def test_wordings_of_one_question_are_shuffled_together(kinds):
    """Without a difference between kinds, questions that vary by themselves show none."""
    dataset, low = sliced(kinds, group=6), 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        shared = rng.normal(0, 0.3, 20)[np.arange(120) // 6]
        found = by_slice(dataset, {"x": 0.5 + shared + rng.normal(0, 0.05, 120), "y": np.full(120, 0.5)}, seed=seed)
        low += found.interactions[0].p < 0.05
    assert low <= 6


def test_a_run_tells_and_stores_them(write_set, tmp_path):
    corpus = [{"_id": f"d{n:02}", "text": f"word{n} filler{n % 7}"} for n in range(40)]
    queries = [
        {
            "_id": f"q{n:02}",
            "text": f"word{n}" if n < 20 else f"filler{n % 7}",
            "metadata": {"kind": "name" if n < 20 else "topic"},
        }
        for n in range(40)
    ]
    folder = write_set(
        "kinds", corpus, queries, [(f"q{n:02}", f"d{n:02}", 1) for n in range(40)], 'slices = ["kind"]\n'
    )
    found = bench.run(folder, ["bm25", "tfidf"], latency=False, results=str(tmp_path / "r"))
    stored = found.analysis["sets"]["kinds"]["slices"]
    assert {each["value"] for each in stored["slices"]} == {"name", "topic"}
    table = quality.by_slice(found, found.datasets[0], "kind")
    assert table.header[-2:] == (f"{stored['a']} - {stored['b']} [95%]", "p (Holm)")
    assert all(len(row) == len(table.header) for row in table.rows)
    assert "corrected over 2 slices of the set (exploratory" in table.notes[0]
