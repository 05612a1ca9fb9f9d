"""The names of documents in a field: one, several with something between them, or a list."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from bench.data.formats.cells import listed
from bench.data.formats.ids import known_as
from bench.data.formats.json_files import BROKEN, parsed
from bench.data.formats.lines import id_text
from bench.errors import BenchError

SEVERAL = 'Several ids are separated by spaces, commas or semicolons, or written as a list: ["a", "b"].'
SEPARATORS = (r"\s+", ",", ";", r"\|", r"\n", r"[\s,;|]+")


def named_documents(value: Any, known: Collection[str], where: str) -> tuple[list[str], bool]:
    """The names in a field, and whether it holds a list. known: all names that there are.

    What is a name as it stands is one; separators count only where each part between them is a name. Raises BenchError
    for a list of anything but ids.
    """
    if value is None:
        return [], False
    if isinstance(value, str) and known_as(value.strip(), known) is None:
        value = _list_in(value, where)
    if isinstance(value, list):
        names = [id_text(entry).strip() for entry in value]
        if not all(names):
            raise BenchError(f"{where}: {value[names.index('')]!r} in a list of ids is none.", SEVERAL)
        return names, True
    whole = value.strip() if isinstance(value, str) else id_text(value) or str(value)
    return ([whole] if known_as(whole, known) is not None else _parts(whole, known)), False


def _list_in(cell: str, where: str) -> Any:
    """The list that a cell holds, else the cell."""
    try:
        entries = parsed(cell) if cell.lstrip().startswith("[") else None
    except BROKEN:
        entries = None
    if not isinstance(entries, list):
        entries = listed(cell, "relevant", where)
    return cell if entries is None else entries


def _parts(text: str, known: Collection[str]) -> list[str]:
    """The names in a text: by the separator that leaves names alone, else by white space."""
    for separator in SEPARATORS:
        parts = [part.strip() for part in re.split(separator, text)]
        parts = [part for part in parts if part]
        if all(known_as(part, known) is not None for part in parts):
            return parts
    return text.split()
