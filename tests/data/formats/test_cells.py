"""Several texts or ids in one field: lists of JSON, of cells, and negatives beside them."""

from __future__ import annotations

import csv
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.data.formats import load_dataset
from bench.data.formats.cells import listed
from bench.data.formats.options import Options
from bench.errors import BenchError

ROWS = [
    ("are there boats", ["A boat leaves at ten.", 'It\'s "the" only\none.']),
    ("what to eat", ["Soup, bread; and tea."]),
    ("when to leave", ["A boat leaves at ten."]),
]
RIGHT = {query: dict.fromkeys(texts, 1) for query, texts in ROWS}


def shown(found):
    """Query text -> document text -> grade."""
    texts = list(found.texts)
    return {
        query: {texts[document]: grade for document, grade in judged.items()}
        for query, judged in zip(found.query_texts, found.judgements, strict=True)
    }


def failing(source, **options):
    with pytest.raises(BenchError) as caught:
        load_dataset(source, Options(**options))
    return f"{caught.value.message} {caught.value.hint}"


def as_csv(path, header, rows):
    sink = io.StringIO()
    csv.writer(sink).writerows([header, *rows])
    path.write_text(sink.getvalue(), "utf-8")
    return path


def numpys(texts):
    """A list as str() of numpy's array has it."""
    return "[" + "\n ".join(map(repr, texts)) + "]"


def tuples(texts):
    return f" {tuple(texts)} "


@pytest.mark.parametrize("written", [repr, json.dumps, numpys, tuples])
def test_a_cell_with_a_list_holds_several_texts(tmp_path, written):
    path = as_csv(tmp_path / "l.csv", ["user_input", "reference_contexts"], [(q, written(each)) for q, each in ROWS])
    found = load_dataset(path)
    assert shown(found) == RIGHT
    assert len(found.documents) == 3
    assert found.note == (
        "read as pairs: query = user_input, relevant = reference_contexts; lists of texts: reference_contexts"
    )


@pytest.mark.parametrize("name", ["relevant", "positive", "pos", "positives", "contexts"])
@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".parquet", ".arrow"])
def test_a_list_is_read_whatever_file_it_is_in(tmp_path, name, suffix):
    path = tmp_path / f"l{suffix}"
    rows = [{"query": query, name: texts} for query, texts in ROWS]
    if suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif suffix == ".arrow":
        with pa.ipc.new_stream(path, (table := pa.Table.from_pylist(rows)).schema) as writer:
            writer.write_table(table)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows) if suffix == ".jsonl" else json.dumps(rows))
    assert shown(load_dataset(path)) == RIGHT


PASSAGES = ("positive_passages", "negative_passages")


@pytest.mark.parametrize("names", [("pos", "neg"), ("positive", "negative"), PASSAGES])
def test_negatives_are_judged_not_relevant(tmp_path, names):
    path = tmp_path / "l.jsonl"
    as_objects = names == PASSAGES
    rows = [("a", ["b", "c"], ["d"]), ("e", ["f"], ["b", None]), ("g", ["h"], [])]
    path.write_text(
        "".join(
            json.dumps({"query": query} | {
                name: [{"docid": "1", "title": "", "text": each} if as_objects and each else each for each in texts]
                for name, texts in zip(names, lists, strict=True)
            }) + "\n"
            for query, *lists in rows
        )
    )  # fmt: skip
    assert shown(load_dataset(path)) == {"a": {"b": 1, "c": 1, "d": 0}, "e": {"f": 1, "b": 0}, "g": {"h": 1}}


def test_triplets_and_their_numbered_negatives(tmp_path):
    rows = [("a", "b", "c", "d", "x"), ("e", "f", "", "b", "y")]
    path = as_csv(tmp_path / "t.csv", ["anchor", "positive", "negative_1", "negative_2", "note"], rows)
    found = load_dataset(path)
    assert shown(found) == {"a": {"b": 1, "c": 0, "d": 0}, "e": {"f": 1, "b": 0}}
    assert found.note == "read as pairs: query = anchor, relevant = positive, negative = negative_1, negative_2"
    assert found.metadata == [{"note": "x"}, {"note": "y"}]


def test_a_negative_that_another_line_calls_relevant_is_relevant(tmp_path):
    rows = [("a", "b", "c"), ("a", "c", "d"), ("a", "e", "A")]
    found = load_dataset(as_csv(tmp_path / "t.csv", ["anchor", "positive", "negative"], rows))
    assert shown(found) == {"a": {"b": 1, "c": 1, "d": 0, "e": 1}}
    assert "1 negative that is relevant by another line, taken as relevant" in found.note
    assert "2 lines with the query of an earlier one, merged with it" in found.note
    assert "1 line that pairs a text with itself left out" in found.note


def test_grades_and_ids_beside_a_list_are_lists_of_as_many(tmp_path):
    path = tmp_path / "l.jsonl"
    row = {"query": "a", "query_id": 6.0, "relevant": ["b", "c"], "relevant_id": ["x", 7], "grade": [2, True]}
    path.write_text(json.dumps(row))
    found = load_dataset(path)
    assert shown(found) == {"a": {"b": 2, "c": 1}}
    assert (found.query_ids, found.document_ids([0, 1])) == (["6"], ["x", "7"])
    path.write_text(json.dumps(row | {"grade": 3}))
    assert shown(load_dataset(path)) == {"a": {"b": 3, "c": 3}}
    for changed in ({"relevant_id": "x"}, {"relevant_id": ["x"]}, {"grade": [1, 2, 3]}):
        path.write_text(json.dumps(row | changed))
        assert f"l.jsonl:1: 2 texts, and {next(iter(changed))!r} is no list of as many" in failing(path)


def test_wordings_in_a_list_are_queries_each(tmp_path):
    path = tmp_path / "l.jsonl"
    path.write_text(json.dumps({"query": ["a", "b"], "relevant": "c"}))
    found = load_dataset(path)
    assert shown(found) == {"a": {"c": 1}, "b": {"c": 1}}
    assert found.query_ids == ["q1.1", "q1.2"]


ORDINARY = ["[1] Smith 2020", "['tis the season]", "[sic] he said [x]", "[1, 2]", '("quite")', "[[link]]", "['a' or b]"]
UNREAD = ["['a', 'b\"]", "['a', ..., 'b']", "[{'text': 'a'}]", '["a", b"]', "array(['a'], dtype=object)", '["\\ud800"]']


@pytest.mark.parametrize("text", ORDINARY)
def test_a_text_that_merely_begins_with_a_bracket_stays_one(tmp_path, text):
    assert shown(load_dataset(as_csv(tmp_path / "o.csv", ["query", "relevant"], [("a", text)]))) == {"a": {text: 1}}


@pytest.mark.parametrize("text", UNREAD)
def test_what_looks_like_a_list_and_is_none_is_refused(tmp_path, text):
    message = failing(as_csv(tmp_path / "o.csv", ["query", "relevant"], [("a", text)]))
    assert "o.csv:2: 'relevant' looks like a list of texts and cannot be read as one" in message
    assert 'Several texts are written as a JSON list: ["one", "two"]' in message


def test_a_list_of_anything_but_texts_is_refused(tmp_path):
    path = tmp_path / "l.jsonl"
    for entry, kind in ((5, "int"), ([], "list"), ({"words": "x"}, "dict")):
        path.write_text(json.dumps({"query": "a", "relevant": ["b", entry]}))
        assert f"l.jsonl:1: 'relevant' is a list with {kind} in it, not of texts" in failing(path)


def test_a_side_of_a_pair_is_one_text(tmp_path):
    path = as_csv(tmp_path / "m.csv", ["question1", "question2", "is_duplicate"], [("a", "['b', 'c']", 1)])
    assert "m.csv:2: 'question2' holds a list; each side of a pair is one text" in failing(path)


def test_an_answer_beside_the_contexts_is_to_be_chosen(tmp_path):
    path = as_csv(tmp_path / "r.csv", ["question", "contexts", "answer"], [("a", "['b', 'c']", "d")])
    assert "Say which it is: --columns relevant=contexts, or --columns relevant=answer." in failing(path)
    assert shown(load_dataset(path, Options(columns=(("relevant", "contexts"),)))) == {"a": {"b": 1, "c": 1}}
    assert shown(load_dataset(path, Options(columns=(("relevant", "answer"),)))) == {"a": {"d": 1}}


@given(st.lists(st.text(st.characters(codec="utf-8"))))
def test_any_list_is_read_as_python_and_json_write_it(texts):
    assert listed(repr(texts), "x", "here") == texts
    assert listed(json.dumps(texts), "x", "here") == texts


# ids in plain text


@pytest.fixture
def plain(tmp_path, monkeypatch):
    monkeypatch.delenv("CORPUS_PATH", raising=False)
    monkeypatch.delenv("CORPUS_META_PATH", raising=False)
    (tmp_path / "corpus.txt").write_text("One.\nTwo.\nThree.\n")

    def write(relevant, ids=("a", "b", "c"), suffix=".csv"):
        (tmp_path / "corpus_metadata.json").write_text(json.dumps([{"id": each} for each in ids]))
        if suffix == ".csv":
            as_csv(tmp_path / "queries.csv", ["query", "relevant"], [("x", relevant)])
        else:
            (tmp_path / "queries.csv").unlink(missing_ok=True)
            (tmp_path / f"queries{suffix}").write_text(json.dumps([{"query": "x", "relevant": relevant}]))
        return tmp_path

    return write


@pytest.mark.parametrize("written", ["b c", "b,c", "b, c", "b;c", "b | c", "b\nc", "['b', 'c']", '["b", "c"]', "b, c;"])
def test_several_ids_in_a_cell(plain, written):
    found = load_dataset(plain(written))
    assert shown(found) == {"x": {"Two.": 1, "Three.": 1}}
    assert ("1 list of ids taken apart" in found.note) == written.startswith("[")


def test_an_id_with_a_separator_in_it_is_one(plain):
    assert shown(load_dataset(plain("b,c", ("b", "c", "b,c")))) == {"x": {"Three.": 1}}
    assert shown(load_dataset(plain("a,b;c", ("a,b", "b", "c")))) == {"x": {"One.": 1, "Three.": 1}}


@pytest.mark.parametrize(("written", "name"), [("b,d", "b,d"), ("b d", "d"), ("['b', 'd']", "d"), ("[b]", "[b]")])
def test_ids_that_are_none_say_how_several_are_written(plain, written, name):
    message = failing(plain(written))
    assert f"queries.csv:2: there is no document {name!r}." in message
    assert "Several ids are separated by spaces, commas or semicolons, or written as a list" in message


@pytest.mark.parametrize("value", [6, 6.0, "6", "6.0", "7,6.0", [7.0, 6]])
def test_numbers_that_pandas_made_fractions_are_the_ids_that_they_were(plain, value):
    found = load_dataset(plain(value, (6.0, "7", "8"), ".json"))
    assert found.document_ids([next(iter(found.judgements[0]))])[0] in ("6", "7")
    assert "One." in shown(found)["x"]


def test_an_id_that_is_there_both_ways_is_itself(plain):
    assert shown(load_dataset(plain("6.0", ("6", "6.0", "7")))) == {"x": {"Two.": 1}}


def test_zeros_that_were_dropped_are_named(plain):
    assert "There is '003': spreadsheets and pandas drop zeros before a number" in failing(
        plain("3", ("003", "1", "2"))
    )
    assert "There is 'Ab': case counts." in failing(plain("aB", ("Ab", "1", "2")))


def test_a_list_of_queries_in_a_cell_is_refused(plain):
    folder = plain("a")
    as_csv(folder / "queries.csv", ["query", "relevant"], [("['x', 'y']", "a")])
    assert "queries.csv:2: the query is a list. Write a line for each query." in failing(folder)


def test_a_name_in_the_other_normal_form_is_the_same(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "u\u0308ber.txt").write_text("One.")
    as_csv(tmp_path / "docs" / "queries.csv", ["query", "relevant"], [("x", "\u00fcber.txt")])
    assert len(load_dataset(tmp_path / "docs").grade) == 1
