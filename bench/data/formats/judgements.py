"""Judgements (qrels) in every form that files of them have, and which of them a set can use.

A line is query, document, grade, or TREC's query, iteration, document, grade; separated by tabs, white space, commas or
semicolons. Where the first line is a header, its names say which column is what; without a column of grades each line
is a pair of grade 1.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from bench.data.dataset import joined
from bench.data.formats.header import DOCUMENT_ID, QUERY_ID, bare, folded, has_any, places, split
from bench.data.formats.ids import UnknownIds, known, some, why_unknown
from bench.data.formats.lines import Source, decoded, grade, lines
from bench.errors import BenchError, counted

GRADE = (
    *("score", "grade", "relevance", "rel", "label", "relevancy", "judgement", "judgment", "qrel"),
    *("relevant", "is_relevant", "gain", "rating", "relevance_grade", "relevance_label", "relevance_score"),
)
NO_GRADE = ("", "iteration", "iter", "q0", "index", "split")  # columns of numbers that say nothing of relevance
ROLES = {"query": QUERY_ID, "document": DOCUMENT_ID}
POSITIONS = {"query": 0, "document": -2, "grade": -1}  # with three columns and with four
SEPARATOR = re.compile(r"(?i)\"?sep=([^\w\s\"]|\t)\"?")  # Excel's own first line
WRITTEN = "Write query-id <tab> corpus-id <tab> score, or TREC's 4 columns: query, iteration, document, grade."
MANY = 10  # one of so many that is lacking asks for a reason
FEWEST = 20  # one judgement of so many must fit the set, else the files do not belong together

Judgement = tuple[str, str, str, int]  # file:line, query, document, grade


def read(path: Source, needed: str) -> Iterator[Judgement]:
    """(file:line, query, document, grade). needed: told where the file is absent. Raises BenchError."""
    separator, first, columns, header = None, True, POSITIONS, list[str]()
    begun, width = False, 0
    for number, line in lines(path, needed):
        where, text = f"{path}:{number}", decoded(line, f"{path}:{number}")
        if separator is None:
            if match := SEPARATOR.fullmatch(text):
                separator = match[1]
                continue
            separator = _separator(text)
        fields = _fields(text, separator, where)
        if first and _is_header(fields):
            header, columns = fields, _columns(fields, where)
        first = False
        if fields is header:
            continue
        if header and len(fields) != len(header):
            raise BenchError(f"{where}: {counted(len(fields), 'column')}, not {len(header)} as in the header.", WRITTEN)
        if not header and len(fields) not in (3, 4):
            raise BenchError(f"{where}: {counted(len(fields), 'column')}, not 3.", WRITTEN)
        # Three fields of a file of four are no query, document and grade: the document would be read as the grade.
        width = width or len(fields)
        if len(fields) != width:
            raise BenchError(f"{where}: {counted(len(fields), 'column')}, not {width} as in the lines before.", WRITTEN)
        if header and not begun:
            refuse_other_grade(dict(zip(header, fields, strict=True)), columns.keys(), (*QUERY_ID, *DOCUMENT_ID), where)
        begun = True
        value = grade(fields[columns["grade"]], where) if "grade" in columns else 1
        yield where, fields[columns["query"]], fields[columns["document"]], value


def _separator(line: str) -> str:
    """What separates the fields of this line, which is the first: ids hold no white space, and may hold commas; names
    of columns may hold both."""
    for separator in "\t;,":
        fields = line.rstrip("\t").split(separator)
        if len(fields) > 1 and (_is_header(fields) or not any(bare(field).split()[1:] for field in fields)):
            return separator
    return ""


def refuse_other_grade(record: Mapping[str, Any], roles: Collection[str], ids: Collection[str], where: str) -> None:
    """Raise BenchError where no column is known as the grade, and one of another name could be it.

    Without a grade each pair counts as relevant: then those that are judged 0 would too. ids: usual names of ids.
    """
    if "grade" in roles:
        return
    for name, value in record.items():
        if folded(name) not in (*ids, *NO_GRADE) and re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?|True|False", str(value)):
            raise BenchError(
                f"{where}: the column {name!r} may be the grade, and no column has a usual name for it.",
                "Call the grade score, and leave out other columns of numbers.",
            )


def _fields(line: str, separator: str, where: str) -> list[str]:
    try:
        return split(line, separator if separator in line else "")
    except csv.Error as error:
        raise BenchError(f"{where}: {error}.", WRITTEN) from None


def _is_header(fields: list[str]) -> bool:
    """Has it a column's usual name, and no grade at its end? A query may well be called q, and a document d."""
    try:
        grade(fields[-1], "")
    except BenchError:
        return has_any(fields, {*QUERY_ID, *DOCUMENT_ID, *GRADE})
    return False


def _columns(header: list[str], where: str) -> dict[str, int]:
    columns = places(header, ROLES, where)
    absent = [role for role in ROLES if role not in columns]
    if absent or columns["query"] == columns["document"]:
        raise BenchError(
            f"{where}: no column of {' and '.join(absent) or 'document'} ids among {', '.join(header)}.",
            "Call the columns query-id, corpus-id and score.",
        )
    grades = [place for place, name in enumerate(header) if folded(name) in GRADE]
    if len(grades) > 1:
        raise BenchError(
            f"{where}: the grade could be {' or '.join(header[place] for place in grades)}.", "Keep one of the columns."
        )
    return columns | ({"grade": grades[0]} if grades else {})


def usable(
    judged: Iterable[Judgement],
    queries: Collection[str],
    documents: Collection[str],
    source: object = "the collection",
) -> tuple[dict[tuple[str, str], int], str]:
    """(query, document) -> grade, and a note on what was left out. Where a judgement has no place of its own, it is "".

    Left out are judgements of queries and documents that the set lacks, since the collections of others have such, and
    nobody can mend them here; of a pair that is judged twice the last one counts, as in ir_datasets. Raises BenchError
    where there is no judgement, where hardly one can be used, and where what is lacking is there under another form of
    its id: then the files do not belong together, or one of them was spoiled.
    """
    asked, corpus = known(queries), known(documents)
    kept: dict[tuple[str, str], int] = {}
    unknown = UnknownIds({"query": queries, "document": documents})
    lacking: list[str] = []  # the queries of judgements that cannot be used
    twice = 0
    for where, query, document, value in judged:
        pair = asked.get(query), corpus.get(document)
        if pair[0] is None or pair[1] is None:
            lacking.append(query)
            for kind, name, meant in (("query", query, pair[0]), ("document", document, pair[1])):
                if meant is None:
                    unknown.add(kind, name, where)
            continue
        twice += pair in kept
        kept[pair[0], pair[1]] = value
    if not kept and not lacking:
        raise BenchError(f"{source} holds no judgement.", WRITTEN)
    present = {"query": queries, "document": documents}
    notes = [_left_out(unknown, len(lacking), len(kept) + twice, present, source)] if lacking else []
    if lost := {query for query in lacking if query in asked} - {query for query, _ in kept}:
        notes.append(f"queries left out because all of their judgements were: {len(lost):,}")
    if twice:
        notes.append(f"pairs judged twice, whose last judgement counts: {twice:,}")
    return kept, joined(*notes)


def _left_out(
    unknown: UnknownIds, lacking: int, used: int, present: Mapping[str, Collection[str]], source: object
) -> str:
    """The part of a note on them; BenchError where they cannot be left out. lacking, used: how many judgements."""
    total = used + lacking
    absent = {kind: ids for kind in present if (ids := unknown.of(kind))}
    # Of a few that are lacking nothing is asked: it takes a look at every id of the set.
    causes = [why_unknown(ids, present[kind]) for kind, ids in absent.items()] if lacking * MANY >= total else []
    advice = next(filter(None, causes), "")
    hardly_one = used * FEWEST < total
    if not advice and hardly_one and any(name in present[_OTHER[kind]] for kind in absent for name in absent[kind]):
        advice = "Queries and documents seem to have changed places: give the columns a header, or their right order."
    if advice or hardly_one:
        known = " and ".join(f"the {_MANY[kind]} {some(present[kind])}" for kind in absent)
        raise BenchError(
            f"{source}: {used:,} of {total:,} judgements fit the set. Unknown are {unknown.listed()}; it has {known}.",
            advice or "Check that the files belong together, and that the ids are written alike.",
        )
    examples = [f"{kind} {ids[0]!r}" for kind, ids in absent.items()]
    return (
        f"judgements of queries or documents that the set lacks, left out: {lacking:,} of {total:,} "
        f"(the first: {' and '.join(examples)})"
    )


_OTHER = {"query": "document", "document": "query"}
_MANY = {"query": "queries", "document": "documents"}
