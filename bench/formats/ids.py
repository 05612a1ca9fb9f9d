"""Ids as one file writes them and another one means them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from itertools import islice

NUMBER = re.compile(r"(\d+)\.0+")
SEARCHED = 100_000  # known ids that are looked through for an error's hint


def known_as(name: str, known: Collection[str]) -> str | None:
    """The known id that is meant: the same one, else the same number as pandas writes it where an id is missing (6.0
    for 6), else the same letters in Unicode's other normal form, as macOS writes names of files."""
    if name in known:
        return name
    number = NUMBER.fullmatch(name)
    for other in (
        number[1] if number else f"{name}.0",
        *(unicodedata.normalize(form, name) for form in ("NFC", "NFD")),
    ):
        if other in known:
            return other
    return None


def like(name: str, known: Collection[str]) -> str:
    """A sentence on an id that differs in its case or in zeros before it; "" where there is none."""
    bare = _bare(name)
    near = next((each for each in islice(known, SEARCHED) if _bare(each) == bare), None)
    if near is None:
        return ""
    if near.casefold() == name.casefold():
        return f" There is {near!r}: case counts."
    return f" There is {near!r}: spreadsheets and pandas drop zeros before a number, unless the column is text."


def _bare(name: str) -> str:
    return name.casefold().lstrip("0") if name.isdigit() else name.casefold()
