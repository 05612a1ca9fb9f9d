"""What the query explorer is handed: columns, in which every text is inert and stands once."""

from __future__ import annotations

import json

import numpy as np
import orjson
import pyarrow as pa
import pytest
from page_data import columns

from bench.report.page import passages
from bench.report.page.addresses import query_address
from bench.report.page.explorer_data import explorer_data, query_fields, stems
from bench.report.page.explorer_rows import distinct
from bench.report.page.texts import NO_HEADS, Explored, Heads, texts_of

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


def content(table=None, names=("one", "two"), heads=NO_HEADS):
    """Both blocks of a set, as the page's scripts read them."""
    table = stored() if table is None else table
    values = {"nDCG@10": np.array([1 / 3, np.nan])}
    return blocks(table, [Explored(name, "lexical", 100, name, table, values) for name in names], heads)


def blocks(table, retrievers, heads=NO_HEADS):
    texts = texts_of(table, retrievers, heads)
    pair = [retriever.label for retriever in retrievers]
    made = explorer_data(table, retrievers, texts, measures=["nDCG@10"], main="nDCG@10", solved_at=10, pair=pair)
    return columns(json.loads(orjson.dumps([texts.content, made], option=orjson.OPT_SERIALIZE_NUMPY)))


def named(texts, numbers):
    """(document, text) of passages by their numbers."""
    of = np.repeat(texts["documents"], texts["passages"]["counts"]).tolist()
    return [(of[number], texts["passages"]["text"][number]) for number in numbers]


def test_ranks_of_relevant_documents_and_traps_stand_by_retriever():
    texts, made = content()
    assert made["relevant"]["ranks"] == [[1, 0], [41, 0]]
    assert made["traps"] == {
        "query": [1],
        "document": [texts["documents"].index("c")],
        "named": [0],
        "ranks": [[0], [1]],
    }
    assert made["queries"]["unknown"] == [[], ["cows"]]
    assert made["queries"]["overlap"] == [0.5, None]


def test_a_passage_stands_once_and_hits_name_it():
    texts, made = content()
    assert sorted(texts["passages"]["text"]) == ["a cow", "cat", "dog\N{REPLACEMENT CHARACTER}", "hen"]
    assert texts["candidates"]["counts"] == [2, 1]
    shown = [("a", "cat"), ("b", "dog\N{REPLACEMENT CHARACTER}"), ("c", "a cow")]
    assert named(texts, texts["candidates"]["passage"]) == shown
    assert made["candidates"]["grade"] == [1, None, 0]
    assert [hits["candidate"] for hits in texts["hits"]] == [[0, 1], [1, 0]]
    assert named(texts, texts["relevant"]["passage"]) == [("a", "cat"), ("d", "hen")]
    assert made["relevant"]["shared"] == [["cat"], []]


def test_documents_of_a_map_come_first_and_their_heads_stand_for_passages_that_are_alike():
    texts, _ = content(heads=Heads(["x", "c", "a"], ["unseen", "a cow that grazes", "cat"]))
    assert texts["documents"] == ["x", "c", "a", "d", "b"]
    heads = np.cumsum([0, *texts["passages"]["counts"]])[:3]
    assert named(texts, heads) == [("x", "unseen"), ("c", "a cow that grazes"), ("a", "cat")]
    assert texts["passages"]["counts"] == [1, 2, 1, 1, 1]
    assert named(texts, texts["candidates"]["passage"])[2] == ("c", "a cow")


def test_scores_have_three_digits_of_the_greatest_and_values_six():
    """Values are shown with three: of four, .03448 (a 29th) would become .0345 and then .035."""
    _, made = content()
    assert made["scores"] == [{"decimals": 1, "drops": [123, 103]}, {"decimals": 3, "drops": [500, -250]}]
    assert made["values"] == [[[0.333333, None]], [[0.333333, None]]]


@pytest.mark.parametrize(("heads", "kept"), [(NO_HEADS, "first of a"), (Heads(["a"], ["head of a"]), "head of a")])
def test_of_too_many_passages_each_document_keeps_its_head_or_its_first(monkeypatch, heads, kept):
    rows = [[hit("one", 1, "a", 1.0, "first of a")], [hit("one", 1, "a", 1.0, "second of a")]]
    table = stored(hits=pa.array(rows, pa.list_(HIT)), relevant=pa.array([[], []], pa.list_(RELEVANT)))
    texts, made = content(table, heads=heads)
    assert {*texts["passages"]["text"]} == {"first of a", "second of a", kept}
    assert not made["onePassage"]
    monkeypatch.setattr(passages, "MOST_CHARACTERS", 20)
    texts, made = content(table, heads=heads)
    assert made["onePassage"]
    assert named(texts, texts["candidates"]["passage"]) == [("a", kept)] * 2


def test_a_run_of_before_shows_what_it_has():
    old = stored().drop_columns(["overlap", "unknown", "terms", "traps"])
    bare = pa.struct([RELEVANT.field(name) for name in ("document", "grade", "text")])
    hits = pa.struct([HIT.field(name) for name in HIT.names if name != "shared"])
    rows = [[{"document": "b", "grade": 1, "text": "dog"}], [{"document": "d", "grade": 2, "text": "hen"}]]
    for name, kind, values in (("relevant", bare, rows), ("hits", hits, old["hits"].to_pylist())):
        old = old.set_column(old.schema.get_field_index(name), name, pa.array(values, pa.list_(kind)))
    _, made = content(old)
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
    texts, _ = blocks(other, sides)
    assert texts["retrievers"] == ["base one", "head one"]
    assert [hits["candidate"] for hits in texts["hits"]] == [[0, 1], [0, 1]]


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
