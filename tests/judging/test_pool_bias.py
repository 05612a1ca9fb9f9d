"""Each retriever left out of the pool in turn: what it alone brought is unjudged then; the report says what moves."""

from __future__ import annotations

import numpy as np
import pytest

import bench
from bench.analysis.pool_bias import pool_bias
from bench.analysis.values import evaluate
from bench.data.formats import load_dataset
from bench.data.formats.pool_record import POOL, brought_alone, read_pool
from bench.errors import BenchError
from bench.evaluation.measures import resolve
from bench.judging.folder import write_set
from bench.judging.grades import GradeLine, append
from bench.report.run import audits
from bench.storage.run import load_run
from retrievers.base import Ranking

RECORD = {
    ("q1", "d1"): {"bm25": 1, "tfidf": 2},
    ("q1", "d2"): {"bm25": 2},
    ("q2", "d3"): {"tfidf": 1},
    ("q2", "d4"): {"tfidf": 2},
    ("q3", "d10"): {"bm25": 1},
    ("q3", "d1"): {},
}


def judged(folder, write_set_fixture):
    """Those of the record are judged, q3's document too; d4 is not relevant."""
    documents = load_dataset(write_set_fixture("source"))
    queries = {name: (text, {}) for name, text in zip(documents.query_ids, documents.query_texts, strict=True)}
    for query, document in RECORD:
        append(
            folder, GradeLine(query, document, "ann", grade=int(document != "d4" and (query, document) != ("q3", "d1")))
        )
    write_set(folder, documents, queries, pool=RECORD)
    return folder


@pytest.fixture
def folder(tmp_path, write_set):
    """A set that judging made, with the record of its pool."""
    return judged(tmp_path / "judged", write_set)


def test_the_record_comes_back(folder):
    assert read_pool(folder / POOL) == RECORD


def test_a_later_session_adds_to_the_record(folder):
    documents = load_dataset(folder)
    queries = {name: (text, {}) for name, text in zip(documents.query_ids, documents.query_texts, strict=True)}
    write_set(folder, documents, queries, pool={("q1", "d2"): {"dense": 4}, ("q1", "d4"): {"dense": 1}})
    assert read_pool(folder / POOL) == RECORD | {("q1", "d2"): {"bm25": 2, "dense": 4}, ("q1", "d4"): {"dense": 1}}


def test_what_one_alone_brought():
    alone = brought_alone(RECORD, RECORD.keys() - {("q2", "d4")})
    assert alone == {"bm25": {("q1", "d2"), ("q3", "d10")}, "tfidf": {("q2", "d3")}}
    assert brought_alone({("q", "d"): {"a": 1, "b": 1}}, {("q", "d")}) == {"a": frozenset(), "b": frozenset()}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"query": "q1", "ranks": {}}', "pool.jsonl:1: no query or no document"),
        ('{"query": "q1", "document": "d1", "ranks": [1]}', "pool.jsonl:1: no ranks"),
        ('{"query": "q1", "document": "d1", "ranks": {"a": 0}}', "pool.jsonl:1: no ranks"),
        ('{"query": "q1", "document": "d1", "ranks": {"a": true}}', "pool.jsonl:1: no ranks"),
        ('{"query": "q1", "document": "d1", "ranks": {}}\n' * 2, "pool.jsonl:2: 'q1' and 'd1' stand there already"),
        ("{", "pool.jsonl:1"),
    ],
)
def test_a_malformed_record_is_named(tmp_path, line, problem):
    (tmp_path / POOL).write_text(line, "utf-8")
    with pytest.raises(BenchError, match=problem):
        read_pool(tmp_path / POOL)


def test_a_set_without_a_record_has_none(write_set):
    assert load_dataset(write_set()).brought_alone == {}


def ranking_of(dataset, *rows):
    """Rankings by ids, a row a query."""
    position = {name: place for place, name in enumerate(dataset.documents["id"].to_pylist())}
    ranking = Ranking.empty(len(rows), 3)
    for row, names in enumerate(rows):
        ranking.put(row, np.array([position[name] for name in names]), np.arange(len(names), 0, -1, dtype=np.float32))
    return ranking


def test_it_is_what_a_set_without_these_judgements_gives(folder):
    dataset = load_dataset(folder)
    rankings = {
        "bm25": ranking_of(dataset, ["d1", "d2"], ["d4"], ["d10", "d1"]),
        "tfidf": ranking_of(dataset, ["d2", "d1"], ["d3", "d4"], ["d1"]),
        "outside": ranking_of(dataset, ["d1"], ["d3"], ["d10"]),
    }
    values = {label: evaluate(dataset, ranking, resolve(["P@1"]))["P@1"] for label, ranking in rankings.items()}
    result = pool_bias(dataset, rankings, values, "P@1", np.random.default_rng(0))
    assert set(result) == {"bm25", "tfidf"}
    bm25, tfidf = result["bm25"], result["tfidf"]
    assert (bm25.alone, bm25.relevant, tfidf.alone, tfidf.relevant) == (2, 2, 2, 1)
    assert (bm25.value, bm25.without) == (pytest.approx(2 / 3), pytest.approx(1 / 3))  # q3's only answer is lost
    assert bm25.moved.value == pytest.approx(-1 / 3)
    assert (tfidf.value, tfidf.without) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert bm25.moved.queries == 3
    assert (bm25.best, bm25.best_without) == ("outside", "outside")


def test_who_brought_nothing_alone_does_not_move(folder):
    documents = load_dataset(folder)
    queries = {name: (text, {}) for name, text in zip(documents.query_ids, documents.query_texts, strict=True)}
    write_set(folder, documents, queries, pool={pair: {"bm25": 1, "tfidf": 1} for pair in RECORD})
    dataset = load_dataset(folder)
    rankings = {"bm25": ranking_of(dataset, ["d1"], ["d3"], ["d10"])}
    values = {"bm25": evaluate(dataset, rankings["bm25"], resolve(["P@1"]))["P@1"]}
    left_out = pool_bias(dataset, rankings, values, "P@1", np.random.default_rng(0))["bm25"]
    assert (left_out.alone, left_out.moved.value) == (0, 0)


def test_the_report_of_such_a_set_says_it(folder, tmp_path, write_set):
    options = {"latency": False, "results": str(tmp_path / "results")}
    run = load_run(bench.run(str(folder), ["bm25", "tfidf", "fakes:Talks"], **options).folder)
    stored = run.analysis["sets"]["judged"]["pool_bias"]
    assert set(stored) == {"bm25", "tfidf"}
    [table] = [table for table in audits.audits(run, run.datasets[0]) if "in the pool" in table.title]
    assert [row[:3] for row in table.rows] == [("bm25", "2", "2"), ("tfidf", "2", "1")]
    assert "Not in the pool: fakes:Talks." in table.notes
    assert table.line.startswith("Pool: left out of it")
    other = load_run(bench.run(str(write_set("other")), ["bm25"], **options).folder)
    assert "pool_bias" not in other.analysis["sets"]["other"]
