"""Records with named fields, whatever file they lie in, and which field is what."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from bench.data.dataset import Dataset
from bench.data.formats.arrow_files import ARROW, arrow_records
from bench.data.formats.delimited import delimited_records, field_names, is_text_table
from bench.data.formats.json_files import first_two, json_located
from bench.data.formats.lines import checked_id, grade, id_text
from bench.data.formats.options import Options
from bench.data.formats.spreadsheet import WORKBOOK
from bench.errors import BenchError, counted, unknown

Record = dict[str, Any]
SUFFIXES = (".csv", ".tsv", ".jsonl", ".json", *ARROW)
KINDS = "a .csv, .tsv, .xlsx, .jsonl, .json, .parquet or .arrow file"


def is_table(path: Path) -> bool:
    """Is this a file of records by its name, or a text file that is a table?"""
    return (path.suffix.lower() in (*SUFFIXES, WORKBOOK) and path.is_file()) or is_text_table(path)


def records(path: Path, needed: str) -> Iterator[tuple[str, Record]]:
    """(place, record) of a .csv, .tsv or .xlsx file with a header, of JSON, Parquet or Arrow.

    needed: told where it is absent. The place ends in the number of the line, entry or row. A field of a CSV, TSV or
    XLSX file is a string, others have what the file has. Raises BenchError for what is malformed.
    """
    suffix = path.suffix.lower()
    if suffix in ARROW:
        yield from ((where, dotted(record)) for where, record in arrow_records(path, needed))
    elif suffix == ".jsonl":
        yield from ((where, dotted(record)) for where, record in json_located(path, needed))
    elif suffix == ".json":
        yield from ((where, dotted(record)) for where, record in _of_json(path, needed))
    else:
        yield from delimited_records(path, needed)


def _of_json(path: Path, needed: str) -> Iterator[tuple[str, Record]]:
    """Objects of a .json file; where it is a single one, its rows, if it has some."""
    objects = json_located(path, needed)
    first = list(islice(objects, 2))
    rows = _rows(first[0][1]) if len(first) == 1 else None
    if rows is None:
        yield from first
        yield from objects
    else:
        yield from ((f"{path}, entry {number}", row) for number, row in enumerate(rows, 1))


def _rows(table: Record) -> list[Record] | None:
    """The rows of a table in one object: of columns, as pandas writes it, or beside what describes them."""
    values = list(table.values())
    if values and all(isinstance(column, dict) and column.keys() == values[0].keys() for column in values):
        return [{name: column[key] for name, column in table.items()} for key in values[0]]
    lists = [column for column in values if isinstance(column, list)]
    if len(lists) == len(values) > 1 and len({len(column) for column in lists}) == 1:
        return [dict(zip(table, row, strict=True)) for row in zip(*lists, strict=True)]
    if len(lists) == 1 and lists[0] and all(isinstance(row, dict) for row in lists[0]):
        return list(lists[0])
    return None


def headers(path: Path) -> list[str]:
    """The field names of the first record, for a claim; none where the file has no record. Little more is read."""
    suffix = path.suffix.lower()
    if suffix in ARROW:
        return named_records(path)[0]
    if suffix not in (".json", ".jsonl"):
        return field_names(path, f"Give {path.name}.")
    first = [record for _, record in first_two(path)]
    rows = _rows(first[0]) if suffix == ".json" and len(first) == 1 else None
    return list(dotted((rows or first)[0])) if first and rows != [] else []


def named_records(path: Path) -> tuple[list[str], Iterator[tuple[str, Record]]]:
    """The field names of the first record, none where the file has no record, and all of its records, read once."""
    rows = records(path, f"Give {path.name}.")
    first = next(rows, None)
    return ([], rows) if first is None else (list(first[1]), chain([first], rows))


def dotted(record: Record) -> Record:
    """A record with the fields of its inner objects beside the others: metadata.source."""
    inner = {key: value for key, value in record.items() if isinstance(value, dict)}
    return record | {f"{key}.{name}": field for key, value in inner.items() for name, field in value.items()}


def field_for(role: str, names: Sequence[str], usual: Iterable[str], options: Options) -> str | None:
    """The field that holds `role`: the one the user names, else the first usual one that is there, else None.

    Case does not count, nor whether a name has -, _ or a space. Raises BenchError where the user's is not there.
    """
    given = dict(options.columns).get(role)
    if given in names:
        return given
    folded = {_folded(name): name for name in names}
    wanted = map(_folded, (given,) if given else usual)
    field = next((folded[name] for name in wanted if name in folded), None)
    if given and field is None:
        raise BenchError(f"There is no column {given!r} for {role}.", f"The file has {', '.join(names)}.")
    return field


def _folded(name: str) -> str:
    return re.sub("[- ]", "_", name.casefold())


def numbered(name: str, names: Sequence[str]) -> list[str]:
    """A field and those that go on with it: negative, negative_1, negative_2."""
    stem = _folded(name).rstrip("0123456789_")
    return [field for field in names if field == name or re.fullmatch(rf"{re.escape(stem)}_?\d+", _folded(field))]


def columns_of(names: Sequence[str], roles: Mapping[str, Iterable[str]], options: Options) -> dict[str, str]:
    """role -> its field, of the roles that have one. roles: each with its usual names.

    Raises BenchError where the user names a field that is not there.
    """
    fields = {role: field_for(role, names, usual, options) for role, usual in roles.items()}
    return {role: name for role, name in fields.items() if name is not None}


def check_roles(options: Options, roles: Collection[str]) -> None:
    """Raise BenchError where the user names a column for a role that a form does not have."""
    for role, _ in options.columns:
        if role not in roles:
            raise unknown("role for --columns:", role, roles)


def read_as(form: str, columns: Mapping[str, str]) -> str:
    """The part of a note that says which columns were taken: "read as pairs: query = Question, relevant = Answer"."""
    return f"read as {form}: {shown(columns)}"


def shown(columns: Mapping[str, str]) -> str:
    """Which column has which role, in words: "query = Question, relevant"."""
    return ", ".join(role if role == name else f"{role} = {name}" for role, name in columns.items())


def as_pairs(path: Path, query: str, relevant: str) -> str:
    """What to type for a table of pairs whose columns are these."""
    return shlex.join([str(path), "--columns", f"query={query}", "--columns", f"relevant={relevant}"])


def id_field(record: Mapping[str, Any], name: str | None, where: str, made: str) -> str:
    """The id in the field, else, where there is no such field, `made` with the line's number for its {}."""
    if name is None:
        return made.format(line_number(where))
    value = id_text(record.get(name)).strip()
    if not value:
        raise BenchError(f"{where}: no id in {name!r}.", "Give each line an id, or leave the column out.")
    return checked_id(value, where)


def line_number(where: str) -> str:
    """The number at the end of a place."""
    match = re.search(r"\d+\Z", where)
    return match[0] if match else ""


def grade_of(value: Any, where: str) -> int:
    """A field's grade: a whole number, or true or false. Raises BenchError for anything else."""
    text = str(value).strip()
    return grade({"true": "1", "false": "0"}.get(text.casefold(), text), where)


def unjudged(queries: int, judged: int) -> str:
    """A part of a note: that not all of the queries have a judgement."""
    return f"queries without a judgement, left out: {queries - judged:,} of {queries:,}" if judged < queries else ""


def left_out_note(number: int, one: str, many: str) -> str:
    """A part of a note, empty for none: left_out_note(12, "line left out", "lines left out")."""
    return counted(number, one, many) if number else ""


def text_field(record: Mapping[str, Any], name: str, where: str) -> str:
    """A field that must be a string, stripped."""
    value = record.get(name)
    if not isinstance(value, str):
        problem = "is missing" if value is None else f"is {type(value).__name__}, not a string"
        raise BenchError(f"{where}: {name!r} {problem}.", "Mend the line.")
    return value.strip()


def given(record: Mapping[str, Any], name: str, where: str) -> Any:
    """A field that must be there, null or not."""
    if name not in record:
        raise BenchError(f"{where}: {name!r} is missing.", "Mend the line.")
    return record[name]


def dataset_of(
    name: str,
    documents: Mapping[str, str] | pa.Table,
    queries: Mapping[str, tuple[str, Mapping[str, Any]]] | pa.Table,
    judgements: Mapping[tuple[str, str], int] | pa.Table,
    *,
    card: Any = None,
    unanswerable: Collection[str] = (),
    note: str = "",
) -> Dataset:
    """A Dataset from plain mappings: id -> text, id -> (text, metadata), (query id, document id) -> grade.

    Each may be a table as Dataset.build takes it as well, since it may be large.
    """
    strings = pa.large_string()
    if not isinstance(documents, pa.Table):
        documents = pa.table(
            {"id": pa.array(list(documents), strings), "text": pa.array(list(documents.values()), strings)}
        )
    if not isinstance(queries, pa.Table):
        queries = pa.table(
            {
                "id": pa.array(list(queries), strings),
                "text": pa.array([text for text, _ in queries.values()], strings),
                "metadata": pa.array(
                    [orjson.dumps(dict(metadata), default=str).decode() for _, metadata in queries.values()], strings
                ),
            }
        )
    if not isinstance(judgements, pa.Table):
        judgements = pa.table(
            {
                "query": pa.array([query for query, _ in judgements], strings),
                "document": pa.array([document for _, document in judgements], strings),
                "grade": pa.array(list(judgements.values()), pa.int64()),
            }
        )
    return Dataset.build(name, documents, queries, judgements, card=card, unanswerable=unanswerable, note=note)
