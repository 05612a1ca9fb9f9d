"""A judge's way: nothing twice, nothing left out, the same again after a kill, and judges who share a pool."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.data.formats import load_dataset
from bench.errors import BenchError
from bench.experiment.judging import begin_judging
from bench.judging.grades import GRADES, combined, read
from bench.judging.judging_record import RANKINGS, RECORD, JudgedQuery, read_record
from bench.judging.session import BATCH, REPEAT_AFTER, Session
from bench.judging.stopping import looks

WORDS = "red green blue old new big small warm cold wet dry loud".split()
QUERIES = [JudgedQuery(f"q{number}", f"{WORDS[number]} {WORDS[-number]}", {"count": number}) for number in range(1, 9)]
RETRIEVERS = ["bm25", "flat=bm25:b=0"]


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    folder = tmp_path_factory.mktemp("documents")
    rng = np.random.default_rng(0)
    lines = [" ".join(rng.choice(WORDS, size=int(rng.integers(2, 12)))) for _ in range(60)]
    (folder / "corpus.txt").write_text("\n".join(lines), "utf-8")
    from bench.data.formats.options import Options

    return load_dataset(f"plain:{folder}", Options(unlabelled=True))


@pytest.fixture(scope="module")
def record(documents, tmp_path_factory):
    return begin_judging(tmp_path_factory.mktemp("first"), "docs", documents, QUERIES, RETRIEVERS, seed=3)


def session(folder, record, documents, judge="ann", **shares):
    return Session(folder, record, documents, judge, **({"repeat_share": 0.0, "shared_share": 0.0} | shares))


def grade_all(one, most=10_000):
    """What was shown until nothing is left, each graded."""
    shown = []
    while (now := one.current()) is not None and len(shown) < most:
        shown.append(now)
        one.act(now.number, "grade", now.position % 4)
    return shown


def test_a_record_is_read_back_and_a_folder_without_one_has_none(record, documents, tmp_path):
    begun = begin_judging(tmp_path / "j", "docs", documents, QUERIES, RETRIEVERS, seed=3)
    back = read_record(tmp_path / "j")
    assert (back.settings, back.queries) == (begun.settings, begun.queries) == (record.settings, record.queries)
    assert np.array_equal(back.rankings, record.rankings)
    assert back.settings.retrievers == ("bm25", "flat")
    assert read_record(tmp_path / "none") is None


def test_grades_are_called_as_the_card_calls_them(documents, tmp_path):
    named = replace(documents, card=replace(documents.card, grades=("no", "yes")))
    begun = begin_judging(tmp_path, "docs", named, QUERIES, RETRIEVERS)
    one = session(tmp_path, begun, named)
    with pytest.raises(BenchError, match="from 0 to 1"):
        one.act(0, "grade", 2)
    one.act(0, "grade", 1)
    assert np.nanmax(one.gains()[0]) == 1


@pytest.mark.parametrize("name", [RECORD, RANKINGS])
@pytest.mark.parametrize("content", [b"", b"{", b'{"schema": 1}', b"PK\x03\x04 torn", None])
def test_a_damaged_record_is_one_error(documents, tmp_path, name, content):
    begin_judging(tmp_path, "docs", documents, QUERIES, RETRIEVERS)
    if content is None and name == RECORD:
        return
    (tmp_path / name).unlink() if content is None else (tmp_path / name).write_bytes(content)
    with pytest.raises(BenchError, match=r"damaged|another version"):
        read_record(tmp_path)


def test_a_judge_is_asked_of_each_pair_once(record, documents, tmp_path):
    one = session(tmp_path, record, documents)
    shown = grade_all(one)
    assert sorted(now.position for now in shown) == list(range(len(one.pool)))
    assert [now.number for now in shown] == list(range(len(one.pool)))
    assert combined(read(tmp_path)) == {one.pairs[now.position]: now.position % 4 for now in shown}
    assert one.progress().judged == one.progress().pairs == len(one.pool)


def test_whenever_a_judge_stops_a_beginning_of_the_order_is_judged(record, documents, tmp_path):
    """The estimate knows the chances of a beginning alone; a batch is what may be missing at its end."""
    one = session(tmp_path, record, documents)
    for count in range(1, 3 * BATCH):
        now = one.current()
        one.act(now.number, "grade", 1)
        whole = count // BATCH * BATCH
        done = {line.pair for line in read(tmp_path)}
        assert {one.pairs[pair] for pair in one.order.order[:whole]} <= done
        assert len(done) == count


def test_the_documents_of_a_query_come_together_within_a_batch(record, documents, tmp_path):
    shown = grade_all(session(tmp_path, record, documents), BATCH)
    queries = [now.query_id for now in shown]
    assert len(set(queries)) == 1 + sum(a != b for a, b in itertools.pairwise(queries))


def test_a_session_that_is_begun_again_goes_on(record, documents, tmp_path):
    whole = [now.position for now in grade_all(session(tmp_path / "whole", record, documents))]
    parts = []
    while more := grade_all(session(tmp_path / "parts", record, documents), 7):
        parts += [now.position for now in more]
    assert parts == whole


def test_undo_takes_back_one_act_after_another_and_shows_it_again(record, documents, tmp_path):
    one = session(tmp_path, record, documents)
    first, second, third = grade_all(one, 3)
    assert one.undo() == third
    assert one.undo() == second
    one.act(1, "skip")
    assert one.current() == third
    assert one.undo() == second
    assert one.undo() == first
    assert one.undo() == first, "and there is nothing before it"
    assert combined(read(tmp_path)) == {}


def test_a_skip_is_no_grade_and_is_not_asked_again(record, documents, tmp_path):
    one = session(tmp_path, record, documents)
    first = one.current()
    assert one.act(0, "skip", note="cannot tell") != first
    assert combined(read(tmp_path)) == {}
    assert one.gains()[1].sum() == 1
    assert session(tmp_path, record, documents, "bob", shared_share=0).following(10_000)
    assert first.position in {now.position for now in session(tmp_path, record, documents, "bob").following(10_000)}


@pytest.mark.parametrize(("number", "grade"), [(1, 2), (-1, 2), (0, 4), (0, -1)])
def test_what_was_not_asked_is_not_stored(record, documents, tmp_path, number, grade):
    one = session(tmp_path, record, documents)
    with pytest.raises(BenchError):
        one.act(number, "grade", grade)
    assert read(tmp_path) == []


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(["ann", "bob", "cy"]), min_size=1, max_size=40), st.sampled_from([0.0, 0.3, 1.0]))
def test_judges_who_take_turns_share_the_work_but_for_what_all_are_asked(
    record, documents, tmp_path_factory, turns, shared
):
    folder = tmp_path_factory.mktemp("turns")
    judges = {name: session(folder, record, documents, name, shared_share=shared) for name in set(turns)}
    asked = []
    for name in turns:
        judges[name].refresh()
        if now := judges[name].current():
            asked.append((name, now.position))
            judges[name].act(now.number, "grade", 1)
    assert len(set(asked)) == len(asked)
    pairs = [position for _, position in asked]
    if shared == 0:
        assert len(set(pairs)) == len(pairs)
    if shared == 1:
        order = next(iter(judges.values())).order.order
        for name in judges:
            own = [position for who, position in asked if who == name]
            assert set(order[: len(own) // BATCH * BATCH].tolist()) <= set(own)


def test_two_who_judge_at_once_meet_at_the_first_and_in_the_middle(record, documents, tmp_path):
    ann, bob = (session(tmp_path, record, documents, name) for name in ("ann", "bob"))
    met = 0
    for _ in range(BATCH):
        a, b = ann.current(), bob.current()
        met += a.position == b.position
        ann.act(a.number, "grade", 1)
        bob.act(b.number, "grade", 1)
        ann.refresh(), bob.refresh()
    assert met <= 3


def test_a_share_is_asked_again_later_and_does_not_change_the_grade(record, documents, tmp_path):
    one = session(tmp_path, record, documents, repeat_share=1.0)
    shown = grade_all(one, 2 * REPEAT_AFTER)
    again = [now for now in shown if now.purpose == "repeat"]
    assert again
    firsts = {now.position: now.number for now in shown if now.purpose == "judge"}
    assert all(now.number - firsts[now.position] >= REPEAT_AFTER for now in again)
    assert len({now.position for now in again}) == len(again)
    assert {line.purpose for line in read(tmp_path)} == {"judge", "repeat"}
    assert len(combined(read(tmp_path))) == len(firsts)
    none = session(tmp_path / "none", record, documents, repeat_share=0.0)
    assert {now.purpose for now in grade_all(none)} == {"judge"}


def test_a_verdict_is_taken_at_its_looks(record, documents, tmp_path):
    one = session(tmp_path, record, documents)
    first = looks(len(one.pool))[0]
    assert one.progress().verdict is None
    assert one.progress().next_look == first
    grade_all(one, -(-first // BATCH) * BATCH)
    assert one.progress().verdict.judged >= first
    grade_all(one)
    assert one.progress().next_look is None


def test_other_documents_are_refused(record, documents, tmp_path, write_set):
    other = load_dataset(write_set("other"))
    with pytest.raises(BenchError, match="its documents changed"):
        session(tmp_path, record, other)


@pytest.mark.parametrize("wrong", [{"repeat_share": 1.1}, {"shared_share": -0.1}, {"margin": 0}, {"judge": " "}])
def test_settings_that_are_none_are_refused(record, documents, tmp_path, wrong):
    with pytest.raises(BenchError):
        session(tmp_path, record, documents, **wrong)


def test_a_torn_line_costs_itself(record, documents, tmp_path):
    one = session(tmp_path, record, documents)
    grade_all(one, 5)
    path = tmp_path / GRADES
    path.write_bytes(path.read_bytes()[:-9])
    again = session(tmp_path, record, documents)
    assert again.current().number == 4


@pytest.mark.parametrize("grade", [True, False, 4, -1])
def test_a_grade_that_is_none_is_refused(documents, record, tmp_path, grade):
    one = session(tmp_path, record, documents)
    with pytest.raises(BenchError, match="The grade is"):
        one.act(0, "grade", grade)
    assert read(tmp_path) == []
