"""Workbooks: read like CSV, the sheet named where it could be another, and other spreadsheets refused."""

from __future__ import annotations

import csv
import datetime
import sys

import pytest
from openpyxl import Workbook

from bench.data.formats import load_dataset
from bench.errors import BenchError

PAIRS = [
    ("query", "relevant", "grade", "year"),
    ("how do I pay", "By card or by invoice.", 2, 2024),
    ("lost parcel", "Write to us, and we look for it.", 1, 2025),
]
LABELLED = [
    ("text", "label"),
    ("pay by card", "pay"),
    ("pay the bill", "pay"),
    ("lost it", "loss"),
    ("it is lost", "loss"),
]


def workbook(path, *sheets):
    book = Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets, 1):
        sheet = book.create_sheet(f"Sheet {number}")
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


@pytest.mark.parametrize("rows", [PAIRS, LABELLED])
def test_a_workbook_is_read_as_its_csv(tmp_path, rows):
    (tmp_path / "csv").mkdir()
    with (tmp_path / "csv" / "set.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    ours, theirs = load_dataset(workbook(tmp_path / "set.xlsx", rows)), load_dataset(tmp_path / "csv" / "set.csv")
    assert (ours.fingerprint, ours.note, ours.metadata) == (theirs.fingerprint, theirs.note, theirs.metadata)


def test_cells_become_text(tmp_path):
    rows = [
        (None, None, None, None),
        ("query", "relevant", "since", "price", None),
        (12, "twelve", datetime.datetime(2024, 5, 1), 2.5, None),
        (None, None, None, None),
        ("yes?", True, datetime.datetime(2024, 5, 1, 9, 30)),
    ]
    dataset = load_dataset(workbook(tmp_path / "set.xlsx", rows))
    assert sorted(dataset.texts) == ["True", "twelve"]
    assert dict(zip(dataset.query_texts, dataset.metadata, strict=True)) == {
        "12": {"since": "2024-05-01", "price": "2.5"},
        "yes?": {"since": "2024-05-01T09:30:00", "price": ""},
    }


def test_the_sheet_that_is_read_is_named_where_several_hold_anything(tmp_path):
    dataset = load_dataset(workbook(tmp_path / "set.xlsx", [], PAIRS, [("notes",)]))
    assert "the first sheet, 'Sheet 2', of the 2 that hold anything" in dataset.note
    assert "sheet" not in load_dataset(workbook(tmp_path / "one.xlsx", PAIRS, [])).note


def test_a_mistake_is_named_with_its_row(tmp_path):
    with pytest.raises(BenchError, match=r"set\.xlsx, row 2: 5 fields, not 4 as in the header"):
        load_dataset(workbook(tmp_path / "set.xlsx", [PAIRS[0], (*PAIRS[1], "more")]))


@pytest.mark.parametrize("content", [b"PK\x03\x04 cut off", b"no workbook"])
def test_a_damaged_workbook_is_one_error(tmp_path, content):
    (tmp_path / "set.xlsx").write_bytes(content)
    with pytest.raises(BenchError, match="cannot be read as a workbook"):
        load_dataset(tmp_path / "set.xlsx")


@pytest.mark.parametrize("suffix", [".xls", ".ods"])
def test_other_spreadsheets_are_refused_with_the_two_steps(tmp_path, suffix):
    (tmp_path / f"faq{suffix}").write_bytes(b"\xd0\xcf\x11\xe0")
    with pytest.raises(BenchError) as caught:
        load_dataset(tmp_path / f"faq{suffix}")
    assert "save it as faq.xlsx, or its sheet as faq.csv (UTF-8); then name that file" in caught.value.hint


def test_without_the_library_the_install_line_is_named(tmp_path, monkeypatch):
    path = workbook(tmp_path / "set.xlsx", PAIRS)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(BenchError) as caught:
        load_dataset(path)
    assert "pip install -e '.[xlsx]'" in caught.value.hint
