"""A judge that is a program on this machine: a JSON line to its standard input, a JSON line from its standard output.

    {"query": "…", "document": "…", "grades": ["not relevant", "related", "relevant", "perfect"]}
    {"grade": 2, "note": "…"}  or  {"skip": true}

No shell starts it. It is killed with all that it started when it takes too long, and in the end; where this process is
killed itself, its input ends. What it writes to its standard error is shown as it is.
"""

from __future__ import annotations

import os
import queue
import shlex
import signal
import subprocess
import threading
from collections.abc import Sequence
from typing import IO, Self

import orjson

from bench.data.formats.lines import storable
from bench.errors import BenchError
from bench.judging.machine_answer import HINT, MachineAnswer, read_answer

SECONDS = 60.0  # for a line
TRIES = 2
_LONGEST = 1 << 20  # bytes of an answer


class ProgramJudge:
    """Grades by a program, which is started with the first question and anew after a failure. As a context it ends it.

    Args:
        command: The program and its arguments, as a shell splits them.
        seconds: For each line.

    Raises:
        BenchError: For a command that is empty or has an open quote, and a time that is none.
    """

    def __init__(self, command: str, *, seconds: float = SECONDS) -> None:
        try:
            self._command = shlex.split(command)
        except ValueError as error:
            raise BenchError(f"--program {command!r}: {error}.", "Close the quote.") from None
        if not self._command:
            raise BenchError("--program is empty.", "Give a program and its arguments.")
        if not 0 < seconds < float("inf"):
            raise BenchError(f"The time for a line is {seconds:g} s.", "Give a number above 0.")
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, query: str, document: str, grades: Sequence[str]) -> MachineAnswer:
        """Its grade. Raises BenchError where it has no right answer in time, after a second try."""
        asked = {"query": storable(query), "document": storable(document), "grades": list(grades)}
        content = orjson.dumps(asked) + b"\n"
        for tried in range(1, TRIES + 1):
            try:
                return read_answer(self._answer(content), len(grades))
            except BenchError:
                self.close()  # a late answer would be taken for that to the next question
                if tried == TRIES:
                    raise
        raise AssertionError

    def close(self) -> None:
        """End the program and what it started."""
        process, self._process = self._process, None
        if process is None:
            return
        if os.name == "nt":
            process.kill()
        else:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        process.wait()
        for pipe in (process.stdin, process.stdout):
            try:
                if pipe:
                    pipe.close()
            except OSError:  # what it did not read any more
                pass

    def _answer(self, content: bytes) -> bytes:
        process = self._process or self._start()
        # In a thread, since a program that reads nothing would hold a long line's writer for ever.
        threading.Thread(target=_write, args=(process.stdin, content), daemon=True).start()
        try:
            line = self._lines.get(timeout=self._seconds)
        except queue.Empty:
            raise BenchError(f"{self._command[0]} gave no answer in {self._seconds:g} s.", HINT) from None
        if not line:
            try:
                ended = f"ended with {process.wait(1)}"
            except subprocess.TimeoutExpired:
                ended = "closed its output"
            raise BenchError(f"{self._command[0]} {ended} before it answered.", HINT)
        return line

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise BenchError(
                f"{self._command[0]} cannot be started: {reason}.", "Name a program and its arguments."
            ) from None
        self._process, self._lines = process, queue.SimpleQueue()
        threading.Thread(target=_read, args=(process.stdout, self._lines), daemon=True).start()
        return process


def _write(pipe: IO[bytes], content: bytes) -> None:
    try:
        pipe.write(content)
        pipe.flush()
    except (OSError, ValueError):  # it ended: no answer says so
        pass


def _read(pipe: IO[bytes], lines: queue.SimpleQueue[bytes]) -> None:
    """Hand on line after line; an empty one stands for the end."""
    try:
        while line := pipe.readline(_LONGEST):
            lines.put(line)
    except (OSError, ValueError):
        pass
    lines.put(b"")
