"""Texts as cells of a CSV file that no spreadsheet takes for a formula, a number or a date, and back again unchanged.

A spreadsheet runs a cell that begins with = + - or @, and may look past a tab or line end in front of them (OWASP, CSV
Injection). One that splits the file at another character than the comma sees cells begin within a text as well: behind
a semicolon, a bar, a tab or a line end. At each such place an apostrophe is put, which shows and does no harm; one more
where there are some already, so that taking one away gives the text back. A spreadsheet that drops a leading
apostrophe by itself, as some do, does no harm either.
"""

from __future__ import annotations

import re

_FORMULA = r"=+\-@＝＋－＠"  # the wide forms too, which some programs make narrow
_BEGINNING = rf"[{_FORMULA}\t\r\n]"
_SEPARATED = r"(?<=[,;|\t\r\n])"
_PLAIN = re.compile(rf"\A(?='*[ \"]*{_BEGINNING})|{_SEPARATED}(?='*[ \"]*[{_FORMULA}])")
_GUARDED = re.compile(rf"(?:\A'(?='*[ \"]*{_BEGINNING})|{_SEPARATED}'(?='*[ \"]*[{_FORMULA}]))")
_MARK = "'"


def guarded(text: str) -> str:
    """A text as a cell that is never run."""
    return _PLAIN.sub(_MARK, text)


def unguarded(cell: str) -> str:
    """The text that was `guarded`."""
    return _GUARDED.sub("", cell)


def marked(identifier: str) -> str:
    """An id as a cell that stays as it is: 007 is no number, 1-2 no date."""
    return guarded(_MARK + identifier)


def unmarked(cell: str) -> str:
    """The id that was `marked`, or that somebody typed without the mark."""
    return unguarded(cell).strip().removeprefix(_MARK)
