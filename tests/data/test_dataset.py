"""Dataset: its order, its fingerprint, samples, and what workers map."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.data.dataset import Card, Dataset, Texts, open_texts
from bench.data.formats import load_dataset
from bench.data.formats.document_columns import MOST_COLUMNS, document_table
from bench.errors import BenchError
from retrievers.base import Documents


def build(documents, queries, judged, card=None):
    columns = list(zip(*judged, strict=True)) or [[], [], []]
    return Dataset.build(
        "set",
        pa.table(
            {
                "id": pa.array(list(documents), pa.large_string()),
                "text": pa.array(list(documents.values()), pa.large_string()),
            }
        ),
        pa.table(
            {
                "id": pa.array(list(queries), pa.large_string()),
                "text": pa.array(list(queries.values()), pa.large_string()),
                "metadata": pa.array(["{}"] * len(queries), pa.large_string()),
            }
        ),
        pa.table(
            {
                "query": pa.array(columns[0], pa.large_string()),
                "document": pa.array(columns[1], pa.large_string()),
                "grade": pa.array(columns[2], pa.int64()),
            }
        ),
        card=card,
    )


IDS = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1, max_size=4)


@given(st.lists(IDS, min_size=1, max_size=20, unique=True))
def test_documents_stand_in_descending_byte_order(ids):
    found = build(dict.fromkeys(ids, ""), {"q": ""}, [("q", ids[0], 1)])
    assert found.document_ids(range(len(ids))) == sorted(ids, key=str.encode, reverse=True)


def test_the_fingerprint_follows_the_content_alone():
    one = build({"a": "x", "b": "y"}, {"q": "z"}, [("q", "a", 1)])
    reordered = build({"b": "y", "a": "x"}, {"q": "z", "unjudged": ""}, [("q", "a", 1)])
    assert one.fingerprint == reordered.fingerprint
    changed = [
        build({"a": "x", "b": "Y"}, {"q": "z"}, [("q", "a", 1)]),
        build({"a": "xy", "b": ""}, {"q": "z"}, [("q", "a", 1)]),
        build({"a": "x", "b": "y"}, {"q": "z"}, [("q", "b", 1)]),
        build({"a": "x", "b": "y"}, {"q": "z"}, [("q", "a", 2)]),
    ]
    assert len({each.fingerprint for each in [one, *changed]}) == 5


def test_the_fingerprint_tells_what_is_left_out_of_the_hits():
    def cards(documents, *drops):
        return {build(documents, {"q": "z"}, [("q", "a", 1)], Card(drop_self=drop)).fingerprint for drop in drops}

    assert len(cards({"a": "x", "q": "y"}, None, False, True)) == 2
    assert len(cards({"a": "x", "q": "z"}, None, False, True)) == 2
    assert len(cards({"a": "x", "b": "y"}, None, False, True)) == 1


def test_no_judgement_is_an_error():
    with pytest.raises(BenchError, match="no query is judged"):
        build({"a": "x"}, {"q": "z"}, [])


def test_a_sample_is_seeded_and_says_so(write_set):
    whole = load_dataset(write_set())
    sample = whole.sample(2, seed=1)
    assert len(sample.queries) == len(sample.judgements) == 2
    assert sample.note == "a sample of 2 of 3 queries, seed 1"
    assert sample.fingerprint == whole.sample(2, seed=1).fingerprint != whole.fingerprint
    for query, judged in zip(sample.query_ids, sample.judgements, strict=True):
        assert judged == whole.judgements[whole.query_ids.index(query)]
    assert whole.sample(3, seed=1) is whole


def test_a_sample_of_many_is_counted_with_commas():
    queries = {f"q{n:04}": "z" for n in range(1500)}
    whole = build({"a": "x"}, queries, [(query, "a", 1) for query in queries])
    assert whole.sample(1200, seed=0).note == "a sample of 1,200 of 1,500 queries, seed 0"


def test_a_sample_knows_the_queries_outside_of_it(write_set):
    whole = load_dataset(write_set())
    sample = whole.sample(2, seed=1)
    assert (sample.outside | set(sample.query_ids), whole.outside) == (set(whole.query_ids), frozenset())
    assert sample.sample(1, seed=1).outside >= sample.outside


def test_workers_map_the_texts(write_set, tmp_path):
    found = load_dataset(write_set())
    found.write_texts(tmp_path / "texts")
    documents, queries = open_texts(tmp_path / "texts")
    assert list(documents) == list(found.texts)
    assert list(queries) == found.query_texts


COLUMNS = [
    {"_id": "d1", "title": " Paying ", "text": "Paying is easy.", "metadata": {"lang": "en", "year": 2024, "tags": []}},
    {"_id": "d2", "text": "Paying is dear.", "lang": "de", "metadata": {"title": "Prices", "empty": ""}},
    {"_id": "d3", "title": "Hours", "text": ""},
    {"_id": "d4", "title": None, "text": "  spaced", "metadata": None},
]


def test_workers_map_the_columns_of_documents(write_set, tmp_path):
    found = load_dataset(write_set(corpus=COLUMNS))
    found.write_texts(tmp_path / "texts")
    documents, _ = open_texts(tmp_path / "texts")
    for texts in (found.texts, documents):
        assert isinstance(texts, Documents)
        assert texts.columns == ("title", "text", "lang", "year", "metadata.title")
        assert list(texts) == ["  spaced", "Hours", "Paying is dear.", "Paying  Paying is easy."]
        assert list(texts.column("title")) == ["", "Hours", "", "Paying"]
        assert list(texts.column("lang")) == ["", "", "de", "en"]
        assert list(texts.column("year")) == ["", "", "", "2024"]
        assert list(texts.column("metadata.title")) == ["", "", "Prices", ""]
        bodies = texts.column("text")
        assert list(bodies) == ["  spaced", "", "Paying is dear.", " Paying is easy."]
        assert (len(bodies), bodies[-1], list(bodies[1:3])) == (4, " Paying is easy.", ["", "Paying is dear."])
        assert texts.read == {"title", "text", "lang", "year", "metadata.title"}
        with pytest.raises(KeyError):
            texts.column("tags")


def test_a_set_without_titles_has_its_whole_texts_as_its_one_column():
    found = build({"a": "x", "b": "y z"}, {"q": "z"}, [("q", "a", 1)])
    assert found.texts.columns == ("text",)
    assert list(found.texts.column("text")) == list(found.texts)


def test_the_fingerprint_stays_and_the_digest_of_a_column_tells():
    whole = build({"a": "Paying by card", "b": "x"}, {"q": "z"}, [("q", "a", 1)])
    digests = [whole.column_digests(["title", "text"])]
    for title in ("Paying", "Paying by"):
        documents = whole.documents.append_column("title", pa.array(["", title], pa.large_string()))
        titled = replace(whole, documents=documents)
        assert titled.fingerprint == whole.fingerprint
        digests.append(titled.column_digests(["title", "text"]))
    assert len({found["title"] for found in digests}) == len({found["text"] for found in digests}) == 3
    assert whole.column_digests([]) == {}


def test_of_a_thousand_fields_the_first_are_columns():
    rows = [(f"d{n}", "x", {f"field{n}": "y"}) for n in range(1000)]
    table = document_table(rows)
    assert table.column_names == ["id", "text", *(f"field{n}" for n in range(MOST_COLUMNS))]
    assert table["field1"].to_pylist()[:3] == ["", "y", ""]


def test_texts_are_a_sequence():
    texts = Texts(pa.chunked_array([["a", "b"], ["c"]]))
    assert (len(texts), texts[0], texts[-1], list(texts[1:]), list(texts[::2])) == (3, "a", "c", ["b", "c"], ["a", "c"])
    with pytest.raises(IndexError):
        texts[3]


def test_own_documents_are_found():
    found = build({"a": "x", "b": "y"}, {"a": "z", "q": "w"}, [("a", "b", 1), ("q", "a", 1)])
    assert found.own_document.tolist() == [1, -1]


def test_a_sample_keeps_what_its_set_says_of_itself(write_set):
    noted = replace(load_dataset(write_set()), note="made from titles")
    assert not noted.sampled
    assert not noted.describe()["sampled"]
    sample = noted.sample(2, seed=1)
    assert sample.sampled
    assert sample.note == "made from titles; a sample of 2 of 3 queries, seed 1"
