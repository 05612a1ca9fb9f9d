"""Plain text: paragraphs, what describes them, and labels beside them."""

from __future__ import annotations

import json

import pytest

from bench.data.formats import load_dataset
from bench.data.formats.options import Options
from bench.errors import BenchError

PARAGRAPHS = "\ufeffThe cat slept.\r\n\r\n  \nError E-4012: pump blocked.\n  A film was shown.  \n"
METADATA = [
    {"id": "cat", "topic": "animals", "title": "Sleep"},
    {"id": 7, "topic": "errors", "title": "Pumps"},
    {"id": "film", "topic": "leisure"},
]
QUERIES = 'query,relevant,grade,kind\nwhere is the cat,cat 7,2,words\nE-4012,7,,"a, b"\nwhere is the cat,film,0,words\n'


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a folder; by default a right one with queries.csv."""
    for name in ("CORPUS_PATH", "CORPUS_META_PATH"):
        monkeypatch.delenv(name, raising=False)

    def write(corpus=PARAGRAPHS, metadata=METADATA, queries=QUERIES, suffix=".csv"):
        folder = tmp_path / "notes"
        folder.mkdir(exist_ok=True)
        (folder / "corpus.txt").write_bytes(corpus.encode())
        if metadata is not None:
            text = metadata if isinstance(metadata, str) else json.dumps(metadata)
            (folder / "corpus_metadata.json").write_text(text)
        if queries is not None:
            (folder / f"queries{suffix}").write_text(queries)
        return folder

    return write


def test_a_folder_is_read(write):
    found = load_dataset(write())
    assert (found.name, found.note) == ("notes", "1 row with the query of an earlier one, merged with it")
    assert found.document_ids(range(3)) == ["film", "cat", "7"]
    assert list(found.texts) == ["A film was shown.", "The cat slept.", "Error E-4012: pump blocked."]
    assert found.query_ids == ["q000001", "q000002"]
    assert found.query_texts == ["where is the cat", "E-4012"]
    assert found.judgements == [{0: 0, 1: 2, 2: 2}, {2: 1}]
    assert [json.loads(each)["kind"] for each in found.queries["metadata"].to_pylist()] == ["words", "a, b"]


def test_queries_as_json_lines(write):
    lines = '{"id": 5, "query": "cat", "relevant": ["cat", 7]}\n{"question": "pump", "relevant": "7", "grade": 3}\n'
    found = load_dataset(write(queries=lines, suffix=".jsonl"))
    assert found.query_ids == ["5", "q000001"]
    assert found.judgements == [{1: 1, 2: 1}, {2: 3}]


def test_queries_as_tsv_under_other_names(write):
    text = 'Frage\tAntwort\n"cat"\tcat\nfilm\tfilm\n'
    options = Options(columns=(("query", "Frage"), ("relevant", "Antwort")))
    found = load_dataset(write(queries=text, suffix=".tsv"), options)
    assert found.query_texts == ['"cat"', "film"]


def test_queries_without_labels_are_left_out_and_counted(write):
    found = load_dataset(write(queries="query,relevant\ncat,cat\nwhat else,\n"))
    assert found.query_texts == ["cat"]
    assert found.note == "queries without a judgement, left out: 1 of 2"


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        (None, "there is no corpus_metadata.json"),
        ("[", "corpus_metadata.json is not valid JSON"),
        ({"id": "a"}, "corpus_metadata.json is not a list"),
        (METADATA[:2], "corpus_metadata.json has 2 entries for 3 paragraphs"),
        ([*METADATA, {"id": "x"}], "corpus_metadata.json has 4 entries for 3 paragraphs"),
        ([{"id": "a"}, {"id": "b"}, {"id": "a"}], "corpus_metadata.json, entry 3: the id 'a' stands twice"),
        ([{"id": "1"}, {"id": "b"}, {"id": 1}], "corpus_metadata.json, entry 3: the id '1' stands twice"),
        ([{"id": "a"}, {"topic": "b"}, {"id": "c"}], "corpus_metadata.json, entry 2: no id"),
        ([{"id": "a"}, "b", {"id": "c"}], "corpus_metadata.json, entry 2: no id"),
        ([{"id": "a"}, {"id": "b c"}, {"id": "c"}], "corpus_metadata.json, entry 2: the id 'b c' holds white space"),
    ],
)
def test_metadata_that_does_not_fit_is_replaced_by_numbers_with_a_warning(write, metadata, reason):
    found = load_dataset(write(metadata=metadata, queries="query,relevant\npump,p000002\n"))
    assert found.note.startswith(f"paragraphs are numbered from p000001: {reason}")
    assert found.document_ids(range(3)) == ["p000003", "p000002", "p000001"]
    assert found.texts[1] == "Error E-4012: pump blocked."
    assert found.judgements == [{1: 1}]


def test_a_label_that_needs_the_metadata_says_why_it_is_not_used(write):
    with pytest.raises(BenchError) as caught:
        load_dataset(write(metadata=METADATA[:2]))
    assert "queries.csv: 3 unknown ids (paragraphs are numbered" in caught.value.message
    assert "document 'cat' (line 2), document '" in caught.value.message


def test_the_environment_names_other_files(write, tmp_path, monkeypatch):
    folder = write()
    (tmp_path / "other.txt").write_text("One.\nTwo.\n")
    (tmp_path / "other.json").write_text('[{"id": "cat"}, {"id": "film"}]')
    (folder / "queries.csv").write_text("query,relevant\ntwo,film\n")
    monkeypatch.setenv("CORPUS_PATH", str(tmp_path / "other.txt"))
    monkeypatch.setenv("CORPUS_META_PATH", str(tmp_path / "other.json"))
    (folder / "corpus.txt").unlink()
    found = load_dataset(folder)
    assert list(found.texts) == ["Two.", "One."]
    assert found.note == "paragraphs from CORPUS_PATH"


def test_known_items_from_the_metadata(write):
    found = load_dataset(write(queries=None), Options(known_item="title"))
    assert found.name == "notes (known-item: title)"
    assert found.note == "known-item queries made from title"
    assert found.card.made_queries  # nobody asked them, as every verdict on it says
    assert found.query_texts == ["Pumps", "Sleep"]
    assert found.judgements == [{2: 1}, {1: 1}]


def test_known_items_with_one_value_are_all_relevant(write):
    metadata = [{**each, "topic": topic} for each, topic in zip(METADATA, ("X y", "z", "x  Y"), strict=True)]
    found = load_dataset(write(metadata=metadata), Options(known_item="topic"))
    assert found.query_texts == ["z", "X y"]
    assert found.judgements == [{2: 1}, {1: 1, 0: 1}]


def test_without_labels_the_error_says_how_to_get_some(write):
    with pytest.raises(BenchError) as caught:
        load_dataset(write(queries=None))
    assert "has no labels" in caught.value.message
    assert caught.value.hint.endswith("--known-item FIELD: title, topic.")
    with pytest.raises(BenchError, match=r"has no labels.*paragraphs are numbered.*2 entries for 3"):
        load_dataset(write(queries=None, metadata=METADATA[:2]))


@pytest.mark.parametrize(
    ("queries", "message"),
    [
        ("query,relevant\ncat,dog\n", "queries.csv:2: there is no document 'dog'"),
        ("query,relevant\ncat,cat\ncat,cat\n", "queries.csv:3: 'cat' and 'cat' are judged already"),
        ("query,relevant\ncat,cat cat\n", "queries.csv:2: 'cat' and 'cat' are judged already"),
        ("query,relevant,grade\ncat,cat,high\n", "queries.csv:2: the grade 'high' is not a whole number"),
        ("query,relevant\n,cat\n", "queries.csv:2: the query is empty"),
        ("heading,relevant\ncat,cat\n", "queries.csv:2: no column query among heading, relevant"),
        ("query,relevant\ncat\n", "queries.csv:2: 1 fields, not 2"),
        ("query,relevant\ncat,\n", "queries.csv holds no labels"),
        ("query,kind\ncat,x\n", "queries.csv:2: no column relevant among query, kind"),
        ("query,relevant\n", "queries.csv holds no labels"),
        ("id,query,relevant\n1,cat,cat\n1,dog,7\n", "queries.csv:3: the id '1' has another query already"),
        ("id,query,relevant\na b,cat,cat\n", "queries.csv:2: the id 'a b' holds white space"),
    ],
)
def test_one_clear_error_with_file_and_line(write, queries, message):
    with pytest.raises(BenchError) as caught:
        load_dataset(write(queries=queries))
    assert message in caught.value.message
    assert caught.value.hint


def test_other_errors(write, tmp_path, monkeypatch):
    folder = write()
    with pytest.raises(BenchError, match="--split says nothing"):
        load_dataset(folder, Options(split="dev"))
    with pytest.raises(BenchError, match="no document has the field 'heading'"):
        load_dataset(folder, Options(known_item="heading"))
    (folder / "queries.tsv").write_text("query\trelevant\n")
    with pytest.raises(BenchError, match=r"queries\.csv and queries\.tsv"):
        load_dataset(folder)
    (folder / "corpus.txt").write_text(" \n\n")
    with pytest.raises(BenchError, match="holds no paragraph"):
        load_dataset(folder)
    (folder / "corpus.txt").write_bytes(b"a\n\xff\n")
    with pytest.raises(BenchError, match=r"corpus\.txt:2: not UTF-8"):
        load_dataset(folder)
    monkeypatch.setenv("CORPUS_PATH", str(tmp_path / "absent"))
    with pytest.raises(BenchError, match=r"There is no .*absent"):
        load_dataset(folder)
