"""bench judge with a program or a language model is killed in the middle: nothing is asked twice but what was open."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading

import pytest
from chat_service import answer_of, chat_service
from places import ROOT
from small_judging import small_session

from bench.judging.grades import read

ANSWERED = 7
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system kills in another way"),
]


@pytest.fixture
def session(tmp_path):
    return small_session(tmp_path)


def judging(folder, *flags):
    """The command as a process of its own."""
    command = [sys.executable, "-m", "bench", "judge", f"plain:{folder / 'docs'}", "--to", "judged", *flags]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )


def test_an_endpoint_is_asked_once_for_each_pair_but_the_open_one(session, tmp_path):
    is_asked, may_answer = threading.Event(), threading.Event()

    def hang(request):
        is_asked.set()
        may_answer.wait()
        return answer_of(request)

    with chat_service() as service:
        service.script = [answer_of] * ANSWERED + [hang]
        flags = ("--endpoint", service.url, "--model", "m")
        process = judging(tmp_path, *flags)
        while not is_asked.wait(0.1):
            assert process.poll() is None, process.stderr.read().decode()
        process.send_signal(signal.SIGKILL)
        process.communicate()
        may_answer.set()
        assert len(read(session.folder)) == ANSWERED
        process = judging(tmp_path, *flags)
        _, errors = process.communicate()
        assert process.returncode == 0, errors.decode()
        pairs = [json.dumps(request["messages"]) for _, request in service.requests]
    graded = {line.pair for line in read(session.folder)}
    assert len(graded) == len(read(session.folder)) == len(session.pool)
    repeated = [pair for pair in pairs if pairs.count(pair) > 1]
    assert repeated == [pairs[ANSWERED]] * 2, "the one in flight"
    assert pairs[ANSWERED + 1] == pairs[ANSWERED]


PROGRAM = """
import json, pathlib, sys
for number, line in enumerate(sys.stdin):
    with pathlib.Path("asked.txt").open("a") as file:
        file.write(line)
    if number == {hangs}:
        print("asked", file=sys.stderr, flush=True)
        continue
    print(json.dumps({{"grade": 1}}), flush=True)
print("its input ended", file=sys.stderr, flush=True)
"""


def test_a_program_ends_with_its_input_and_is_asked_once_for_each_pair_but_the_open_one(session, tmp_path):
    (tmp_path / "grade.py").write_text(PROGRAM.format(hangs=ANSWERED), "utf-8")
    flags = ("--program", f"{sys.executable} grade.py", "--judge", "rules", "--seconds", "3600")
    process = judging(tmp_path, *flags)
    line = process.stderr.readline()
    assert line == b"asked\n", line + process.stderr.read()
    process.send_signal(signal.SIGKILL)
    # Until the last one that holds the pipe is gone: the program, which bench can no longer end.
    assert process.communicate()[1] == b"its input ended\n"
    assert len(read(session.folder)) == ANSWERED
    (tmp_path / "grade.py").write_text(PROGRAM.format(hangs=-1), "utf-8")
    process = judging(tmp_path, *flags)
    _, errors = process.communicate()
    assert process.returncode == 0, errors.decode()
    assert len({line.pair for line in read(session.folder)}) == len(read(session.folder)) == len(session.pool)
    asked = (tmp_path / "asked.txt").read_text("utf-8").splitlines()
    assert [pair for pair in asked if asked.count(pair) > 1] == [asked[ANSWERED]] * 2
