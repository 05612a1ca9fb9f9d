"""Which form a path is in: claims, forms of other packages, and how often a table is read on the way."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

from bench.data.formats import forms, load_dataset
from bench.data.formats.options import Options
from bench.data.formats.records import headers, named_records
from bench.errors import BenchError

TREC = {"docs.tsv": "d1\tThe cat slept.\n", "topics.tsv": "q1\tcat\n", "qrels": "q1 0 d1 1\n"}
SMART = {"a.ALL": ".I 1\n.W\nA cat.\n", "a.QRY": ".I 1\n.W\ncat\n", "a.REL": "1 1 0 0.0\n"}
BEIR = {
    "corpus.jsonl": '{"_id": "d1", "text": "The cat slept."}\n',
    "queries.jsonl": '{"_id": "q1", "text": "cat"}\n',
    "qrels/test.tsv": "q1\td1\t1\n",
}
TEXTS = {"d1.md": "The cat slept.", "queries.csv": "query,relevant\ncat,d1.md\n"}


@pytest.fixture
def write(tmp_path):
    def _write(files):
        for name, content in files.items():
            path = tmp_path / "set" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, "utf-8")
        return tmp_path / "set"

    return _write


@pytest.fixture
def plug_in(tmp_path, monkeypatch):
    """Install a package `shelf` of one module, whose entry point has this name."""

    def _plug_in(code, name="shelf"):
        site = tmp_path / "site"
        (site / "shelf-1.dist-info").mkdir(parents=True)
        (site / "shelf-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: shelf\nVersion: 1\n")
        (site / "shelf-1.dist-info" / "entry_points.txt").write_text(f"[bench.formats]\n{name} = shelf\n")
        (site / "shelf.py").write_text(code)
        monkeypatch.syspath_prepend(site)
        monkeypatch.delitem(sys.modules, "shelf", raising=False)

    yield _plug_in
    sys.modules.pop("shelf", None)


SHELF = """
from bench.data.formats.records import dataset_of

def claims(path, options):
    return "it has shelf.ini" if (path / "shelf.ini").is_file() else None

def load(source, options):
    return dataset_of("shelf", {"d": "a book"}, {"q": ("book", {})}, {("q", "d"): 1})
"""


def failing(source, **options):
    with pytest.raises(BenchError) as caught:
        load_dataset(source, Options(**options))
    return f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("name", forms.FORMS)
def test_every_form_is_read_and_claims(name, tmp_path):
    """A path that is in no form at all is claimed by none."""
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    form = forms.form(name)
    assert callable(form.load)
    assert form.claims(tmp_path, Options()) is None
    assert form.claims(tmp_path / "table.csv", Options()) is None
    assert form.claims(tmp_path / "gone", Options()) is None


def test_two_claims_on_one_folder_are_one_error_that_lists_both(write):
    folder = write({**TREC, **SMART})
    assert failing(folder) == (
        f"{folder} could be of 2 forms: trec, because it has docs.tsv; smart, because a.ALL begins with .I. "
        f"Say which it is: trec:{folder} or smart:{folder}."
    )
    assert load_dataset(f"trec:{folder}").query_ids == ["q1"]
    assert load_dataset(f"smart:{folder}").query_ids == ["1"]


def test_two_claims_on_one_file_are_one_error_that_lists_both(write):
    record = (
        '{"query": "cat", "relevant": "A cat.", "paragraphs": [{"context": "A dog.", "qas": [{"question": "dog"}]}]}'
    )
    path = write({"both.jsonl": record}) / "both.jsonl"
    assert failing(path) == (
        f"{path} could be of 2 forms: qa, because it has paragraphs as SQuAD has them; pairs, because it has the "
        f"columns of pairs (query, relevant). Say which it is: qa:{path} or pairs:{path}."
    )
    assert load_dataset(f"qa:{path}").query_texts == ["dog"]
    assert load_dataset(f"pairs:{path}").query_texts == ["cat"]


@pytest.mark.parametrize(
    ("files", "others"),
    [
        (TREC, {"README.md": "# A set\n", "train.csv": "query,passage,label\na,b,1\n"}),
        (
            {"corpus.txt": "The cat slept.\n", "queries.csv": "query,relevant\ncat,p000001\n"},
            {"corpus.csv": "id,text\np000001,The cat slept.\n", "README.md": "# A set\n"},
        ),
        (BEIR, {"README.md": "# A set\n", "data/vectors.parquet": "PAR1", "docs.tsv": "d\tx\n"}),
        (TEXTS, {"vectors.parquet": "PAR1", "sub/corpus.jsonl": "{}"}),
    ],
    ids=["trec", "plain", "beir", "files"],
)
def test_a_weaker_mark_beside_a_stronger_one_is_no_claim(write, files, others):
    before = load_dataset(write(files))
    after = load_dataset(write(others))
    assert (after.fingerprint, after.note) == (before.fingerprint, before.note)


def test_a_file_that_no_form_can_look_into_does_not_matter_where_another_claims_the_folder(write):
    folder = write({**TREC, "train.csv": 'text,label\n"a', "test.csv": "text,label\n"})
    assert load_dataset(folder).query_ids == ["q1"]
    for name in TREC:
        (folder / name).unlink()
    assert "train.csv:2: unexpected end of data" in failing(folder)


def test_a_form_of_another_package_claims_as_ours_do(write, plug_in):
    plug_in(SHELF)
    folder = write({**TEXTS, "shelf.ini": ""})  # texts lie about in sets of any form
    assert load_dataset(folder).name == load_dataset(f"shelf:{folder}").name == "shelf"
    write(BEIR)
    message = failing(folder)
    assert "beir, because it has corpus.jsonl; shelf, because it has shelf.ini." in message
    assert message.endswith(f"Say which it is: beir:{folder} or shelf:{folder}.")


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import no_such_module", "claims failed: ModuleNotFoundError: No module named 'no_such_module'"),
        ("", "claims failed: AttributeError: module 'shelf' has no attribute 'claims'"),
        ("def claims(path, options):\n    1 / 0", "claims failed: ZeroDivisionError: division by zero"),
        ("def claims(path, options):\n    return True", "claims gave True, which is no reason"),
        ("raise SystemExit(0)", "claims failed: SystemExit: 0"),
    ],
)
def test_a_broken_form_is_one_error_that_names_it(write, plug_in, code, problem):
    plug_in(code)
    folder = write(BEIR)
    message = failing(folder)
    assert message.startswith(f"The form 'shelf' of the package shelf is broken: {problem}.")
    assert len(load_dataset(f"beir:{folder}").queries) == 1


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("def load(source, options):\n    return {}['x']", "load failed: KeyError: 'x'"),
        ("def load(source, options):\n    return [source]", "load gave list, not a Dataset"),
    ],
)
def test_a_form_that_reads_no_set_is_one_error_that_names_it(plug_in, code, problem):
    plug_in(code)
    assert f"The form 'shelf' of the package shelf is broken: {problem}." in failing("shelf:anything")


def test_what_a_form_of_another_package_tells_its_user_is_told(plug_in):
    plug_in("from bench.errors import BenchError\ndef load(source, options):\n    raise BenchError(source, 'Mend it.')")
    assert failing("shelf:a b") == "a b Mend it."


@pytest.mark.parametrize("name", ["pairs", "hf"])
def test_a_form_of_another_package_does_not_hide_one_of_ours(write, plug_in, name):
    plug_in(SHELF, name)
    message = failing(write(BEIR))
    assert f"the package shelf brings a form {name!r}, which would hide the one of bench." in message


def test_the_package_of_the_page_plugs_in(tmp_path):
    """As a separate installed package: its own folder, its own metadata, found by its entry point alone."""
    page = (ROOT / "docs" / "bring-your-data.md").read_text("utf-8")
    files = dict(re.findall(r"<!-- package: (\S+) -->\n```\w*\n(.*?)```", page, re.DOTALL))
    assert files.keys() == {"faqform.py", "pyproject.toml", "help.faq"}
    for name, content in files.items():
        (tmp_path / name).write_text(content, "utf-8")
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*install, "--target", site, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    code = "from bench.data.formats import load_dataset as l; print(l('help.faq').describe(), l('faq:help.faq').name)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{ROOT}"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "'documents': 2, 'queries': 2" in done.stdout


class Counted(io.FileIO):
    """A file that counts the bytes that are read of it, over all of its openings."""

    bytes_read = 0

    def readinto(self, buffer):
        number = super().readinto(buffer)
        Counted.bytes_read += number
        return number

    def readall(self):
        content = super().readall()
        Counted.bytes_read += len(content)
        return content


@pytest.fixture
def bytes_read(monkeypatch):
    """How many bytes of a file load_dataset reads."""
    plain = Path.open

    def counting(path, mode="r", *rest, **named):
        return io.BufferedReader(Counted(path)) if mode == "rb" else plain(path, mode, *rest, **named)

    def _bytes_read(path):
        with monkeypatch.context() as patched:
            patched.setattr(Path, "open", counting)
            patched.setattr(Counted, "bytes_read", 0)
            load_dataset(path)
            return Counted.bytes_read

    return _bytes_read


def table(path, names, rows):
    with path.open("w", encoding="utf-8", newline="") as stream:
        if path.suffix == ".jsonl":
            stream.writelines(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows)
        else:
            written = csv.writer(stream, delimiter="," if path.suffix == ".csv" else "\t")
            written.writerows([names, *rows])


TABLES = {
    "pairs": (("query", "relevant"), [(f'"query" {n}', "word " * 100) for n in range(2000)]),
    "sorted": (("text", "label"), [(f"text {n}, {'word ' * 100}", n // 4) for n in range(2000)]),
    "judged": (("question1", "question2", "is_duplicate"), [(f"one {n}", "word " * 100, 1) for n in range(2000)]),
}


@pytest.mark.parametrize("ending", ["csv", "tsv", "txt", "jsonl"])
@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_read_once_and_looked_at_before(tmp_path, bytes_read, name, ending):
    path = tmp_path / f"{name}.{ending}"
    table(path, *TABLES[name])
    size = path.stat().st_size
    assert size > 1_000_000
    assert size <= bytes_read(path) < 1.3 * size


@pytest.mark.parametrize("name", ["array", "pairs in one object", "whole set", "squad"])
def test_json_that_begins_no_line_is_parsed_once_for_all_claims(tmp_path, bytes_read, name):
    pairs = TABLES["pairs"][1]
    columns = dict(zip(("query", "relevant"), map(list, zip(*pairs, strict=True)), strict=True))
    ids = [str(number) for number in range(len(pairs))]
    questions = [{"context": text, "qas": [{"question": query}]} for query, text in pairs]
    content = {
        "array": [{"query": query, "relevant": text} for query, text in pairs],
        "pairs in one object": columns,
        "whole set": {
            "queries": dict(zip(ids, columns["query"], strict=True)),
            "corpus": dict(zip(ids, columns["relevant"], strict=True)),
            "qrels": {each: [each] for each in ids},
        },
        "squad": {"data": [{"title": "", "paragraphs": questions}]},
    }[name]
    path = tmp_path / "set.json"
    path.write_text(json.dumps(content), "utf-8")
    assert bytes_read(path) == 2 * path.stat().st_size
    path.write_text('{"query": "a", "relevant": "b"}', "utf-8")
    assert load_dataset(path).query_texts == ["a"]


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("a.csv", 'query,"relevant",note\n'),
        ("a.csv", "sep=;\nquery;relevant;note\n"),
        ("a.csv", "query;relevant;note\n"),
        ("a.tsv", '"query"\t"relevant"\tnote\n'),
        ("a.tsv", '"query"\t"relevant"\t"note"\n'),
        ("a.txt", "\n\nquery\trelevant\tnote\n"),
    ],
)
@pytest.mark.parametrize("long", [10, 200_000], ids=["short", "long"])
def test_a_look_sees_the_same_columns_as_the_whole(tmp_path, name, head, long):
    """Also where the first record is longer than a look, and where the end of a file says how it has to be read."""
    path = tmp_path / name
    separator = next(each for each in "\t;," if each in head.splitlines()[-1])
    row = separator.join(["cat", "{}", "{}"]) + "\n"
    for last in ("x", '"a ""b"""'):
        path.write_text(head + row.format("a " * long, "n") * 3 + row.format("b", last) * 20_000, "utf-8")
        names, rows = named_records(path)
        assert headers(path) == names == list(next(rows)[1])
