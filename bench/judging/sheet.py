"""Judging in a spreadsheet: a CSV file of documents to grade, and the grades from it.

Columns: grade, note, query, document, query_id, document_id; a row for each document of a query. UTF-8 with a mark of
its byte order, without which Excel takes it for another encoding; `bench.judging.cells` keeps it from running anything.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.data.formats.delimited import delimited_records
from bench.data.formats.lines import grade, storable
from bench.errors import BenchError, unknown
from bench.judging.cells import guarded, marked, unguarded, unmarked
from bench.judging.grades import GradeLine, Pair, append, checked_person, present, read
from bench.storage.files import write_atomic

COLUMNS = ("grade", "note", "query", "document", "query_id", "document_id")
LONGEST_CELL = 32_000  # characters; Excel cuts a cell at 32,767
SKIPS = frozenset(("s", "skip"))
_NEEDED = "Name the sheet that was exported, saved as CSV."


@dataclass(frozen=True)
class SheetRow:
    """A document to grade. grade: as it is written in the cell: a number, a name, "s" for a skip, or nothing."""

    query_id: str
    document_id: str
    query: str
    document: str
    grade: str = ""
    note: str = ""

    @property
    def pair(self) -> Pair:
        """What is graded."""
        return self.query_id, self.document_id


def write_sheet(path: Path, rows: Iterable[SheetRow]) -> None:
    """Write the file, whole or not at all. Raises BenchError where the disk refuses.

    What no cell can hold is replaced: a null character, and half of a character. Texts beyond LONGEST_CELL are cut,
    with an ellipsis at the end.
    """
    content = io.StringIO(newline="")
    writer = csv.writer(content, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for row in rows:
        texts = (guarded(_cell(text)) for text in (row.grade, row.note, row.query, row.document))
        writer.writerow((*texts, marked(row.query_id), marked(row.document_id)))
    try:
        write_atomic(path, content.getvalue().encode("utf-8-sig"))
    except OSError as error:
        raise BenchError(f"{path} cannot be written: {error.strerror or error}.", "Name another file.") from None


def _cell(text: str) -> str:
    text = storable(text).replace("\0", "\ufffd")
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}…"


def read_sheet(path: Path) -> list[tuple[str, SheetRow]]:
    """("sheet.csv:3", row) of each row, saved with commas, semicolons or tabs. Raises BenchError with the line."""
    rows = []
    for where, record in delimited_records(path, _NEEDED):
        if missing := [name for name in ("grade", "query_id", "document_id") if name not in record]:
            raise BenchError(f"{where}: there is no column {missing[0]!r}.", f"The columns are {', '.join(COLUMNS)}.")
        texts = {name: unguarded(record.get(name, "")) for name in ("grade", "note", "query", "document")}
        ids = {name: unmarked(record[name]) for name in ("query_id", "document_id")}
        rows.append((where, SheetRow(**texts, **ids)))
    return rows


def import_sheet(
    path: Path, folder: Path, judge: str, pairs: Collection[Pair], *, highest: int = 3, names: Sequence[str] = ()
) -> int:
    """Append a judge's grades of a sheet to those of the folder; how many were new.

    pairs: that may be judged. highest: grade. names: of the grades 0, 1, 2, …, which a cell may have in place of the
    number. A cell without a grade says nothing, or is a skip where it has a note; what the judge said already is not
    said again. Raises BenchError with the row of the first one that is wrong, and nothing is stored then.
    """
    checked_person(judge, "--name")
    seen: dict[Pair, str] = {}
    lines = []
    for where, row in read_sheet(path):
        if row.pair in seen:
            raise BenchError(
                f"{where}: {row.query_id!r} and {row.document_id!r} stand already in {seen[row.pair]}.",
                "Keep one of the rows.",
            )
        seen[row.pair] = where
        if row.pair not in pairs:
            raise BenchError(
                f"{where}: document {row.document_id!r} was not asked for query {row.query_id!r}.",
                "Leave the columns query_id and document_id as they were exported.",
            )
        if line := _line(row, judge, where, highest, names):
            lines.append(line)
    before = present(read(folder))
    new = [line for line in lines if not _is_same(before.get(line.key), line)]
    if new:
        append(folder, *new)
    return len(new)


def _line(row: SheetRow, judge: str, where: str, highest: int, names: Sequence[str]) -> GradeLine | None:
    text = row.grade.strip()
    skipped = GradeLine(*row.pair, judge, "skip", note=row.note)
    if not text:
        return skipped if row.note.strip() else None
    if text.casefold() in SKIPS:
        return skipped
    return replace(skipped, action="grade", grade=_grade(text, where, highest, names))


def _grade(text: str, where: str, highest: int, names: Sequence[str]) -> int:
    folded = [name.casefold() for name in names]
    if text.casefold() in folded:
        return folded.index(text.casefold())
    if names and not text.lstrip("+-")[:1].isdigit():
        problem = unknown("grade", text, names)
        raise BenchError(f"{where}: {problem.message}", problem.hint)
    value = grade(text, where)
    if not 0 <= value <= highest:
        raise BenchError(f"{where}: the grade is {value}.", f"Grades go from 0 to {highest}; s skips a document.")
    return value


def _is_same(before: GradeLine | None, line: GradeLine) -> bool:
    return before is not None and (before.action, before.grade, before.note) == (line.action, line.grade, line.note)
