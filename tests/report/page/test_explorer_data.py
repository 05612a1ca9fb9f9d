"""What the query explorer is handed: columns, in which every text is inert and stands once."""

from __future__ import annotations

import json

import numpy as np
import orjson
import pyarrow as pa
import pytest

from bench.report.page import explorer_rows
from bench.report.page.addresses import query_address
from bench.report.page.explorer_data import Explored, distinct, explorer_data, query_fields, stems

HIT = pa.struct(
    [
        *(("retriever", pa.string()), ("rank", pa.int32()), ("document", pa.string()), ("score", pa.float32())),
        *(("grade", pa.int64()), ("text", pa.string()), ("shared", pa.int32())),
    ]
)
RANKS = pa.list_(pa.struct([("retriever", pa.string()), ("rank", pa.int32())]))
RELEVANT = pa.struct(
    [
        *(("document", pa.string()), ("grade", pa.int64()), ("text", pa.string()), ("shared", pa.list_(pa.string()))),
        ("ranks", RANKS),
    ]
)
TRAP = pa.struct([("document", pa.string()), ("named", pa.bool_()), ("ranks", RANKS)])


def hit(retriever, rank, document, score, text, grade=None, shared=1):
    return locals()


def stored(**columns):
    """Two queries by two retrievers, as queries.parquet has them."""
    hits = [
        [
            hit("one", 1, "a", 12.345678, "cat", 1),
            hit("one", 2, "b", 2.0, "dog\u202e"),
            hit("two", 1, "b", 0.5, "dog\u202e"),
        ],
        [hit("two", 1, "c", -0.25, "a cow", 0)],
    ]
    ranks = [{"retriever": "one", "rank": 1}, {"retriever": "two", "rank": 41}]
    relevant = [
        [{"document": "a", "grade": 1, "text": "cat", "shared": ["cat\n"], "ranks": ranks}],
        [{"document": "d", "grade": 2, "text": "hen", "shared": [], "ranks": []}],
    ]
    trap = {"document": "c", "named": False, "ranks": [{"retriever": "two", "rank": 1}]}
    table = {
        "query": pa.array(["q1", "q2"]),
        "text": pa.array(["the cat", "cows"]),
        "metadata": pa.array(['{"kind": "x"}', "{}"]),
        "answerable": pa.array([True, True]),
        "terms": pa.array([1, 1], pa.int32()),
        "relevant": pa.array(relevant, pa.list_(RELEVANT)),
        "hits": pa.array(hits, pa.list_(HIT)),
        "overlap": pa.array([0.5, None], pa.float32()),
        "unknown": pa.array([[], ["cows"]], pa.list_(pa.string())),
        "traps": pa.array([[], [trap]], pa.list_(TRAP)),
    }
    return pa.table({**table, **columns})


def content(table=None, names=("one", "two")):
    table = stored() if table is None else table
    values = {"nDCG@10": np.array([1 / 3, np.nan])}
    retrievers = [Explored(name, "lexical", 100, name, table, values) for name in names]
    made = explorer_data(table, retrievers, measures=["nDCG@10"], main="nDCG@10", solved_at=10, pair=names)
    return json.loads(orjson.dumps(made, option=orjson.OPT_SERIALIZE_NUMPY))


def test_ranks_of_relevant_documents_and_traps_stand_by_retriever():
    made = content()
    assert made["relevant"]["ranks"] == [[1, 0], [41, 0]]
    assert made["traps"] == {
        "query": [1],
        "document": [made["documents"].index("c")],
        "named": [0],
        "ranks": [[0], [1]],
    }
    assert made["queries"]["unknown"] == [[], ["cows"]]
    assert made["queries"]["overlap"] == [0.5, None]


def test_a_passage_stands_once_and_hits_name_it():
    made = content()
    assert sorted(made["passages"]["text"]) == ["a cow", "cat", "dog\N{REPLACEMENT CHARACTER}", "hen"]
    assert made["candidates"]["counts"] == [2, 1]
    shown = [made["passages"]["text"][number] for number in made["candidates"]["passage"]]
    assert shown == ["cat", "dog\N{REPLACEMENT CHARACTER}", "a cow"]
    assert made["candidates"]["grade"] == [1, None, 0]
    assert [hits["candidate"] for hits in made["hits"]] == [[0, 1], [1, 0]]
    assert made["relevant"]["shared"] == [["cat"], []]


def test_scores_have_four_digits_of_the_greatest_and_values_four():
    made = content()
    assert made["hits"][0] == {"counts": [2, 0], "candidate": [0, 1], "decimals": 2, "drops": [1235, 1035]}
    assert made["hits"][1]["decimals"] == 4
    assert made["hits"][1]["drops"] == [5000, -2500]
    assert made["values"] == [[[0.3333, None]], [[0.3333, None]]]


def test_of_too_many_passages_each_document_keeps_its_first(monkeypatch):
    rows = [[hit("one", 1, "a", 1.0, "first of a")], [hit("one", 1, "a", 1.0, "second of a")]]
    table = stored(hits=pa.array(rows, pa.list_(HIT)), relevant=pa.array([[], []], pa.list_(RELEVANT)))
    assert content(table)["passages"]["text"] == ["first of a", "second of a"]
    monkeypatch.setattr(explorer_rows, "MOST_CHARACTERS", 20)
    made = content(table)
    assert made["onePassage"]
    assert made["passages"]["text"] == ["first of a"]
    assert made["candidates"]["passage"] == [0, 0]


def test_a_run_of_before_shows_what_it_has():
    old = stored().drop_columns(["overlap", "unknown", "terms", "traps"])
    bare = pa.struct([RELEVANT.field(name) for name in ("document", "grade", "text")])
    hits = pa.struct([HIT.field(name) for name in HIT.names if name != "shared"])
    rows = [[{"document": "b", "grade": 1, "text": "dog"}], [{"document": "d", "grade": 2, "text": "hen"}]]
    for name, kind, values in (("relevant", bare, rows), ("hits", hits, old["hits"].to_pylist())):
        old = old.set_column(old.schema.get_field_index(name), name, pa.array(values, pa.list_(kind)))
    made = content(old)
    assert made["relevant"]["ranks"] == [[2, -1], [1, -1]]
    assert made["relevant"]["shared"] is made["queries"]["overlap"] is made["queries"]["terms"] is None
    assert made["candidates"]["shared"] == [None] * 3
    assert made["traps"]["query"] == []


def test_retrievers_may_be_of_two_tables():
    other = stored()
    values = {"nDCG@10": np.array([0.0, 0.0])}
    sides = [
        Explored(f"{side} one", "lexical", 100, "one", table, values)
        for side, table in (("base", stored()), ("head", other))
    ]
    made = explorer_data(other, sides, measures=["nDCG@10"], main="nDCG@10", solved_at=10)
    assert [retriever["label"] for retriever in made["retrievers"]] == ["base one", "head one"]
    assert [hits["candidate"] for hits in made["hits"]] == [[0, 1], [0, 1]]


def test_fields_of_few_values_and_asked_ones_are_there_with_codes():
    metadata = [json.dumps({"kind": "b", "id": n, "__proto__": True, "list": [1]}) for n in range(60)]
    fields = {each["name"]: each for each in query_fields([*metadata, "{}", None, "[]"], ["kind"])}
    assert list(fields) == ["kind", "__proto__"]
    assert fields["kind"]["codes"] == [0] * 60 + [-1] * 3
    assert fields["__proto__"]["values"] == ["True"]
    assert len(query_fields(metadata, ["id"])[0]["values"]) == 60


def test_only_tokens_that_letters_alone_would_mark_wrongly_have_stems():
    assert stems(["the cats sat on E-4012"], ["cat E-4012", "the"]) == {
        "the": [],
        "cats": ["cat"],
        "e-4012": ["4012", "e", "e-4012"],
    }


def test_names_that_would_be_shown_alike_are_told_apart():
    assert distinct(["a", "a", "b\n", "b"]) == ["a", "a (2)", "b", "b (2)"]


@pytest.mark.parametrize("query", ["q&x=1#", "\u202e"])
def test_an_address_holds_any_id(query):
    address = query_address("set", query, "one", "two")
    assert address.startswith("#queries?set=set&a=one&b=two&query=")
    assert not {"\u202e", "#"} & {*address[1:]}
