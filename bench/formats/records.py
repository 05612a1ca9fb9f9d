"""Records with named fields from CSV, TSV and JSON-lines files, and which field is what."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from bench.dataset import Dataset
from bench.errors import BenchError
from bench.formats.lines import Source, decoded, lines, text_of
from bench.formats.options import Options

SEPARATORS = {".csv": ",", ".tsv": "\t"}
SUFFIXES = (*SEPARATORS, ".jsonl")

Record = dict[str, Any]


def records(path: Path, needed: str) -> Iterator[tuple[str, Record]]:
    """(file:line, record) of a .csv or .tsv file with a header, or a .jsonl file. needed: told where it is absent.

    A field of a CSV or TSV file is a string, one of a JSON line what JSON has. Raises BenchError for what is malformed.
    """
    if path.suffix.lower() == ".jsonl":
        for number, record in json_records(path, needed):
            yield f"{path}:{number}", record
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
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise BenchError(
                f"{path}:{number}: not valid JSON in UTF-8 ({error.msg}).", "Each line must be one JSON object."
            ) from None
        if not isinstance(record, dict):
            raise BenchError(
                f"{path}:{number}: a {type(record).__name__}, not an object.", "Each line must be one JSON object."
            )
        yield number, record


def _delimited(path: Path, needed: str) -> Iterator[tuple[str, Record]]:
    separator = SEPARATORS.get(path.suffix.lower(), ",")
    source: Iterator[str] = (f"{decoded(line, f'{path}:{number}')}\n" for number, line in lines(path, needed))
    if separator == ",":
        # A quoted field may hold line ends and blank lines, so that the file is read whole.
        if not path.exists():
            raise BenchError(f"There is no {path}.", needed)
        source = iter(text_of(path).splitlines(keepends=True))
    if separator == ",":
        reader = csv.reader(source, strict=True)
    else:
        reader = csv.reader(source, delimiter=separator, quoting=csv.QUOTE_NONE)  # a quote is a character in TSV
    names: list[str] | None = None
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            where = f"{path}:{reader.line_num}"
            if names is None:
                names = [name.strip() for name in row]
                if len(set(names)) < len(names):
                    raise BenchError(f"{where}: two columns have one name.", "Name each column once in the header.")
                continue
            if len(row) != len(names):
                raise BenchError(f"{where}: {len(row)} fields, not {len(names)} as in the header.", "Mend the line.")
            yield where, dict(zip(names, row, strict=True))
    except csv.Error as error:
        raise BenchError(f"{path}:{reader.line_num}: {error}.", "Mend the quotes, or save it as CSV anew.") from None


def field_for(role: str, names: Sequence[str], usual: Iterable[str], options: Options) -> str | None:
    """The field that holds `role`: the one the user names, else the first usual one that is there, else None.

    Case and surrounding space do not count in the usual names. Raises BenchError where the user's is not there.
    """
    given = dict(options.columns).get(role)
    if given is not None:
        if given not in names:
            raise BenchError(f"There is no column {given!r} for {role}.", f"The file has {', '.join(names)}.")
        return given
    folded = {name.casefold().replace("-", "_"): name for name in names}
    return next((folded[name] for name in usual if name in folded), None)


def text_field(record: Mapping[str, Any], name: str, where: str) -> str:
    """A field that must be a string, stripped."""
    value = record.get(name)
    if not isinstance(value, str):
        problem = "is missing" if value is None else f"is {type(value).__name__}, not a string"
        raise BenchError(f"{where}: {name!r} {problem}.", "Mend the line.")
    return value.strip()


def dataset_of(
    name: str,
    documents: Mapping[str, str],
    queries: Mapping[str, tuple[str, Mapping[str, Any]]],
    judgements: Mapping[tuple[str, str], int],
    *,
    card: Any = None,
    unanswerable: Collection[str] = (),
    note: str = "",
) -> Dataset:
    """A Dataset from plain mappings: id -> text, id -> (text, metadata), (query id, document id) -> grade."""
    strings = pa.large_string()
    return Dataset.build(
        name,
        pa.table({"id": pa.array(list(documents), strings), "text": pa.array(list(documents.values()), strings)}),
        pa.table(
            {
                "id": pa.array(list(queries), strings),
                "text": pa.array([text for text, _ in queries.values()], strings),
                "metadata": pa.array([orjson.dumps(dict(each)).decode() for _, each in queries.values()], strings),
            }
        ),
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
