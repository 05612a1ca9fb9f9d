"""Files of a stored run: tables that come back as they were, names that are safe."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes import Fixed
from hypothesis import example, given
from hypothesis import strategies as st

import bench
from bench.data.formats import load_dataset
from bench.storage import run
from bench.storage.files import slug, write_csv


@given(st.lists(st.tuples(st.text(), st.text()), max_size=5))
@example([("a\rb", "c\r\nd"), ("\n", '"'), ("", "\0")])
def test_any_text_comes_back_from_a_table(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("table") / "table.csv"
    write_csv(path, ("dataset", "slice"), rows)
    assert [(row["dataset"], row["slice"]) for row in run._read_csv(path.read_bytes())] == rows


def test_a_table_has_the_line_ends_of_unix(tmp_path):
    write_csv(tmp_path / "table.csv", ("a", "b"), [("x", 0.1), ("y\n", float("nan"))])
    assert (tmp_path / "table.csv").read_bytes() == b'a,b\nx,0.1\n"y\n",\n'


@pytest.mark.parametrize("value", ["a\rb", "long " * 40_000], ids=["carriage return", "long"])
def test_a_slice_of_any_name_is_stored(write_set, tmp_path, value):
    queries = [{"_id": f"q{n}", "text": "cat", "metadata": {"kind": value}} for n in (1, 2, 3)]
    dataset = load_dataset(write_set(queries=queries, card='slices = ["kind"]\n'))
    found = bench.run([dataset], [Fixed()], results=str(tmp_path / "out"), latency=False, measures=["R@1"])
    assert found.measures["slice"].tolist() == ["all", f"kind={value}"]


def test_names_that_a_file_system_may_take_for_one_are_kept_apart():
    names = ["a/b", "a-b", "a b", "A-b", "a-B"]
    assert len({slug(name).lower() for name in names}) == len(names)
    assert slug("bm25") == "bm25"


def test_sets_whose_names_differ_in_case_have_cells_of_their_own(write_set, tmp_path):
    lower = load_dataset(write_set())
    upper = replace(lower, name="SMALL")
    found = bench.run([lower, upper], [Fixed()], results=str(tmp_path / "out"), latency=False)
    assert len({str(found.cell(name, "Fixed").folder).lower() for name in ("small", "SMALL")}) == 2
