"""The run-level tables, merged from the cells."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
from fakes import Fixed

import bench
from bench.analysis import shown_hits
from bench.data.formats import load_dataset
from bench.data.slices import slices


def test_slices_tell_values_apart_that_differ_in_a_nul(write_set):
    values = ["a", "a\0", "b"]
    queries = [{"_id": f"q{n}", "text": "cat", "metadata": {"kind": value}} for n, value in enumerate(values, 1)]
    found = slices(load_dataset(write_set(queries=queries, card='slices = ["kind"]\n')))
    assert {name: int(np.flatnonzero(mask)[0]) for name, mask in found.items() if name != "all"} == {
        "kind=a": 0,
        "kind=a\0": 1,
        "kind=b": 2,
    }


def test_what_is_shown_of_a_query_does_not_depend_on_the_block_it_is_gathered_in(write_set, tmp_path, monkeypatch):
    folder = write_set()

    def shown(name):
        found = bench.run(folder, [Fixed(), "bm25"], results=str(tmp_path / "out"), name=name, latency=False)
        return pq.read_table(found.folder / "queries.parquet")

    whole = shown("whole")
    monkeypatch.setattr(shown_hits, "BLOCK", 2)
    assert shown("blocks").equals(whole)
    assert [each["document"] for each in whole["relevant"][0].as_py()] == ["d2", "d1"]
