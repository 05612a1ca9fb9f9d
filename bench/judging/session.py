"""One judge's way through a pool: what is shown next, what is done with an answer, how far it is.

The log of grades is the only memory: a session that is killed and begun again shows what it would have shown. Pairs
come in the pool's order, a batch at a time. Within a batch each judge has an order of their own, the documents of a
query together; two who judge at once meet in its middle. What one graded, the others are not asked, but for a share
that all judge, by which their agreement is known. Another share is asked of the same judge again, later and unmarked.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Literal, Protocol, TypeVar

import numpy as np

from bench.data.dataset import Dataset
from bench.errors import BenchError
from bench.evaluation.units import Floats
from bench.judging.design import JudgingOrder
from bench.judging.grades import (
    THE_SET,
    GradeLine,
    Pair,
    Reader,
    append,
    by_machines,
    by_people,
    checked_person,
    combined,
    standing,
    without_machines,
)
from bench.judging.judging_record import JudgingRecord
from bench.judging.machine_agreement import MachineAgreement, machine_agreement
from bench.judging.pool import Pool
from bench.judging.stopping import RunningVerdict, looks, running_verdict

BATCH = 20  # pairs that one judge may have in an order of their own
REPEAT_SHARE, SHARED_SHARE = 0.05, 0.1
REPEAT_AFTER = 20  # acts before a pair is asked again, so that it is judged and not remembered
MARGIN = 0.01  # a difference of values that does not matter

Purpose = Literal["judge", "repeat"]


@dataclass(frozen=True)
class Shown:
    """What a judge sees. number: how many acts of theirs stand before it; position: the pair's in the pool."""

    number: int
    position: int
    purpose: Purpose
    query_id: str
    query: str
    document_id: str
    document: str


class Numbered(Protocol):
    """What a person is shown; `number` tells it from what was shown before."""

    @property
    def number(self) -> int: ...


_Numbered = TypeVar("_Numbered", bound=Numbered)


def asked_as(number: int, shown: _Numbered | None) -> _Numbered:
    """What is shown. Raises BenchError where it is not what was shown under that number."""
    if shown is None or shown.number != number:
        raise BenchError("This was answered already, perhaps in another window.", "Go on with what is shown now.")
    return shown


def check_grade(grade: int | None, names: Sequence[str]) -> None:
    """Raise BenchError for a grade that has no name; None is none, and neither is JSON's true, an int in Python."""
    if grade is not None and not (type(grade) is int and 0 <= grade < len(names)):
        raise BenchError(f"The grade is {grade}.", f"Grades go from 0 to {len(names) - 1}.")


@dataclass(frozen=True)
class JudgingProgress:
    """judged: pairs with a grade or a skip, of `pairs` in the pool; known: of those, by the set before anybody was
    asked; own: acts of this judge that stand. next_look: after how many the verdict is taken anew, None behind the last
    one. verdict: the last that was taken, None before. machine: how far a program's grades agree with people's, None
    where no program graded; without enough people's grades beside them the verdict is withheld, as long as there can be
    enough.
    """

    judged: int
    pairs: int
    own: int
    next_look: int | None
    verdict: RunningVerdict | None
    known: int = 0
    machine: MachineAgreement | None = None

    @property
    def is_machine_left_out(self) -> bool:
        """Are too few documents left for anybody to know how far a program is right? Then people alone count."""
        machine = self.machine
        return machine is not None and not machine.can_be_enough(self.pairs - self.judged)


class Session:
    """A judge at a pool.

    Args:
        folder: Where the grades are.
        record: Of the pool.
        documents: Whose positions the record has.
        judge: Their name.
        repeat_share: Of this judge's pairs that are asked again.
        shared_share: Of the pool that every judge is asked.
        margin: A difference of two retrievers' values that does not matter.

    Raises:
        BenchError: For a name that is none, a share outside of 0 to 1, other documents than the record's, and grades
            that are malformed.
    """

    def __init__(
        self,
        folder: Path,
        record: JudgingRecord,
        documents: Dataset,
        judge: str,
        *,
        repeat_share: float = REPEAT_SHARE,
        shared_share: float = SHARED_SHARE,
        margin: float = MARGIN,
    ) -> None:
        for name, share in (("repeat", repeat_share), ("shared", shared_share)):
            if not 0 <= share <= 1:
                raise BenchError(f"The share of {name} judgements is {share:g}.", "Give a number from 0 to 1.")
        if not margin > 0:
            raise BenchError(f"The margin is {margin:g}.", "Give the smallest difference that matters, above 0.")
        if documents.fingerprint != record.settings.documents:
            raise BenchError(
                f"{record.settings.source} is not what {folder} began with: its documents changed.",
                "Judge the new ones in another folder.",
            )
        self.folder, self.record, self.documents = folder, record, documents
        self.judge, self.margin = checked_person(judge, "--judge"), margin
        if judge == THE_SET:
            raise BenchError(
                f"--judge {judge!r} is whom the grades are of that a set had before.", "Give another name."
            )
        self._repeat_share, self._shared_share = repeat_share, shared_share
        self._lines: list[GradeLine] = []
        self._ways: dict[int, tuple[int, ...]] = {}
        self._reader = Reader(folder)
        self.refresh()

    @cached_property
    def pool(self) -> Pool:
        """All pairs that can be judged."""
        return self.record.pool()

    @cached_property
    def order(self) -> JudgingOrder:
        """In which they come."""
        known = {line.pair for line in self._lines if line.judge == THE_SET}
        return self.record.order(self.pool, np.array([pair in known for pair in self.pairs]))

    @cached_property
    def pairs(self) -> list[Pair]:
        """(query id, document id) of each pair of the pool."""
        ids = self.documents.document_ids(self.pool.document)
        return [
            (self.record.queries[query].id, name) for query, name in zip(self.pool.query.tolist(), ids, strict=True)
        ]

    @cached_property
    def _place(self) -> dict[Pair, int]:
        return {pair: position for position, pair in enumerate(self.pairs)}

    def refresh(self) -> None:
        """Read what other judges did meanwhile."""
        self._lines = self._reader.lines()

    def current(self) -> Shown | None:
        """What this judge is asked now; None where there is nothing left for them."""
        acts = [line for line in standing(self._lines) if line.judge == self.judge and line.purpose != "settle"]
        number = len(acts)
        again = self._due_again(acts)
        if again is not None:
            return self._shown(number, again, "repeat")
        return next(self._new(number), None)

    def following(self, count: int) -> list[Shown]:
        """So many that this judge was not asked yet, in the order in which they come."""
        return list(islice(self._new(0), count))

    def _new(self, number: int) -> Iterator[Shown]:
        given = standing(self._lines)
        own = {line.pair for line in given if line.judge == self.judge and line.purpose != "settle"}
        others = {line.pair for line in without_machines(given) if line.judge != self.judge and line.action == "grade"}
        known = set(self.order.order[: self.order.known].tolist())
        asked = (pair for pair in self._way() if pair not in known and self._is_asked(self.pairs[pair], own, others))
        return (self._shown(number + more, pair, "judge") for more, pair in enumerate(asked))

    def act(
        self, number: int, action: Literal["grade", "skip"], grade: int | None = None, note: str = ""
    ) -> Shown | None:
        """Store what the judge says of what is shown now, and show what follows. It is on disk when this returns.

        Raises BenchError where something else was shown as `number`, for a grade that is none, and for a full disk.
        """
        shown = asked_as(number, self.current())
        check_grade(grade, self.record.settings.grade_names)
        self._append(
            GradeLine(
                shown.query_id,
                shown.document_id,
                self.judge,
                action,
                grade,
                shown.purpose,
                note=note,
                position=number,
                seed=self.record.settings.seed,
            )
        )
        return self.current()

    def undo(self) -> Shown | None:
        """Take back this judge's last act that stands, and show it again; nothing happens where there is none."""
        acts = [line for line in standing(self._lines) if line.judge == self.judge and line.purpose != "settle"]
        if acts:
            last = acts[-1]
            self._append(GradeLine(last.query, last.document, self.judge, "undo", purpose=last.purpose))
        return self.current()

    def progress(self) -> JudgingProgress:
        """How far it is, with the verdict so far."""
        gain, skipped = self.gains()
        judged = int((~np.isnan(gain) | skipped).sum())
        own = sum(line.judge == self.judge for line in standing(self._lines))
        following = next((look for look in looks(len(self.pool), self.order.known) if look > judged), None)
        predicted, machine, verdict = self.predicted(), None, None
        left = len(self.pool) - judged
        if by_machines(self._lines):
            machine = machine_agreement(self._lines)
            predicted = predicted if machine.can_be_enough(left) else None
        if self.pool.retrievers > 1 and (machine is None or machine.enough or not machine.can_be_enough(left)):
            verdict = running_verdict(self.pool, self.order, gain, self.margin, skipped, predicted=predicted)
        return JudgingProgress(judged, len(self.pool), own, following, verdict, self.order.known, machine)

    @property
    def lines(self) -> list[GradeLine]:
        """All acts of all judges, as they were read last."""
        return self._lines

    def gains(self) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
        """Without programs: float64 [pairs], grade over the highest, NaN where none is; bool [pairs], only skipped."""
        return self._gains(without_machines(self._lines))

    def predicted(self) -> Floats | None:
        """By programs: float64 [pairs], NaN where there is none, and in queries of which pairs are still to be graded.

        A program's grade counts by the whole query, so that having one does not depend on the order. None where no
        query is done.
        """
        gain, skipped = self._gains(by_machines(self._lines))
        is_open = np.bincount(self.pool.query, np.isnan(gain) & ~skipped, self.pool.queries) > 0
        gain[is_open[self.pool.query]] = np.nan
        return None if np.isnan(gain).all() else gain

    def _gains(self, lines: list[GradeLine]) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
        gain, skipped = np.full(len(self.pool), np.nan), np.zeros(len(self.pool), dtype=bool)
        highest = len(self.record.settings.grade_names) - 1
        for pair, grade in combined(lines).items():
            if pair in self._place:
                gain[self._place[pair]] = min(1.0, grade / highest)
        for line in standing(lines):
            if line.action == "skip" and line.pair in self._place:
                skipped[self._place[line.pair]] = True
        return gain, skipped & np.isnan(gain)

    def brought(self) -> dict[Pair, dict[str, int]]:
        """Which retriever brought each pair, and at which rank from 1."""
        labels = self.record.settings.retrievers
        return {
            pair: {label: rank for label, rank in zip(labels, ranks, strict=True) if rank}
            for pair, ranks in zip(self.pairs, self.pool.rank.tolist(), strict=True)
        }

    def _append(self, line: GradeLine) -> None:
        append(self.folder, line)
        self.refresh()

    def _way(self) -> tuple[int, ...]:
        """The pairs in this judge's order: of two, one has each batch from its front, the other from its back."""
        judges = list(dict.fromkeys(line.judge for line in by_people(self._lines)))
        number = judges.index(self.judge) if self.judge in judges else len(judges)
        if number not in self._ways:
            self._ways[number] = self._way_of(number)
        return self._ways[number]

    def _way_of(self, number: int) -> tuple[int, ...]:
        def place(pair: int) -> tuple[float, float]:
            query, document = self.pairs[pair]
            return self._drawn(f"queries {number // 2}", query), self._drawn(f"order {number // 2}", query, document)

        batches = (self.order.order[start : start + BATCH].tolist() for start in range(0, len(self.pool), BATCH))
        return tuple(pair for batch in batches for pair in sorted(batch, key=place, reverse=number % 2 == 1))

    def _is_asked(self, pair: Pair, own: set[Pair], others: set[Pair]) -> bool:
        return pair not in own and (pair not in others or self._drawn("shared", *pair) < self._shared_share)

    def _due_again(self, acts: list[GradeLine]) -> int | None:
        """The first pair that this judge graded long enough ago, is drawn for a repeat, and was not asked again."""
        asked = Counter(line.pair for line in acts)
        for line in acts[: max(0, len(acts) - REPEAT_AFTER)]:
            if (
                asked[line.pair] == 1
                and line.pair in self._place
                and self._chance("again", *line.pair) < self._repeat_share
            ):
                return self._place[line.pair]
        return None

    def _chance(self, purpose: str, *about: str) -> float:
        """A number from 0 to 1 that is this judge's, the same whenever it is asked for."""
        return self._drawn(purpose, self.judge, *about)

    def _drawn(self, purpose: str, *about: str) -> float:
        text = "\0".join((str(self.record.settings.seed), purpose, *about))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64

    def _shown(self, number: int, position: int, purpose: Purpose) -> Shown:
        query = self.record.queries[int(self.pool.query[position])]
        document = int(self.pool.document[position])
        name = self.pairs[position][1]
        return Shown(number, position, purpose, query.id, query.text, name, self.documents.texts[document])
