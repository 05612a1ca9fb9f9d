"""Objects of a JSON file: one a line, the entries of one array, or printed one after another over several lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

import orjson

from bench.data.formats.lines import Source, decoded, lines
from bench.errors import BenchError

Record = dict[str, Any]
Line = tuple[int, bytes]
BROKEN = (ValueError, TypeError, RecursionError)  # what orjson and Python's json raise
_SPACE = re.compile(r"[ \t\r\n]*")


def json_records(path: Source, needed: str) -> Iterator[tuple[int, Record]]:
    """Numbers and objects: of JSON lines that of the line, else that of the entry; blank lines are passed over.

    NaN, which many write and JSON does not have, is null. needed: told where the file is absent. Raises BenchError for
    what is malformed.
    """
    for _, number, record in _objects(path, needed):
        yield number, record


def json_located(path: Source, needed: str) -> Iterator[tuple[str, Record]]:
    """The same objects with their place: "file.jsonl:3", or "file.json, entry 3"."""
    for place, _, record in _objects(path, needed):
        yield place, record


@lru_cache(maxsize=1)
def first_two(path: Path) -> list[tuple[str, Record]]:
    """The first two objects with their place, to see what the file is; one that begins no line is read whole for them.

    Kept for the next form that looks at the file, until `forms.form_of` has asked all of them.
    """
    return list(islice(json_located(path, f"Give {path.name}."), 2))


def parsed(text: str | bytes) -> Any:
    """The value of a JSON text. Raises one of BROKEN."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        content = text.decode() if isinstance(text, bytes) else text
        if "NaN" not in content and "Infinity" not in content:
            raise
        return _strict(json.loads(content))


def _strict(value: Any) -> Any:
    """What Python's json has read, by orjson's rules: null for NaN, no half characters, no numbers beyond 64 bits."""
    return orjson.loads(orjson.dumps(value))


def _objects(path: Source, needed: str) -> Iterator[tuple[str, int, Record]]:
    stream = lines(path, needed)
    first = next(stream, None)
    if first is None:
        return
    if _begins_only(first[1]):
        rows = [first, *stream]
        if _is_over_lines(rows, path):
            yield from _entries(path, _joined(rows, path))
            return
        stream = iter(rows[1:])
    for number, line in chain([first], stream):
        where = f"{path}:{number}"
        yield where, number, _object_of_line(line, where)


def _begins_only(line: bytes) -> bool:
    """Is the first line no object by itself?"""
    try:
        return not isinstance(parsed(line), dict)
    except BROKEN:
        return True


def _is_over_lines(rows: Sequence[Line], path: Source) -> bool:
    """Is it an array, or does an object end on a later line than it begins?"""
    start = rows[0][1].strip()
    if start.startswith(b"[") or start == b"{":
        return True
    return start.startswith(b"{") and not _has_value(_joined(rows[:1], path)) and _has_value(_joined(rows, path))


def _has_value(text: str) -> bool:
    """Does it begin with a whole JSON value?"""
    try:
        json.JSONDecoder().raw_decode(text.lstrip())
    except BROKEN:
        return False
    return True


def _joined(rows: Sequence[Line], path: Source) -> str:
    """The file's text, its blank lines as such, so that a line keeps its number."""
    parts, last = [], 1
    for number, line in rows:
        parts.append("\n" * (number - last) + decoded(line, f"{path}:{number}"))
        last = number
    return "".join(parts)


def _entries(path: Source, text: str) -> Iterator[tuple[str, int, Record]]:
    values = enumerate(_values(text), 1)
    while True:
        try:
            number, value = next(values)
            value = _strict(value)
        except StopIteration:
            return
        except json.JSONDecodeError as error:
            raise BenchError(f"{path}:{error.lineno}: not valid JSON ({error.msg}).", "Mend the line.") from None
        except BROKEN as error:
            raise BenchError(f"{path}: not valid JSON ({error}).", "Mend the file.") from None
        where = f"{path}, entry {number}"
        if not isinstance(value, dict):
            raise BenchError(f"{where}: a {type(value).__name__}, not an object.", "Each entry must be a JSON object.")
        yield where, number, value


def _values(text: str) -> Iterator[Any]:
    """The entries of an array, or values one after another. Raises JSONDecodeError, with the line."""
    decoder = json.JSONDecoder()
    position = _after_space(text, 0)
    array = text.startswith("[", position)
    position = _after_space(text, position + array)
    while not (text.startswith("]", position) if array else position == len(text)):
        value, position = decoder.raw_decode(text, position)
        yield value
        position = _after_space(text, position)
        if array and text.startswith(",", position):
            position = _after_space(text, position + 1)
        elif array and not text.startswith("]", position):
            raise json.JSONDecodeError("Expecting ',' delimiter", text, position)
    if array and _after_space(text, position + 1) < len(text):
        raise json.JSONDecodeError("Extra data", text, position + 1)


def _after_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _object_of_line(line: bytes, where: str) -> Record:
    try:
        value = parsed(line)
    except BROKEN as error:
        decoded(line, where)
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise BenchError(f"{where}: not valid JSON ({reason}).", "Each line must be one JSON object.") from None
    if not isinstance(value, dict):
        raise BenchError(f"{where}: a {type(value).__name__}, not an object.", "Each line must be one JSON object.")
    return value
