"""A sheet comes back as it went out, whatever the texts, runs nothing, and a broken row is one error with its place."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.judging.cells import guarded, marked, unguarded, unmarked
from bench.judging.grades import GradeLine, append, present, read
from bench.judging.sheet import COLUMNS, LONGEST_CELL, SheetRow, import_sheet, read_sheet, write_sheet

# Texts that spreadsheets run, or that break files, rather more often than chance would make them.
hostile = st.lists(
    st.one_of(
        st.sampled_from([*"=+-@＝'\"\t\r\n ;,|", "\r\n", "''", '""', "cmd|' /C calc'!A0", "=1+1", "\u2028", "é"]),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4),
    ),
    max_size=12,
).map("".join)
ids = st.text(st.characters(exclude_categories=["Cs", "Z", "C"]), min_size=1, max_size=8).filter(
    lambda text: text.split() == [text]
)


@given(hostile)
@example("'\t'=1")
@example(",\t=1")
@example(';"=1+1;')
def test_a_guarded_text_comes_back(text):
    assert unguarded(guarded(text)) == text
    assert unguarded(guarded(guarded(text))) == guarded(text)


@given(ids)
@example("'x")
@example("=1")
@example("007")
def test_a_marked_id_comes_back_and_is_no_number(text):
    assert unmarked(marked(text)) == text
    assert marked(text).startswith("'")


@given(ids)
def test_an_id_whose_mark_a_spreadsheet_dropped_comes_back(text):
    if not text.startswith("'"):
        assert unmarked(marked(text)[1:]) == text


@given(hostile)
def test_no_cell_is_a_formula(text):
    assert not re.match("[=+\\-@\t\r\n]", guarded(text))


@given(st.lists(st.builds(SheetRow, ids, ids, hostile, hostile, hostile, hostile), max_size=5))
def test_the_file_comes_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("sheet") / "sheet.csv"
    write_sheet(path, rows)
    assert [row for _, row in read_sheet(path)] == rows


@given(st.lists(st.builds(SheetRow, ids, ids, hostile, hostile), min_size=1, max_size=3), st.sampled_from(",;\t|"))
def test_no_cell_is_a_formula_to_who_splits_it_at_another_character(tmp_path_factory, rows, separator):
    path = tmp_path_factory.mktemp("sheet") / "sheet.csv"
    write_sheet(path, rows)
    content = path.read_text("utf-8-sig")
    for line in csv.reader(io.StringIO(content, newline=""), delimiter=separator):
        for cell in line:
            assert not re.match("[ ]*[=+\\-@＝＋－＠]", cell), cell


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_sheet_saved_with_another_separator_is_read(tmp_path, separator):
    path = tmp_path / "sheet.csv"
    rows = [SheetRow("q1", "007", "a query; with", "=1\tand, more", "2", "-note")]
    write_sheet(path, rows)
    read_back = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=separator).writerows(read_back)
    assert [row for _, row in read_sheet(path)] == rows


def test_what_no_cell_holds_is_replaced(tmp_path):
    write_sheet(tmp_path / "sheet.csv", [SheetRow("q1", "d1", "a\0\ud800", "x" * 40_000)])
    [(_, row)] = read_sheet(tmp_path / "sheet.csv")
    assert row.query == "a\ufffd?"
    assert len(row.document) == LONGEST_CELL
    assert row.document.endswith("x…")


PAIRS = {("q1", "d1"), ("q1", "d2"), ("q2", "d1"), ("q2", "d2")}
NAMES = ("no", "partly", "yes")


def sheet(tmp_path, *grades, names=()):
    """A sheet with these (grade, note) in its rows, imported for ann."""
    rows = [
        SheetRow(*pair, "query", "document", *grade)
        for pair, grade in zip(sorted(PAIRS), [*grades, *[("", "")] * 4], strict=False)
    ]
    write_sheet(tmp_path / "sheet.csv", rows)
    return import_sheet(tmp_path / "sheet.csv", tmp_path / "set", "ann", PAIRS, highest=2, names=names)


def test_grades_are_imported_and_no_cell_twice(tmp_path):
    assert sheet(tmp_path, ("2", ""), ("S", "cut off"), ("", "no idea"), ("", "")) == 3
    stored = present(read(tmp_path / "set"))
    assert [(line.action, line.grade, line.note) for line in stored.values()] == [
        ("grade", 2, ""),
        ("skip", None, "cut off"),
        ("skip", None, "no idea"),
    ]
    assert sheet(tmp_path, ("2.0", ""), ("s", "cut off"), ("", "no idea")) == 0
    assert sheet(tmp_path, ("1", ""), ("s", "cut off")) == 1
    assert present(read(tmp_path / "set"))["ann", "q1", "d1"].grade == 1


def test_another_judge_is_another_matter(tmp_path):
    append(tmp_path / "set", GradeLine("q1", "d1", "bob", grade=2))
    assert sheet(tmp_path, ("2", "")) == 1


def test_a_grade_may_be_named(tmp_path):
    assert sheet(tmp_path, ("Yes", ""), ("partly", ""), ("0", ""), names=NAMES) == 3
    assert [line.grade for line in read(tmp_path / "set")] == [2, 1, 0]


@pytest.mark.parametrize(
    ("grade", "problem"),
    [
        ("maybe", "sheet.csv:3: There is no grade 'maybe'. .*partly"),
        ("3", "sheet.csv:3: the grade is 3. Grades go from 0 to 2"),
        ("-1", "sheet.csv:3: the grade is -1"),
        ("1.5", "sheet.csv:3: the grade '1.5' is not a whole number"),
        ("=1", "sheet.csv:3: "),
    ],
)
def test_a_broken_grade_is_one_error_with_the_row_and_nothing_is_stored(tmp_path, grade, problem):
    with pytest.raises(BenchError, match=problem):
        sheet(tmp_path, ("1", ""), (grade, ""), names=NAMES)
    assert read(tmp_path / "set") == []


def rows_of(tmp_path, text):
    path = tmp_path / "sheet.csv"
    path.write_text(",".join(COLUMNS) + "\n" + text, "utf-8")
    return import_sheet(path, tmp_path / "set", "ann", PAIRS)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1,,q,d,q1,d1\n1,,q,d,q1,d9\n", "sheet.csv:3: document 'd9' was not asked for query 'q1'"),
        ("1,,q,d,q1,d1\n2,,q,d,q1,d1\n", "sheet.csv:3: 'q1' and 'd1' stand already in .*sheet.csv:2"),
        ("1,,q,d,q1\n", "sheet.csv:2: 5 fields, not 6"),
        ('1,,"q,d,q1,d1\n', "sheet.csv:2: "),
    ],
)
def test_a_broken_row_is_one_error_with_its_place(tmp_path, text, problem):
    with pytest.raises(BenchError, match=problem):
        rows_of(tmp_path, text)
    assert read(tmp_path / "set") == []


def test_a_sheet_without_a_column(tmp_path):
    path = tmp_path / "sheet.csv"
    path.write_text("grade,query_id\n1,q1\n", "utf-8")
    with pytest.raises(BenchError, match="no column 'document_id'"):
        read_sheet(path)


def test_no_sheet(tmp_path):
    with pytest.raises(BenchError, match="There is no"):
        read_sheet(tmp_path / "sheet.csv")
