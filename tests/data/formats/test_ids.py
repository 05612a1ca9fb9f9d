"""Ids in labels that the set does not have: one error for all of them."""

from __future__ import annotations

import json

import pytest

from bench.data.formats import load_dataset
from bench.data.formats.ids import UnknownIds, nearest_id
from bench.errors import BenchError


def failing(path):
    with pytest.raises(BenchError) as caught:
        load_dataset(path)
    return caught.value


@pytest.mark.parametrize(
    ("name", "near"),
    [("Shiping.md", "shipping.md"), ("RETURNS.txt", "returns.txt"), ("7", "007"), ("zzz", None), ("", None)],
)
def test_the_nearest_id(name, near):
    assert nearest_id(name, ["shipping.md", "returns.txt", "007"]) == near


def test_one_unknown_id_is_one_sentence():
    unknown = UnknownIds({"document": ["pump", "filter"]})
    unknown.add("document", "pumpe", "a.csv:3")
    error = unknown.error("a.csv", " (why)", " More.")
    assert error.message == "a.csv:3: there is no document 'pumpe' (why)."
    assert error.hint == "Mend the id. The nearest is 'pump'. More."


def test_several_are_listed_with_their_lines_and_the_nearest():
    unknown = UnknownIds({"query": ["q1"], "document": ["pump", "filter"]})
    for line in (2, 3, 5, 8, 9):
        unknown.add("document", "pumpe", f"a.csv:{line}")
    unknown.add("query", "x", "a.parquet, row 4")
    assert unknown.error("a.csv").message == (
        "a.csv: 2 unknown ids: document 'pumpe' (line 2, line 3, line 5, …; nearest: 'pump'), query 'x' (row 4)."
    )


def test_the_first_ten_are_listed_and_the_others_counted():
    unknown = UnknownIds({"document": ["1"]})
    for number in range(2_000, 3_000):
        unknown.add("document", f"{number}", f"a.csv:{number}")
    message = unknown.error("a.csv").message
    assert message.startswith("a.csv: 1,000 unknown ids: document '2000' (line 2000), ")
    assert message.endswith("document '2009' (line 2009) and 990 more.")


def test_a_folder_of_texts_names_all_wrong_files_at_once(tmp_path):
    for name in ("shipping.md", "returns.md"):
        (tmp_path / name).write_text("text", "utf-8")
    (tmp_path / "queries.csv").write_text("query,relevant\na,shiping.md\nb,returns.md\nc,Return.md gone\n", "utf-8")
    error = failing(tmp_path)
    assert error.message == (
        f"{tmp_path}/queries.csv: 3 unknown ids (each file is a document): document 'shiping.md' (line 2; nearest: "
        "'shipping.md'), document 'Return.md' (line 4; nearest: 'returns.md'), document 'gone' (line 4)."
    )


def test_one_json_object_names_all_at_once(tmp_path):
    whole = {"queries": {"q1": "x"}, "corpus": {"d1": "y"}, "relevant_docs": {"q1": ["d1", "D1"], "q2": ["d11"]}}
    (tmp_path / "set.json").write_text(json.dumps(whole), "utf-8")
    assert failing(tmp_path / "set.json").message == (
        f"{tmp_path}/set.json: 3 unknown ids: document 'D1' (relevant_docs of 'q1'; nearest: 'd1'), query 'q2' "
        "(relevant_docs of 'q2'), document 'd11' (relevant_docs of 'q2'; nearest: 'd1')."
    )


def test_judgements_that_do_not_fit_name_queries_and_documents(write_set):
    folder = write_set(qrels=[("Q1", "d1", 1), ("q2", "doc-3", 1), ("q7", "D3", 1)])
    error = failing(folder)
    assert "0 of 3 judgements fit the set. Unknown are query 'Q1' (line 2; nearest: 'q1'), document" in error.message
    assert "document 'D3' (line 4; nearest: 'd3'); it has the queries 'q" in error.message
