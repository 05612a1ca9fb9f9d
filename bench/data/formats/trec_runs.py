"""Runs of other systems: query -> document -> score.

TREC's six columns (query, Q0, document, rank, score, tag). MS MARCO's three (query, document, rank) and the same with a
score in place of the rank, or behind it; a block of ir_metadata may stand before these lines. A table whose header has
the usual names (PyTerrier's CSV). One JSON object {query: {document: score}}, as ranx, pytrec_eval and BEIR write it.
Each of them may be packed.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path

import orjson

from bench.data.formats.header import DOCUMENT_ID, QUERY_ID, folded, places
from bench.data.formats.lines import checked_id, decoded, lines, text_of
from bench.errors import BenchError, counted

RunHits = dict[str, dict[str, float]]
RunLine = tuple[str, str, str, float]  # file:line, query, document, score

NEEDED = "Give a TREC run file."
WRITTEN = "A run line is: query Q0 document rank score tag."
SPACE = "Where a name holds a space, write it as %20, as the ids of a folder of text files are written."
_METADATA_START, _METADATA_END = b"# ir_metadata.start", b"# ir_metadata.end"
GRADES = (0, 1, 2, 3, 4)
ROLES = {
    "query": QUERY_ID,
    "document": ("docno", *(name for name in DOCUMENT_ID if name != "docno"), "id"),  # PyTerrier's docid is its own
    "score": ("score", "similarity", "relevance_score"),
    "rank": ("rank",),
}


def read_run(path: Path) -> RunHits:
    """A run in any of the forms; where it has scores they give the order, not the ranks, as in trec_eval.

    Raises BenchError with file and line, also for a document that a query has twice, a score that is not finite, and
    for a run without hits.
    """
    run: RunHits = {}
    first = next((line for _, line in lines(path, NEEDED)), b"").lstrip()  # an absent file is told of here
    name = path.name.casefold().removesuffix(".gz")
    if first.startswith(b"{") or name.endswith(".json"):
        rows = read_json(path)
    elif name.endswith(".csv") or _has_header(first):
        rows = _table(path, "," if b"," in first or name.endswith(".csv") else "\t")
    else:
        rows = _lines(path)
    for where, query, document, score in rows:
        hits = run.setdefault(query, {})
        if document in hits:
            raise BenchError(f"{where}: {query!r} has {document!r} twice.", "Keep one of the lines.")
        hits[document] = score
    if not any(run.values()):
        raise BenchError(f"{path} holds no hit.", f"{WRITTEN} Check that the system that wrote it found anything.")
    return run


def line_of(path: Path, query: str, document: str) -> str:
    """file:line of a hit, of a form without lines the file alone."""
    for number, line in lines(path, NEEDED):
        if {query.encode(), document.encode()} <= set(line.replace(b",", b" ").replace(b'"', b" ").split()):
            return f"{path}:{number}"
    return str(path)


def _lines(path: Path) -> Iterator[RunLine]:
    """TREC's lines, or MS MARCO's; the first says which."""
    short: list[tuple[str, list[str]]] = []
    begun = False
    for number, line in _without_metadata(path):
        where = f"{path}:{number}"
        columns = decoded(line, where).split()
        width = len(columns)
        if width in (3, 4) and (short or not begun):
            short.append((where, columns))
            continue
        if width < 6 or short:  # trec_eval reads on over words after the tag
            raise BenchError(f"{where}: {counted(len(columns), 'column')}, not 6.", f"{WRITTEN} {SPACE}")
        begun = True
        query, _, document, rank, score = columns[:5]
        if not rank.isdecimal() and (len(columns) > 6 or "." in rank or _is_number(columns[5])):
            raise BenchError(f"{where}: the rank {rank!r} is not a whole number.", f"{WRITTEN} {SPACE}")
        if len(columns) > 6 and score.isdecimal() and _is_number(columns[5]):  # an id of two words, as "page 12"
            raise BenchError(f"{where}: {counted(len(columns), 'column')}, not 6.", f"{WRITTEN} {SPACE}")
        yield where, query, document, _finite(score, where)
    if short:
        yield from _short(path, short)


def _without_metadata(path: Path) -> Iterator[tuple[int, bytes]]:
    """Without a block of ir_metadata at the beginning, which is commented out."""
    within = False
    for place, (number, line) in enumerate(lines(path, NEEDED)):
        begins = not place and line.strip() == _METADATA_START
        within = within or begins
        if not within:
            yield number, line
        within = within and line.strip() != _METADATA_END
    if within:
        raise BenchError(f"{path}:1: the block of ir_metadata has no end.", f"End it: {_METADATA_END.decode()}")


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _finite(text: str, where: str) -> float:
    try:  # Python takes 1_0 and digits of all scripts for numbers besides
        value = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BenchError(f"{where}: the score {text!r} is not a finite number.", f"{WRITTEN} {SPACE}")
    return value


def _short(path: Path, rows: list[tuple[str, list[str]]]) -> Iterator[RunLine]:
    """query, document, rank; query, document, score; query, document, rank, score."""
    if {len(columns) for _, columns in rows} != {len(rows[0][1])}:
        where, columns = next(row for row in rows if len(row[1]) != len(rows[0][1]))
        raise BenchError(f"{where}: {counted(len(columns), 'column')}, not {len(rows[0][1])}.", WRITTEN)
    width = len(rows[0][1])
    if width == 4 and {columns[1] for _, columns in rows} <= {"0", "Q0"}:
        raise BenchError(f"{path} is a file of judgements, not a run.", WRITTEN)
    if width == 4 and not all(columns[2].isdecimal() for _, columns in rows):
        raise BenchError(f"{rows[0][0]}: 4 columns, not 6.", WRITTEN)
    values = [_finite(columns[-1], where) for where, columns in rows]
    if width == 4 and _count_up(rows, values) and not _count_up(rows, [float(columns[2]) for _, columns in rows]):
        raise BenchError(f"{path}: the rank seems to stand behind the score.", "A line is: query document rank score.")
    sign = 1 if width == 4 or not _are_ranks(path, rows, values) else -1
    for (where, columns), value in zip(rows, values, strict=True):
        yield where, columns[0], columns[1], sign * value


def _are_ranks(path: Path, rows: list[tuple[str, list[str]]], values: list[float]) -> bool:
    """Do they count up from 1 (or 0) in each query? Scores go down. What could be either is refused."""
    if not all(value.is_integer() for value in values):
        return False
    if _count_up(rows, values):
        return True
    groups = _by_query(rows, values)
    counts = all(min(group) in (0, 1) and max(group) <= len(group) for group in groups)
    if counts or not all(group == sorted(group, reverse=True) for group in groups):
        raise BenchError(f"{path}: the third column could be ranks or scores.", WRITTEN)
    return False


def _count_up(rows: list[tuple[str, list[str]]], values: list[float]) -> bool:
    """Do the values go up in each query, from 1 or 0?"""
    return all(group[0] in (0, 1) and group == sorted(set(group)) for group in _by_query(rows, values))


def _by_query(rows: list[tuple[str, list[str]]], values: list[float]) -> list[list[float]]:
    groups: dict[str, list[float]] = {}
    for (_, columns), value in zip(rows, values, strict=True):
        groups.setdefault(columns[0], []).append(value)
    return list(groups.values())


def _has_header(line: bytes) -> bool:
    names = {folded(name) for name in line.decode("utf-8", "replace").replace(",", "\t").split("\t")}
    return all(names & set(ROLES[role]) for role in ("query", "document")) and not names.isdisjoint(
        {*ROLES["score"], *ROLES["rank"]}
    )


def _table(path: Path, separator: str) -> Iterator[RunLine]:
    reader = csv.reader(io.StringIO(text_of(path, NEEDED), newline=""), delimiter=separator, strict=True)
    columns: dict[str, int] = {}
    width, rows = 0, list[RunLine]()
    try:
        for row in filter(any, reader):
            where = f"{path}:{reader.line_num}"
            if not columns:
                columns, width = _columns(row, where), len(row)
                continue
            if len(row) != width:
                raise BenchError(
                    f"{where}: {counted(len(row), 'column')}, not {width} as in the header.", "Mend the line."
                )
            value = _finite(row[columns["score" if "score" in columns else "rank"]], where)
            query, document = (checked_id(row[columns[role]].strip(), where) for role in ("query", "document"))
            rows.append((where, query, document, value if "score" in columns else -value))
    except csv.Error as error:
        raise BenchError(f"{path}:{reader.line_num}: {error}.", "Mend the quotes.") from None
    if rows and "rank" not in columns and all(value in GRADES for *_, value in rows):
        raise BenchError(f"{path} looks like judgements, not a run: each score is a grade.", WRITTEN)
    return iter(rows)


def _columns(header: list[str], where: str) -> dict[str, int]:
    columns = places(header, ROLES, where)
    for role in ("query", "document"):
        if role not in columns:
            raise BenchError(
                f"{where}: no column of {role} ids among {', '.join(header)}.",
                "Give the table a header with the columns qid, docno and score, or write TREC's six columns.",
            )
    if "score" not in columns and "rank" not in columns:
        raise BenchError(f"{where}: neither score nor rank among {', '.join(header)}.", "Add a column score.")
    return columns


def read_json(path: Path) -> Iterator[RunLine]:
    """(file, query, document, number) of {query: {document: number}}. Raises BenchError for another shape."""
    text = text_of(path, NEEDED)
    hint = 'Write {"query": {"document": score}}, as ranx and pytrec_eval do, or TREC\'s six columns.'
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BenchError(f"{path}:{error.lineno}: not valid JSON ({error.msg}).", hint) from None
    if not isinstance(content, dict):
        raise BenchError(f"{path}: a {type(content).__name__}, not an object of queries.", hint)
    for query, hits in content.items():
        if not isinstance(hits, dict):
            raise BenchError(f"{path}: {query!r} has a {type(hits).__name__}, not an object of scores.", hint)
        for document, score in hits.items():
            if isinstance(score, bool) or not isinstance(score, int | float):
                raise BenchError(f"{path}: the score of {document!r} for {query!r} is no number.", hint)
            if not math.isfinite(score):
                raise BenchError(f"{path}: the score of {document!r} is not a finite number.", "Mend the run.")
            yield str(path), checked_id(query, str(path)), checked_id(document, str(path)), float(score)
