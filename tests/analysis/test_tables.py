"""The run-level tables, merged from the cells."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
from fakes import Fixed, Spanned

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


def test_a_hit_is_stored_with_the_passage_that_matches_its_query(write_set, tmp_path):
    text = f"{'Nothing of it. ' * 60}The cat slept. {'Nothing of it. ' * 60}"
    folder = write_set(
        corpus=[{"_id": "d1", "text": text}],
        queries=[{"_id": "q1", "text": "sleeping cats"}, {"_id": "q2", "text": "who"}],
        qrels=[("q1", "d1", 1), ("q2", "d1", 1)],
    )
    run = bench.run(folder, [Fixed()], results=str(tmp_path / "out"), name="run", latency=False)
    first, second = pq.read_table(run.folder / "queries.parquet").sort_by("query").to_pylist()
    for row in (*first["hits"], *first["relevant"]):
        assert "The cat slept." in row["text"]
        assert len(row["text"]) <= 300
    assert second["relevant"][0]["text"].startswith("Nothing of it.")


def test_of_a_hit_with_a_span_the_passage_within_it_is_stored(write_set, tmp_path):
    retrievers = [Fixed(), Spanned(start=7, end=19)]
    run = bench.run(write_set(), retrievers, results=str(tmp_path / "out"), name="run", latency=False)
    first = pq.read_table(run.folder / "queries.parquet").to_pylist()[0]
    shown = {(hit["retriever"], hit["document"]): hit["text"] for hit in first["hits"]}
    assert shown["Spanned", "d3"] == "Error E-4012"
    assert shown["Fixed", "d3"] == "Errors Error E-4012 means that the pump is blocked."
