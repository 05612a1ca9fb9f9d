"""The folder that grades make is a set that a run takes; what was judged stands beside it; nothing is half-written."""

from __future__ import annotations

import csv
import tomllib

import pytest

import bench
from bench.data.formats import export, load_dataset
from bench.errors import BenchError
from bench.judging import folder as folders
from bench.judging.folder import GRADE_NAMES, write_set
from bench.judging.grades import GRADES, GradeLine, append, read

QUERIES = {
    "q1": ("cat on a mat", {"count": 7}),
    "q2": ("what does E-4012 mean", {}),
    "q3": ("film in the cinema", {}),
    "q4": ("nobody judged this", {}),
}


@pytest.fixture
def documents(write_set):
    """A set of which only the documents and the card are to count."""
    return load_dataset(write_set("source", card='licence = "CC0-1.0"\nmeasure = "RR@10"\ncomplete = true\n'))


@pytest.fixture
def judged(tmp_path):
    """A folder with grades of two judges."""
    folder = tmp_path / "judged"
    for document, judge, grade in [("d1", "ann", 3), ("d1", "bob", 2), ("d2", "ann", 0)]:
        append(folder, GradeLine("q1", document, judge, grade=grade, note="=1+1"))
    append(folder, GradeLine("q2", "d3", "ann", grade=1))
    append(folder, GradeLine("q3", "d10", "bob", grade=2))
    append(folder, GradeLine("q3", "d1", "bob", grade=2))
    append(folder, GradeLine("q3", "d1", "bob", "undo"))
    append(folder, GradeLine("q3", "d2", "bob", "skip"))
    return folder


def test_the_folder_is_a_set(judged, documents):
    written = write_set(judged, documents, QUERIES)
    assert (written.judgements, written.left_out) == (4, 0)
    dataset = load_dataset(judged)
    ids = dataset.document_ids(dataset.judged_document)
    pairs = zip(dataset.judged_query.tolist(), ids, dataset.grade.tolist(), strict=True)
    assert {(dataset.query_ids[query], document): grade for query, document, grade in pairs} == {
        ("q1", "d1"): 2,
        ("q1", "d2"): 0,
        ("q2", "d3"): 1,
        ("q3", "d10"): 2,
    }
    assert list(dataset.texts) == list(documents.texts)
    assert dataset.metadata[0] == {"count": 7}
    card = dataset.card
    assert (card.grades, card.measure, card.licence, card.complete) == (GRADE_NAMES, "RR@10", "CC0-1.0", False)
    assert card.description.startswith("Judged by 2 judges from 20")
    assert not card.made_queries
    assert "1 of 4" in dataset.note  # a query that nobody judged


def test_a_run_takes_it(judged, documents, tmp_path):
    write_set(judged, documents, QUERIES)
    result = bench.run(str(judged), ["bm25", "tfidf"], results=str(tmp_path / "results"), latency=False)
    assert not result.failures
    assert set(result.measures["measure"]) >= {"RR@10"}


def test_who_judged_what_is_beside_it_and_no_note_is_run(judged, documents):
    write_set(judged, documents, QUERIES)
    with (judged / folders.JUDGEMENTS).open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["judge"], row["action"], row["grade"]) for row in rows] == [
        ("ann", "grade", "3"),
        ("bob", "grade", "2"),
        ("ann", "grade", "0"),
        ("ann", "grade", "1"),
        ("bob", "grade", "2"),
        ("bob", "skip", ""),
    ]
    assert rows[0]["note"] == "'=1+1"
    assert all(row["time"] for row in rows)


def test_the_checksums_on_the_card_are_those_of_the_files(judged, documents):
    import hashlib

    write_set(judged, documents, QUERIES, made_queries=True)
    card = tomllib.loads((judged / "dataset.toml").read_text("utf-8"))
    assert card["made_queries"]
    assert len(card["sha256"]) == 4
    for name, digest in card["sha256"].items():
        assert hashlib.sha256((judged / name).read_bytes()).hexdigest() == digest


def test_it_is_written_again_as_grades_come(judged, documents):
    write_set(judged, documents, QUERIES)
    append(judged, GradeLine("q4", "d1", "ann", grade=1))
    append(judged, GradeLine("gone", "d1", "ann", grade=1), GradeLine("q4", "gone", "ann", grade=1))
    written = write_set(judged, documents, QUERIES)
    assert (written.judgements, written.left_out) == (5, 2)
    assert load_dataset(judged).query_ids == ["q1", "q2", "q3", "q4"]


def test_a_full_disk_leaves_the_set_as_it_was(judged, documents, monkeypatch):
    write_set(judged, documents, QUERIES)
    before = {path: path.read_bytes() for path in judged.rglob("*") if path.is_file()}
    append(judged, GradeLine("q4", "d1", "ann", grade=1))
    write_lines = export.write_lines

    def refuse(path, lines):
        if path.name == "dataset.toml":
            raise OSError(28, "No space left on device")
        return write_lines(path, lines)

    monkeypatch.setattr(folders, "write_lines", refuse)
    with pytest.raises(BenchError, match=r"No space left on device.*safe in grades\.jsonl"):
        write_set(judged, documents, QUERIES)
    after = {path: path.read_bytes() for path in judged.rglob("*") if path.is_file()}
    assert {path: content for path, content in after.items() if path.name != GRADES} == {
        path: content for path, content in before.items() if path.name != GRADES
    }
    assert len(read(judged)) == 9


def test_what_a_killed_process_left_is_no_trouble(judged, documents):
    (judged / folders.TEMPORARY / "qrels").mkdir(parents=True)
    (judged / folders.TEMPORARY / "corpus.jsonl").write_text("half", "utf-8")
    write_set(judged, documents, QUERIES)
    assert not (judged / folders.TEMPORARY).exists()


def test_one_at_a_time(judged, documents, monkeypatch):
    from filelock import FileLock

    monkeypatch.setattr(folders, "LOCK_SECONDS", 0.05)
    with FileLock(judged / folders.LOCK), pytest.raises(BenchError, match="written by another process"):
        write_set(judged, documents, QUERIES)


def test_nothing_judged_is_an_error(tmp_path, documents):
    with pytest.raises(BenchError, match="no grade of these documents"):
        write_set(tmp_path / "empty", documents, QUERIES)
    assert not (tmp_path / "empty" / "qrels").exists()
