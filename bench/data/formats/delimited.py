"""Records of CSV and TSV files, of text files that are tables, and of workbooks."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench.data.formats.lines import MAX_LINE, beginning_of, lines, text_of
from bench.data.formats.spreadsheet import WORKBOOK, Row, rows
from bench.errors import BenchError

SEPARATORS = ",;\t|"
LOOK = 1 << 16  # bytes that are read to see what a file is
csv.field_size_limit(MAX_LINE)  # its own bound, 131,072 characters, is less than some documents have

# A field and what ends it: in quotes, or without any.
_TSV_FIELD = re.compile(r'(?:"([^"]*(?:""[^"]*)*)"|[^"\t\r\n]*)(?:\t|\r?\n|\Z)')
_QUOTED = re.compile(r'"[^"]*(?:""[^"]*)*"')
_SAYS_SEPARATOR = re.compile(r'"?sep=(.)"?[,;\t|]*\r?\n', re.IGNORECASE)  # a first line that says what separates


def delimited_records(path: Path, needed: str) -> Iterator[tuple[str, dict[str, str]]]:
    """("file.csv:3", record) of a file with a header. needed: told where it is absent.

    Raises BenchError for what is malformed.
    """
    if path.suffix.lower() == WORKBOOK:
        yield from _named(path, rows(path, needed))
    else:
        yield from _records(path, text_of(path, needed))


def field_names(path: Path, needed: str) -> list[str]:
    """The names in the header; none where no record follows. Raises BenchError for a malformed beginning.

    A look at the first bytes, and at all of the file only where they do not tell.
    """
    if path.suffix.lower() == WORKBOOK:
        return next((list(record) for _, record in delimited_records(path, needed)), [])
    beginning, whole = beginning_of(path, LOOK, needed)
    # Only the whole file tells whether quotes in a tabbed one's header are Excel's.
    if not whole and not (is_tabbed(path) and '"' in beginning.lstrip().partition("\n")[0]):
        try:
            if first := next(_records(path, beginning), None):
                return list(first[1])
        except BenchError:  # it may be cut within a record
            pass
    every = _records(path, beginning) if whole else delimited_records(path, needed)
    return next((list(record) for _, record in every), [])


def _records(path: Path, text: str) -> Iterator[tuple[str, dict[str, str]]]:
    return _named(path, ((f"{path}:{number}", row) for number, row in _rows(path, text)))


def _named(path: Path, placed: Iterable[Row]) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows below the first that holds anything, by its names."""
    names: list[str] | None = None
    for where, row in placed:
        if not any(cell.strip() for cell in row):
            continue
        if names is None:
            names = _names(row)
            if len(set(names)) < len(names):
                raise BenchError(f"{where}: two columns have one name.", "Name each column once in the header.")
            continue
        if len(row) != len(names):
            quoted = is_tabbed(path) and any('"' in cell for cell in row)
            hint = "A TSV file has no quotes: save it as CSV." if quoted else "Mend the line."
            raise BenchError(f"{where}: {len(row)} fields, not {len(names)} as in the header.", hint)
        yield where, dict(zip(names, row, strict=True))


def is_tabbed(path: Path) -> bool:
    """Are its fields separated by tabs, as its name says?"""
    return path.suffix.lower() in (".tsv", ".txt")


def is_text_table(path: Path) -> bool:
    """Is this a .txt file whose first line has tabs, as public sets of pairs have it? Any other is prose."""
    if path.suffix.lower() != ".txt" or not path.is_file():
        return False
    _, first = next(lines(path, ""), (0, b""))
    return b"\t" in first


def _names(row: list[str]) -> list[str]:
    """The header's names; they never have quotes of their own."""
    names = [name.strip() for name in row]
    if all(_QUOTED.fullmatch(name) for name in names):
        names = [name[1:-1].replace('""', '"').strip() for name in names]
    return names


def _rows(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and fields. In CSV a quoted field may hold line ends; in TSV a quote is a character like others,
    unless the whole file is as Excel writes it."""
    if is_tabbed(path) and not _has_quoting(text):
        for number, line in enumerate(text.split("\n"), 1):
            yield number, line.rstrip("\r").split("\t")
        return
    separator, above = "\t" if is_tabbed(path) else _separator(text), 0
    if not is_tabbed(path) and (match := _SAYS_SEPARATOR.match(text)):
        text, separator, above = text[match.end() :], match[1], 1
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for row in reader:
            yield reader.line_num + above, row
    except csv.Error as error:
        number = reader.line_num + above
        raise BenchError(f"{path}:{number}: {error}.", "Mend the quotes, or save it as CSV anew.") from None


def _has_quoting(text: str) -> bool:
    """Is this TSV as Excel or R write it? Each field with a quote is quoted and quotes in it are doubled. Besides, the
    whole header is quoted, or one field shows it by a doubled quote, a tab or a line end; a field that is only set in
    quotes may as well be somebody's words."""
    if '"' not in text:
        return False
    header = text.partition("\n")[0].rstrip("\r").split("\t")
    shown = all(_QUOTED.fullmatch(name) for name in header)
    position = 0
    while position < len(text):
        field = _TSV_FIELD.match(text, position)
        if field is None:
            return False
        shown |= field[1] is not None and any(mark in field[1] for mark in ('""', "\t", "\n"))
        position = field.end()
    return shown


def _separator(text: str) -> str:
    """What stands most often in the header, a comma among equals: Excel writes semicolons where commas are decimal."""
    header = _QUOTED.sub("", text.lstrip("\r\n ").partition("\n")[0])
    return max(SEPARATORS, key=header.count)
