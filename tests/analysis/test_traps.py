"""Wrong documents that share the query's words."""

from __future__ import annotations

import numpy as np
import pytest
from made import made, ranked

from bench.analysis.judged_hits import Hits
from bench.analysis.traps import trapped
from bench.data.formats import load_dataset
from bench.data.formats.traps import Traps, judged_traps, read_traps
from bench.errors import BenchError


@pytest.fixture
def dataset():
    names = "abcd"
    return made(
        {name: name for name in names},
        {"q1": "", "q2": "", "q3": "", "q4": ""},
        [(f"q{n}", "a", 1) for n in (1, 2, 3)] + [(f"q{n}", "b", 0) for n in (1, 2, 3, 4)] + [("q1", "c", -1)],
        unanswerable=["q4"],
    )


def test_traps_are_what_is_judged_wrong_for_a_query_that_has_an_answer(dataset):
    found = judged_traps(dataset)
    assert found.query.tolist() == [0, 0, 1, 2]
    assert dataset.document_ids(found.document) == ["c", "b", "b", "b"]


def test_who_stands_higher(dataset):
    """q1: b above a, c below; q2: a alone; q3: neither is stored."""
    hits = Hits.of(dataset, ranked(dataset, [["b", "a", "c"], ["a"], ["d"], ["b"]]))
    found = trapped({"x": hits}, judged_traps(dataset), np.random.default_rng(0))["x"]
    assert (found.pairs, found.wrong, found.right, found.undecided) == (4, 1, 2, 1)
    assert (found.rate.value, found.rate.queries) == (0.25, 2)


def test_a_trap_without_the_answer_in_sight_is_wrong(dataset):
    hits = Hits.of(dataset, ranked(dataset, [["b"], ["d"], ["d"], ["d"]]))
    found = trapped({"x": hits}, judged_traps(dataset), np.random.default_rng(0))["x"]
    assert (found.wrong, found.undecided) == (1, 3)


def test_wordings_of_one_question_are_drawn_together():
    queries = [f"q{n:02}" for n in range(40)]
    judged = [(query, document, grade) for query in queries for document, grade in (("a", 1), ("b", 0))]
    dataset = made({name: name for name in "ab"}, dict.fromkeys(queries, ""), judged)
    hits = {"x": Hits.of(dataset, ranked(dataset, [["b", "a"]] * 20 + [["a", "b"]] * 20))}
    alone, grouped = (
        trapped(hits, judged_traps(dataset), np.random.default_rng(0), groups)["x"].rate
        for groups in (None, np.arange(40) // 10)
    )
    assert alone.value == grouped.value == 0.5
    assert grouped.high - grouped.low > 1.5 * (alone.high - alone.low)


def test_no_traps_no_figures(dataset):
    nothing = Traps(np.zeros(0, np.int64), np.zeros(0, np.int64))
    assert trapped({"x": Hits.of(dataset, ranked(dataset, [["b"]] * 4))}, nothing, np.random.default_rng(0)) == {}


def test_a_file_of_traps(dataset, tmp_path):
    path = tmp_path / "traps.tsv"
    path.write_text("query-id\tcorpus-id\nq1\td\nq2\tb\tignored\n")
    found = read_traps(path, dataset)
    assert found.query.tolist() == [0, 1]
    assert dataset.document_ids(found.document) == ["d", "b"]


def test_traps_of_queries_outside_of_a_sample_are_passed_over(dataset, tmp_path):
    path = tmp_path / "traps.tsv"
    path.write_text("".join(f"{query}\td\n" for query in dataset.query_ids))
    sample = dataset.sample(2, seed=0)
    found = read_traps(path, sample)
    assert [sample.query_ids[query] for query in found.query.tolist()] == sample.query_ids
    path.write_text(f"{min(sample.outside)}\td\nq9\td\n")
    with pytest.raises(BenchError, match=r"traps.tsv:2: there is no query 'q9'"):
        read_traps(path, sample)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("q1 d\n", "traps.tsv:1: there is no tab"),
        ("q1\td\nq9\td\n", "traps.tsv:2: there is no query 'q9'"),
        ("q1\tz\n", "traps.tsv:1: there is no document 'z'"),
        ("q1\ta\n", "traps.tsv:1: 'a' is judged relevant to 'q1'"),
        ("q1\td\nq1\td\n", "traps.tsv:2: this pair stands there twice"),
    ],
)
def test_a_bad_line_is_named(dataset, tmp_path, content, reason):
    path = tmp_path / "traps.tsv"
    path.write_text(content)
    with pytest.raises(BenchError, match=reason):
        read_traps(path, dataset)


def test_a_public_file(data):
    folder = data / "medical-questions"
    found = read_traps(folder / "hard_negatives.tsv", load_dataset(str(folder)))
    assert len(found.query) == 1524
