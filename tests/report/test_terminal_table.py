"""Tables in terminals of any width."""

from __future__ import annotations

import re

import pytest
from printed import printed

import bench
from bench.data.formats import load_dataset
from bench.report.run import terminal_verbose
from bench.report.run.kinds import tables
from bench.report.table import Table
from bench.report.terminal_table import TerminalTable

WIDTHS = [60, 80, 100, 200]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A small run with every kind of table: three retrievers, timed, on a set that has wordings."""
    small = load_dataset("vector-notes").sample(100, 0)
    out = str(tmp_path_factory.mktemp("fitted"))
    return bench.run([small], ["bm25", "tfidf", "bm25:k1=0.9"], results=out, seconds=0.1)


def names(text):
    """The words of a form, without what stands between them."""
    return {word.strip(",") for word in re.split(r"[\s│┃·]+", text)}


@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
def test_every_figure_of_a_run_stands_whole_in_the_terminal(found, width):
    shown = printed(terminal_verbose.render(found), width)
    assert max(map(len, shown.splitlines())) <= width
    (dataset,) = found.datasets
    shown_tables = list(tables(found, dataset))
    assert len(shown_tables) >= 6
    for table in shown_tables:
        for row in table.rows:
            for cell in row[table.columns_left :]:
                figure, _, between = cell.partition(" [")
                assert figure in shown
                assert between in shown


@pytest.mark.parametrize("width", WIDTHS)
def test_no_word_of_a_heading_or_a_label_is_broken(found, width):
    shown = names(printed(terminal_verbose.render(found), width))
    (dataset,) = found.datasets
    for table in tables(found, dataset):
        labels = [cell for row in table.rows for cell in row[: table.columns_left]]
        assert names(" ".join([*table.header, *labels])) <= shown


WIDE = Table(
    "Cost", ("retriever", "first query ms", "p50 ms", "peak memory MB"), (("bm25", "1.25", "0.5 [0.4, 0.6]", "70"),)
)


def test_few_rows_of_many_figures_become_columns():
    assert "first query ms ┃" in printed([TerminalTable(WIDE)], 80)
    turned = printed([TerminalTable(WIDE)], 40)
    assert "│ first query ms │           1.25 │" in turned
    assert "│ p50 ms         │ 0.5 [0.4, 0.6] │" in turned


def test_the_interval_stands_below_its_figure_before_a_table_is_given_up():
    table = Table("", ("a", "p50 ms"), (("bm25", "0.5 [0.4, 0.6]"), ("tfidf", "0.7 [0.6, 0.8]")))
    lines = [line.split("│") for line in printed([TerminalTable(table)], 22).splitlines() if line.startswith("│")]
    assert [[cell.strip() for cell in line[1:-1]] for line in lines] == [
        ["bm25", "0.5"],
        ["", "[0.4, 0.6]"],
        ["tfidf", "0.7"],
        ["", "[0.6, 0.8]"],
    ]


def test_without_room_for_a_table_each_row_is_a_paragraph():
    three = Table("Cost", WIDE.header, WIDE.rows * 3)
    lines = [line.rstrip() for line in printed([TerminalTable(three)], 40).splitlines()]
    paragraph = ["bm25", "    first query ms 1.25,", "    p50 ms 0.5 [0.4, 0.6],", "    peak memory MB 70"]
    assert lines == ["Cost", *paragraph * 3, ""]


LISTS = Table("", ("what", "state"), (("cache", "/a/long/path" * 8), ("GPU", "none")), columns_left=2)


def test_what_a_line_has_no_room_for_goes_on_in_the_next_and_nothing_is_cut():
    shown = printed([TerminalTable(LISTS)], 60)
    assert "/a/long/path" * 8 in re.sub(r"\s", "", shown)
    assert "GPU · none" in shown


def test_a_column_of_sentences_stays_readable():
    sentences = Table("", ("name", "what it is"), (("bm25", "word " * 20),), columns_left=2)
    assert "word word word" in printed([TerminalTable(sentences)], 40)
    assert "bm25 · word word" in printed([TerminalTable(sentences)], 30)
