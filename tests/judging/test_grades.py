"""No grade that was reported as stored is ever lost; the present grade of a document is what its judge last said."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from statistics import median_low

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import ROOT

from bench.errors import BenchError
from bench.judging import grades, line_file
from bench.judging.grades import GRADES, GradeLine, Reader, append, combined, present, read, settled, standing

GRADER = ROOT / "tests" / "support" / "grading.py"


def grader(folder, judge, first, count, **options):
    command = [sys.executable, str(GRADER), str(folder), judge, str(first), str(count)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, **options)


def line(document="d1", judge="ann", query="q1", **fields):
    fields = {"grade": 1, **fields} if fields.get("action", "grade") == "grade" else fields
    return GradeLine(query, document, judge, **fields)


def test_what_was_appended_is_read(tmp_path):
    first = line(grade=2, note='two\nlines, "quotes" and \u2028', position=3, seed=7, time="2026-01-01T00:00:00+00:00")
    second = line("d2", action="skip", time="2026-01-01T00:00:01+00:00")
    append(tmp_path / "new", first)
    append(tmp_path / "new", second)
    assert read(tmp_path / "new") == [first, second]
    assert (tmp_path / "new" / GRADES).read_bytes().count(b"\n") == 2


def test_a_line_has_the_time(tmp_path):
    before = grades.now()
    append(tmp_path, line())
    assert before <= read(tmp_path)[0].time <= grades.now()


def test_no_file_is_no_grade(tmp_path):
    assert read(tmp_path) == []


def test_half_characters_of_a_note_are_no_trouble(tmp_path):
    append(tmp_path, line(note="\ud800!"))
    assert read(tmp_path)[0].note == "?!"


def test_kill_loses_nothing_that_was_reported(tmp_path):
    """A real kill -9 at any moment, again and again on one file."""
    chance = random.Random(0)
    reported = 0
    for _ in range(8):
        process = grader(tmp_path, "ann", reported, 1_000_000)
        process.stdout.readline()
        time.sleep(chance.uniform(0, 0.1))
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate()
        last = rest.rpartition(b"\n")[0].rpartition(b"\n")[2]
        reported = int(last) + 1 if last else reported + 1
        there = [int(each.document[1:]) for each in read(tmp_path)]
        assert there[:reported] == list(range(reported))
        assert len(there) <= reported + 1  # the one that was written and not yet reported
        reported = len(there)
    assert reported >= 8


@given(data=st.data())
def test_a_torn_end_costs_at_most_itself(tmp_path_factory, data):
    """The file is cut at any byte, or ends in what a crashed machine left there."""
    folder = tmp_path_factory.mktemp("torn")
    stored = [line(f"d{number}", note="é" * number) for number in range(3)]
    for each in stored:
        append(folder, each)
    content = (folder / GRADES).read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    dirt = data.draw(st.sampled_from([b"", b"\0" * 100, b"{", b'{"query": "q1"}', b"null", b"\xff"]))
    (folder / GRADES).write_bytes(content[:cut] + dirt)
    whole = content[:cut].count(b"\n")
    unharmed = read(folder)
    assert [each.document for each in unharmed[:whole]] == [each.document for each in stored[:whole]]
    assert len(unharmed) - whole in (0, 1)  # 1: nothing was missing but the line end
    append(folder, line("after"))
    assert [each.document for each in read(folder)] == [*(each.document for each in unharmed), "after"]


def test_a_long_torn_line_is_cut_off(tmp_path):
    append(tmp_path, line())
    with (tmp_path / GRADES).open("ab") as stream:
        stream.write(b"x" * (3 * line_file.TAIL + 5))
    append(tmp_path, line("d2"))
    assert [each.document for each in read(tmp_path)] == ["d1", "d2"]


def test_processes_at_once_lose_nothing(tmp_path):
    processes = [grader(tmp_path, f"judge {number}", 0, 60) for number in range(3)]
    for process in processes:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    lines = read(tmp_path)
    for number in range(3):
        own = [each.document for each in lines if each.judge == f"judge {number}"]
        assert own == [f"d{place}" for place in range(60)]


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="the system has no limit on the size of files")
def test_a_full_disk_is_one_error_and_loses_nothing(tmp_path):
    """A limit on the file's size does what a full disk does: it takes a part of the line, then nothing."""
    import resource

    append(tmp_path, line())
    before = (tmp_path / GRADES).read_bytes()

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, len(before) + 100))

    process = grader(tmp_path, "bob", 1, 1, preexec_fn=limited)
    output, errors = process.communicate()
    assert process.returncode == 1
    assert output == b""
    assert b"BenchError" in errors
    assert b"the grade was not stored" in errors
    assert b"Make room" in errors
    assert (tmp_path / GRADES).read_bytes() == before
    append(tmp_path, line("d2"))
    assert len(read(tmp_path)) == 2


def test_what_may_not_be_on_disk_is_not_there(tmp_path, monkeypatch):
    append(tmp_path, line())

    def refuse(file):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(BenchError, match="Input/output error"):
        append(tmp_path, line("d2"))
    assert [each.document for each in read(tmp_path)] == ["d1"]


def test_a_lock_that_is_held_is_an_error_and_no_grade(tmp_path, monkeypatch):
    from filelock import FileLock

    monkeypatch.setattr(line_file, "LOCK_SECONDS", 0.05)
    with FileLock(line_file.lock_of(tmp_path / GRADES)), pytest.raises(BenchError, match="held by another process"):
        append(tmp_path, line())
    assert read(tmp_path) == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{", "grades.jsonl:2: no JSON"),
        (b"3", "grades.jsonl:2: not an object"),
        (b'{"query": "q1", "document": "d1", "judge": "a"}', "grades.jsonl:2: no 'action'"),
        (b'{"query": "q1", "document": "d1", "judge": "a", "action": "grade"}', "a grade without its value"),
        (b'{"query": "q1", "document": "d1", "judge": "a", "action": "undo", "grade": 1}', "undo has no grade"),
        (b'{"query": "q1", "document": "d1", "judge": "a", "action": "grade", "grade": -1}', ":2: grade is -1"),
        (b'{"query": "q1", "document": "d1", "judge": "a", "action": "grade", "grade": "1"}', "a whole number"),
        (b'{"query": "q1", "document": "d1", "judge": "a", "action": "forget"}', "action is forget"),
        (b'{"query": "q 1", "document": "d1", "judge": "a", "action": "skip"}', "white space"),
        (b'{"query": "q1", "document": "d1", "judge": "", "action": "skip"}', "no name of a judge"),
        (b'{"query": "q1", "document": "d1", "judge": "a", "action": "skip", "mood": 1}', "'mood'"),
    ],
)
def test_a_malformed_line_is_named(tmp_path, content, problem):
    append(tmp_path, line())
    with (tmp_path / GRADES).open("ab") as stream:
        stream.write(content + b"\n")
    with pytest.raises(BenchError, match=problem.replace("'", ".")):
        read(tmp_path)


@pytest.mark.parametrize(
    "wrong", [{"judge": "a\nb"}, {"judge": " "}, {"document": "d 1"}, {"query": ""}, {"grade": -1}]
)
def test_what_is_no_line_is_not_written(tmp_path, wrong):
    with pytest.raises(BenchError):
        append(tmp_path, line(**wrong))
    assert read(tmp_path) == []


def undo(**fields):
    return line(action="undo", **fields)


def test_undo_takes_back_the_last_act_of_that_judge_on_that_document():
    lines = [line(grade=3), line(grade=1), line(judge="bob", grade=2), undo()]
    assert [each.grade for each in standing(lines)] == [3, 2]
    assert present(lines)["ann", "q1", "d1"].grade == 3
    assert [each.judge for each in standing([*lines, undo(), undo(), undo()])] == ["bob"]
    assert undo() not in standing([undo(), line()])


def test_a_repeat_is_no_present_grade():
    lines = [line(grade=3), line(grade=1, purpose="repeat")]
    assert present(lines) == {("ann", "q1", "d1"): lines[0]}


def test_several_judges_are_combined_by_the_lower_median_and_decisions_win():
    lines = [line(judge=judge, grade=grade) for judge, grade in [("ann", 0), ("bob", 3), ("cat", 2), ("dan", 3)]]
    assert combined(lines) == {("q1", "d1"): 2}
    decision = line(judge="eve", grade=1, purpose="settle")
    assert settled([*lines, decision]) == combined([*lines, decision]) == {("q1", "d1"): 1}
    assert combined([*lines, decision, replace(decision, action="undo", grade=None)]) == {("q1", "d1"): 2}
    assert combined([line(action="skip")]) == {}


acts = st.lists(
    st.builds(
        lambda judge, document, act: (
            line(document, judge, grade=act) if isinstance(act, int) else line(document, judge, action=act)
        ),
        st.sampled_from(["ann", "bob", "cat"]),
        st.sampled_from(["d1", "d2"]),
        st.one_of(st.integers(0, 3), st.sampled_from(["skip", "undo"])),
    ),
    max_size=30,
)


@given(acts)
def test_the_present_grades_are_those_of_a_stack(lines):
    stacks = {}
    for each in lines:
        stack = stacks.setdefault(each.key, [])
        if each.action != "undo":
            stack.append(each)
        elif stack:
            stack.pop()
    assert present(lines) == {key: stack[-1] for key, stack in stacks.items() if stack}
    by_pair = {}
    for stack in stacks.values():
        if stack and stack[-1].grade is not None:
            by_pair.setdefault(stack[-1].pair, []).append(stack[-1].grade)
    assert combined(lines) == {pair: median_low(given_grades) for pair, given_grades in by_pair.items()}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 60), max_size=30), st.booleans())
def test_who_reads_as_lines_come_has_what_is_there(tmp_path_factory, steps, ends):
    """Whatever part of the file was on disk at each reading, torn lines among it."""
    folder, partial = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("partial")
    append(folder, *(GradeLine("q1", f"d{number}", "ann", grade=number % 4) for number in range(8)))
    content = (folder / GRADES).read_bytes()[: None if ends else -1]
    reader, size = Reader(partial), 0
    for step in steps:
        size = min(len(content), size + step)
        (partial / GRADES).write_bytes(content[:size])
        assert reader.lines() == read(partial)
    (partial / GRADES).write_bytes(content[: size // 3])
    assert reader.lines() == read(partial), "shorter than before: another file"
