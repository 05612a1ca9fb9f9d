"""Collections of ir_datasets, from a local store: nothing is downloaded."""

from __future__ import annotations

import json
import sys
from typing import NamedTuple

import ir_datasets
import pytest
import requests

from bench.data.formats import load_dataset
from bench.data.formats.options import Options
from bench.errors import BenchError

DOCS = "d1\tThe cat slept.\nd2\tPump blocked.\n"
QUERIES = "q1\tcat\nq2\tpump\nq3\tnever judged\n"
QRELS = "q1 0 d1 2\nq2 0 d2 1\nq2 0 d1 0\n"


@pytest.fixture
def register(tmp_path, monkeypatch):
    """Register a collection under a name, for one test."""
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(ir_datasets.registry, "_registered", dict(ir_datasets.registry._registered))

    def register(name, docs=DOCS, queries=QUERIES, qrels=QRELS):
        files = {}
        for key, text in (("docs_tsv", docs), ("queries_tsv", queries), ("qrels_trec", qrels)):
            if text is not None:
                path = tmp_path / f"{name.replace('/', '-')}-{key}"
                path.write_text(text)
                files[key] = str(path)
        ir_datasets.registry.register(name, ir_datasets.create_dataset(**files))

    return register


class Doc(NamedTuple):
    doc_id: str
    title: str
    text: str
    url: str

    def default_text(self):
        return "not asked for"


class Page(NamedTuple):
    doc_id: str
    body: str

    def default_text(self):
        return f"page {self.body}"


class Query(NamedTuple):
    query_id: str
    title: str
    year: int
    tags: list

    def default_text(self):
        return self.title


class Qrel(NamedTuple):
    query_id: str
    doc_id: str
    relevance: int


class Collection:
    """The library's interface, as far as it is used."""

    docs = (Doc("d1", "Cats", "The cat slept.", "u"), Page("d2", "two"))
    queries = (Query("q1", "cat", 1999, ["x"]),)
    judged = (Qrel("q1", "d1", 1),)

    def has(self, kind):
        return True

    def docs_iter(self):
        yield from self.docs

    def queries_iter(self):
        yield from self.queries

    def qrels_iter(self):
        yield from self.judged

    def docs_lang(self):
        return "de"

    def documentation(self):
        return {"desc": "\n<p>A <em>small</em>\n set.</p>", "bibtex_ids": ["Wadden2020Scifact", "Unknown"]}

    def metadata(self):
        return {}


@pytest.fixture
def collection(register):
    made = Collection()
    ir_datasets.registry.register("tiny/own", made)
    return made


def test_a_collection_is_read(register):
    register("tiny/small/test")
    found = load_dataset("irds:tiny/small/test")
    assert (found.name, found.note, found.card.source) == ("tiny/small/test", "", "irds:tiny/small/test")
    assert found.document_ids(range(2)) == ["d2", "d1"]
    assert list(found.texts) == ["Pump blocked.", "The cat slept."]
    assert (found.query_ids, found.query_texts) == (["q1", "q2"], ["cat", "pump"])
    assert found.judgements == [{1: 2}, {0: 1, 1: 0}]


def test_a_split_is_the_last_part_of_the_name(register):
    register("tiny/small/dev")
    assert load_dataset("irds:tiny/small", Options(split="dev")).name == "tiny/small/dev"


def test_title_and_text_come_first_and_other_records_say_what_their_text_is(collection):
    found = load_dataset("irds:tiny/own")
    assert list(found.texts) == ["page two", "Cats The cat slept."]


def test_scalar_fields_of_queries_become_metadata(collection):
    assert json.loads(load_dataset("irds:tiny/own").queries["metadata"][0].as_py()) == {"year": 1999}


def test_the_card_says_what_the_library_knows(collection):
    card = load_dataset("irds:tiny/own").card
    assert (card.description, card.language) == ("A small set.", "de")
    assert card.citation.startswith("@")
    assert "Wadden2020Scifact" in card.citation
    assert card.citation.endswith("}")


def test_judgements_that_nobody_can_use_are_counted(collection):
    collection.judged = (*(Qrel("q1", "d1", grade) for grade in (1, 2)), Qrel("q1", "d9", 1), Qrel("q9", "d1", 1))
    found = load_dataset("irds:tiny/own")
    assert found.judgements == [{1: 2}]
    assert found.note == (
        "judgements of queries or documents that the set lacks, left out: 2 of 4 (the first: query 'q9' and document "
        "'d9'); "
        "pairs judged twice, whose last judgement counts: 1"
    )


def test_an_unknown_name_suggests_a_known_one():
    with pytest.raises(BenchError) as caught:
        load_dataset("irds:beir/scifakt/test")
    assert "no collection 'beir/scifakt/test'" in caught.value.message
    assert "Did you mean beir/scifact/test" in caught.value.hint
    with pytest.raises(BenchError, match="no collection 'clirmatrix/"):
        load_dataset("irds:clirmatrix/xx/yy")


def test_a_collection_without_judgements_names_those_within_that_have_some(register):
    register("tiny/bare", qrels=None)
    register("tiny/bare/test")
    with pytest.raises(BenchError) as caught:
        load_dataset("irds:tiny/bare")
    assert caught.value.message == "tiny/bare has no qrels, which an evaluation needs."
    assert caught.value.hint == "These have: tiny/bare/test."


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"docs": "d1\n"}, "ir_datasets cannot load tiny/bad: expected 2 fields, got 1"),
        ({"docs": "d 1\tx\n"}, "tiny/bad, documents: the id 'd 1' holds white space"),
        ({"queries": "q 1\tx\n"}, "tiny/bad, queries: the id 'q 1' holds white space"),
        ({"qrels": "q1 0 d1\n"}, "ir_datasets cannot load tiny/bad: "),
        ({"qrels": "q9 0 d1 1\n"}, "tiny/bad: 0 of 1 judgements fit the set. Unknown are query 'q9'; it has"),
    ],
)
def test_what_is_wrong_with_it_is_one_error(register, files, message):
    register("tiny/bad", **files)
    with pytest.raises(BenchError) as caught:
        load_dataset("irds:tiny/bad")
    assert message in caught.value.message
    assert caught.value.hint


def test_a_failing_download_is_one_error(register, monkeypatch):
    def refuse(*_, **__):
        raise requests.exceptions.ConnectionError("no route to the host\nand much more")

    monkeypatch.setattr(requests, "get", refuse)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with pytest.raises(BenchError) as caught:
        load_dataset("irds:vaswani")
    assert caught.value.message == (
        "ir_datasets cannot load vaswani: All download sources failed (no route to the host)."
    )
    assert "Check the network" in caught.value.hint


def test_a_missing_extra_prints_its_install_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "ir_datasets", None)
    with pytest.raises(BenchError) as caught:
        load_dataset("irds:vaswani")
    assert "pip install -e '.[irds]'" in caught.value.hint


def test_options_that_say_nothing_are_refused():
    with pytest.raises(BenchError, match="--known-item says nothing"):
        load_dataset("irds:vaswani", Options(known_item="title"))
