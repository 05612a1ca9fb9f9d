"""What the forms carry of a document beside its text: titles, metadata, by name."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.data.formats import export, load_dataset
from bench.data.formats.irds import _documents
from bench.data.formats.options import Options

QRELS = "query-id\tcorpus-id\tscore\n1\ta\t1\n"
BEIR = [
    {"_id": "a", "title": "Cats", "text": "They sleep.", "metadata": {"lang": "en", "title": "Other", "vector": [1]}},
    {"_id": "b", "title": "", "text": "No title.", "url": "x.org"},
]


def lines(records):
    return "".join(json.dumps(record) + "\n" for record in records)


def parquet(path, records):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(records), path)


def beir(folder):
    (folder / "corpus.jsonl").write_text(lines(BEIR))
    (folder / "queries.jsonl").write_text('{"_id": "1", "text": "cat"}\n')
    (folder / "qrels").mkdir()
    (folder / "qrels/test.tsv").write_text(QRELS)


def hub(folder):
    beir(folder)
    (folder / "corpus.jsonl").rename(folder / "corpus.json")
    (folder / "corpus.json").write_text(json.dumps(BEIR))


def tables(folder):
    parquet(folder / "corpus/test.parquet", [{**row, "url": row.get("url")} for row in BEIR])
    parquet(folder / "queries/test.parquet", [{"_id": "1", "text": "cat"}])
    parquet(folder / "qrels/test.parquet", [{"query-id": "1", "corpus-id": "a", "score": 1}])


def trec(folder):
    (folder / "docs.tsv").write_text("a\tCats\tThey sleep.\nb\tNo title.\n")
    (folder / "topics.tsv").write_text("1\tcat\n")
    (folder / "qrels").write_text("1 0 a 1\n")


def trec_lines(folder):
    trec(folder)
    (folder / "docs.tsv").unlink()
    rows = [{"id": "a", "headline": "Cats", "body": "They sleep."}, {"id": "b", "headline": None, "body": "No title."}]
    (folder / "docs.jsonl").write_text(lines(rows))


def smart(folder):
    (folder / "c.all").write_text(".I 1\n.T\nCats\n.W\nThey\nsleep.\n.I 2\n.W\nNo title.\n")
    (folder / "c.qry").write_text(".I 1\n.W\ncat\n")
    (folder / "c.rel").write_text("1 1\n")


def files(folder):
    (folder / "a.md").write_text("---\ntitle: Cats\nlang: en\n---\nThey sleep.\n")
    (folder / "queries.csv").write_text("query,relevant\ncat,a.md\n")


def plain(folder):
    (folder / "corpus.txt").write_text("Cats They sleep.\n")
    (folder / "corpus_metadata.json").write_text('[{"id": "a", "title": "Cats", "lang": "en"}]')
    (folder / "queries.csv").write_text("query,relevant\ncat,a\n")


TITLED = {"title": ["Cats", ""], "text": ["They sleep.", "No title."]}
KNOWN = {
    beir: {**TITLED, "lang": ["en", ""], "metadata.title": ["Other", ""], "url": ["", "x.org"]},
    hub: {**TITLED, "lang": ["en", ""], "metadata.title": ["Other", ""], "url": ["", "x.org"]},
    tables: {**TITLED, "lang": ["en", ""], "metadata.title": ["Other", ""]},
    trec: TITLED,
    trec_lines: TITLED,
    smart: TITLED,
    files: {"title": ["Cats"], "text": ["They sleep."], "lang": ["en"]},
    plain: {"text": ["Cats They sleep."], "metadata.title": ["Cats"], "lang": ["en"]},
}


def columns(dataset):
    return {name: list(dataset.texts.column(name))[::-1] for name in dataset.texts.columns}


@pytest.mark.parametrize("write", KNOWN, ids=lambda write: write.__name__)
def test_a_form_carries_what_it_knows(write, tmp_path):
    write(tmp_path)
    found = load_dataset(tmp_path)
    assert columns(found) == KNOWN[write]
    assert list(found.texts)[-1] == "Cats They sleep."


def test_records_of_ir_datasets_have_their_titles():
    class Collection:
        def docs_iter(self):
            for number, title in enumerate([" Cats", None]):
                yield type("Doc", (), {"doc_id": str(number), "title": title, "text": "They sleep."})()

    assert list(_documents("x", Collection())) == [
        ("0", "Cats They sleep.", {"title": "Cats"}),
        ("1", "They sleep.", {}),
    ]


def test_what_is_written_in_beirs_layout_has_the_same_columns(tmp_path):
    (tmp_path / "set").mkdir()
    beir(tmp_path / "set")
    found = load_dataset(tmp_path / "set")
    export.write(found, tmp_path / "written", "set")
    again = load_dataset(tmp_path / "written")
    assert columns(again) == columns(found)
    assert again.fingerprint == found.fingerprint


@pytest.mark.parametrize("field", ["title", "lang"])
def test_what_known_items_are_asked_by_is_no_column(field, tmp_path):
    beir(tmp_path)
    assert load_dataset(tmp_path, Options(known_item=field)).texts.columns == ("text",)
