"""BEIR folders: what is read, and one clear error with file and line for each thing that can be wrong."""

from __future__ import annotations

import pytest

from bench.errors import BenchError
from bench.formats import load_dataset, shipped
from bench.formats.options import Options


def test_a_folder_is_read(write_set):
    found = load_dataset(write_set())
    assert found.name == "small"
    assert found.document_ids(range(5)) == ["d4", "d3", "d2", "d10", "d1"]  # descending bytes
    assert found.texts[4] == "Cats The cat sat on the mat and slept."
    assert found.texts[0] == "Error E-4013 means that the filter is full."
    assert found.query_texts == ["cat on a mat", "what does E-4012 mean", "film in the cinema"]
    assert found.judgements == [{4: 2, 2: 1}, {1: 1, 0: 0}, {3: 1}]
    assert found.answerable.all()


def test_queries_without_judgements_are_left_out(write_set):
    found = load_dataset(write_set(qrels=[("q2", "d3", 1)]))
    assert found.query_ids == ["q2"]


def test_judged_queries_without_relevant_documents_are_unanswerable(write_set):
    found = load_dataset(write_set(qrels=[("q1", "d1", 1), ("q2", "d3", 0)]))
    assert found.answerable.tolist() == [True, False]


def test_bom_crlf_blank_lines_and_no_header(write_set):
    folder = write_set()
    for name in ("corpus.jsonl", "queries.jsonl"):
        path = folder / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n\r\n"))
    (folder / "qrels" / "test.tsv").write_bytes(b"\xef\xbb\xbfq1\td1\t1\r\nq2\td3\t1\r\n")
    found = load_dataset(folder)
    assert len(found.documents) == 5
    assert found.query_ids == ["q1", "q2"]


def test_ids_may_be_numbers(write_set):
    found = load_dataset(
        write_set(corpus=[{"_id": 7, "text": "x"}], queries=[{"_id": 1, "text": "x"}], qrels=[(1, 7, 1)])
    )
    assert found.query_ids == ["1"]


def test_the_card_is_read(write_set):
    card = 'description = "A set"\nmeasure = "R@5"\nslices = ["kind"]\ndrop_self = true\n'
    found = load_dataset(write_set(card=card))
    assert (found.card.measure, found.card.slices, found.card.drop_self) == ("R@5", ("kind",), True)


GOOD = b'{"_id": "d1", "text": "x"}\n'


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("corpus.jsonl", b"", "corpus.jsonl is empty"),
        ("corpus.jsonl", GOOD + b"{oops}\n", "corpus.jsonl:2: not valid JSON"),
        ("corpus.jsonl", GOOD + b"[1]\n", "corpus.jsonl:2: a list, not an object"),
        ("corpus.jsonl", GOOD + b'\n{"text": "x"}\n', "corpus.jsonl:3: no _id"),
        ("corpus.jsonl", b'{"_id": "", "text": "x"}\n', "corpus.jsonl:1: no _id"),
        ("corpus.jsonl", GOOD + b'{"_id": "d2"}\n', "corpus.jsonl:2: no 'text'"),
        ("corpus.jsonl", b'{"_id": "d1", "text": 5}\n', "corpus.jsonl:1: 'text' is int, not a string"),
        (
            "corpus.jsonl",
            GOOD + b'{"_id": "d2", "text": ""}\n' + GOOD,
            "corpus.jsonl:3: the id 'd1' stands already in line 1",
        ),
        ("corpus.jsonl", b'{"_id": "d 1", "text": "x"}\n', "corpus.jsonl:1: the id 'd 1' holds white space"),
        ("corpus.jsonl", b'{"_id": "d\xe91", "text": "x"}\n', "corpus.jsonl:1: not valid JSON in UTF-8"),
        ("corpus.jsonl", b'{"_id": "d1", "text": "\\ud800"}\n', "corpus.jsonl:1: not valid JSON"),
        ("queries.jsonl", b'{"_id": "q1"}\n', "queries.jsonl:1: no 'text'"),
        ("qrels/test.tsv", b"", "holds no judgement"),
        ("qrels/test.tsv", b"query-id\tcorpus-id\tscore\n", "holds no judgement"),
        ("qrels/test.tsv", b"q1\td9\t1\n", "test.tsv:1: there is no document 'd9'"),
        ("qrels/test.tsv", b"q1\td1\t1\nq9\td1\t1\n", "test.tsv:2: there is no query 'q9'"),
        ("qrels/test.tsv", b"q1\td1\t0.5\n", "test.tsv:1: the grade '0.5' is not a whole number"),
        ("qrels/test.tsv", b"q1\td1\t99999999999999999999\n", "is not a whole number"),
        ("qrels/test.tsv", b"q1 d1 1\n", "test.tsv:1: 1 columns, not 3"),
        ("qrels/test.tsv", b"q1\td1\t1\nq1\td1\t2\n", "test.tsv:2: 'q1' and 'd1' are judged already"),
        ("qrels/test.tsv", b"q1\td1\t1\nq\xe9\td1\t2\n", "test.tsv:2: not UTF-8"),
        ("dataset.toml", b"licence = 5\n", "licence must be a string"),
        ("dataset.toml", b'slices = "kind"\n', "slices must be a list of strings"),
        ("dataset.toml", b'lisence = "MIT"\n', "no key in"),
        ("dataset.toml", b"= broken\n", "dataset.toml: "),
        ("dataset.toml", b"\xff\xfe", "not UTF-8"),
    ],
)
def test_one_clear_error_with_file_and_line(write_set, name, content, message):
    folder = write_set()
    (folder / name).write_bytes(content)
    with pytest.raises(BenchError) as caught:
        load_dataset(folder)
    assert message in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"])
def test_a_missing_file_is_named(write_set, name):
    folder = write_set()
    (folder / name).unlink()
    with pytest.raises(BenchError, match=name.rpartition("/")[2]):
        load_dataset(folder)


def test_an_unknown_name_suggests_a_shipped_set():
    with pytest.raises(BenchError) as caught:
        load_dataset("vector-note")
    assert "Did you mean 'vector-notes'?" in caught.value.hint


@pytest.mark.parametrize("name", sorted(shipped()))
def test_the_shipped_sets_load(name):
    found = load_dataset(name)
    assert found.answerable.any()
    assert found.card.description
    assert found.card.licence


def test_known_items_are_asked_by_a_title_that_is_not_indexed(write_set):
    corpus = [
        {"_id": "d1", "title": "Cats", "text": "The animal sat on the mat."},
        {"_id": "d2", "title": " cats ", "text": "All about cats."},
        {"_id": "d3", "title": "", "text": "No title."},
        {"_id": "d4", "title": "Only a title", "text": ""},
        {"_id": "d5", "title": None, "text": "x", "metadata": {"title": "The  letter"}},
    ]
    found = load_dataset(write_set(corpus=corpus), Options(known_item="title"))
    assert found.name == "small (known-item: title)"
    assert found.note == (
        "known-item queries made from title; 1 of 2 stand word for word in a document that answers them"
    )
    assert list(found.texts) == ["x", "", "No title.", "All about cats.", "The animal sat on the mat."]
    assert dict(zip(found.query_ids, found.query_texts, strict=True)) == {
        "known-d1": "Cats",
        "known-d5": "The letter",
    }
    assert found.judgements == [{4: 1, 3: 1}, {0: 1}]


def test_known_items_need_no_queries_and_another_field_leaves_the_title_in_the_text(write_set):
    folder = write_set(corpus=[{"_id": "d1", "title": "Cats", "text": "meow", "author": "Ann"}])
    (folder / "queries.jsonl").unlink()
    found = load_dataset(folder, Options(known_item="author"))
    assert (found.query_texts, list(found.texts)) == (["Ann"], ["Cats meow"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(known_item="heading"), "no document has the field 'heading'"),
        (Options(known_item="text"), "would ask for a document by itself"),
        (Options(known_item="title", split="dev"), "--split says nothing"),
    ],
)
def test_known_items_that_cannot_be_made(write_set, options, message):
    with pytest.raises(BenchError) as caught:
        load_dataset(write_set(), options)
    assert message in caught.value.message
    assert caught.value.hint


def test_without_labels_the_error_says_how_to_get_some(write_set):
    folder = write_set()
    (folder / "queries.jsonl").unlink()
    with pytest.raises(BenchError) as caught:
        load_dataset(folder)
    assert "--known-item title" in caught.value.hint


def test_a_folder_in_this_layout_may_hold_the_files_of_others_too(write_set, monkeypatch, tmp_path):
    folder = write_set()
    (folder / "corpus.txt").write_text("a\n")
    (folder / "docs.tsv").write_text("d\ta\n")
    (folder / "queries.csv").write_text("query,relevant\na,b\n")
    monkeypatch.setenv("CORPUS_PATH", str(tmp_path / "absent"))
    assert len(load_dataset(folder).documents) == 5
