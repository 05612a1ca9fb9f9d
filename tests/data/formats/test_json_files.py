"""JSON in all of its layouts: lines, arrays, printed objects, tables in one object, and whole sets in one file."""

from __future__ import annotations

import json

import pytest

from bench.data.formats import load_dataset
from bench.data.formats.json_files import json_records
from bench.errors import BenchError

ROWS = [{"query": "a", "relevant": "b"}, {"query": "c", "relevant": "d", "lang": "de"}]
TABLE = {"a": {"b": 1}, "c": {"d": 1}}
WHOLE = {
    "queries": {"q1": "when does it open", "q2": "what does it cost", "q3": "nobody judged this"},
    "corpus": {"n1": "It opens at nine.", "n2": {"title": "Prices", "text": "It is free."}},
    "relevant_docs": {"q1": ["n1"], "q2": ["n2"]},
    "mode": "text",
}
SQUAD = {
    "version": "v2.0",
    "data": [
        {
            "title": "Museum",
            "paragraphs": [
                {
                    "context": "The museum opens at nine.",
                    "qas": [
                        {"id": "s1", "question": "When does it open?", "answers": [{"text": "at nine"}]},
                        {"id": "s2", "question": "Who built it?", "answers": [], "is_impossible": True},
                    ],
                },
                {"context": "The garden is free.", "qas": [{"question": "What is free?"}]},
                {"context": "The museum opens at nine.", "qas": []},
            ],
        }
    ],
}


def shown(found):
    """Query text -> document text -> grade."""
    texts = list(found.texts)
    return {
        query: {texts[document]: grade for document, grade in judged.items()}
        for query, judged in zip(found.query_texts, found.judgements, strict=True)
    }


@pytest.fixture
def write(tmp_path):
    def _write(content, name="set.json"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return path

    return _write


def failing(source):
    with pytest.raises(BenchError) as caught:
        load_dataset(source)
    assert caught.value.hint
    return f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("name", ["set.json", "set.jsonl"])
@pytest.mark.parametrize(
    "content",
    [
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2),
        "\n[\n" + ",\n".join(map(json.dumps, ROWS)) + "\n]\n\n",
        "".join(json.dumps(row, indent=4) + "\n" for row in ROWS),
        "\n".join(map(json.dumps, ROWS)),
        "\ufeff" + json.dumps(ROWS),
    ],
)
def test_each_layout_of_objects_is_read(write, name, content):
    assert shown(load_dataset(write(content, name))) == TABLE


@pytest.mark.parametrize(
    "content",
    [
        {"query": {"0": "a", "1": "c"}, "relevant": {"0": "b", "1": "d"}},
        {"query": ["a", "c"], "relevant": ["b", "d"]},
        {"version": 3, "data": ROWS},
    ],
)
def test_a_table_in_one_object_is_read(write, content):
    assert shown(load_dataset(write(content))) == TABLE


def test_nan_is_null(write):
    path = write('{"query": "a", "relevant": "b", "x": NaN}\n{"query": NaN, "relevant": "d"}\n', "set.jsonl")
    found = load_dataset(path)
    assert (shown(found), found.metadata) == ({"a": {"b": 1}}, [{"x": None}])
    assert "1 line with an empty text left out" in found.note


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[\n{"query": "a"},\n{"query": }\n]', "set.jsonl:3: not valid JSON (Expecting value)"),
        ('[{"query": "a"}, 5]', "set.jsonl, entry 2: a int, not an object"),
        ('[{"query": "a"}\n{"query": "b"}]', "set.jsonl:2: not valid JSON (Expecting ',' delimiter)"),
        ('[{"query": "a"}]\n[]', "set.jsonl:1: not valid JSON (Extra data)"),
        ('{"query": "a"\n{"query": "b"}', "set.jsonl:1: not valid JSON"),
        ('{"query": "a"}\n{"query": \n', "set.jsonl:2: not valid JSON"),
        ('"version"\n"data"\n', "set.jsonl:1: a str, not an object. Each line must be one JSON object."),
        ('{"query": "a", "relevant": "\\ud800"}', "set.jsonl:1: not valid JSON"),
        ('[{"query": "a", "relevant": "\\ud800"}]', "set.jsonl: not valid JSON"),
        ("[" * 5000, "not valid JSON"),
    ],
)
def test_what_is_malformed_is_one_error_with_its_place(write, content, message):
    path = write(content, "set.jsonl")
    with pytest.raises(BenchError) as caught:
        list(json_records(path, "Give it."))
    assert message in str(caught.value)


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ["set.json", "set.jsonl"])
def test_one_object_with_queries_corpus_and_judgements(write, name, indent):
    found = load_dataset(write(json.dumps(WHOLE, indent=indent), name))
    assert shown(found) == {
        "when does it open": {"It opens at nine.": 1},
        "what does it cost": {"Prices It is free.": 1},
    }
    assert (found.query_ids, found.document_ids([0, 1])) == (["q1", "q2"], ["n2", "n1"])
    assert found.note == (
        "read as one object: queries, corpus, relevant_docs; queries without a judgement, left out: 1 of 3"
    )


def test_its_judgements_may_have_grades(write):
    graded = {"q1": {"n1": 2, "n2": 0}, "q2": "n2"}
    content = {"qrels": graded, "documents": WHOLE["corpus"], "queries": WHOLE["queries"]}
    found = load_dataset(write(content))
    assert [list(each.values()) for each in found.judgements] == [[0, 2], [1]]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"relevant_docs": {"q9": ["n1"]}}, "relevant_docs of 'q9': there is no query 'q9'."),
        ({"relevant_docs": {"q1": ["n9"]}}, "relevant_docs of 'q1': there is no document 'n9'."),
        ({"relevant_docs": {"q1": [None]}}, "relevant_docs of 'q1': None is no id."),
        ({"relevant_docs": {}}, "no query is judged"),
        ({"corpus": {"n 1": "x"}}, "the id 'n 1' holds white space"),
        ({"corpus": {"n1": 5}}, "corpus 'n1': no text."),
        ({"corpus": {"003": "x"}, "relevant_docs": {"q1": ["3"]}}, "There is '003'"),
    ],
)
def test_one_object_that_is_wrong_is_one_error(write, changed, message):
    assert message in failing(write(WHOLE | changed))


def test_squad(write):
    found = load_dataset(write(SQUAD))
    assert shown(found) == {
        "When does it open?": {"The museum opens at nine.": 1},
        "Who built it?": {},
        "What is free?": {"The garden is free.": 1},
    }
    assert len(found.documents) == 2
    assert found.field("title") == ["Museum"] * 3
    assert found.note == "read as SQuAD: each context is a document; 1 impossible question has no answer"
    assert shown(load_dataset(write(SQUAD["data"], "list.json"))) == shown(found)


@pytest.mark.parametrize(
    ("qas", "message"),
    [
        ([{"id": "1", "question": "x"}, {"id": "1", "question": "y"}], "article 1: the id '1' stands twice"),
        ([{"id": "1"}], "article 1: no 'question'"),
        ("x", "article 1: 'qas' is no list of objects"),
        ([{"id": "1", "question": "x", "is_impossible": True}], "no query is judged"),
    ],
)
def test_squad_that_is_wrong_is_one_error(write, qas, message):
    assert message in failing(write({"data": [{"paragraphs": [{"context": "c", "qas": qas}]}]}))


def test_an_object_in_no_form_says_what_it_has(write):
    message = failing(write({"version": "1", "entries": 5}))
    assert "its columns are 'version', 'entries'" in message
    assert "python -c" not in message
