"""Rows of an Excel workbook (.xlsx): of its first sheet that holds anything, as a CSV file would have them."""

from __future__ import annotations

import datetime
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import BenchError

if TYPE_CHECKING:
    from openpyxl import Workbook

WORKBOOK = ".xlsx"
OTHERS = (".xls", ".ods", ".numbers")  # spreadsheets that are not read

Row = tuple[str, list[str]]  # its place, "faq.xlsx, row 3", and its fields


def rows(path: Path, needed: str) -> Iterator[Row]:
    """The rows that hold anything, each with a field for every column of the first. needed: told where it is absent.

    A formula counts by the value that was saved with it. Raises BenchError where the file cannot be read, or openpyxl
    is not installed.
    """
    with _opened(path, needed) as workbook:
        sheets = _sheets(workbook)
        width = 0
        for number, cells in enumerate(_fields(workbook, sheets[0]) if sheets else (), 1):
            if any(cells):
                width = width or len(cells)
                yield f"{path}, row {number}", cells + [""] * (width - len(cells))


def which_sheet(path: Path) -> str:
    """A part of a note: which sheet is read, where several hold anything; "" for one, and for any other file."""
    if path.suffix.lower() != WORKBOOK:
        return ""
    with _opened(path, "") as workbook:
        sheets = _sheets(workbook)
    return f"the first sheet, {sheets[0]!r}, of the {len(sheets)} that hold anything" if len(sheets) > 1 else ""


def refuse_other(path: Path) -> None:
    """Raise BenchError for a spreadsheet in a form that is not read."""
    if path.suffix.lower() in OTHERS:
        raise BenchError(
            f"{path} is a spreadsheet in a form that is not read ({path.suffix}).",
            f"First open it and save it as {path.stem}{WORKBOOK}, or its sheet as {path.stem}.csv (UTF-8); then name "
            "that file in its place.",
        )


@contextmanager
def _opened(path: Path, needed: str) -> Iterator[Workbook]:
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise BenchError(
            f"{path} is a workbook, and openpyxl, which reads it, is not installed.",
            "Install it: pip install -e '.[xlsx]', or save the sheet as CSV.",
        ) from None
    if not path.is_file():
        raise BenchError(f"There is no {path}.", needed)
    workbook = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and drop-down lists, which nobody asks for here
            workbook = load_workbook(path, read_only=True, data_only=True)
        yield workbook
    except Exception as error:  # a damaged file may raise anything
        raise BenchError(
            f"{path} cannot be read as a workbook: {type(error).__name__}: {error}.",
            f"Open it and save it anew as {WORKBOOK}, or its sheet as CSV; a password has to be taken off first.",
        ) from error
    finally:
        if workbook is not None:
            workbook.close()


def _sheets(workbook: Workbook) -> list[str]:
    """The names of those that hold anything."""
    return [sheet.title for sheet in workbook.worksheets if any(map(any, _fields(workbook, sheet.title)))]


def _fields(workbook: Workbook, sheet: str) -> Iterator[list[str]]:
    """The cells of each row as text, without empty ones at its end."""
    cells: Any = workbook[sheet]
    cells.reset_dimensions()  # some programs write wrong ones
    for row in cells.iter_rows(values_only=True):
        fields = [_text(value) for value in row]
        while fields and not fields[-1]:
            fields.pop()
        yield fields


def _text(value: Any) -> str:
    """A cell as Excel writes it to CSV, but for dates, which are ISO's."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        value = value.date()
    return (value.isoformat() if isinstance(value, datetime.date | datetime.time) else str(value)).strip()
