"""Inputs that once were read as something else without a word, or refused with the wrong advice."""

from __future__ import annotations

import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.data.formats import load_dataset, trec_runs
from bench.data.formats.options import Options
from bench.errors import BenchError

SET = {
    "corpus.jsonl": '{"_id": "d1", "text": "The cat slept."}\n{"_id": "d2", "text": "A pump is blocked."}\n',
    "queries.jsonl": '{"_id": "q1", "text": "cat"}\n{"_id": "q2", "text": "pump"}\n',
}
RIGHT = {("q1", "d1"): 2, ("q1", "d2"): 0, ("q2", "d2"): 1}
ROWS = "".join(f"{query}\t{document}\t{grade}\n" for (query, document), grade in RIGHT.items())


@pytest.fixture
def write(tmp_path):
    def _write(name, files):
        for inner, content in files.items():
            path = tmp_path / name / inner if inner else tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, "utf-8")
        return tmp_path / name

    return _write


def judged(found):
    documents = found.document_ids(found.judged_document)
    return {
        (found.query_ids[query], document): grade
        for query, document, grade in zip(found.judged_query, documents, found.grade.tolist(), strict=True)
    }


def failing(source, **options):
    with pytest.raises(BenchError) as caught:
        load_dataset(source, Options(**options))
    return f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize(
    ("header", "separator"),
    [
        ("Query ID\tDoc ID\tRelevance", "\t"),
        ("query id,document id,score", ","),
        ("query-id\tcorpus-id\trelevant", "\t"),
        ("qid\tpid\tgain", "\t"),
        ("qid\tpid\tis relevant", "\t"),
    ],
)
def test_headers_of_judgements_may_have_spaces_and_other_words_for_the_grade(write, header, separator):
    qrels = f"{header}\n{ROWS.replace(chr(9), separator)}"
    assert judged(load_dataset(write("set", {**SET, "qrels/test.tsv": qrels}))) == RIGHT


@pytest.mark.parametrize("name", ["judge_says", "rank"])
def test_a_column_of_numbers_that_may_be_the_grade_is_not_passed_over(write, name):
    """Each pair would count as relevant, those that are judged 0 as well."""
    folder = write("set", {**SET, "qrels/test.tsv": f"query-id\tcorpus-id\t{name}\n{ROWS}"})
    assert f"test.tsv:2: the column '{name}' may be the grade" in failing(folder)


def test_judgements_without_any_grade_are_still_pairs(write):
    folder = write("set", {**SET, "qrels/test.tsv": "\tquery-id\tcorpus-id\titeration\n7\tq1\td1\t0\n"})
    assert judged(load_dataset(folder)) == {("q1", "d1"): 1}


@pytest.mark.parametrize(("name", "right"), [("relevant", True), ("judge_says", False)])
@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_the_hubs_layout_knows_the_same_names_of_grades(tmp_path, write, form, name, right):
    pairs = {"query-id": ["q1", "q1", "q2"], "corpus-id": ["d1", "d2", "d2"], name: [2, 0, 1]}
    if form == "parquet":
        folder = write("set", SET)
        (folder / "qrels").mkdir()
        pq.write_table(pa.table(pairs), folder / "qrels" / "test.parquet")
    else:
        rows = "".join(f"{q},{d},{g}\n" for q, d, g in zip(*pairs.values(), strict=True))
        tables = {"corpus.csv": "id,text\nd1,The cat slept.\nd2,A pump.\n", "queries.csv": "id,text\nq1,cat\nq2,pump\n"}
        folder = write("set", {**tables, "qrels/test.csv": f"{','.join(pairs)}\n{rows}"})
    if right:
        assert judged(load_dataset(folder)) == RIGHT
    else:
        assert "the column 'judge_says' may be the grade" in failing(folder)


def test_a_folder_of_three_csv_files_is_a_set(write):
    folder = write(
        "set",
        {
            "corpus.csv": "id,text\nd1,The cat slept.\nd2,A pump.\n",
            "queries.csv": "id,text\nq1,cat\nq2,pump\n",
            "qrels.csv": "query_id,corpus_id,score\nq1,d1,2\nq1,d2,0\nq2,d2,1\n",
        },
    )
    assert judged(load_dataset(folder)) == RIGHT


def test_reports_of_earlier_runs_are_no_documents(write):
    files = {"a.md": "# Paying\nBy card.", "queries.csv": "query,relevant\ncan I pay,a.md\n"}
    folder = write("docs", files)
    before = load_dataset(folder)
    write("docs", {"results/first/run.json": "{}", "results/first/report.md": "# Report\nFigures of bm25."})
    assert load_dataset(folder).fingerprint == before.fingerprint
    write("docs", {"results/notes.md": "What we make of it."})
    assert len(load_dataset(folder).documents) == 2


def test_a_label_beside_a_query_and_a_document_does_not_sort_the_queries(write):
    rows = "query,document,label\nhow to pay,By card.,1\nhow to pay,By ship.,0\nopening hours,At nine.,1\n"
    path = write("ranked.csv", {"": rows})
    message = failing(path)
    assert "has a label, and texts in 'document'" in message
    assert "--columns query=query --columns relevant=document --columns grade=label" in message
    columns = (("query", "query"), ("relevant", "document"), ("grade", "label"))
    assert sorted(load_dataset(path, Options(columns=columns)).grade.tolist()) == [0, 1, 1]
    assert len(load_dataset(f"intents:{path}").documents) == 2


def test_a_queries_file_without_relevant_ids_says_so(write):
    folder = write("docs", {"a.md": "By card.", "queries.csv": "question,answer\ncan I pay,a.md\n"})
    assert "queries.csv:2: no column relevant among question, answer" in failing(folder)


def test_hidden_folders_of_a_zip_file_hold_no_set(tmp_path):
    path = tmp_path / "set.zip"
    files = {**SET, "qrels/test.tsv": ROWS}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"inner/{name}", content)
            archive.writestr(f".cache/copy/{name}", content)
    assert judged(load_dataset(path)) == RIGHT


def test_a_zipped_table_is_to_be_unpacked(tmp_path):
    path = tmp_path / "faq.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("faq.csv", "question,answer\na,b\n")
    assert "Unpack a set in another form" in failing(path)


def test_hidden_folders_of_tagged_documents_are_passed_over(write):
    document = "<DOC><DOCNO>{}</DOCNO><TEXT>cat</TEXT></DOC>\n"
    folder = write(
        "trec",
        {
            "docs/one": document.format("d1"),
            "docs/.git/one": document.format("d9"),
            "topics.tsv": "q1\tcat\n",
            "qrels": "q1 0 d1 1\n",
        },
    )
    assert len(load_dataset(folder).documents) == 1


def test_a_folder_of_one_table_says_to_name_the_table(tmp_path):
    (tmp_path / "fetched" / "data").mkdir(parents=True)
    pq.write_table(
        pa.table({"question": ["a"], "answer": ["b"]}), tmp_path / "fetched/data/train-00000-of-00001.parquet"
    )
    assert "name the file, not its folder" in failing(tmp_path / "fetched")


@pytest.mark.parametrize("place", ["vectors.parquet", "data/vectors.parquet"])
def test_a_parquet_file_beside_other_files_does_not_change_how_they_are_read(tmp_path, write, place):
    texts = {"a.md": "By card.", "queries.csv": "query,relevant\ncan I pay,a.md\n"}
    titled = {"corpus.jsonl": '{"_id": "d1", "title": "Cats", "text": "The cat slept."}\n'}
    for name, files in {"docs": texts, "beir": {**SET, "qrels.tsv": ROWS}, "titled": titled}.items():
        folder = write(name, files)
        options = Options(known_item="title" if name == "titled" else None)
        before = load_dataset(folder, options)
        (folder / place).parent.mkdir(exist_ok=True)
        pq.write_table(pa.table({"vector": [1]}), folder / place)
        assert load_dataset(folder, options).fingerprint == before.fingerprint


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1 Q0 page 12 1 9.0 t\n1 Q0 leaf 13 2 8.0 t\n", ":1: 7 columns, not 6"),  # ids of two words
        ("1 Q0 my page 1 0.5\n", ":1: the rank 'page' is not a whole number"),  # the same without a tag
        ("1 d1 15 1\n1 d2 12 2\n2 d3 7 1\n", "the rank seems to stand behind the score"),
    ],
)
def test_lines_of_a_run_whose_columns_are_shifted_are_refused(write, content, message):
    with pytest.raises(BenchError) as caught:
        trec_runs.read_run(write("system.run", {"": content}))
    assert message in caught.value.message


def test_a_tag_of_several_words_is_no_part_of_a_run(write):
    path = write("system.run", {"": "1 Q0 d1 1 9.5 my 2nd system\n1 Q0 d2 2 8 my 2nd system\n"})
    assert trec_runs.read_run(path) == {"1": {"d1": 9.5, "d2": 8.0}}
