"""Runs of other systems: the forms that are read, and hits on documents that a set does not have."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pyarrow as pa
import pytest
import pytrec_eval
from hypothesis import given
from hypothesis import strategies as st

from bench.analysis.judged_hits import Hits
from bench.analysis.values import evaluate
from bench.cli import main
from bench.data.dataset import Dataset
from bench.data.formats import load_dataset, trec_runs
from bench.data.formats.run_rankings import to_ranking, trec_run, unknown_documents
from bench.errors import BenchError
from bench.evaluation.measures import resolve
from bench.experiment import cautions
from bench.experiment.participants import participants
from bench.storage.run import load_run
from retrievers.fusion import reciprocal_rank_fusion

RIGHT = {"1": {"d1": 3.0, "d2": 1.5}, "2": {"d3": 2.0}}
RANKS = {"1": {"d1": -1.0, "d2": -2.0}, "2": {"d3": -1.0}}


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.trec", "1 Q0 d1 1 3 t\n1 Q0 d2 2 1.5 t\n2 Q0 d3 1 2 t\n", RIGHT),
        ("a.json", json.dumps(RIGHT), RIGHT),
        ("a.run", json.dumps(RIGHT, indent=4), RIGHT),
        ("a.tsv", "1\td1\t1\n1\td2\t2\n2\td3\t1\n", RANKS),
        ("a.tsv", "1\td1\t3\n1\td2\t1.5\n2\td3\t2\n", RIGHT),
        ("a.tsv", "1\td1\t1\t3\n1\td2\t2\t1.5\n2\td3\t1\t2\n", RIGHT),
        ("a.csv", 'qid,docid,docno,rank,score,query\n1,0,d1,0,3,x\n1,1,d2,1,1.5,x\n2,2,d3,0,2,"a, b"\n', RIGHT),
        ("a.tsv", "query_id\tdoc_id\trank\n1\td1\t1\n1\td2\t2\n2\td3\t1\n", RANKS),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_runs_are_read_in_the_forms_that_tools_write(tmp_path, name, content, expected, packed):
    path = tmp_path / (f"{name}.gz" if packed else name)
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    assert trec_runs.read_run(path) == expected


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.trec", "", "a.trec holds no hit"),
        ("a.json", "{}", "a.json holds no hit"),
        ("a.json", '{"1": ["d1"]}', "'1' has a list, not an object of scores"),
        ("a.json", '{"1": {"d1": "x"}}', "the score of 'd1' for '1' is no number"),
        ("a.json", "[1]", "a list, not an object of queries"),
        ("a.json", '{"1": {"d 1": 1}}', "the id 'd 1' holds white space"),
        ("a.json", '{"1": ', "a.json:1: not valid JSON"),
        ("a.csv", "1,d1,3\n", "a.csv:1: no column of query ids among 1, d1, 3"),
        ("a.csv", "qid,docno\n1,d1\n", "neither score nor rank among qid, docno"),
        ("a.csv", "qid,docno,score\n1,d1\n", "a.csv:2: 2 columns, not 3 as in the header"),
        ("a.tsv", "1\td1\t3\n1\td2\t2\n1\td3\t1\n", "the third column could be ranks or scores"),
        ("a.tsv", "1\td1\t5\n1\td2\t6\n", "the third column could be ranks or scores"),
        ("a.tsv", "1\td1\t1\n1\td2\t5\n1\td3\t3\n", "the third column could be ranks or scores"),
        ("a.tsv", "query-id\tcorpus-id\tscore\n1\td1\t2\n1\td2\t1\n", "a.tsv looks like judgements, not a run"),
        ("a.tsv", "1\td1\t1\n1\td2\n", "a.tsv:2: 2 columns"),
        ("a.trec", "1 0 7 2\n1 0 8 1\n", "a.trec is a file of judgements, not a run"),
        ("a.trec", "1 Q0 a b.md 1 9.1 t\n", "a.trec:1: the rank 'b.md' is not a whole number"),
        ("a.trec", "1 Q0 d1 9.1 1 t\n", "a.trec:1: the rank '9.1' is not a whole number"),
        ("a.trec", "1 Q0 d1 1 1_0 t\n", "the score '1_0' is not a finite number"),
        ("a.trec", "PK\x03\x04", "a.trec is no text: it is a zip file"),
    ],
)
def test_what_is_wrong_with_a_run_is_said(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(BenchError) as caught:
        trec_runs.read_run(tmp_path / name)
    assert message in caught.value.message
    assert caught.value.hint


def test_a_name_with_a_space_is_told_to_be_written_otherwise(tmp_path):
    (tmp_path / "a.trec").write_text("1 Q0 a b.md 1 9.1 t\n")
    with pytest.raises(BenchError, match=r"a\.trec:1") as caught:
        trec_runs.read_run(tmp_path / "a.trec")
    assert "%20" in caught.value.hint


# --- documents that the set does not have ---


def known_set(qrels):
    """A dataset of the judged documents."""
    strings, documents = pa.large_string(), sorted({each for grades in qrels.values() for each in grades})
    rows = [(query, document, grade) for query, grades in qrels.items() for document, grade in grades.items()]
    return Dataset.build(
        "known",
        pa.table({"id": pa.array(documents, strings), "text": pa.array([""] * len(documents), strings)}),
        pa.table(
            {
                "id": pa.array(list(qrels), strings),
                "text": pa.array([""] * len(qrels), strings),
                "metadata": pa.array(["{}"] * len(qrels), strings),
            }
        ),
        pa.table(
            {
                "query": pa.array([row[0] for row in rows], strings),
                "document": pa.array([row[1] for row in rows], strings),
                "grade": pa.array([row[2] for row in rows], pa.int64()),
            }
        ),
    )


THEIRS = {
    "map": "AP",
    "ndcg": "nDCG",
    "ndcg_cut_5": "nDCG@5",
    "recip_rank": "RR",
    "P_5": "P@5",
    "recall_5": "R@5",
    "Rprec": "Rprec",
    "bpref": "Bpref",
    "infAP": "infAP",
    "set_P": "SetP",
    "num_ret": "NumRet",
}
QUERIES = st.sampled_from(["q1", "q2"])
SCORES = st.sampled_from([0.0, 0.5, 1.0, 2.0])  # few, so that many tie
NAMES = st.sampled_from(["a", "b1", "b2", "b3", "c", "é"])
QRELS = st.dictionaries(QUERIES, st.dictionaries(NAMES, st.integers(0, 2), min_size=1), min_size=1)
STRANGERS = st.sampled_from(["a0", "b1x", "b2", "x1", "x2", "日", "z"])
RUNS = st.dictionaries(QUERIES, st.dictionaries(st.one_of(NAMES, STRANGERS), SCORES, min_size=1), min_size=1)


@given(QRELS, RUNS)
def test_figures_with_unknown_documents_are_trec_evals(qrels, run):
    dataset = known_set(qrels)
    ranking = to_ranking(run, dataset, 20)
    theirs = pytrec_eval.RelevanceEvaluator(qrels, set(THEIRS)).evaluate(run)
    exported = trec_run(dataset, ranking, "t", unknown_documents(run, dataset))
    again = {}
    for line in gzip.decompress(exported).decode().splitlines():
        query, _, document, _, score, _ = line.split()
        again.setdefault(query, {})[document] = float(score)
    assert again == {query: hits for query, hits in run.items() if query in qrels}
    ours = evaluate(dataset, ranking, resolve(list(THEIRS.values())))
    for row, query in enumerate(dataset.query_ids):
        for their_name, name in THEIRS.items():
            if query in run:
                assert ours[name][row] == pytest.approx(theirs[query][their_name]), (query, name)


def test_an_unknown_document_keeps_its_rank_and_is_no_judged_hit():
    dataset = known_set({"q1": {"a": 1, "c": 0}})
    ranking = to_ranking({"q1": {"x": 3.0, "y": 2.0, "a": 1.0}}, dataset, 3)
    assert ranking.documents.tolist() == [[-2, -3, 1]]
    hits = Hits.of(dataset, ranking)
    assert (hits.real.tolist(), hits.judged.tolist()) == ([[True] * 3], [[False, False, True]])
    assert hits.first_relevant.tolist() == [3]
    fused = reciprocal_rank_fusion(ranking, ranking)
    assert fused.documents[0, :2].tolist() == [1, -1]


def test_names_in_another_composition_are_the_same():
    dataset = known_set({"q\u0301": {"e\u0301": 1, "a": 0}})
    assert to_ranking({"q\u0301": {"\u00e9": 1.0}}, dataset, 1).documents.tolist() == [[0]]
    assert unknown_documents({"q\u0301": {"\u00e9": 1.0}}, dataset) == []


@pytest.fixture
def stored(tmp_path):
    """A stored run of this content."""

    def stored(content, name="other.trec"):
        (tmp_path / name).write_text(content)
        return participants([], {}, [str(tmp_path / name)], None)[0]

    return stored


def test_unknown_documents_are_said_with_line_query_and_number(stored, write_set):
    dataset = load_dataset(write_set())
    run = stored(
        "".join(f"q{n} Q0 d1 1 9 t\n" for n in (1, 2, 3)) + "q2 Q0 zz9 2 8 t\nq2 Q0 zz8 2 8 t\nq9 Q0 gone 1 1 t\n"
    )
    (warning,) = cautions.of_run(run, dataset)
    assert "other: 2 of 5 hits are documents that small does not have; each keeps its rank" in warning
    assert warning.endswith("other.trec:4: 'zz9' for the query 'q2'.")


def test_a_run_without_a_document_in_common_shows_the_ids_of_both(stored, write_set):
    with pytest.raises(BenchError) as caught:
        stored("q1 Q0 d01 1 9 t\nq1 Q0 d02 1 9 t\n").ranked(load_dataset(write_set()), 1)
    assert "has none of the documents of small: it has 'd01', 'd02'; the set has 'd4', 'd3'" in caught.value.message
    assert caught.value.hint.startswith("They differ in leading zeros")


def test_a_run_without_a_query_in_common_shows_the_ids_of_both(stored, write_set):
    with pytest.raises(BenchError) as caught:
        stored("Q1 Q0 d1 1 9 t\n").ranked(load_dataset(write_set()), 1)
    assert "has none of the queries of small: it has 'Q1'; the set has 'q1', 'q2', 'q3'" in caught.value.message
    assert caught.value.hint.startswith("They differ in upper and lower case")


def exit_code(*arguments):
    """Of a command."""
    with pytest.raises(SystemExit) as ended:
        main([str(each) for each in arguments])
    return ended.value.code


def test_score_counts_them_as_not_relevant(tmp_path, write_set, capsys):
    folder = write_set()
    lines = ("q1 Q0 zz 1 9 t", "q1 Q0 d1 2 8 t", "q2 Q0 d3 1 1 t", "q3 Q0 d10 1 1 t")
    (tmp_path / "other.trec").write_text("\n".join(lines) + "\n")
    options = ["-m", "RR@10", "--name", "x", "--results", str(tmp_path / "results")]
    assert exit_code("score", tmp_path / "other.trec", "-d", folder, *options) == 0
    assert "other.trec:1: 'zz' for the query 'q1'" in " ".join(capsys.readouterr().err.split())
    found = load_run(tmp_path / "results" / "x")
    assert found.per_query.set_index("query")["RR@10"].to_dict() == {"q1": 0.5, "q2": 1.0, "q3": 1.0}
    exported = gzip.decompress((found.folder / "runs" / "small" / "other.run.gz").read_bytes()).decode()
    assert "q1 Q0 zz 1 9 other\n" in exported
    assert np.isfinite(found.measures["value"]).all()


def test_a_run_of_strangers_is_bad_input(tmp_path, write_set, capsys):
    (tmp_path / "other.trec").write_text("1 Q0 d1 1 9 t\n")
    assert exit_code("score", tmp_path / "other.trec", "-d", write_set(), "--results", tmp_path) == 2
    assert "none of the queries" in capsys.readouterr().err
