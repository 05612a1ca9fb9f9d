"""queries.parquet: what it says of a query's words, of its relevant documents' ranks and of its traps."""

from __future__ import annotations

import pyarrow.parquet as pq
from fakes import Fixed

import bench
from bench.data.passages import query_terms, spellings


def test_words_ranks_and_traps_of_each_query(write_set, tmp_path):
    queries = [
        {"_id": "q1", "text": "Cats on E-9999 Zebras"},
        {"_id": "q2", "text": "what does E-4012 mean"},
        {"_id": "q3", "text": "qwertz"},
    ]
    qrels = [("q1", "d1", 2), ("q1", "d2", 1), ("q2", "d3", 1), ("q2", "d4", 0), ("q3", "d4", 0)]
    traps = tmp_path / "traps.tsv"
    traps.write_text("q1\td3\nq1\td10\n", "utf-8")
    settings = {"results": str(tmp_path / "out"), "name": "run", "latency": False, "traps": str(traps)}
    run = bench.run(str(write_set(queries=queries, qrels=qrels)), [Fixed(), "bm25"], **settings)
    one, two, three = pq.read_table(run.folder / "queries.parquet").to_pylist()
    assert one["unknown"] == ["9999", "E-9999", "Zebras"]
    assert 0 < one["overlap"] < 1
    assert three["overlap"] is None
    assert two["terms"] == len(query_terms("what does E-4012 mean"))
    ranks = {row["document"]: {rank["retriever"]: rank["rank"] for rank in row["ranks"]} for row in one["relevant"]}
    assert ranks == {"d1": {"Fixed": 5, "bm25": 1}, "d2": {"Fixed": 3}}
    assert [row["shared"] for row in one["relevant"]] == [[], ["Cats"]]
    assert {hit["document"]: hit["shared"] for hit in one["hits"] if hit["retriever"] == "bm25"}["d1"] == 1
    fallen = {trap["document"]: (trap["named"], trap["ranks"]) for trap in one["traps"]}
    assert fallen == {"d3": (True, [{"retriever": "Fixed", "rank": 2}])}
    assert [trap["document"] for trap in two["traps"]] == ["d4"]
    assert three["traps"] == []


def test_each_term_of_a_query_has_the_word_it_comes_from():
    text = "Cats, E-4012 and well-known C++"
    assert spellings(text) == {
        "cat": "Cats",
        "e": "E",
        "4012": "4012",
        "e-4012": "E-4012",
        "well": "well",
        "known": "known",
        "c": "C",
        "c++": "C++",
    }
    assert spellings(text).keys() == query_terms(text)
