"""What a judge that is a program may answer: {"grade": 2, "note": "…"} or {"skip": true}, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from bench.errors import BenchError

HINT = 'It reads a JSON line and answers one, {"grade": 2} or {"skip": true}, and flushes it.'
_SHOWN = 200


@dataclass(frozen=True)
class MachineAnswer:
    """grade: None where the program would not say. note: its own words."""

    grade: int | None
    note: str = ""


class JudgeStoppedError(BenchError):
    """No further document may be asked for."""


def read_answer(content: bytes | str, grades: int, hint: str = HINT) -> MachineAnswer:
    """The answer that a text is, of so many grades. Raises BenchError for any other, with this hint."""
    try:
        answer = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise _wrong(content, hint, "is no JSON") from None
    if not isinstance(answer, dict) or answer.keys() - {"grade", "skip", "note"}:
        raise _wrong(content, hint, "is not an object of grade, skip and note alone")
    note, grade = answer.get("note", ""), answer.get("grade")
    if not isinstance(note, str):
        raise _wrong(content, hint, "has a note that is no text")
    if answer.get("skip", False) is True and grade is None:
        return MachineAnswer(None, note)
    if type(grade) is not int or not 0 <= grade < grades or answer.get("skip", False) is not False:
        raise _wrong(content, hint, f"has no grade from 0 to {grades - 1}")
    return MachineAnswer(grade, note)


def _wrong(content: bytes | str, hint: str, problem: str) -> BenchError:
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
    return BenchError(f"The answer {text.strip()[:_SHOWN]!r} {problem}.", hint)
