"""Deciding where judges disagree: each document that they graded differently, the worst first, who said what hidden.

As in `bench.judging.session` the log of grades is the only memory, and a decision is on disk before the next is asked.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase
from typing import Literal

from bench.data.dataset import Dataset
from bench.errors import counted
from bench.judging.disagreement import Disagreement, disagreements
from bench.judging.grades import GradeLine, Reader, append, checked_person, present, standing
from bench.judging.judging_record import JudgingRecord
from bench.judging.session import asked_as, check_grade


@dataclass(frozen=True)
class Opinion:
    """What one judge gave. letter: in place of the name, another one on each document."""

    letter: str
    grade: int
    grade_name: str
    note: str


@dataclass(frozen=True)
class Disputed:
    """What is to be decided. number: how many acts of this person stand before it."""

    number: int
    query_id: str
    query: str
    document_id: str
    document: str
    opinions: tuple[Opinion, ...]


class Settling:
    """A person who decides.

    Args:
        folder: Where the grades are.
        record: Of the pool.
        documents: That were judged.
        judge: The name under which the decisions are kept.

    Raises:
        BenchError: For a name that is no person's, and grades that are malformed.
    """

    def __init__(self, folder: Path, record: JudgingRecord, documents: Dataset, judge: str) -> None:
        self.folder, self.record = folder, record
        self.judge = checked_person(judge, "--judge")
        self._queries = {query.id: query.text for query in record.queries}
        self._texts = documents.texts
        self._places = {name: place for place, name in enumerate(documents.documents["id"].to_pylist())}
        self._reader = Reader(folder)
        self.refresh()

    def refresh(self) -> None:
        """Read what others did meanwhile."""
        self._lines = self._reader.lines()

    @property
    def decided(self) -> int:
        """Of how many documents that judges disagree on there is a decision."""
        return sum(one.decision is not None for one in self._disagreements())

    @property
    def own(self) -> int:
        """Acts of this person that stand."""
        return len(self._acts())

    def current(self) -> Disputed | None:
        """The worst that nobody decided and this person did not pass over; None where nothing is left."""
        acts = self._acts()
        passed = {line.pair for line in acts}
        open_ones = (one for one in self._disagreements() if one.decision is None)
        one = next((one for one in open_ones if (one.query, one.document) not in passed), None)
        return None if one is None else self._disputed(one, len(acts))

    def act(
        self, number: int, action: Literal["grade", "skip"], grade: int | None = None, note: str = ""
    ) -> Disputed | None:
        """Store a decision, or that it stays open, and show what follows. It is on disk when this returns.

        Raises BenchError where something else was shown as `number`, for a grade that is none, and for a full disk.
        """
        shown = asked_as(number, self.current())
        check_grade(grade, self.record.settings.grade_names)
        self._append(GradeLine(shown.query_id, shown.document_id, self.judge, action, grade, "settle", note=note))
        return self.current()

    def undo(self) -> Disputed | None:
        """Take back this person's last decision that stands, and show it again; nothing happens where there is none."""
        if acts := self._acts():
            self._append(GradeLine(acts[-1].query, acts[-1].document, self.judge, "undo", purpose="settle"))
        return self.current()

    def sentence(self) -> str:
        """How far it is."""
        listed = self._disagreements()
        if not listed:
            return "Judges disagree on nothing."
        return f"{self.decided:,} of {counted(len(listed), 'disagreement')} settled."

    def _disagreements(self) -> list[Disagreement]:
        known = (one for one in disagreements(self._lines) if one.query in self._queries)
        return [one for one in known if one.document in self._places]

    def _acts(self) -> list[GradeLine]:
        return [line for line in standing(self._lines) if line.judge == self.judge and line.purpose == "settle"]

    def _disputed(self, one: Disagreement, number: int) -> Disputed:
        given = present(self._lines)
        names = self.record.settings.grade_names

        def place(judge: str) -> bytes:
            text = "\0".join((str(self.record.settings.seed), "settle", one.query, one.document, judge))
            return hashlib.sha256(text.encode()).digest()

        opinions = tuple(
            Opinion(
                letter_of(order),
                one.grades[judge],
                names[min(one.grades[judge], len(names) - 1)],
                given[judge, one.query, one.document].note,
            )
            for order, judge in enumerate(sorted(one.grades, key=place))
        )
        text = self._texts[self._places[one.document]]
        return Disputed(number, one.query, self._queries[one.query], one.document, text, opinions)

    def _append(self, line: GradeLine) -> None:
        append(self.folder, line)
        self.refresh()


def letter_of(place: int) -> str:
    """A, B, …, Z, AA, AB, …"""
    further, last = divmod(place, len(ascii_uppercase))
    return (letter_of(further - 1) if further else "") + ascii_uppercase[last]
