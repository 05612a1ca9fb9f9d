"""Files of judgements alone: the forms that are read, and what cannot be used."""

from __future__ import annotations

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.data.formats import qrels
from bench.data.formats.options import Options
from bench.errors import BenchError

GRADES = {"q1": {"d1": 2, "d2": 0}, "q2": {"d3": 1}}
ROWS = [
    {"query-id": query, "corpus-id": name, "score": grade}
    for query, row in GRADES.items()
    for name, grade in row.items()
]
TREC = "q1 0 d1 2\nq1 0 d2 0\nq2 0 d3 1\n"


def read(dataset):
    names = dataset.documents["id"].to_pylist()
    return {
        query: {names[document]: grade for document, grade in judged.items()}
        for query, judged in zip(dataset.query_ids, dataset.judgements, strict=True)
    }


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("round.qrels", TREC),
        ("round.txt", "q1\td1\t2\nq1\td2\t0\nq2\td3\t1\n"),
        ("round.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\nq2\td3\t1\n"),
        ("round.csv", "query-id,corpus-id,score\nq1,d1,2\nq1,d2,0\nq2,d3,1\n"),
        ("round.json", json.dumps(GRADES)),
        ("round.qrels", json.dumps(GRADES, indent=1)),
        ("round.json", json.dumps(ROWS)),
        ("round.jsonl", "".join(f"{json.dumps(row)}\n" for row in ROWS)),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_judgements_are_read_in_every_form(tmp_path, name, content, packed):
    path = tmp_path / (f"{name}.gz" if packed else name)
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    dataset = qrels.load(str(path), Options())
    assert read(dataset) == GRADES
    assert (dataset.name, dataset.judgements_alone) == ("round", True)


def test_parquet_is_read(tmp_path):
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "round.parquet")
    assert read(qrels.load(str(tmp_path / "round.parquet"), Options())) == GRADES


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.qrels", "", "a.qrels holds no judgement"),
        ("a.json", "{}", "a.json holds no judgement"),
        ("a.qrels", "q1 0 d1 x\n", "a.qrels:1: the grade 'x' is not a whole number"),
        ("a.json", '{"q1": {"d1": 0.5}}', "the grade '0.5' is not a whole number"),
        ("a.qrels", "q1 0 d1 1\nq1 0 d1 2\n", "'q1' and 'd1' are judged already"),
        ("a.jsonl", f"{json.dumps(ROWS[0])}\n" * 2, "'q1' and 'd1' are judged twice"),
        ("a.qrels", "q1 Q0 d1 1 9.5 tag\n", "a.qrels:1: 6 columns, not 3"),
        ("a.tsv", "query-id\tcorpus-id\tscore\nq 1\td1\t1\n", "the id 'q 1' holds white space"),
    ],
)
def test_what_is_no_file_of_judgements_is_one_error(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(BenchError) as caught:
        qrels.load(str(tmp_path / name), Options())
    assert message in str(caught.value)


def test_a_folder_or_nothing_is_no_file_of_judgements(tmp_path):
    for path, message in ((tmp_path, "is a folder, not a file"), (tmp_path / "absent", "is not there")):
        with pytest.raises(BenchError, match=message):
            qrels.load(str(path), Options())


def test_options_of_sets_say_nothing_to_it(tmp_path):
    (tmp_path / "a.qrels").write_text(TREC)
    with pytest.raises(BenchError, match="--split says nothing to a source of the form 'qrels'"):
        qrels.load(str(tmp_path / "a.qrels"), Options(split="test"))


def test_more_documents_leave_judgements_and_fingerprint_as_they_are(tmp_path):
    (tmp_path / "a.qrels").write_text(TREC)
    dataset = qrels.load(str(tmp_path / "a.qrels"), Options())
    more = dataset.with_documents({"d0", "d25", "z"})
    assert more.documents["id"].to_pylist() == ["z", "d3", "d25", "d2", "d1", "d0"]
    assert read(more) == GRADES
    assert more.fingerprint == dataset.fingerprint
    other = TREC.replace("d1 2", "d1 1")
    (tmp_path / "b.qrels").write_text(other)
    assert qrels.load(str(tmp_path / "b.qrels"), Options()).fingerprint != dataset.fingerprint
