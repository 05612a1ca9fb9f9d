"""The grades that judges give: an append-only file, `grades.jsonl`, of which no line that was written is ever lost.

A line is one act of a judge: a grade, a skip, or an undo that takes back the judge's last act on that document. How
lines are kept is in `bench.judging.line_file`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import orjson
from pydantic import Field

from bench.data.formats.lines import MAX_GRADE, checked_id, storable
from bench.errors import BenchError, fit
from bench.judging.line_file import append_lines, record_of

GRADES = "grades.jsonl"
LONGEST_NAME = 80  # characters of a judge's name
THE_SET = "the set"  # who gave the grades that a set had before anybody was asked
MACHINE = "machine:"  # the name of a judge that is a program begins so, and no person's does

Key = tuple[str, str, str]  # judge, query, document
Pair = tuple[str, str]  # query, document


@dataclass(frozen=True)
class GradeLine:
    """One act of a judge on one document for one query.

    action: "grade", with a grade; "skip", the judge would not say; "undo", takes back this judge's last act on it.
    purpose: "judge"; "repeat", asked again to see whether the judge agrees with themself; "settle", the decision on a
    disagreement, which counts over what the judges said. position: the how manieth it was shown in its session, from 0;
    seed: of the session's order. time: when it was given, UTC, ISO 8601.
    """

    query: str
    document: str
    judge: str
    action: Literal["grade", "skip", "undo"] = "grade"
    grade: Annotated[int, Field(ge=0, le=MAX_GRADE, description="A grade is 0 or more.")] | None = None
    purpose: Literal["judge", "repeat", "settle"] = "judge"
    time: str = ""
    note: str = ""
    position: int | None = None
    seed: int | None = None

    @property
    def key(self) -> Key:
        """Who, and on what."""
        return self.judge, self.query, self.document

    @property
    def pair(self) -> Pair:
        """What it is a grade of."""
        return self.query, self.document

    @property
    def machine(self) -> bool:
        """Is the judge a program?"""
        return self.judge.startswith(MACHINE)


def now() -> str:
    """The time as a line has it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def append(folder: Path, *lines: GradeLine) -> None:
    """Put lines on disk, with the time where one has none. They are there when this returns.

    Raises BenchError for what is no line, and where the disk refuses: nothing of these lines is left then, and all that
    was there before is.
    """
    path = folder / GRADES
    content = b"".join(map(_content, lines))
    append_lines(path, content, lambda torn: _torn_line(torn, str(path)) is not None, "the grade")


def _content(line: GradeLine) -> bytes:
    _check(line, "the grade")
    fields = {name: value for name, value in asdict(line).items() if value is not None}
    fields["time"], fields["note"] = line.time or now(), storable(line.note)
    return orjson.dumps(fields) + b"\n"


def read(folder: Path) -> list[GradeLine]:
    """All lines, in the order in which they were written; none where there is no file.

    What stands behind the last line end is left out unless it is a whole line: a process died there, or writes it at
    this moment. Raises BenchError with the number of a line that is malformed anywhere else.
    """
    return Reader(folder).lines()


class Reader:
    """Reads the lines again and again as they come: what was read once is not parsed anew."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / GRADES
        self._whole: list[GradeLine] = []
        self._end = self._count = 0  # of the lines that ended: bytes, and lines, empty ones among them

    def lines(self) -> list[GradeLine]:
        """As `read`, which see."""
        try:
            with self._path.open("rb") as file:
                if file.seek(0, os.SEEK_END) < self._end:  # another file by now
                    self._whole, self._end, self._count = [], 0, 0
                file.seek(self._end)
                content = file.read()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise BenchError(f"{self._path} cannot be read: {error.strerror or error}.", "Check the file.") from None
        *whole, torn = content.split(b"\n")
        numbered = enumerate(whole, self._count + 1)
        self._whole += [_line(line, f"{self._path}:{number}") for number, line in numbered if line.strip()]
        self._end, self._count = self._end + len(content) - len(torn), self._count + len(whole)
        last = _torn_line(torn, str(self._path))
        return [*self._whole, last] if last else list(self._whole)


def _torn_line(content: bytes, where: str) -> GradeLine | None:
    try:
        return _line(content, where)
    except BenchError:
        return None


def _line(content: bytes, where: str) -> GradeLine:
    needed = ("query", "document", "judge", "action")
    record = record_of(content, where, GradeLine.__dataclass_fields__, needed)
    try:
        line = GradeLine(**fit(GradeLine, record))
    except BenchError as error:
        raise BenchError(f"{where}: {error.message}", error.hint or "Mend the line.") from None
    _check(line, where)
    return line


def _check(line: GradeLine, where: str) -> None:
    for value in line.pair:
        checked_id(value, where)
    checked_judge(line.judge, where)
    if (line.action == "grade") != (line.grade is not None):
        problem = "a grade without its value" if line.action == "grade" else f"{line.action} has no grade"
        raise BenchError(f"{where}: {problem}.", 'Only "action": "grade" has a "grade", and always.')
    if line.grade is not None and not 0 <= line.grade <= MAX_GRADE:
        raise BenchError(f"{where}: the grade is {line.grade}.", "A grade is 0 or more.")


def checked_judge(name: str, where: str) -> str:
    """A judge's name, else BenchError."""
    if not name.strip() or name != name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        raise BenchError(
            f"{where}: {name[:LONGEST_NAME]!r} is no name of a judge.",
            f"Give a name of 1 to {LONGEST_NAME} characters, on one line.",
        )
    return name


def checked_person(name: str, where: str) -> str:
    """The name of a judge who is a person, else BenchError."""
    if name.startswith(MACHINE):
        raise BenchError(
            f"{where}: {name!r} is the name of a judge that is a program.",
            "Give a name of your own, by which you judge.",
        )
    return checked_judge(name, where)


def standing(lines: Iterable[GradeLine]) -> list[GradeLine]:
    """The grades and skips that no undo took back, in the order in which they were given.

    An undo takes back the judge's last act on the document that still stands; one more takes back the act before it,
    and one that has nothing to take back does nothing.
    """
    acts: dict[Key, list[int]] = {}
    given = list(lines)
    taken_back = set()
    for place, line in enumerate(given):
        own = acts.setdefault(line.key, [])
        if line.action != "undo":
            own.append(place)
        elif own:
            taken_back.add(own.pop())
    return [line for place, line in enumerate(given) if line.action != "undo" and place not in taken_back]


def present(lines: Iterable[GradeLine]) -> dict[Key, GradeLine]:
    """What each judge says now of each document: the last act that stands, a grade or a skip.

    Repeats are left out, since they are asked to see how sure a judge is, not to change the grade; so are decisions on
    disagreements, which are no judge's own view (`settled`).
    """
    return {line.key: line for line in standing(lines) if line.purpose == "judge"}


def settled(lines: Iterable[GradeLine]) -> dict[Pair, int]:
    """The grade of each pair on which a disagreement was settled: a person's last decision that stands."""
    decided = {line.pair: line.grade for line in standing(lines) if line.purpose == "settle" and not line.machine}
    return {pair: grade for pair, grade in decided.items() if grade is not None}


def combined(lines: Iterable[GradeLine]) -> dict[Pair, int]:
    """One grade for each pair: the decision where a disagreement was settled, else the median of what the judges say
    now, the lower one of two in the middle. Pairs that were only skipped have none. A program's grade counts only where
    no person gave one.
    """
    given = list(lines)
    return _medians(by_machines(given)) | _medians(without_machines(given)) | settled(given)


def _medians(lines: Iterable[GradeLine]) -> dict[Pair, int]:
    by_pair: dict[Pair, list[int]] = {}
    for line in present(lines).values():
        if line.grade is not None:
            by_pair.setdefault(line.pair, []).append(line.grade)
    return {pair: sorted(grades)[(len(grades) - 1) // 2] for pair, grades in by_pair.items()}


def by_people(lines: Iterable[GradeLine]) -> list[GradeLine]:
    """Those of judges who are people: neither programs, nor what a set had before."""
    return [line for line in lines if not line.machine and line.judge != THE_SET]


def by_machines(lines: Iterable[GradeLine]) -> list[GradeLine]:
    """Those of judges that are programs."""
    return [line for line in lines if line.machine]


def without_machines(lines: Iterable[GradeLine]) -> list[GradeLine]:
    """Those of people, and what a set had before."""
    return [line for line in lines if not line.machine]
