"""SMART's collections: what is read, and the ways in which their judgements are written."""

from __future__ import annotations

import pytest

from bench.data.formats import load_dataset
from bench.errors import BenchError

DOCUMENTS = """.I 1
.T
Ferries
.A
Somebody
.W
The ferry leaves
at seven.
.I 2
.W
Bicycles can be hired.
.X
1 5 1
.I 3
.T
Dogs
.W
Dogs travel free.
"""
QUERIES = ".I 001\n.W\nwhen does the ferry leave\n.I 002\n.W\nhire a bicycle\n.I 004\n.W\ndogs\n"


@pytest.fixture
def write(tmp_path):
    """Write a collection with these judgements, under the names that are usual for them."""

    def write(judgements, names=("cran.all.1400", "cran.qry", "cranqrel"), queries=QUERIES):
        folder = tmp_path / "smart"
        folder.mkdir()
        for name, content in zip(names, (DOCUMENTS, queries, judgements), strict=True):
            (folder / name).write_text(content)
        return folder

    return write


def relevant(found):
    """query id -> relevant documents, grade 0 left out."""
    return {
        query: sorted(found.document_ids([document for document, grade in grades.items() if grade > 0]))
        for query, grades in zip(found.query_ids, found.judgements, strict=True)
    }


@pytest.mark.parametrize("names", [("X.ALL", "X.QRY", "X.REL"), ("cacm.all", "query.text", "qrels.text")])
def test_documents_and_queries_are_title_and_text(write, names):
    found = load_dataset(write("1 1\n2 2\n", names))
    assert list(found.texts) == [
        "Dogs Dogs travel free.",
        "Bicycles can be hired.",
        "Ferries The ferry leaves at seven.",
    ]
    assert found.query_texts == ["when does the ferry leave", "hire a bicycle"]
    assert found.note == "queries without a judgement, left out: 1 of 3"


@pytest.mark.parametrize(
    "judgements",
    [
        "1 1\n1 2\n2 2\n",
        "     1      1\t0\t0.000000\n     1      2\t0\t0.000000\n     2      2\t0\t0.000000\n",
        "01 1  0 0\n01 2  0 0\n02 2  0 0\n",
        "1 0 1 1\n1 0 2 1\n2 0 2 1\n",
        "1 1 1\n1 2 4\n2 2 2\n2 1 -1\n2 3 5\n",
    ],
)
def test_judgements_in_each_form(write, judgements):
    assert relevant(load_dataset(write(judgements))) == {"1": ["1", "2"], "2": ["2"]}


def test_queries_that_the_judgements_number_in_their_order(write):
    found = load_dataset(write("1 1\n2 2\n3 3\n"))
    assert relevant(found) == {"1": ["1"], "2": ["2"], "4": ["3"]}
    assert found.note == "the judgements number the queries in their order, not by .I"


def test_queries_that_the_judgements_number_as_they_are(write):
    found = load_dataset(write("1 1\n4 3\n"))
    assert relevant(found) == {"1": ["1"], "4": ["3"]}
    assert "order" not in found.note


@pytest.mark.parametrize(
    ("judgements", "message"),
    [
        ("", "cranqrel holds no judgement"),
        ("1 x\n", "cranqrel:1: not two to four numbers"),
        ("1 1\n1 2 3\n", "lines differ in their number of columns"),
        ("1 1 2 3\n", "cranqrel:1: neither CISI's form nor TREC's"),
        ("7 1\n8 2\n", "0 of 2 judgements fit the set"),
    ],
)
def test_judgements_that_cannot_be_used(write, judgements, message):
    with pytest.raises(BenchError) as caught:
        load_dataset(write(judgements))
    assert message in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("queries", "message"),
    [
        (".I x\n.W\na\n", "cran.qry:1: .I without a number"),
        ("a\n.I 1\n", "cran.qry:1: text before the first .I"),
        (".I 1\n.W\na\n.I 01\n", "cran.qry:4: the number 1 stands already"),
        ("", "cran.qry holds no record"),
    ],
)
def test_queries_that_cannot_be_used(write, queries, message):
    with pytest.raises(BenchError) as caught:
        load_dataset(write("1 1\n", queries=queries))
    assert message in caught.value.message


def test_a_missing_file_is_named(write):
    folder = write("1 1\n")
    (folder / "cran.qry").unlink()
    with pytest.raises(BenchError, match=r"has not one file of queries \(\.QRY\)"):
        load_dataset(folder)
