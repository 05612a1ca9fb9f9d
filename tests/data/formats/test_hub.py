"""Folders in the layouts of the hub: columns, types and containers, read alike from the hub and from a folder."""

from __future__ import annotations

import json
from fnmatch import fnmatch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.data.formats import hf, load_dataset
from bench.data.formats.options import Options
from bench.errors import BenchError

DOCS = {"1": "The cat slept.", "2": "A pump is blocked.", "3": "The film was long."}
QUERIES = {"7": "cat", "8": "pump"}
JUDGED = [("7", "1"), ("8", "2")]
RIGHT = [{"The cat slept.": 1}, {"A pump is blocked.": 1}]


def table(names, rows):
    return [dict(zip(names, row, strict=True)) for row in rows]


def graded(names, kind=int, identifier=str, document=None):
    rows = [(identifier(q), (document or identifier)(d), kind(1)) for q, d in JUDGED]
    return table(names, rows)


def texts(of, name="_id", text="text", identifier=str):
    return [{name: identifier(key), text: value} for key, value in of.items()]


PLAIN = {"corpus": texts(DOCS), "queries": texts(QUERIES), "qrels": graded(["query-id", "corpus-id", "score"])}
NUMBERS = {"corpus": texts(DOCS, identifier=int), "queries": texts(QUERIES, identifier=int)}
PAGES = [
    {"corpus_id": int(key), "image": {"bytes": b"\0", "path": None}, "doc_id": "book", "markdown": value}
    for key, value in DOCS.items()
]
RANKED = [{"query-id": q, "positive-corpus-ids": [d], "bm25-ranked-ids": ["3", d]} for q, d in JUDGED]
LAYOUTS = {
    "plain": PLAIN,
    "under": {**PLAIN, "qrels": graded(["query_id", "corpus_id", "score"])},
    "qid": {**PLAIN, "qrels": graded(["qid", "docid", "relevance"])},
    "ids": {
        "corpus": texts(DOCS, "docid", "contents"),
        "queries": texts(QUERIES, "query_id", "query"),
        "qrels": graded(["query_id", "doc_id", "label"]),
    },
    "numbers": {**NUMBERS, "qrels": graded(["query-id", "corpus-id", "score"], identifier=int)},
    "fractions": {**PLAIN, "qrels": graded(["query-id", "corpus-id", "score"], float, float)},
    "one fraction": {**NUMBERS, "qrels": graded(["query-id", "corpus-id", "score"], int, int, float)},
    "texts of fractions": {
        **PLAIN,
        "qrels": graded(["query-id", "corpus-id", "score"], identifier=lambda key: f"{key}.0"),
    },
    "bool": {**PLAIN, "qrels": graded(["query-id", "corpus-id", "score"], bool)},
    "text": {**PLAIN, "qrels": graded(["query-id", "corpus-id", "score"], lambda value: f"{value}.0")},
    "no score": {**PLAIN, "qrels": table(["query-id", "corpus-id"], JUDGED)},
    "pages": {
        "corpus": PAGES,
        "queries": [{"query_id": int(key), "query": value, "language": "en"} for key, value in QUERIES.items()],
        "qrels": graded(["query_id", "corpus_id", "score"], identifier=int),
    },
    "ranked": {**PLAIN, "relevance": RANKED},
    "null": {**PLAIN, "corpus": [*texts(DOCS), {"_id": "9", "text": None}]},
    "vectors": {**PLAIN, "corpus": [{**row, "vector": [0.5], "day": 1} for row in texts(DOCS)]},
}
LAYOUTS["ranked"].pop("qrels")
CONTAINERS = ["parquet", "arrow", "stream", "feather", "jsonl", "json"]


def write(folder, layout, container="parquet", split="test", only=None):
    """A table of each role: <role>/<split>-00000-of-00001.<ending>."""
    for role, rows in layout.items():
        kind = container if only in (None, role) else "parquet"
        path = folder / role / f"{split}-00000-of-00001.{'arrow' if kind == 'stream' else kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        content = pa.Table.from_pylist(rows)
        if kind == "parquet":
            pq.write_table(content, path)
        elif kind.startswith("json"):
            lines = [json.dumps(row, default=str) for row in rows]
            path.write_text("\n".join(lines) if kind == "jsonl" else f"[{','.join(lines)}]")
        else:
            made = pa.ipc.new_stream if kind == "stream" else pa.ipc.new_file
            with made(path, content.schema) as writer:
                writer.write_table(content)
    return folder


def shown(found):
    documents = list(found.texts)
    return [{documents[each]: grade for each, grade in judged.items()} for judged in found.judgements]


def failing(source, **options):
    with pytest.raises(BenchError) as caught:
        load_dataset(source, Options(**options))
    assert caught.value.hint
    return f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("container", CONTAINERS)
def test_columns_are_found_by_their_names_in_every_container(tmp_path, name, container):
    found = load_dataset(write(tmp_path, LAYOUTS[name], container))
    assert shown(found) == RIGHT
    assert len(found.documents) == 3
    notes = {
        "no score": "judgements have no grade: each is relevant",
        "ranked": "judgements have no grade: each is relevant",
        "ids": "documents are read from contents",
        "pages": "documents are read from markdown",
        "null": "1 document without text left out",
    }
    assert found.note == notes.get(name, "")


@pytest.mark.parametrize("name", ["under", "no score", "pages", "ranked"])
def test_the_hub_is_read_as_the_folder_is(tmp_path, monkeypatch, name):
    folder = write(tmp_path / "0123", LAYOUTS[name], split="train")
    monkeypatch.setattr(hf, "_fetched", lambda repo, revision, split: folder)
    found = load_dataset("hf:lab/set")
    assert found.fingerprint == load_dataset(folder).fingerprint
    assert found.note.startswith("judgements of the split 'train'")
    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")]
    assert all(any(fnmatch(path, pattern) for pattern in hf.FETCHED) for path in files)


def test_the_only_split_is_read_and_a_choice_is_the_users(tmp_path):
    folder = write(write(tmp_path, LAYOUTS["plain"], split="train"), {"qrels": PLAIN["qrels"][:1]}, split="dev")
    assert "Known: dev, train" in failing(folder)
    assert "Did you mean 'train'? Known: dev, train." in failing(folder, split="trian")
    assert load_dataset(folder, Options(split="train")).note == ""


def test_texts_of_one_split_serve_judgements_of_another(tmp_path):
    folder = write(write(tmp_path, {"qrels": PLAIN["qrels"]}, split="dev"), {**PLAIN, "qrels": []}, split="all")
    (folder / "qrels" / "all-00000-of-00001.parquet").unlink()
    assert shown(load_dataset(folder, Options(split="dev"))) == RIGHT


def test_null_texts_and_grades_are_left_out_and_counted(tmp_path):
    layout = {
        "corpus": [*texts(DOCS), {"_id": "9", "text": None}],
        "queries": [*texts(QUERIES), {"_id": "10", "text": None}],
        "qrels": [*PLAIN["qrels"], *table(["query-id", "corpus-id", "score"], [("7", "9", 1), ("7", "3", None)])],
    }
    found = load_dataset(write(tmp_path, layout))
    assert shown(found) == RIGHT
    assert found.note == (
        "1 document without text left out; 1 query without text left out; 1 judgement without a grade left out; "
        "judgements of queries or documents that the set lacks, left out: 1 of 3 (the first: document '9')"
    )


def test_a_document_of_a_title_alone_is_its_title(tmp_path):
    corpus = [{"_id": "1", "title": "The cat slept.", "text": None}, *texts({"2": DOCS["2"]})]
    assert shown(load_dataset(write(tmp_path, {**PLAIN, "corpus": corpus}))) == RIGHT


@pytest.mark.parametrize("arrow", [True, False])
def test_columns_with_other_names_are_listed(tmp_path, arrow):
    for role, rows, message in (
        ("qrels", table(["q", "d"], JUDGED), "no query-id and corpus-id among q, d."),
        ("qrels", table(["query-id"], [("7",)]), "no query-id and corpus-id among query-id."),
        ("corpus", texts(DOCS, "number"), "no _id among number, text."),
        ("corpus", [{"_id": "1", "image": "x"}], "no 'text' among _id, image."),
        ("corpus", [{"_id": True, "text": "x"}], "no _id."),
        ("corpus", [{"_id": "1", "text": ["x"]}], "'text' is list, not a string"),
        ("qrels", [{"query-id": "7", "positive-corpus-ids": "1"}], "a str, not a list of ids"),
        ("qrels", graded(["query-id", "corpus-id", "score"], lambda _: 0.5), "the grade '0.5' is not a whole number"),
    ):
        folder = write(tmp_path, {**PLAIN, role: rows}, "parquet" if arrow else "jsonl")
        assert message in failing(folder)


def test_ids_that_do_not_match_are_shown_from_both_sides(tmp_path):
    layout = {**PLAIN, "corpus": texts({f"00{key}": text for key, text in DOCS.items()})}
    message = failing(write(tmp_path, layout))
    assert "0 of 2 judgements fit the set. Unknown are document '1' (" in message
    assert "nearest: '001'), document '2' (" in message
    assert "; it has the documents '00" in message
    assert "leading zeros" in message


@pytest.mark.parametrize("role", ["corpus", "queries", "qrels"])
def test_what_is_missing_is_said(tmp_path, role):
    write(tmp_path, {key: rows for key, rows in PLAIN.items() if key != role})
    what = "judgements" if role == "qrels" else role
    assert f"{tmp_path} has no {what}. It must be in MTEB's or BEIR's layout" in failing(tmp_path)


@pytest.mark.parametrize("ending", ["parquet", "arrow", "feather"])
def test_a_file_that_cannot_be_read_is_one_error(tmp_path, ending):
    path = tmp_path / f"pairs.{ending}"
    path.write_bytes(b"PAR1 and more")
    assert f"pairs.{ending} cannot be read: " in failing(path)


def test_files_of_arrow_are_tables_as_others_are(tmp_path):
    rows = table(["question", "answer", "grade", "day"], [("a", "b", 2.0, None), ("c", "d", float("nan"), None)])
    path = tmp_path / "pairs.parquet"
    content = pa.Table.from_pylist(rows[:1]).append_column("photo", pa.array([b"\xff"]))
    content = content.append_column("at", pa.array([0], pa.timestamp("ns"))).append_column("v", pa.array([[0.5]]))
    pq.write_table(content, path)
    found = load_dataset(path)
    assert found.grade.tolist() == [2]
    assert found.metadata == [{"day": None, "at": "1970-01-01 00:00:00.000000000"}]
    pq.write_table(pa.Table.from_pylist(rows), path)
    assert "row 2: the grade 'None' is not a whole number" in failing(path)
    pq.write_table(pa.table({"ask": ["a"], "found": ["b"]}), path)
    assert "its columns are 'ask', 'found'" in failing(path)
    pq.write_table(pa.table({"text": ["a", "b", "c"], "label": [1.0, 1.0, None]}), path)
    assert len(load_dataset(path).documents) == 2


def test_a_set_in_beirs_own_layout_stays_one(write_set):
    folder = write_set()
    right = load_dataset(folder)
    pq.write_table(pa.table({"x": [1]}), folder / "vectors.parquet")
    write(folder, {"data": [{"x": 1}]})
    again = load_dataset(folder)
    assert (again.fingerprint, again.note) == (right.fingerprint, right.note)


def test_documents_alone_can_be_searched(tmp_path):
    write(tmp_path, {"corpus": PLAIN["corpus"]})
    assert len(load_dataset(tmp_path, Options(unlabelled=True)).documents) == 3


def test_files_of_text_beside_a_table_of_queries_stay_documents(tmp_path):
    (tmp_path / "a.md").write_text("# Cats\nThe cat slept.")
    pq.write_table(pa.table({"query": ["cat"], "relevant": [["a.md"]]}), tmp_path / "queries.parquet")
    assert load_dataset(tmp_path).note == "each file is a document; 1 list of ids taken apart"
