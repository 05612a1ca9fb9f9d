"""Judges that are programs: what they may answer, what is kept, and that the estimate is true whatever they say."""

from __future__ import annotations

import os
import shlex
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judged import judge, made_pool
from small_judging import small_session

import bench
from bench.data.formats import load_dataset
from bench.errors import BenchError
from bench.experiment.judging import begin_from_run
from bench.experiment.stored_set import set_of_run
from bench.judging.agreement import agreement, own_repeats
from bench.judging.design import judging_order
from bench.judging.disagreement import difference_by_judge, disagreements
from bench.judging.estimate import estimate
from bench.judging.folder import write_set
from bench.judging.grades import THE_SET, GradeLine, append, by_people, combined, read, settled
from bench.judging.machine import judge_by_machine
from bench.judging.machine_agreement import FEWEST_BOTH
from bench.judging.machine_answer import MachineAnswer, read_answer
from bench.judging.pool import pool_hits, rank_weights
from bench.judging.program import ProgramJudge
from bench.judging.sentences import machine_sentences, verdict_sentences
from bench.judging.session import Session
from bench.judging.settling import Settling
from bench.storage.run import load_run
from retrievers.base import Ranking

NAMES = ("no", "some", "yes")
HOSTILE = 'x"}\n{"grade": 2}\u2028\0\ud800 $(touch owned); `id`'
# Answers the number of words that query and document share.
SHARED = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    shared = set(asked["query"].split()) & set(asked["document"].split())
    print(json.dumps({"grade": min(len(shared), len(asked["grades"]) - 1)}), flush=True)
"""


@pytest.fixture
def program(tmp_path):
    """A program's text -> the judge that it is."""
    judges = []

    def make(text, seconds=60.0):
        path = tmp_path / f"program {len(judges)}.py"
        path.write_text(text, "utf-8")
        judges.append(ProgramJudge(shlex.join([sys.executable, str(path)]), seconds=seconds))
        return judges[-1]

    yield make
    for one in judges:
        one.close()


@pytest.fixture
def session(tmp_path):
    return small_session(tmp_path)


def test_a_program_answers_line_for_line_and_hostile_text_is_text(program):
    one = program(SHARED)
    assert one.ask("red cat", "a red cat", NAMES) == MachineAnswer(2)
    assert one.ask(HOSTILE, "nothing", NAMES) == MachineAnswer(0)
    assert one.ask("red cat", "a red dog", NAMES) == MachineAnswer(1)


@pytest.mark.parametrize(
    "content",
    ["", "2", "[2]", "{", '{"grade": 3}', '{"grade": -1}', '{"grade": true}', '{"grade": 1.0}', '{"grade": "2"}', "{}",
     '{"skip": false}', '{"grade": 1, "skip": true}', '{"grade": 1, "why": ""}', '{"grade": 1, "note": 1}', "null"],
)  # fmt: skip
def test_any_other_answer_is_one_error(content):
    with pytest.raises(BenchError, match="The answer"):
        read_answer(content, len(NAMES))


@given(st.binary(max_size=60))
def test_no_bytes_are_a_traceback(content):
    try:
        assert read_answer(content, 3).grade in (None, 0, 1, 2)
    except BenchError:
        pass


def test_a_skip_and_a_note_are_read():
    assert read_answer('{"skip": true, "note": "Welsh"}', 3) == MachineAnswer(None, "Welsh")
    assert read_answer('{"grade": 2, "note": "as asked"}', 3) == MachineAnswer(2, "as asked")


@pytest.mark.parametrize("command", ["", "'open", "/no/such/program"])
def test_a_command_that_is_none_is_one_error(command):
    with pytest.raises(BenchError):
        ProgramJudge(command).ask("q", "d", NAMES)


@pytest.mark.parametrize(
    ("text", "words"), [("raise SystemExit(3)", "ended with 3"), ("import time; time.sleep(600)", "no answer in")]
)
def test_a_program_that_ends_or_hangs_is_one_error(program, text, words):
    with pytest.raises(BenchError, match=words):
        program(text, seconds=2.0).ask("q", "d" * 1_000_000, NAMES)


def test_a_program_that_fails_once_is_asked_again(program, tmp_path):
    mark = tmp_path / "failed"
    once = f"import pathlib, sys\nmark = pathlib.Path({str(mark)!r})\nif not mark.exists(): mark.touch(); sys.exit(1)\n"
    assert program(once + SHARED).ask("a", "a", NAMES) == MachineAnswer(1)


@pytest.mark.skipif(os.name == "nt", reason="process groups are POSIX")
def test_what_a_program_started_ends_with_it(program, tmp_path):
    pid = tmp_path / "pid"
    starts = (
        "import pathlib, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(pid)!r}).write_text(str(child.pid))\n"
    )
    one = program(starts + SHARED)
    one.ask("a", "a", NAMES)
    child = int(pid.read_text())
    os.kill(child, 0)
    one.close()
    for _ in range(500):  # until whoever adopted it has taken note of its end
        try:
            with Path(f"/proc/{child}/stat").open() as stat:
                if stat.read().rpartition(")")[2].split()[0] == "Z":
                    return
            os.kill(child, 0)
        except OSError:
            return
        time.sleep(0.01)
    pytest.fail("the child lives")


class Scripted:
    """Grades by a function of the count of questions."""

    def __init__(self, answer):
        self.answer, self.asked = answer, 0

    def ask(self, query, document, grades):
        self.asked += 1
        grade = self.answer(self.asked)
        if grade is None:
            raise BenchError("The answer 'pear' is no JSON.", "Mend it.")
        return MachineAnswer(grade)


def test_an_end_keeps_everything_and_nothing_is_asked_twice(session):
    broken = Scripted(lambda count: 1 if count <= 10 else None)
    with pytest.raises(BenchError, match=r"3 documents in a row .* query 'q\d', document .*pear"):
        judge_by_machine(session, broken, "m")
    assert len(read(session.folder)) == 10
    again = Scripted(lambda _: 1)
    work = judge_by_machine(session, again, "m")
    assert (work.graded, again.asked) == (len(session.pool) - 10,) * 2
    assert judge_by_machine(session, again, "m").graded == 0


def test_single_failures_are_counted_and_asked_again(session):
    work = judge_by_machine(session, Scripted(lambda count: None if count % 5 == 0 else 0), "m")
    assert work.failed == len(session.pool) // 5
    assert judge_by_machine(session, Scripted(lambda _: 0), "m").graded == work.failed


def test_a_persons_grade_counts_and_people_are_asked_all_the_same(session):
    before = session.current()
    judge_by_machine(session, Scripted(lambda _: 3), "m")
    assert session.current() == before
    assert session.progress().judged == 0
    append(session.folder, GradeLine(*session.pairs[0], "ann", grade=0))
    grades = combined(read(session.folder))
    assert grades[session.pairs[0]] == 0
    assert all(grades[pair] == 3 for pair in session.pairs[1:])


def test_a_person_has_no_machines_name(session):
    with pytest.raises(BenchError, match="a program"):
        Session(session.folder, session.record, session.documents, "machine:m")


def test_only_whole_queries_predict(session):
    with pytest.raises(BenchError):
        judge_by_machine(session, Scripted(lambda count: 1 if count <= 30 else None), "m")
    predicted = session.predicted() if not session.refresh() else None
    there = ~np.isnan(predicted)
    for query in range(session.pool.queries):
        assert len(set(there[session.pool.query == query])) == 1
    assert 0 < there.sum() <= 30


def test_where_too_few_are_left_to_know_a_machine_people_alone_decide(session):
    def few(count):
        if count >= 5:
            raise BenchError("gone", "")
        return count % 4

    with pytest.raises(BenchError, match="gone"):
        judge_by_machine(session, Scripted(few), "m")
    alone = small_session(session.folder.parent / "alone")
    for judging in (session, alone):
        count = 0
        while (shown := judging.current()) is not None:
            judging.act(shown.number, "grade", count % 4)
            count += 1
    progress = session.progress()
    assert progress.is_machine_left_out
    assert "people's grades alone count" in machine_sentences(progress)[0]
    assert progress.verdict is not None
    labels = session.record.settings.retrievers
    by_people = verdict_sentences(alone.progress(), labels, made_queries=False)
    assert verdict_sentences(progress, labels, made_queries=False) == by_people
    assert "machine" not in " ".join(by_people)


def test_without_enough_of_peoples_grades_there_is_no_verdict_and_no_set(session):
    judge_by_machine(session, Scripted(lambda count: count % 4), "m")
    settings = session.record.settings

    def write():
        return write_set(session.folder, session.documents, session.record.asked)

    assert f"Grade {FEWEST_BOTH} more documents" in machine_sentences(session.progress())[0]
    with pytest.raises(BenchError, match="no grade"):
        write()
    for count in range(FEWEST_BOTH):
        assert session.progress().verdict is None
        assert write().judgements == count if count else True
        session.act(session.current().number, "grade", count % 4)
    progress = session.progress()
    assert f"on {FEWEST_BOTH} documents that both graded: kappa" in machine_sentences(progress)[0]
    assert "by a machine's judgements" in verdict_sentences(progress, settings.retrievers, made_queries=False)[0]
    assert write().judgements == len(session.pool)
    assert load_dataset(str(session.folder)).card.machine_judged


@pytest.mark.parametrize("kind", ["right", "biased", "noise", "opposite"])
def test_the_estimate_is_true_whatever_the_machine_says(kind):
    pool, gain = made_pool(np.random.default_rng(1), queries=60, better=0.5)
    rng = np.random.default_rng(2)
    noise = rng.random(len(pool))
    predicted = {
        "right": gain,
        "biased": 0.4 + 0.6 * np.maximum(gain, noise > 0.8),
        "noise": noise,
        "opposite": 1 - gain,
    }
    truth = pool.values(gain).mean(axis=0) @ [1, -1]
    with_machine, alone = [], []
    for seed in range(300):
        order = judging_order(pool, np.random.default_rng(seed))
        known = judge(order, gain, len(pool) // 4)
        with_machine.append(estimate(pool, order, known, predicted=predicted[kind]).means @ [1, -1])
        alone.append(estimate(pool, order, known).means @ [1, -1])
    assert abs(np.mean(with_machine) - truth) < 4 * np.std(with_machine) / np.sqrt(300) + 1e-9
    ratio = np.std(with_machine) / np.std(alone)
    assert ratio < {"right": 0.3, "biased": 0.95}.get(kind, 1.05)


def test_a_machine_that_is_wrong_only_where_it_decides_makes_the_difference_no_less_sure():
    """Both retrievers return the same first six hits, on which it is right; it knows nothing of the other four."""
    rng, queries = np.random.default_rng(0), 100
    scores = np.arange(10, 0, -1, dtype=np.float32)
    hits = ([*range(6), *range(start, start + 4)] for start in (6, 10))
    rankings = [Ranking(np.tile(own, (queries, 1)), np.tile(scores, (queries, 1))) for own in hits]
    pool = pool_hits(rankings, rank_weights("nDCG@10"))
    same = pool.document < 6
    gain = (rng.random(len(pool)) < np.where(same, 0.4, 0.05)).astype(float)
    predicted = np.where(same, gain, rng.random(len(pool)).round())
    variance = {"alone": [], "machine": []}
    for seed in range(30):
        order = judging_order(pool, np.random.default_rng(seed))
        known = judge(order, gain, len(pool) // 3)
        for kind, graded in (("alone", None), ("machine", predicted)):
            variance[kind].append(estimate(pool, order, known, predicted=graded).sampling_variance(np.array([1, -1])))
    assert np.mean(variance["machine"]) < 1.05 * np.mean(variance["alone"])


PEOPLE = [
    GradeLine("q1", "d1", "ann", grade=3),
    GradeLine("q1", "d1", "bob", grade=0),
    GradeLine("q1", "d2", "ann", grade=2),
    GradeLine("q2", "d2", "ann", grade=1),
    GradeLine("q2", "d2", "bob", grade=1),
    GradeLine("q2", "d2", "bob", grade=0, purpose="repeat"),
]
MACHINES = [
    GradeLine("q1", "d1", "machine:m", grade=1),
    GradeLine("q1", "d2", "machine:m", grade=0),
    GradeLine("q2", "d1", "machine:m", grade=3),
    GradeLine("q2", "d1", "machine:n", grade=0),
    GradeLine("q2", "d1", "machine:m", grade=0, purpose="repeat"),
    GradeLine("q1", "d1", "machine:m", grade=2, purpose="settle"),
    GradeLine("q2", "d2", THE_SET, grade=3),
]


@given(st.permutations(PEOPLE + MACHINES), st.booleans())
def test_no_programs_grade_is_in_what_is_said_of_people(lines, settle):
    """Nor is one that a set had before."""
    if settle:
        lines = [*lines, GradeLine("q1", "d1", "eve", grade=3, purpose="settle")]
    people = by_people(lines)
    ranked = Ranking(np.array([[0, 1], [1, 0]]), np.array([[2, 1], [2, 1]], dtype=np.float32))
    other = Ranking(ranked.documents[:, ::-1].copy(), ranked.scores)

    def all_of(given):
        rng = np.random.default_rng(0)
        effect = difference_by_judge(
            given,
            {"one": ranked, "other": other},
            "one",
            "other",
            queries=["q1", "q2"],
            documents=["d1", "d2"],
            measure="P@1",
            rng=rng,
        )
        return agreement(given, rng), own_repeats(given, rng), disagreements(given), effect

    assert repr(all_of(lines)) == repr(all_of(people))  # NaN is itself there
    assert {one.document for one in disagreements(lines)} == {"d1"}
    assert settled(lines) == settled(people)


def test_a_program_decides_on_no_disagreement(session):
    with pytest.raises(BenchError, match="a program"):
        Settling(session.folder, session.record, session.documents, "machine:m")


def test_a_set_is_marked_where_a_programs_grade_is_in_it_and_only_there(session):
    judge_by_machine(session, Scripted(lambda count: count % 4), "m")

    def written():
        write_set(session.folder, session.documents, session.record.asked)
        return load_dataset(str(session.folder))

    by_hand = [GradeLine(*pair, "ann", grade=0 if place else 1) for place, pair in enumerate(session.pairs)]
    append(session.folder, *by_hand[: FEWEST_BOTH - 1])
    few = written()
    assert (len(few.grade), few.card.machine_judged) == (FEWEST_BOTH - 1, False)
    append(session.folder, by_hand[FEWEST_BOTH - 1])
    assert written().card.machine_judged
    append(session.folder, *by_hand[FEWEST_BOTH:])
    whole = written()
    assert whole.grade.sum() == 1, "people's alone"
    assert not whole.card.machine_judged


def test_a_programs_grades_are_not_carried_into_another_judging_as_a_sets(session, tmp_path):
    judge_by_machine(session, Scripted(lambda count: count % 4), "m")
    append(session.folder, *(GradeLine(*pair, "ann", grade=1) for pair in session.pairs[:FEWEST_BOTH]))
    write_set(session.folder, session.documents, session.record.asked)
    stored = bench.run(
        str(session.folder), ["bm25", "tfidf"], latency=False, map="none", results=str(tmp_path / "results")
    )
    run = load_run(stored.folder)
    with pytest.raises(BenchError, match="grades that a program gave"):
        begin_from_run(tmp_path / "again", run, set_of_run(run))
    assert not (tmp_path / "again").exists()
