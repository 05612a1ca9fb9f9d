"""Disagreements are decided the worst first, without names, and each decision is kept."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.data.formats import load_dataset
from bench.errors import BenchError
from bench.experiment.judging import begin_judging
from bench.judging.disagreement import disagreements
from bench.judging.grades import THE_SET, GradeLine, append, combined, read, settled
from bench.judging.judging_record import JudgedQuery
from bench.judging.settling import Settling, letter_of


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    from bench.data.formats.options import Options

    folder = tmp_path_factory.mktemp("documents")
    (folder / "corpus.txt").write_text("\n".join(f"cat number {n}" for n in range(8)), "utf-8")
    return load_dataset(f"plain:{folder}", Options(unlabelled=True))


@pytest.fixture(scope="module")
def record(documents, tmp_path_factory):
    queries = [JudgedQuery("q1", "cat", {}), JudgedQuery("q2", "number cat", {})]
    return begin_judging(tmp_path_factory.mktemp("first"), "docs", documents, queries, ["bm25", "tfidf"])


@pytest.fixture(scope="module")
def ids(documents):
    return documents.documents["id"].to_pylist()


def disagree(folder, ids):
    """near by 1, far by 3, both of one document each; a third on which they agree."""
    near, far, same = ids[:3]
    append(
        folder,
        GradeLine("q1", near, "ann", grade=1, note="hm"),
        GradeLine("q1", near, "bob", grade=2),
        GradeLine("q2", far, "ann", grade=0),
        GradeLine("q2", far, "bob", grade=3),
        GradeLine("q1", same, "ann", grade=1),
        GradeLine("q1", same, "bob", grade=1),
    )
    return ("q1", near), ("q2", far)


def test_the_worst_is_first_and_a_decision_counts_in_place_of_the_grades(record, documents, ids, tmp_path):
    near, far = disagree(tmp_path, ids)
    settling = Settling(tmp_path, record, documents, "eve")
    assert settling.sentence() == "0 of 2 disagreements settled."
    first = settling.current()
    assert ((first.query_id, first.document_id), first.number) == (far, 0)
    assert sorted((one.grade, one.grade_name) for one in first.opinions) == [(0, "not relevant"), (3, "perfect")]
    assert [one.letter for one in first.opinions] == ["A", "B"]
    second = settling.act(0, "grade", 2, "as it says")
    assert (second.query_id, second.document_id) == near
    assert {one.note for one in second.opinions} == {"hm", ""}
    assert settled(read(tmp_path)) == {far: 2}
    assert combined(read(tmp_path))[far] == 2
    assert settling.act(1, "grade", 0) is None
    assert settling.sentence() == "2 of 2 disagreements settled."


def test_undo_and_what_is_passed_over(record, documents, ids, tmp_path):
    near, far = disagree(tmp_path, ids)
    settling = Settling(tmp_path, record, documents, "eve")
    assert settling.act(0, "skip").document_id == near[1]
    assert settling.act(1, "skip") is None
    assert settled(read(tmp_path)) == {}
    assert Settling(tmp_path, record, documents, "fay").current().document_id == far[1], "another may decide"
    assert settling.undo().document_id == near[1]
    assert settling.undo().document_id == far[1]
    assert settling.undo().document_id == far[1], "and nothing is before it"
    assert settling.own == 0


def test_a_judge_may_settle_too_and_keeps_the_own_grade(record, documents, ids, tmp_path):
    _, far = disagree(tmp_path, ids)
    settling = Settling(tmp_path, record, documents, "ann")
    settling.act(0, "grade", 1)
    settling.undo()
    assert settling.current().document_id == far[1]
    assert len(disagreements(read(tmp_path))) == 2


@pytest.mark.parametrize(("number", "grade"), [(1, 1), (0, 4), (0, -1)])
def test_what_was_not_asked_is_not_stored(record, documents, ids, tmp_path, number, grade):
    disagree(tmp_path, ids)
    before = read(tmp_path)
    with pytest.raises(BenchError):
        Settling(tmp_path, record, documents, "eve").act(number, "grade", grade)
    assert read(tmp_path) == before


def test_the_grades_that_a_set_had_are_no_opinion(record, documents, ids, tmp_path):
    append(tmp_path, GradeLine("q1", ids[0], THE_SET, grade=1), GradeLine("q1", ids[0], "ann", grade=0))
    settling = Settling(tmp_path, record, documents, "eve")
    assert settling.current() is None
    assert settling.sentence() == "Judges disagree on nothing."


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["skip", "undo", "grade"]), st.integers(0, 3)), max_size=12))
def test_whatever_is_done_who_begins_again_is_asked_the_same(record, documents, ids, tmp_path_factory, acts):
    folder = tmp_path_factory.mktemp("acts")
    disagree(folder, ids)
    settling = Settling(folder, record, documents, "eve")
    for action, grade in acts:
        now = settling.current()
        if action == "undo":
            settling.undo()
        elif now is not None:
            settling.act(now.number, action, grade if action == "grade" else None)
        assert Settling(folder, record, documents, "eve").current() == settling.current()
    open_ones = [one for one in disagreements(read(folder)) if one.decision is None]
    assert len(open_ones) + settling.decided == 2


@given(st.integers(0, 2_000))
def test_letters_go_on_behind_z_and_none_is_given_twice(place):
    assert letter_of(25) == "Z"
    assert letter_of(26) == "AA"
    assert letter_of(place) not in {letter_of(before) for before in range(max(0, place - 30), place)}
