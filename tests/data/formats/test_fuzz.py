"""Loaders take any bytes: a dataset comes out, or one BenchError.

BENCH_FUZZ: the number of inputs in all (600; `make check-faults`: 100,000).
"""

from __future__ import annotations

import gzip
import io
import os
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.config import load_config
from bench.data.formats import load_dataset, trec_runs
from bench.data.formats.beir import read_card
from bench.data.formats.options import Options
from bench.data.formats.trec import read_qrels
from bench.data.formats.trec_topics import read_topics
from bench.errors import BenchError

INPUTS = int(os.environ.get("BENCH_FUZZ", "600"))

PIECES = {
    "corpus.jsonl": [
        '{"_id": "d1", "text": "x"}',
        '{"_id": "d1"',
        '"title": null',
        "\\ud800",
        "[1]",
        '{"_id": 1e999, "text": ""}',
    ],
    "queries.jsonl": [
        '{"_id": "q1", "text": "x", "metadata": {"a": [1, {}]}}',
        '{"_id": true}',
        "NaN",
        '"metadata": 5',
    ],
    "qrels/test.tsv": [
        "q1\td1\t1",
        "q1\t0\td1\t2",
        "query-id\tcorpus-id\tscore",
        "score\tcorpus-id\tquery-id\tx",
        "q1,d1,1",
        "q1\td9\t1",
        "q1\td1",
        "-1",
        "１",
        "1_0",
        "9" * 30,
    ],
    "dataset.toml": ['measure = "R@5"', "slices = [1]", 'slices = ["a"]', "drop_self = 1", "[a]", "= 3", 'x = """'],
}
FILES = {
    "qrels": (
        read_qrels,
        [
            *("1 0 d1 1", "1 0 d1", "x", "-1", "1 0 d2 9999999999999", "qid\tdocid\trel", "q\td\t1"),
            *("sep=;", "query-id;corpus-id;score", "1;d;2", '"1","d","2"', '"', "doc\tdoc\tdoc"),
        ],
    ),
    "run": (
        trec_runs.read_run,
        [
            *("1 Q0 d1 1 0.5 t", "nan", "inf", "1e999", "1 Q0 d1 1 -0 t more words"),
            *("1\td1\t1", "1\td2\t2", "1\td1\t0.5", "1\td1\t1\t0.5", "qid,docno,score", "1,d1,2", '"'),
            *('{"1": {"d1": 1}}', '{"1": ', '{"d": NaN}', "]"),
        ],
    ),
    "card": (read_card, PIECES["dataset.toml"]),
    "topics": (
        read_topics,
        [
            "<top>",
            "</top>",
            "<num> Number: 301",
            "<title> Topic: x",
            "<title>",
            "<narr> a < b &amp;",
            "1\tx",
            "1",
            '<topic number="1">',
            "</topic>",
            "<query>",
            "<number>2</number>",
            "<![CDATA[<x>]]>",
            "<!--",
            "<?xml ?>",
            "<!ENTITY a>",
            "qid\tquery",
            "<top/>",
            "</",
            "&#0;",
            "&#xd800;",
        ],
    ),
    "config": (
        load_config,
        ["depth = 5", 'retrievers = ["bm25"]', "seed = -1", "latency = 2", "x = 1979-05-27", "[a.b]"],
    ),
}
SEPARATORS = st.sampled_from([b"\n", b"\r\n", b"", b" ", b"\t", b"\xef\xbb\xbf", b"\x00", b"\n\n"])


def contents(pieces):
    """Lines of the format's own pieces, cut, joined and salted with any bytes."""
    piece = st.one_of(
        st.sampled_from([each.encode("utf-8", "surrogatepass") for each in pieces]), st.binary(max_size=12)
    )
    return st.lists(st.tuples(piece, SEPARATORS), max_size=6).map(lambda parts: b"".join(a + b for a, b in parts))


def share(of):
    return settings(max_examples=max(10, INPUTS // of), suppress_health_check=list(HealthCheck))


GOOD = {
    "corpus.jsonl": b'{"_id": "d1", "title": "t", "text": "x"}\n{"_id": "d2", "text": "y"}\n',
    "queries.jsonl": b'{"_id": "q1", "text": "x"}\n',
    "qrels/test.tsv": b"q1\td1\t1\n",
    "dataset.toml": b'measure = "R@5"\n',
}


def folder_of(tmp_path_factory, files):
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "qrels").mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def loads_or_is_one_error(source, options=Options()):  # noqa: B008 - frozen
    try:
        found = load_dataset(source, options)
    except BenchError as error:
        assert error.message
        assert error.hint
    else:
        assert len(found.queries) == len(found.judgements) > 0
        assert len(found.fingerprint) == 64


@pytest.mark.parametrize("name", PIECES)
def test_any_file_of_a_folder_loads_or_is_one_error(tmp_path_factory, name):
    folder = folder_of(tmp_path_factory, GOOD)

    @share(2 * len(PIECES))
    @given(st.one_of(contents(PIECES[name]), contents(PIECES[name]).map(lambda extra: GOOD[name] + extra)))
    def check(content):
        (folder / name).write_bytes(content)
        loads_or_is_one_error(folder)

    check()


RECORDS = {
    "pairs": [
        "query,relevant",
        "Question;Answer;lang",
        "a;b;de",
        'a\t"b ""c"""',
        "query\trelevant\tgrade",
        "question1,question2,is_duplicate",
        "a,b,1",
        "a,b,0",
        "a,c,1",
        "a\tb\t1",
        '{"query": "a", "relevant": "b", "grade": 1}',
        '{"query": "b", "relevant": "c", "grade": [1]}',
        '{"question1": "a", "question2": "b", "is_duplicate": true}',
        "anchor,positive,negative,negative_1",
        "a,\"['b', 'c']\",d,",
        "a\t['b', \"c\"]",
        'a\t["\\ud800"]',
        "sep=;",
        '{"query": ["a", "e"], "pos": ["b", null], "neg": [{"text": "c"}], "relevant_id": [1, 2.0]}',
        '{"query": "a", "relevant": NaN}',
        '[{"query": "a", "relevant": "b"},',
        '{"query": "b", "relevant": ["c"]}]',
        '{\n"query": "a", "relevant": "b"\n}',
        '{"query": {"0": "a"}, "relevant": {"0": "b"}}',
        '"a\n',
        '"',
    ],
    "intents": [
        "text,label",
        "text,label,split",
        "text\tlabel\tid",
        "a,x",
        "b,x",
        "a,x,train",
        "b,x,test",
        "a\tx\t1",
        '{"text": "a", "label": "x"}',
        '{"text": "b", "label": "x", "split": null}',
        '{"text": "c", "label": {"x": 1}}',
        '{"text": ["c", "d"], "label": ["x", 1, 2.0]}',
        "d,\"['x', 'y']\"",
        '"a\n',
    ],
    "qa": [
        '{"queries": {"q": "a"}, "corpus": {"d": "x"}, "relevant_docs": {"q": ["d"]}}',
        '{"queries": {"q": "a"}, "docs": {"d": {"text": 1}}, "qrels": {"q": {"d": 2}}}',
        '{"data": [{"paragraphs": [{"context": "c", "qas": [{"question": "x"}]}]}]}',
        '{"data": [{"paragraphs": [{"context": "c", "qas": [{"id": 1, "question": "x", "is_impossible": true}]}]}]}',
        '{"paragraphs": [], "data": 5}',
        "[",
        ",",
        "]",
        '{"queries":',
        "}",
    ],
}


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".txt", ".jsonl", ".json"])
@pytest.mark.parametrize("form", RECORDS)
def test_any_table_loads_or_is_one_error(tmp_path_factory, form, suffix):
    path = tmp_path_factory.mktemp("fuzz") / f"file{suffix}"

    @share(12)
    @given(contents(RECORDS[form]), st.sampled_from([f"{form}:", ""]))
    def check(content, scheme):
        path.write_bytes(content)
        loads_or_is_one_error(f"{scheme}{path}")

    check()


# What is packed is spoiled rather than made up: made-up bytes never come past the first check.
SPOILT = st.lists(st.tuples(st.floats(0, 1), st.one_of(st.binary(min_size=1, max_size=4), st.none())), max_size=4)


def spoiled(data, changes):
    """The bytes with some of them overwritten, at their place as a share of the length; None cuts off the rest."""
    content = bytearray(data)
    for place, patch in changes:
        start = int(place * len(content))
        if patch is None:
            del content[start:]
        else:
            content[start : start + len(patch)] = patch
    return bytes(content)


def arrow_bytes(kind):
    """A right file of pairs in this container."""
    content = pa.table({"query": ["a", "c"], "relevant": [["b"], ["d", "e"]], "grade": [1.0, 2.0]})
    sink = io.BytesIO()
    if kind == "parquet":
        pq.write_table(content, sink)
    else:
        with (pa.ipc.new_file if kind == "feather" else pa.ipc.new_stream)(sink, content.schema) as writer:
            writer.write_table(content)
    return sink.getvalue()


@pytest.mark.parametrize("kind", ["parquet", "feather", "arrow"])
def test_any_file_of_arrow_loads_or_is_one_error(tmp_path_factory, kind):
    path, right = tmp_path_factory.mktemp("fuzz") / f"file.{kind}", arrow_bytes(kind)

    @share(12)
    @given(st.one_of(st.binary(max_size=60), SPOILT.map(lambda changes: spoiled(right, changes))))
    def check(content):
        path.write_bytes(content)
        loads_or_is_one_error(path)

    check()


HUB = {
    "corpus": ['{"docid": 1, "text": "x"}', '{"_id": "d1", "text": null}', '{"id": 2.0, "contents": ["x"]}', "[", "]"],
    "queries": ['{"qid": 7, "query": "x"}', '{"_id": "q1", "text": "x", "metadata": {"a": NaN}}', '{"_id": true}'],
    "qrels": [
        '{"query_id": 7, "corpus_id": 1}',
        '{"qid": 7.0, "docid": "1", "score": true}',
        '{"query-id": "7", "positive-corpus-ids": [1, {}]}',
        '{"query-id": null, "corpus-id": 1, "score": 0.5}',
    ],
}


@pytest.mark.parametrize("name", HUB)
def test_any_file_in_the_hubs_layout_loads_or_is_one_error(tmp_path_factory, name):
    folder = tmp_path_factory.mktemp("fuzz")
    for role, pieces in HUB.items():
        (folder / role).mkdir()
        (folder / role / "test.jsonl").write_text(pieces[0])

    @share(2 * len(HUB))
    @given(st.one_of(contents(HUB[name]), contents(HUB[name]).map(lambda extra: HUB[name][0].encode() + b"\n" + extra)))
    def check(content):
        (folder / name / "test.jsonl").write_bytes(content)
        loads_or_is_one_error(folder)

    check()


def test_any_queries_without_an_answer_load_or_are_one_error(tmp_path_factory):
    folder = folder_of(tmp_path_factory, GOOD)

    @share(12)
    @given(contents([*PIECES["queries.jsonl"], '{"_id": "n1", "text": "x"}']))
    def check(content):
        (folder / "none.jsonl").write_bytes(content)
        loads_or_is_one_error(folder, Options(unanswerable="none.jsonl"))

    check()


def zipped():
    """A right zip file of a set, one file in it compressed on its own."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in GOOD.items():
            packed = {f"{name}.gz": gzip.compress(content, mtime=0)} if name == "corpus.jsonl" else {name: content}
            for member, data in packed.items():
                out.writestr(zipfile.ZipInfo(f"set/{member}"), data, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_any_zip_file_loads_or_is_one_error(tmp_path_factory):
    path, right = tmp_path_factory.mktemp("fuzz") / "set.zip", zipped()

    @share(4)
    @given(st.one_of(st.binary(max_size=60), SPOILT.map(lambda changes: spoiled(right, changes))))
    def check(content):
        path.write_bytes(content)
        loads_or_is_one_error(path)

    check()


def test_any_compressed_file_loads_or_is_one_error(tmp_path_factory):
    right = gzip.compress(GOOD["corpus.jsonl"], mtime=0)
    folder = folder_of(tmp_path_factory, {name: content for name, content in GOOD.items() if name != "corpus.jsonl"})

    @share(12)
    @given(SPOILT)
    def check(changes):
        (folder / "corpus.jsonl.gz").write_bytes(spoiled(right, changes))
        loads_or_is_one_error(folder)

    check()


PLAIN = {
    "corpus.txt": (b"One.\n\nTwo.\n", ["A paragraph.", " ", "\u2028", "\x85"]),
    "corpus_metadata.json": (
        b'[{"id": "a", "title": "x"}, {"id": "b"}]',
        ["[", "]", ",", '{"id": "a"}', '{"id": 1}', '{"id": "b c"}', "null", "1e999", "\ud800"],
    ),
    "queries.csv": (
        b"query,relevant,grade\nx,a,1\n",
        ["x,b,0", "y,a b,", '"x\ny",a,2', "x,c,1", '"', ",,", "z,p000001,1", 'w,"a,b",', 'v,"[""a"", 1]",', "u,1.0,"],
    ),
    "dataset.toml": (GOOD["dataset.toml"], PIECES["dataset.toml"]),
}
TEXTS = {
    "a.md": (b"# Title\ntext\n", ["# ", "## x ##", "```", "~~~", "\u2028", "\x85"]),
    "b/c d.txt": (b"text\n", [" ", "\u2028"]),
    "queries.csv": (
        b"query,relevant\nx,a.md\n",
        ["y,c d.txt", "z,b/c d.txt a.md", "w,b/c%20d.txt,", '"', "v;a.md", 'u,"a.md;c d.txt"', "t,\"['a.md']\""],
    ),
}
SMART = {
    "a.ALL": (b".I 1\n.W\nx\n.I 2\n.T\ny\n", [".I 3", ".I", ".I x", ".W", ".W x", ".T", "text"]),
    "a.QRY": (b".I 01\n.W\nx\n", [".I 2", ".I 1", ".W", "text", "\u0663"]),
    "a.REL": (b"1 1\n", ["1 2", "1 2 3", "1 0 2 1", "1 2 0 0.0", "9 9", "1 x", "\u0661 1", "-1"]),
}
TAGGED = {
    "docs.trec": (
        b"<DOC><DOCNO>d1</DOCNO><TEXT>x</TEXT></DOC>\n<DOC><DOCNO>d2</DOCNO>y</DOC>\n",
        ["<DOC>", "</DOC>", "<DOCNO>d3</DOCNO>", "<DOCNO>", "<TEXT>z</TEXT>", "<!--", "&#xd800;"],
    ),
    "topics.xml": (b'<t><topic number="1"><query>x</query></topic></t>', ["<topic>", "</topic>", "<query>y", "&lt;"]),
    "qrels.dev.tsv": (b"query-id\tcorpus-id\tscore\n1\td1\t1\n", ["1\td2\t1", "2\td1\t1", "-1", "1\td9\t1"]),
}
TREC = {
    "docs.tsv": (b"d1\tx\nd2\tt\ty\n", ["d3\tx", "d3", "d 4\tx", "d1\tx", "\tx", "\t\t\t"]),
    "topics.txt": (b"1\tx\n", ["<top>", "</top>", "<num> 1", "<title> x", "2\ty", "1\t", "\t"]),
    "qrels": (b"1 0 d1 1\n", ["1 0 d2 1", "2 0 d1 1", "1 0 d1 1", "-1", "9" * 30]),
}


LAYOUTS = (PLAIN, TEXTS, TREC, TAGGED, SMART)


@pytest.mark.parametrize(
    ("layout", "name"), [pytest.param(layout, name, id=name) for layout in LAYOUTS for name in layout]
)
def test_any_file_of_the_other_folders_loads_or_is_one_error(tmp_path_factory, monkeypatch, layout, name):
    for variable in ("CORPUS_PATH", "CORPUS_META_PATH"):
        monkeypatch.delenv(variable, raising=False)
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "b").mkdir()
    for file, (content, _) in layout.items():
        (folder / file).write_bytes(content)
    good, pieces = layout[name]

    @share(2 * sum(map(len, LAYOUTS)))
    @given(st.one_of(contents(pieces), contents(pieces).map(lambda extra: good + extra)))
    def check(content):
        (folder / name).write_bytes(content)
        for options in (Options(), Options(known_item="title")) if layout in (PLAIN, TEXTS) else (Options(),):
            try:
                found = load_dataset(folder, options)
            except BenchError as error:
                assert error.message
                assert error.hint
            else:
                assert len(found.queries) == len(found.judgements) > 0
                assert len(found.fingerprint) == 64

    check()


@pytest.mark.parametrize("kind", FILES)
def test_any_single_file_is_read_or_is_one_error(tmp_path_factory, kind):
    reader, pieces = FILES[kind]
    path = tmp_path_factory.mktemp("fuzz") / "file"

    @share(2 * len(FILES))
    @given(contents(pieces))
    def check(content):
        path.write_bytes(content)
        try:
            reader(path)
        except BenchError as error:
            assert error.message
            assert error.hint

    check()
