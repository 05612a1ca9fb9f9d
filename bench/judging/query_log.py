"""Queries from a log: read, held back where they look private, and folded where they are the same in other words.

A log is a text file with a query a line, or a table (CSV, TSV, XLSX, JSON lines, Parquet) with a column `query` and,
where it counts, a column `count`.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.data.check.near_duplicates import TooMuch, near_pairs
from bench.data.formats.lines import decoded, lines, storable
from bench.data.formats.options import Options
from bench.data.formats.records import field_for, is_table, named_records
from bench.data.normalised import normalised
from bench.errors import BenchError, counted
from bench.judging.private import private_kinds

QUERY = ("query", "question", "text", "search", "search term", "search query", "term", "keyword", "q")
COUNT = ("count", "frequency", "searches", "impressions", "times")
_NEEDED = "Name a file of queries: one a line, or a table with a column query, and count if it is known."
_NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True)
class LoggedQuery:
    """A query in its most frequent wording. count: of all wordings. wordings: the others, as they stand in the log."""

    text: str
    count: int
    wordings: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """From the text alone, so that grades stay with a query whatever else the log holds."""
        return query_id(self.text)


@dataclass(frozen=True)
class QueryLog:
    """Distinct queries, the most frequent first.

    rows: of the file; searches: the sum of their counts. same, near: wordings that were folded into another one; near
    is None where there were too many to compare. private: kind -> (distinct queries, searches) held back; a query of
    two kinds is counted with both; held_back: without counting any twice.
    """

    queries: list[LoggedQuery]
    rows: int
    searches: int
    same: int
    near: int | None
    private: dict[str, tuple[int, int]] = field(default_factory=dict)
    held_back: int = 0

    def sentences(self) -> tuple[str, ...]:
        """What was done with the log."""
        near = "near-duplicates not looked for (too many)" if self.near is None else f"{self.near:,} nearly the same"
        first = (
            f"The log has {counted(self.rows, 'row')}, {counted(self.searches, 'search', 'searches')}: "
            f"{counted(len(self.queries), 'distinct query', 'distinct queries')} after folding {self.same:,} of the "
            f"same text, {near}."
        )
        if not self.held_back:
            return (first,)
        kinds = ", ".join(f"{kind} {number:,}" for kind, (number, _) in self.private.items())
        held = counted(self.held_back, "query that looks private is", "queries that look private are")
        return (first, f"{held} held back ({kinds}); --keep-private keeps them.")


def query_id(text: str) -> str:
    """An id for a query, the same for texts that read the same."""
    return f"q{hashlib.sha256(normalised(text).encode()).hexdigest()[:10]}"


def read_log(path: Path, *, keep_private: bool = False) -> QueryLog:
    """Read a log. Raises BenchError with the row that is malformed, and where no query is left."""
    wordings: dict[str, Counter[str]] = {}  # by what reads the same
    rows = 0
    for text, count in _rows(path):
        rows += 1
        wordings.setdefault(normalised(text), Counter())[text] += count
    if not rows:
        raise BenchError(f"{path} holds no query.", _NEEDED)
    searches = sum(sum(texts.values()) for texts in wordings.values())
    private, kept = _held_back(wordings, keep_private)
    if not kept:
        raise BenchError(f"All queries of {path} look private.", "Look at them; --keep-private keeps them.")
    folded, near = _folded(sorted((_merged(texts) for texts in kept), key=_rank))
    same = sum(len(texts) for texts in kept) - len(kept)
    return QueryLog(folded, rows, searches, same, near, private, len(wordings) - len(kept))


def _rank(query: LoggedQuery) -> tuple[int, str]:
    return -query.count, query.text


def _rows(path: Path) -> Iterator[tuple[str, int]]:
    if not is_table(path):
        for number, line in lines(path, _NEEDED):
            yield _text(decoded(line, f"{path}:{number}"), f"{path}:{number}"), 1
        return
    names, records = named_records(path)
    query, count = (field_for(role, names, usual, Options()) for role, usual in (("query", QUERY), ("count", COUNT)))
    if names and query is None:
        raise BenchError(f"{path} has no column of queries: it has {', '.join(names)}.", "Call the column query.")
    for where, record in records:
        text = record.get(query or "")
        if not isinstance(text, str):
            raise BenchError(f"{where}: {query!r} is {text!r}, no text.", "Mend the row, or leave it out.")
        yield _text(text, where), 1 if count is None else _count(record.get(count), where)


def _text(text: str, where: str) -> str:
    """A query on one line."""
    line = " ".join(storable(text).replace("\0", " ").split())
    if not line:
        raise BenchError(f"{where}: the query is empty.", "Mend the row, or leave it out.")
    return line


def _count(value: Any, where: str) -> int:
    try:
        number = float(str(value).strip().replace(",", ""))
    except ValueError:
        number = 0.0
    if isinstance(value, bool) or not number.is_integer() or not 1 <= number < 2**53:
        raise BenchError(f"{where}: the count is {value!r}.", "A count is a whole number, 1 or more.")
    return int(number)


def _held_back(
    wordings: dict[str, Counter[str]], keep_private: bool
) -> tuple[dict[str, tuple[int, int]], list[Counter[str]]]:
    """What looks private by kind, and the wordings of all else."""
    private: dict[str, tuple[int, int]] = {}
    kept = []
    for normal, texts in wordings.items():
        kinds = () if keep_private else private_kinds(normal)
        for kind in kinds:
            queries, searches = private.get(kind, (0, 0))
            private[kind] = queries + 1, searches + sum(texts.values())
        if not kinds:
            kept.append(texts)
    return private, kept


def _merged(texts: Counter[str]) -> LoggedQuery:
    first, *others = sorted(texts, key=lambda text: (-texts[text], text))
    return LoggedQuery(first, sum(texts.values()), tuple(others))


def _folded(queries: Sequence[LoggedQuery]) -> tuple[list[LoggedQuery], int | None]:
    """Each query folded into the most frequent one that it is nearly the same as; how many were.

    Only into one that stands for itself, so that no chain of small differences brings strangers together, and never
    where their numbers differ: error 4012 is not error 4013. queries: the most frequent first.
    """
    texts = [normalised(query.text) for query in queries]
    try:
        pairs = near_pairs(texts)
    except TooMuch:
        return list(queries), None
    numbers = [_NUMBERS.findall(text) for text in texts]
    more_frequent: dict[int, list[int]] = {}
    for one, other in pairs:
        if numbers[one] == numbers[other]:
            more_frequent.setdefault(other, []).append(one)
    into: dict[int, list[LoggedQuery]] = {}
    for place, query in enumerate(queries):
        target = next((one for one in sorted(more_frequent.get(place, ())) if one in into), place)
        into.setdefault(target, []).append(query)
    folded = [_joined(members) for members in into.values()]
    return sorted(folded, key=_rank), len(queries) - len(folded)


def _joined(members: Iterable[LoggedQuery]) -> LoggedQuery:
    first, *others = members
    wordings = [wording for other in others for wording in (other.text, *other.wordings)]
    return LoggedQuery(first.text, first.count + sum(other.count for other in others), (*first.wordings, *wordings))
