"""Tables with or without a header: is the first line one, and which column is what.

A header is known by the usual names of ids; case, quotation marks, and - or _ do not count, and an unnamed column, as
pandas writes its index, is passed over. Where there is a header its names decide, whatever their order.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Mapping, Sequence

from bench.data.formats.options import Options
from bench.errors import BenchError

QUERY_ID = ("query_id", "queryid", "qid", "q_id", "topic_id", "topic", "query_number", "query")
DOCUMENT_ID = (
    *("corpus_id", "docno", "doc_id", "docid", "document_id", "pid", "passage_id", "did"),
    *("document", "doc", "passage"),
)


def bare(name: str) -> str:
    """A name as it is compared, without quotation marks around it."""
    return name.strip().strip('"').strip()


def folded(name: str) -> str:
    """The same without case, and with _ for - and a space."""
    return bare(name).casefold().replace("-", "_").replace(" ", "_")


def split(line: str, separator: str) -> list[str]:
    """The fields of a line, stripped, of quoted ones what is in quotes. separator: "" for any white space."""
    if not separator:
        return [bare(field) for field in line.split()]
    if '"' not in line:
        return [field.strip() for field in line.split(separator)]
    return [field.strip() for field in next(csv.reader([line], delimiter=separator))]


def has_any(fields: Iterable[str], names: Collection[str]) -> bool:
    """Is any field one of the names?"""
    return any(folded(field) in names for field in fields)


def places(
    header: Sequence[str],
    roles: Mapping[str, Sequence[str]],
    where: str,
    options: Options = Options(),  # noqa: B008 - frozen
) -> dict[str, int]:
    """role -> the column that has it, of the roles that have one: the one the user names, else the first usual one.

    Raises BenchError where two columns have one name, and where the user's is not there.
    """
    names = [folded(name) for name in header]
    if twice := next((name for name in names if name and names.count(name) > 1), None):
        raise BenchError(f"{where}: two columns are called {twice!r}.", "Name each column once in the header.")
    given, columns = dict(options.columns), {}
    for role, usual in roles.items():
        wanted = (folded(given[role]),) if role in given else usual
        place = next((names.index(name) for name in wanted if name in names), None)
        if place is not None:
            columns[role] = place
        elif role in given:
            raise BenchError(f"There is no column {given[role]!r} for {role}.", f"The file has {', '.join(header)}.")
    return columns
