"""Grades by a program: pair after pair is put to it, and what it says is kept beside people's grades, marked.

It goes query by query, not in the order in which people judge: in the estimate, whether a pair has a program's grade
may not depend on whether a person judged it. Each grade is on disk before the next pair is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from bench.errors import BenchError
from bench.judging.grades import MACHINE, GradeLine, append, checked_judge, present, read
from bench.judging.machine_answer import JudgeStoppedError, MachineAnswer
from bench.judging.session import Session

FAILURES = 3  # documents in a row without an answer, after which it ends


class MachineJudge(Protocol):
    """A program that grades."""

    def ask(self, query: str, document: str, grades: Sequence[str]) -> MachineAnswer:
        """Its grade, a place among the names of the grades.

        Raises BenchError where it has no right answer, and JudgeStoppedError where nothing further may be asked.
        """


@dataclass(frozen=True)
class MachineWork:
    """graded, skipped: now. failed: documents without an answer, which the same command asks for again."""

    graded: int
    skipped: int
    failed: int


def judge_by_machine(session: Session, machine: MachineJudge, name: str) -> MachineWork:
    """Have all pairs graded that the program of this name did not grade yet.

    Raises BenchError after FAILURES documents in a row without an answer, and where it is to stop; what was graded
    before is kept.
    """
    judge = checked_judge(f"{MACHINE}{name}", "--judge")
    names = session.record.settings.grade_names
    done = {line.pair for line in present(read(session.folder)).values() if line.judge == judge}
    graded = skipped = failed = in_a_row = 0
    for position in np.argsort(session.pool.query, kind="stable").tolist():
        if (pair := session.pairs[position]) in done:
            continue
        query = session.record.queries[int(session.pool.query[position])].text
        try:
            answer = machine.ask(query, session.documents.texts[int(session.pool.document[position])], names)
        except JudgeStoppedError as error:
            raise BenchError(error.message, f"{error.hint} The grades so far are kept.") from None
        except BenchError as error:
            failed, in_a_row = failed + 1, in_a_row + 1
            if in_a_row == FAILURES:
                raise BenchError(
                    f"{in_a_row} documents in a row have no grade. The last, query {pair[0]!r}, document {pair[1]!r}: "
                    f"{error.message}",
                    f"{error.hint or 'Mend it.'} The grades so far are kept; the same command goes on.",
                ) from None
            continue
        in_a_row = 0
        is_skip = answer.grade is None
        action: Literal["grade", "skip"] = "skip" if is_skip else "grade"
        append(session.folder, GradeLine(pair[0], pair[1], judge, action, answer.grade, note=answer.note))
        graded, skipped = graded + (not is_skip), skipped + is_skip
    session.refresh()
    return MachineWork(graded, skipped, failed)
