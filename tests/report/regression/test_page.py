"""The page of a comparison: which retriever is called what, and which way a difference runs."""

from __future__ import annotations

import re

import numpy as np
import pytest
from planted import Planted, run, write_planted

import bench
from bench.regression import CellPair
from bench.report.page.addresses import query_address
from bench.report.regression import parts
from bench.report.regression.explored import moved_sets
from bench.report.regression.page import render
from bench.storage.run import load_run


@pytest.fixture
def compared(write_set, tmp_path):
    """The comparison and its runs, of which the second lost hits."""
    folder = write_planted(write_set, 40)
    runs = [run(folder, tmp_path, name, Planted(lost=lost)) for name, lost in (("base", 0), ("head", 0.5))]
    return bench.compare(*(one.folder for one in runs)), *(load_run(one.folder) for one in runs)


def test_each_side_has_its_own_name():
    pair = CellPair("set", "bm25:stemmer=none", "set", "bm25", "parameters changed from bm25")
    short = {"bm25:stemmer=none": "bm25:stemmer=none", "bm25": "bm25"}
    assert parts.sides(pair, short) == ("base bm25", "head bm25:stemmer=none")


def test_a_difference_is_head_less_base_as_in_the_tables(compared):
    (moved,) = moved_sets(*compared)
    assert [moved.texts["retrievers"][place] for place in moved.explored["pair"]] == ["head Planted", "base Planted"]


def test_values_are_those_of_their_side_and_query(compared):
    (moved,) = moved_sets(*compared)
    assert list(moved.texts["retrievers"]) == ["base Planted", "head Planted"]
    for values, stored in zip(moved.explored["values"], compared[1:], strict=True):
        expected = stored.per_query.set_index("query").loc[moved.texts["queries"]["id"], stored.info["measures"]]
        assert np.transpose(values) == pytest.approx(expected.to_numpy(), abs=1e-4)


def test_a_flipped_query_opens_with_the_same_sides(compared):
    flip = compared[0].flips[0]
    address = query_address("planted", flip.query, "head Planted", "base Planted")
    assert address.replace("&", "&amp;") in render(*compared).decode()


def test_tables_come_before_the_long_list_of_queries(compared):
    page = render(*compared).decode()
    places = [page.index(text) for text in ("Gates", "<caption>Quality", "<caption>Costs", "Flipped queries")]
    assert places == sorted(places)
    assert re.search(r'<th scope="row" class="short">(fail|inconclusive)</th>', page)
