"""Records with named fields from CSV, TSV and JSON-lines files, and which field is what."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from bench.dataset import Dataset
from bench.errors import BenchError, unknown
from bench.formats.lines import MAX_LINE, Source, checked_id, decoded, lines, text_of
from bench.formats.options import Options

SUFFIXES = (".csv", ".tsv", ".jsonl")
csv.field_size_limit(MAX_LINE)  # its own bound, 131,072 characters, is less than some documents have

# A field and what ends it: in quotes, or without any.
_TSV_FIELD = re.compile(r'(?:"([^"]*(?:""[^"]*)*)"|[^"\t\r\n]*)(?:\t|\r?\n|\Z)')
_TOLD = re.compile(r"(?i)\"?sep=([^\w\s\"]|\t)\"?\r?\n")  # the separator, as Excel writes it into a first line
_ARRAY = re.compile(rb"\s*\[\s*(\{|$)")  # of objects

Record = dict[str, Any]


def records(path: Path, needed: str) -> Iterator[tuple[str, Record]]:
    """(file:line, record) of a .csv or .tsv file with a header, or a .jsonl file. needed: told where it is absent.

    A field of a CSV or TSV file is a string, one of a JSON line what JSON has. Raises BenchError for what is malformed.
    """
    if path.suffix.lower() == ".jsonl":
        for number, record in json_records(path, needed):
            yield f"{path}:{number}", dotted(record)
    else:
        yield from _delimited(path, needed)


def headers(path: Path) -> list[str]:
    """The field names of the first record; none where the file has no record."""
    for _, record in records(path, f"Give {path.name}."):
        return list(record)
    return []


def json_records(path: Source, needed: str) -> Iterator[tuple[int, Record]]:
    """Line numbers and objects of a JSON-lines file; blank lines are passed over."""
    for number, line in lines(path, needed):
        if number == 1 and _ARRAY.match(line):
            raise BenchError(f"{path} is one JSON array, not JSON lines.", f"Convert it: {to_json_lines(path)}")
        try:
            record = _with_nan(line) if b"NaN" in line else orjson.loads(line)
        except orjson.JSONDecodeError as error:
            decoded(line, f"{path}:{number}")
            raise BenchError(
                f"{path}:{number}: not valid JSON ({error.msg}).", "Each line must be one JSON object."
            ) from None
        if not isinstance(record, dict):
            raise BenchError(
                f"{path}:{number}: a {type(record).__name__}, not an object.", "Each line must be one JSON object."
            )
        yield number, record


def _with_nan(line: bytes) -> Any:
    """JSON, with null for the NaN that pandas writes for what is missing; else orjson's own answer."""
    try:
        record = json.loads(line, parse_constant={"NaN": None}.__getitem__)
        orjson.dumps(record)  # which takes no lone surrogates
    except (ValueError, KeyError, TypeError, RecursionError):
        return orjson.loads(line)
    return record


def to_json_lines(path: Source) -> str:
    """What to type to make JSON lines of a JSON array."""
    code = "import json, sys; [print(json.dumps(each)) for each in json.load(sys.stdin.buffer)]"
    return f'python -c "{code}" < {shlex.quote(str(path))} > new.jsonl'


def dotted(record: Record) -> Record:
    """A record with the fields of its inner objects beside the others: metadata.source."""
    inner = {key: value for key, value in record.items() if isinstance(value, dict)}
    return record | {f"{key}.{name}": each for key, value in inner.items() for name, each in value.items()}


def _delimited(path: Path, needed: str) -> Iterator[tuple[str, Record]]:
    names: list[str] | None = None
    for number, row in _rows(path, needed):
        where = f"{path}:{number}"
        if not any(cell.strip() for cell in row):
            continue
        if names is None:
            names = [name.strip() for name in row]
            if len(set(names)) < len(names):
                raise BenchError(f"{where}: two columns have one name.", "Name each column once in the header.")
            continue
        if len(row) != len(names):
            quoted = path.suffix.lower() == ".tsv" and any('"' in cell for cell in row)
            hint = "A TSV file has no quotes: save it as CSV." if quoted else "Mend the line."
            raise BenchError(f"{where}: {len(row)} fields, not {len(names)} as in the header.", hint)
        yield where, dict(zip(names, row, strict=True))


def _rows(path: Path, needed: str) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and fields. In CSV a quoted field may hold line ends; in TSV a quote is a character like others,
    unless the whole file is as Excel writes it."""
    if not path.exists():
        raise BenchError(f"There is no {path}.", needed)
    text = text_of(path)
    tabbed = path.suffix.lower() == ".tsv"
    if tabbed and not _has_quoting(text):
        for number, line in lines(path, needed):
            yield number, decoded(line, f"{path}:{number}").split("\t")
        return
    told = None if tabbed else _TOLD.match(text)
    if told:  # a blank line in its place: the others keep their numbers
        text = "\n" + text[told.end() :]
    separator = told[1] if told else "\t" if tabbed else _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise BenchError(f"{path}:{reader.line_num}: {error}.", "Mend the quotes, or save it as CSV anew.") from None


def _has_quoting(text: str) -> bool:
    """Is this TSV as Excel writes it? Each field with a quote is quoted, quotes in it are doubled, and one field shows
    it by a doubled quote, a tab or a line end; a field that is only set in quotes may as well be somebody's words."""
    if '"' not in text:
        return False
    shown = position = 0
    while position < len(text):
        field = _TSV_FIELD.match(text, position)
        if field is None:
            return False
        shown += field[1] is not None and any(each in field[1] for each in ('""', "\t", "\n"))
        position = field.end()
    return bool(shown)


def _separator(text: str) -> str:
    """A comma, unless the header has none and has semicolons or tabs: Excel writes them where a comma is decimal."""
    header = text.lstrip("\r\n ").partition("\n")[0]
    return next((each for each in ",;\t" if each in header), ",")


def field_for(role: str, names: Sequence[str], usual: Iterable[str], options: Options) -> str | None:
    """The field that holds `role`: the one the user names, else the first usual one that is there, else None.

    Case does not count, nor whether a name has - or _. Raises BenchError where the user's is not there.
    """
    given = dict(options.columns).get(role)
    if given in names:
        return given
    folded = {_folded(name): name for name in names}
    found = next((folded[name] for name in ((_folded(given),) if given else usual) if name in folded), None)
    if given and found is None:
        raise BenchError(f"There is no column {given!r} for {role}.", f"The file has {', '.join(names)}.")
    return found


def _folded(name: str) -> str:
    return name.casefold().replace("-", "_")


def columns_of(names: Sequence[str], roles: Mapping[str, Iterable[str]], options: Options) -> dict[str, str]:
    """role -> its field, of the roles that have one. roles: each with its usual names.

    Raises BenchError where the user names a field that is not there.
    """
    found = {role: field_for(role, names, usual, options) for role, usual in roles.items()}
    return {role: name for role, name in found.items() if name is not None}


def check_roles(options: Options, roles: Collection[str]) -> None:
    """Raise BenchError where the user names a column for a role that a form does not have."""
    for role, _ in options.columns:
        if role not in roles:
            raise unknown("role for --columns:", role, roles)


def read_as(form: str, columns: Mapping[str, str]) -> str:
    """The part of a note that says which columns were taken: "read as pairs: query = Question, relevant = Answer"."""
    taken = (role if role == name else f"{role} = {name}" for role, name in columns.items())
    return f"read as {form}: {', '.join(taken)}"


def as_pairs(path: Path, query: str, relevant: str) -> str:
    """What to type for a table of pairs whose columns are these."""
    return shlex.join([str(path), "--columns", f"query={query}", "--columns", f"relevant={relevant}"])


def id_field(record: Mapping[str, Any], name: str | None, where: str, made: str) -> str:
    """The id in the field, else, where there is no such field, `made` with the line number for its {}."""
    if name is None:
        return made.format(where.rpartition(":")[2])
    value = record.get(name)
    if isinstance(value, bool) or not isinstance(value, (str, int)) or not str(value).strip():
        raise BenchError(f"{where}: no id in {name!r}.", "Give each line an id, or leave the column out.")
    return checked_id(str(value).strip(), where)


def unjudged(queries: int, judged: int) -> str:
    """A part of a note: that not all of the queries have a judgement."""
    return f"queries without a judgement, left out: {queries - judged:,} of {queries:,}" if judged < queries else ""


def counted(number: int, one: str, many: str) -> str:
    """A part of a note, empty for none: counted(12, "line left out", "lines left out")."""
    return f"{number:,} {one if number == 1 else many}" if number else ""


def text_field(record: Mapping[str, Any], name: str, where: str) -> str:
    """A field that must be a string, stripped."""
    value = record.get(name)
    if not isinstance(value, str):
        problem = "is missing" if value is None else f"is {type(value).__name__}, not a string"
        raise BenchError(f"{where}: {name!r} {problem}.", "Mend the line.")
    return value.strip()


def dataset_of(
    name: str,
    documents: Mapping[str, str] | pa.Table,
    queries: Mapping[str, tuple[str, Mapping[str, Any]]] | pa.Table,
    judgements: Mapping[tuple[str, str], int],
    *,
    card: Any = None,
    unanswerable: Collection[str] = (),
    note: str = "",
) -> Dataset:
    """A Dataset from plain mappings: id -> text, id -> (text, metadata), (query id, document id) -> grade.

    documents and queries may be tables as Dataset.build takes them as well, since a corpus may be large.
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
                "metadata": pa.array([orjson.dumps(dict(each)).decode() for _, each in queries.values()], strings),
            }
        )
    return Dataset.build(
        name,
        documents,
        queries,
        pa.table(
            {
                "query": pa.array([query for query, _ in judgements], strings),
                "document": pa.array([document for _, document in judgements], strings),
                "grade": pa.array(list(judgements.values()), pa.int64()),
            }
        ),
        card=card,
        unanswerable=unanswerable,
        note=note,
    )
