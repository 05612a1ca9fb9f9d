"""Small inputs with the faults that people of this field have reported of their tools, each with what is right.

They take their folder from BENCH_CASES and are skipped where it is unset.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

from bench.cli import main

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def cases():
    where = os.environ.get("BENCH_CASES")
    if not where:
        pytest.skip("BENCH_CASES is not set: it names the folder of inputs that were once got wrong")
    folder = Path(where)
    if not folder.is_dir():
        pytest.fail(f"BENCH_CASES={where} is not a folder")
    return folder


@pytest.fixture
def call(capsys, tmp_path, monkeypatch):
    """Run a command in a folder of its own: its exit code and all that it said, without line ends."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(list(map(str, arguments)))
        captured = capsys.readouterr()
        return ended.value.code, " ".join((captured.out + captured.err).split())

    return run


def means(retriever):
    """measure -> its mean over all queries, of the only run in results."""
    (path,) = Path("results").glob("*/measures.csv")
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if (row["slice"], row["retriever"]) == ("all", retriever)]
    return {row["measure"]: float(row["value"]) for row in rows}


# Source -> what bm25's R@1 is (None: an error), and what is said.
READ = {
    "04-run-trouble/gz": (0.6667, ""),
    "04-run-trouble/x.csv": (None, "it is a zip file or an Excel workbook"),
    "06-qrels-header-order/right": (1.0, ""),
    "06-qrels-header-order/swapped": (1.0, ""),
    "08-dangling-qrels-zip/arguments": (1.0, "left out: 3 of 6 (the first: query 'q9' and document 'gone1')"),
    "08-dangling-qrels-zip/arguments.zip": (1.0, "left out: 3 of 6"),
    "09-own-id-in-corpus/debate": (1.0, "6 queries are documents too, each of which is left out of its own hits"),
    "09-own-id-in-corpus/debate.zip": (1.0, "6 queries are documents too"),
    "09-own-id-in-corpus/debate2": (1.0, "6 queries are documents too"),
    "11-nested-zip/forums.zip": (None, "holds several sets: forums/boats, forums/buses. Name one:"),
    "11-nested-zip/forums": (None, "holds several sets: boats, buses. Name one:"),
    "11-nested-zip/forums.zip/forums/boats": (0.6667, ""),
    "11-nested-zip/forums/boats": (0.6667, ""),
    "11-nested-zip/four.zip": (0.6667, ""),
    "11-nested-zip/inner.zip": (0.6667, ""),
    "11-nested-zip/mac.zip": (0.6667, ""),
    "11-nested-zip/outer.zip": (None, "holds no corpus.jsonl, but data/inner.zip, which is packed itself"),
    "11-nested-zip/set.tar.gz": (None, "is a tar archive, which is not read as it lies. Unpack it:"),
    "12-msmarco-layout/m": (1.0, "3 documents"),
    "12-msmarco-layout/m2": (1.0, "3 documents"),
    "12-msmarco-layout/m3": (1.0, "queries without a judgement, left out: 2 of 3"),
    "12-msmarco-layout/m4": (1.0, "3 documents"),
    "12-msmarco-layout/m5": (1.0, "3 documents"),
    "12-msmarco-layout/m6": (None, "docs.tsv:4: 4 columns, not 2 or 3"),
    "12-msmarco-layout/m7": (1.0, "4 documents"),
    "13-trec-xml-topics/a": (1.0, "2 queries"),
    "14-json-objects/squad.json": (1.0, "1 impossible question has no answer"),
    "14-json-objects/qa.json": (1.0, "read as one object: queries, corpus, relevant_docs"),
    "14-json-objects/pretty.jsonl": (1.0, "read as one object"),
    "14-json-objects/one.jsonl": (1.0, "read as one object"),
    "14-json-objects/array.json": (1.0, ""),
    "14-json-objects/new2.jsonl": (1.0, ""),
    "14-json-objects/new.jsonl": (None, "new.jsonl:1: a str, not an object"),
    "15-lists-in-cells/right": (0.6667, "4 documents"),
    "15-lists-in-cells/ragas.csv": (0.6667, "lists of texts: reference_contexts"),
    "15-lists-in-cells/bge.jsonl": (0.75, "relevant = pos, negative = neg"),
    "15-lists-in-cells/rerank.jsonl": (0.75, "5 documents"),
    "15-lists-in-cells/triplets.csv": (0.0, "4 documents"),
    "15-lists-in-cells/plain": (0.75, "1 list of ids taken apart"),
}


@pytest.mark.parametrize("source", READ)
def test_what_is_read_of_a_source(cases, call, source):
    value, said = READ[source]
    code, text = call("run", cases / source, "-r", "bm25", "--no-latency", "-m", "R@1")
    assert said in text
    assert code == (0 if value is not None else 2)
    if value is not None:
        assert means("bm25") == {"R@1": pytest.approx(value, abs=1e-4)}


SET = "04-run-trouble/set"
# Run file -> its set, R@1 (None: an error), and what is said.
RUNS = {
    "04-run-trouble/twice.trec": (SET, None, "twice.trec:2: 'q1' has 'd1' twice"),
    "04-run-trouble/foreign.trec": (SET, 0.6667, "foreign.trec:2: 'zz9' for the query 'q1'"),
    "04-run-trouble/noq.trec": (SET, None, "has none of the queries of set: it has '1.0', '2.0'; the set has 'q1'"),
    "04-run-trouble/marco.tsv": (SET, 0.6667, ""),
    "04-run-trouble/coil.tsv": (SET, 0.1667, "no hits for 2 of the 3"),
    "04-run-trouble/run.csv": (SET, 0.1667, "no hits for 2 of the 3"),
    "04-run-trouble/run.json": (SET, 0.5, "no hits for 1 of the 3"),
    "04-run-trouble/runp.json": (SET, 0.5, "no hits for 1 of the 3"),
    "04-run-trouble/half.trec": (SET, 0.5, "no hits for 1 of the 3"),
    "04-run-trouble/empty.trec": (SET, None, "holds no hit"),
    "04-run-trouble/extra.trec": (SET, 0.6667, ""),
    "04-run-trouble/crlf.trec": (SET, 0.6667, ""),
    "04-run-trouble/c2.trec": (SET, 0.6667, ""),
    "04-run-trouble/c.trec.gz": (SET, 0.6667, ""),
    "04-run-trouble/c3.trec.gz": (SET, None, "damaged or cut off"),
    "04-run-trouble/x.csv": (SET, None, "it is a zip file or an Excel workbook"),
    "04-run-trouble/p.jsonl": (SET, None, "it is a Parquet file"),
    "09-own-id-in-corpus/own.trec": ("09-own-id-in-corpus/debate.zip", 1.0, ""),
    "20-relevance-threshold/q.trec": ("20-relevance-threshold/set", None, "is a file of judgements, not a run"),
}


@pytest.mark.parametrize("run", RUNS)
def test_what_is_read_of_a_run(cases, call, run):
    source, value, said = RUNS[run]
    code, text = call("score", cases / run, "-d", cases / source, "-m", "R@1")
    assert said in text
    assert code == (0 if value is not None else 2)
    if value is not None:
        (label,) = {Path(run).name.partition(".")[0]}
        assert means(label) == {"R@1": pytest.approx(value, abs=1e-4)}


def test_a_query_that_is_kept_among_its_hits_is_warned_of(cases, call):
    debate = cases / "09-own-id-in-corpus" / "debate.zip"
    code, text = call("run", debate, "-r", "bm25", "--no-latency", "-m", "R@1", "--keep-self")
    assert (code, means("bm25")) == (0, {"R@1": 0})
    assert "6 of 6 queries stand among the documents" in text
    assert "--drop-self" in text


def test_a_measure_that_asks_for_a_grade_is_not_said_to_be_one(cases, call):
    folder = cases / "20-relevance-threshold"
    names = ["R(rel=2)@5", "Success(rel=2)@10", "R@5"]
    asked = [part for name in names for part in ("-m", name)]
    code, text = call("score", folder / "all.trec", "-d", folder / "set", *asked, "--verbose")
    assert code == 0
    assert means("all") == {name: pytest.approx(2 / 3 if "rel" in name else 1) for name in names}
    assert "R@5: the set has 5 documents" in text
    code, brief = call("score", folder / "all.trec", "-d", folder / "set", "-m", "R@5")
    assert "R@5: 1 for whoever returns all of the 5 documents" in brief
    assert "Success(rel=2)@10, R@5: the set has" not in text


STOCK = {"AP": 0.0550, "nDCG": 0.2422, "NumRet": 1300, "SetR": 1.0, "IPrec@0.5": 0.0133}


def test_a_run_of_1300_hits_is_scored_to_its_end(cases, call):
    folder = cases / "21-deep-cutoffs"
    asked = [part for name in STOCK for part in ("-m", name)]
    for name, more in (("one", []), ("two", ["-m", "R@1300"])):
        assert call("score", folder / "deep.trec", "-d", folder / "set", "--name", name, *asked, *more)[0] == 0
    for name in ("one", "two"):
        with (Path("results") / name / "measures.csv").open(encoding="utf-8", newline="") as stream:
            found = {row["measure"]: float(row["value"]) for row in csv.DictReader(stream) if row["slice"] == "all"}
        assert {each: found[each] for each in STOCK} == pytest.approx(STOCK, abs=5e-5)
    code, text = call("compare", "results/one", "results/two")
    assert code == 0
    assert "depth: 100 is now 1300" in text
    assert "No query's value moved" in text


@pytest.mark.parametrize("run", ["r", "r2", "r4", "r5"])
def test_a_name_with_a_space_in_a_run_is_an_error_that_says_how_to_write_it(cases, call, run):
    folder = cases / "23-run-id-with-space"
    code, text = call("score", folder / f"{run}.trec", "-d", folder / "handbook", "-m", "R@1")
    assert code == 2
    assert f"{run}.trec:1:" in text
    assert "%20" in text


@pytest.fixture
def typed(cases, tmp_path):
    """Run a command of a shell, as somebody who stands in a copy of a case's folder: its exit code and what it said."""

    def run(folder, *arguments, code=("-m", "bench")):
        if not (tmp_path / folder).exists():
            shutil.copytree(cases / folder, tmp_path / folder)
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, *code, *map(str, arguments)]
        done = subprocess.run(
            command, cwd=tmp_path / folder, env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    return run


def stored(folder, name="r"):
    """label -> its R@1 over all queries, and the reasons of those that failed, of a run in a folder."""
    run = folder / "results" / name
    with (run / "measures.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if (row["slice"], row["measure"]) == ("all", "R@1")]
    failures = json.loads((run / "run.json").read_text("utf-8"))["failures"]
    return {row["retriever"]: float(row["value"]) for row in rows}, {label: reason for _, label, reason in failures}


QUICK = ("--no-latency", "-m", "R@1", "--name", "r")


def test_folders_called_as_packages_hide_nothing(typed, tmp_path):
    folder = "b01-namesake-folders/ns-retrievers"
    assert typed(folder, "run", "my-set", "-r", "bm25", *QUICK)[0] == 0
    assert stored(tmp_path / folder) == ({"bm25": 1.0}, {})


def test_an_index_that_adds_is_said_to_break_the_contract(typed, tmp_path):
    folder = "b08-index-adds"
    assert typed(folder, "run", "set", "-r", "bm25", "-r", "store:Store", *QUICK)[0] == 5
    values, failures = stored(tmp_path / folder)
    assert values == {"bm25": 1.0}
    assert "index is called more than once" in failures["store:Store"]


@pytest.mark.slow
def test_coroutines_are_said_to_be_such_and_clients_with_a_loop_work(typed, tmp_path):
    folder = "b09-async"
    names = ["aclient:AllAsync", "aclient:AsyncIndex", "aclient:Runs", "aclient:OneLoop"]
    assert typed(folder, "run", "set", *(part for name in names for part in ("-r", name)), *QUICK)[0] == 5
    values, failures = stored(tmp_path / folder)
    assert values == {"aclient:Runs": 1.0, "aclient:OneLoop": 1.0}
    assert all("gave a coroutine" in reason and "Write def" in reason for reason in failures.values())
    code, text = typed(folder, code=("nb.py",))  # objects, where an event loop runs as in a notebook
    assert code == 0
    assert "('set', 'AllAsync'," in text
    assert text.count("1.0") == 3


@pytest.mark.parametrize("stop_words", ["", ":stop_words=none"])
def test_words_that_differ_in_vowel_signs_are_found(cases, call, stop_words):
    asked = [part for name in ("bm25", "tfidf") for part in ("-r", f"{name}{stop_words}")]
    assert call("run", cases / "b13-indic" / "hindi", *asked, *QUICK)[0] == 0
    assert stored(Path()) == ({f"bm25{stop_words}": 1.0, f"tfidf{stop_words}": 1.0}, {})


def test_more_word_pieces_than_the_model_reads_are_refused_before_the_run(cases, call):
    code, text = call("run", cases / "b14-max-length" / "long", "-r", "minilm:max_length=600", "--no-latency")
    assert code == 2
    assert "max_length=600 is more than the 512 word pieces" in text
    assert not Path("results").exists()


@pytest.mark.slow
def test_a_space_at_the_end_of_a_prompt_arrives_with_and_without_quotes(cases, call):
    given = ["minilm:query_prompt=find ", 'minilm:query_prompt="find "']
    asked = [part for name in given for part in ("-r", name)]
    assert call("run", cases / "b16-prompt-space" / "glued", *asked, *QUICK)[0] == 0
    values, _ = stored(Path())
    assert len(set(values.values())) == 1
    info = json.loads(Path("results/r/run.json").read_text("utf-8"))
    assert [each["parameters"]["query_prompt"] for each in info["retrievers"]] == ["find "] * 2


def test_an_idf_of_0_finds_all_and_one_below_is_warned_of(cases, call):
    folder = cases / "b17-small-idf"
    assert call("run", folder / "half", "-r", "bm25", "--no-latency", "-m", "R@10", "--name", "half")[0] == 0
    with Path("results/half/measures.csv").open(encoding="utf-8", newline="") as stream:
        assert {row["value"] for row in csv.DictReader(stream) if row["slice"] == "all"} == {"1.0"}
    code, text = call("run", folder / "few", "-r", "bm25", *QUICK)
    assert code == 0
    assert "idf" in text
    assert "below 0" in text


def test_a_changed_helper_of_a_plug_in_is_seen(typed, cases, tmp_path):
    folder, questions = "b18-stale-helper", cases / "b08-index-adds" / "set"
    arguments = ("run", questions, "-r", "mine.retriever:Mine", *QUICK)
    assert typed(folder, *arguments)[0] == 0
    helper = tmp_path / folder / "mine" / "text.py"
    helper.write_text(helper.read_text("utf-8").replace("[0]", "[-1]"), "utf-8")
    code, text = typed(folder, *arguments, "--resume")
    assert code == 2
    assert "cannot be continued: mine.retriever:Mine (signature)" in text


# Plug-in with a foreign answer -> the next step that its row gives; None: it is read.
SHAPES = {
    "FaissTuple": "Give Ranking(positions, scores)",
    "FaissPadded": None,
    "L2": "negate distances",
    "Ids": "A position is the place of a document",
    "Dicts": "Give Ranking(positions, scores)",
    "Narrow": "Ranking.empty",
    "Lists": None,
    "OneQuery": "gives one row for each",
    "NoneIndex": "Give Ranking(positions, scores)",
    "Top": None,
    "Positional": None,
    "Long": "the best k at most",
}


@pytest.mark.slow
def test_a_foreign_answer_is_read_or_a_row_with_the_next_step(typed, cases, tmp_path):
    folder, questions = "b19-contract", cases / "b08-index-adds" / "set"
    names = [part for name in SHAPES for part in ("-r", f"shapes:{name}")]
    assert typed(folder, "run", questions, *names, *QUICK)[0] == 5
    values, failures = stored(tmp_path / folder)
    assert values == {f"shapes:{name}": 1.0 for name, step in SHAPES.items() if step is None}
    for name, step in SHAPES.items():
        assert step is None or step in failures[f"shapes:{name}"], name
