"""Several texts in one field: a list of JSON, or one that a cell of a table holds as Python, JSON or numpy write it.

A cell is a list where all of it reads as a list of quoted texts, so that a text that merely begins with a bracket stays
a text. One that looks like a list and cannot be read is an error, since it would pass for one long text.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import Any

from bench.data.formats.json_files import BROKEN, parsed
from bench.errors import BenchError

SEVERAL = 'Several texts are written as a JSON list: ["one", "two"]; in CSV each quotation mark is doubled.'

_TEXT = r"""'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*\""""
_LIST = re.compile(rf"\[\s*(?:{_TEXT})(?:(?:\s*,\s*|\s+)(?:{_TEXT}))*\s*,?\s*\]", re.DOTALL)  # numpy has no commas
_TUPLE = re.compile(rf"\(\s*(?:{_TEXT})\s*,(?:\s*(?:{_TEXT})\s*,?)*\s*\)", re.DOTALL)
_LOOKS_LIKE = re.compile(r"(?:array\()?\[\s*['\"{].*['\"}]\s*,?\s*\](?:,\s*dtype=\w+)?\)?", re.DOTALL)


def listed(value: Any, name: str, where: str) -> list[str] | None:
    """The texts of a field that holds a list; None where it holds none. Raises BenchError for one that is no such list.

    An entry is a text, an object with a text (and a title), or null, which says nothing.
    """
    if isinstance(value, list):
        return [_text(entry, name, where) for entry in value if entry is not None]
    if not isinstance(value, str) or not (cell := value.strip()).startswith(("[", "(", "array(")):
        return None
    try:
        entries = parsed(cell)
    except BROKEN:
        entries = None
    if isinstance(entries, list) and (not entries or any(isinstance(entry, str | dict) for entry in entries)):
        return listed(entries, name, where)
    texts = _literals(cell) if _LIST.fullmatch(cell) or _TUPLE.fullmatch(cell) else None
    if texts is None and _LOOKS_LIKE.fullmatch(cell):
        raise BenchError(f"{where}: {name!r} looks like a list of texts and cannot be read as one.", SEVERAL)
    return texts


def one_or_several(value: Any, name: str, where: str) -> list[str]:
    """The texts of a field, stripped: those of a list, else the one that it is; null is an empty one.

    Raises BenchError where it is neither.
    """
    texts = listed(value, name, where)
    return [one(value, name, where)] if texts is None else [text.strip() for text in texts]


def one(value: Any, name: str, where: str) -> str:
    """The text of a field that holds no list, stripped; null is an empty one. Raises BenchError for anything else."""
    if value is not None and not isinstance(value, str):
        raise BenchError(f"{where}: {name!r} is {type(value).__name__}, not a string.", "Mend the line.")
    return (value or "").strip()


def _text(entry: Any, name: str, where: str) -> str:
    if isinstance(entry, dict) and isinstance(entry.get("text"), str):
        title = entry.get("title")
        return f"{title} {entry['text']}" if isinstance(title, str) and title else entry["text"]
    if not isinstance(entry, str):
        raise BenchError(f"{where}: {name!r} is a list with {type(entry).__name__} in it, not of texts.", SEVERAL)
    return entry


def _literals(cell: str) -> list[str] | None:
    """The texts of a list whose quoted parts are these."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a backslash that escapes nothing
            texts = [ast.literal_eval(literal) for literal in re.findall(_TEXT, cell, re.DOTALL)]
        "".join(texts).encode()  # half a character is no text
    except (ValueError, SyntaxError):
        return None
    return texts
