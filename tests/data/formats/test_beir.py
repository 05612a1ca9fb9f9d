"""BEIR folders: what is read, and one clear error with file and line for each thing that can be wrong."""

from __future__ import annotations

import gzip
import json
import os
import stat
import zipfile

import pytest

from bench.data.formats import archive, load_dataset, shipped
from bench.data.formats.options import Options
from bench.errors import BenchError


def test_a_folder_is_read(write_set):
    found = load_dataset(write_set())
    assert found.name == "small"
    assert found.document_ids(range(5)) == ["d4", "d3", "d2", "d10", "d1"]  # descending bytes
    assert found.texts[4] == "Cats The cat sat on the mat and slept."
    assert found.texts[0] == "Error E-4013 means that the filter is full."
    assert found.query_texts == ["cat on a mat", "what does E-4012 mean", "film in the cinema"]
    assert found.judgements == [{4: 2, 2: 1}, {1: 1, 0: 0}, {3: 1}]
    assert found.answerable.all()


def test_queries_without_judgements_are_left_out(write_set):
    found = load_dataset(write_set(qrels=[("q2", "d3", 1)]))
    assert found.query_ids == ["q2"]


def test_judged_queries_without_relevant_documents_are_unanswerable(write_set):
    found = load_dataset(write_set(qrels=[("q1", "d1", 1), ("q2", "d3", 0)]))
    assert found.answerable.tolist() == [True, False]


def test_bom_crlf_blank_lines_and_no_header(write_set):
    folder = write_set()
    for name in ("corpus.jsonl", "queries.jsonl"):
        path = folder / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n\r\n"))
    (folder / "qrels" / "test.tsv").write_bytes(b"\xef\xbb\xbfq1\td1\t1\r\nq2\td3\t1\r\n")
    found = load_dataset(folder)
    assert len(found.documents) == 5
    assert found.query_ids == ["q1", "q2"]


def test_ids_may_be_numbers(write_set):
    found = load_dataset(
        write_set(corpus=[{"_id": 7, "text": "x"}], queries=[{"_id": 1, "text": "x"}], qrels=[(1, 7, 1)])
    )
    assert found.query_ids == ["1"]


def test_the_card_is_read(write_set):
    card = 'description = "A set"\nmeasure = "R@5"\nslices = ["kind"]\ndrop_self = true\n'
    found = load_dataset(write_set(card=card))
    assert (found.card.measure, found.card.slices, found.card.drop_self) == ("R@5", ("kind",), True)


GOOD = b'{"_id": "d1", "text": "x"}\n'


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("corpus.jsonl", b"", "corpus.jsonl is empty"),
        ("corpus.jsonl", GOOD + b"{oops}\n", "corpus.jsonl:2: not valid JSON"),
        ("corpus.jsonl", GOOD + b"[1]\n", "corpus.jsonl:2: a list, not an object"),
        ("corpus.jsonl", GOOD + b'\n{"text": "x"}\n', "corpus.jsonl:3: no _id"),
        ("corpus.jsonl", b'{"_id": "", "text": "x"}\n', "corpus.jsonl:1: no _id"),
        ("corpus.jsonl", GOOD + b'{"_id": "d2"}\n', "corpus.jsonl:2: no 'text'"),
        ("corpus.jsonl", b'{"_id": "d1", "text": 5}\n', "corpus.jsonl:1: 'text' is int, not a string"),
        (
            "corpus.jsonl",
            GOOD + b'{"_id": "d2", "text": ""}\n' + GOOD,
            "corpus.jsonl:3: the id 'd1' stands already in line 1",
        ),
        ("corpus.jsonl", b'{"_id": "d 1", "text": "x"}\n', "corpus.jsonl:1: the id 'd 1' holds white space"),
        ("corpus.jsonl", b'{"_id": "d\xe91", "text": "x"}\n', "corpus.jsonl:1: not UTF-8"),
        ("corpus.jsonl", b'{"_id": "d1", "text": "\\ud800"}\n', "corpus.jsonl:1: not valid JSON"),
        ("queries.jsonl", b'{"_id": "q1"}\n', "queries.jsonl:1: no 'text'"),
        ("qrels/test.tsv", b"", "holds no judgement"),
        ("qrels/test.tsv", b"query-id\tcorpus-id\tscore\n", "holds no judgement"),
        (
            "qrels/test.tsv",
            b"q1\td9\t1\n",
            "test.tsv: 0 of 1 judgements fit the set. Unknown are document 'd9' (line 1); it has the documents 'd",
        ),
        ("qrels/test.tsv", b"q9\td1\t1\n", "Unknown are query 'q9' (line 1); it has the queries 'q"),
        ("qrels/test.tsv", b"q1\td1\t1_0\n", "test.tsv:1: the grade '1_0' is not a whole number"),
        ("qrels/test.tsv", b"q1\td1\t1e0\n", "test.tsv:1: the grade '1e0' is not a whole number"),
        ("qrels/test.tsv", "q1\td1\t\uff11\n".encode(), "is not a whole number"),
        ("qrels/test.tsv", b"q1\td1\t0.5\n", "test.tsv:1: the grade '0.5' is not a whole number"),
        ("qrels/test.tsv", b"q1\td1\t99999999999999999999\n", "is not a whole number"),
        ("qrels/test.tsv", b"q1\td1\n", "test.tsv:1: 2 columns, not 3"),
        ("qrels/test.tsv", b"query-id\tscore\tcorpus\n", "no column of document ids among query-id, score, corpus"),
        ("qrels/test.tsv", b"qid\tdocid\tlabel\tscore\nq1\td1\t1\t9\n", "the grade could be label or score"),
        ("qrels/test.tsv", b"qid\tdocid\trel\nq1\td1\t1\t9\n", "test.tsv:2: 4 columns, not 3 as in the header"),
        # Of a line that lost its grade the document would be read as one.
        ("qrels/test.tsv", b"q1 0 d1 1\nq1 0 7\n", "test.tsv:2: 3 columns, not 4 as in the lines before"),
        ("qrels/test.tsv", b"q1 d1 1\nq1 0 d2 1\n", "test.tsv:2: 4 columns, not 3 as in the lines before"),
        ("qrels/test.tsv", b"q1\td1\t1\nq1\td1\t2\n", "test.tsv:2: 'q1' and 'd1' are judged already"),
        ("qrels/test.tsv", b"q1\td1\t1\nq\xe9\td1\t2\n", "test.tsv:2: not UTF-8"),
        ("dataset.toml", b"licence = 5\n", "licence must be a string"),
        ("dataset.toml", b'slices = "kind"\n', "slices must be a list of strings"),
        ("dataset.toml", b'lisence = "MIT"\n', "no key in"),
        (
            "dataset.toml",
            b'measure = "ndcg@10"\n',
            "dataset.toml: There is no measure 'ndcg@10'",
        ),
        ("dataset.toml", b"= broken\n", "dataset.toml: "),
        ("dataset.toml", b"\xff\xfe", "not UTF-8"),
    ],
)
def test_one_clear_error_with_file_and_line(write_set, name, content, message):
    folder = write_set()
    (folder / name).write_bytes(content)
    with pytest.raises(BenchError) as caught:
        load_dataset(folder)
    assert message in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"])
def test_a_missing_file_is_named(write_set, name):
    folder = write_set()
    (folder / name).unlink()
    with pytest.raises(BenchError, match=name.rpartition("/")[2]):
        load_dataset(folder)


@pytest.mark.parametrize(
    ("name", "content", "seen"),
    [
        ("a.csv", "q;a\nx;y\n", "its columns are 'q', 'a'"),
        ("a.tsv", "ask\tfound\nx\ty\n", "its columns are 'ask', 'found'"),
        ("a.csv", "query,relevant\n", "it has no record below its first line"),
        ("a.ods", "PK", "a.ods is a spreadsheet in a form that is not read"),
        ("a.bin", "PK", "known forms. Simplest"),
    ],
)
def test_an_unknown_form_says_what_was_seen(tmp_path, name, content, seen):
    (tmp_path / name).write_text(content)
    with pytest.raises(BenchError) as caught:
        load_dataset(tmp_path / name)
    assert seen in str(caught.value)


def test_a_name_that_is_no_text_is_refused():
    with pytest.raises(BenchError, match="is not UTF-8"):
        load_dataset(os.fsdecode(b"t\xe4st"))


def test_the_suggestion_knows_no_case():
    with pytest.raises(BenchError, match="Did you mean 'phenomena'"):
        load_dataset("PHENOMENA")


def test_an_unknown_name_suggests_a_shipped_set():
    with pytest.raises(BenchError) as caught:
        load_dataset("vector-note")
    assert "Did you mean 'vector-notes'?" in caught.value.hint


@pytest.mark.parametrize("name", sorted(shipped()))
def test_the_shipped_sets_load(name):
    found = load_dataset(name)
    assert found.answerable.any()
    assert found.card.description
    assert found.card.licence


def test_known_items_are_asked_by_a_title_that_is_not_indexed(write_set):
    corpus = [
        {"_id": "d1", "title": "Cats", "text": "The animal sat on the mat."},
        {"_id": "d2", "title": " tom  cats ", "text": "All about Tom cats."},
        {"_id": "d3", "title": "", "text": "No title."},
        {"_id": "d4", "title": "Only a title", "text": ""},
        {"_id": "d5", "title": None, "text": "x", "metadata": {"title": "The  letter"}},
    ]
    found = load_dataset(write_set(corpus=corpus), Options(known_item="title"))
    assert found.name == "small (known-item: title)"
    assert found.note == (
        "known-item queries made from title; 1 of 3 stand word for word in a document that answers them"
    )
    assert list(found.texts) == ["x", "", "No title.", "All about Tom cats.", "The animal sat on the mat."]
    assert dict(zip(found.query_ids, found.query_texts, strict=True)) == {
        "known-d1": "Cats",
        "known-d2": "tom cats",
        "known-d5": "The letter",
    }
    assert found.judgements == [{4: 1}, {3: 1}, {0: 1}]


def test_known_items_need_no_queries_and_another_field_leaves_the_title_in_the_text(write_set):
    folder = write_set(corpus=[{"_id": "d1", "title": "Cats", "text": "meow", "author": "Ann"}])
    (folder / "queries.jsonl").unlink()
    found = load_dataset(folder, Options(known_item="author"))
    assert (found.query_texts, list(found.texts)) == (["Ann"], ["Cats meow"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(known_item="heading"), "no document has the field 'heading'"),
        (Options(known_item="text"), "would ask for a document by itself"),
        (Options(known_item="title", split="dev"), "--split says nothing"),
    ],
)
def test_known_items_that_cannot_be_made(write_set, options, message):
    with pytest.raises(BenchError) as caught:
        load_dataset(write_set(), options)
    assert message in caught.value.message
    assert caught.value.hint


def test_without_labels_the_error_says_how_to_get_some(write_set):
    folder = write_set()
    (folder / "queries.jsonl").unlink()
    with pytest.raises(BenchError) as caught:
        load_dataset(folder)
    assert "--known-item title" in caught.value.hint


def test_a_folder_in_this_layout_may_hold_the_files_of_others_too(write_set, monkeypatch, tmp_path):
    folder = write_set()
    (folder / "corpus.txt").write_text("a\n")
    (folder / "docs.tsv").write_text("d\ta\n")
    (folder / "queries.csv").write_text("query,relevant\na,b\n")
    monkeypatch.setenv("CORPUS_PATH", str(tmp_path / "absent"))
    assert len(load_dataset(folder).documents) == 5


def failing(source, **options):
    """The message and hint of the one error."""
    with pytest.raises(BenchError) as caught:
        load_dataset(source, Options(**options))
    assert caught.value.hint
    return f"{caught.value.message} {caught.value.hint}"


def pack(path):
    """The file as .gz in its place."""
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    return packed


def test_compressed_files_are_read(write_set):
    folder = write_set()
    plain = load_dataset(folder).fingerprint
    for name in ("corpus.jsonl", "queries.jsonl", "qrels/test.tsv"):
        pack(folder / name)
    assert load_dataset(folder).fingerprint == plain


def test_compressed_splits_are_chosen_like_others_and_plain_ones_go_before_them(write_set):
    folder = splits(write_set(), "train", "dev")
    pack(folder / "qrels" / "dev.tsv")
    assert "but dev, train." in failing(folder)
    assert len(load_dataset(folder, Options(split="dev")).queries) == 3
    (folder / "qrels" / "dev.tsv").write_text("q2\td3\t1\n")
    assert load_dataset(folder, Options(split="dev")).query_ids == ["q2"]


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda data: data[:-12], id="cut off"),
        pytest.param(lambda data: data[:30] + b"\xff\xff\xff" + data[33:], id="overwritten"),
        pytest.param(lambda data: b"plain text", id="no gzip at all"),
        pytest.param(lambda data: data + b"more", id="something behind it"),
    ],
)
def test_a_damaged_gzip_is_one_error(write_set, spoil):
    folder = write_set()
    packed = pack(folder / "corpus.jsonl")
    packed.write_bytes(spoil(packed.read_bytes()))
    assert "corpus.jsonl.gz" in failing(folder)


def test_a_line_without_end_does_not_fill_the_memory(write_set, monkeypatch):
    monkeypatch.setattr("bench.data.formats.lines.MAX_LINE", 1 << 20)
    folder = write_set()
    (folder / "corpus.jsonl").unlink()
    (folder / "corpus.jsonl.gz").write_bytes(gzip.compress(bytes(1 << 22)))
    assert "corpus.jsonl.gz:1: longer than 1 MiB" in failing(folder)


def splits(folder, *names):
    """Rename test.tsv to the first and copy it to the others."""
    content = (folder / "qrels" / "test.tsv").read_text()
    (folder / "qrels" / "test.tsv").unlink()
    for name in names:
        (folder / "qrels" / f"{name}.tsv").write_text(content)
    return folder


def test_grades_as_pandas_writes_them(write_set):
    folder = write_set(qrels=[("q1", "d1", "2.0"), ("q1", "d2", "0.0")])
    assert load_dataset(folder).grade.tolist() == [0, 2]


@pytest.mark.parametrize("name", ["qrels.csv", "qrels.tsv", "qrels/test.csv", "qrels/test.txt"])
def test_judgements_that_lie_elsewhere_are_read_and_said(write_set, name):
    folder = write_set()
    (folder / "qrels" / "test.tsv").unlink()
    (folder / name).write_text("q1,d1,1\nq2,d3,1\nq3,d10,1\n")
    found = load_dataset(folder)
    assert (len(found.grade), found.note) == (3, f"judgements from {name}")


def test_judgements_that_lie_in_several_places_are_refused(write_set):
    folder = write_set()
    (folder / "qrels" / "test.tsv").unlink()
    for name in ("qrels.csv", "qrels/test.txt"):
        (folder / name).write_text("q1,d1,1\n")
    with pytest.raises(BenchError) as caught:
        load_dataset(folder)
    assert caught.value.message == f"{folder} has no qrels/test.tsv, but qrels.csv, qrels/test.txt."
    assert "Write the judgements to qrels/test.tsv" in caught.value.hint


@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_array_is_read_as_its_lines_are(write_set, indent):
    folder = write_set()
    right = load_dataset(folder).fingerprint
    for name in ("corpus.jsonl", "queries.jsonl"):
        lines = (folder / name).read_text().splitlines()
        (folder / name).write_text(json.dumps([json.loads(line) for line in lines], indent=indent))
    assert load_dataset(folder).fingerprint == right


def test_a_split_is_chosen(write_set):
    folder = write_set()
    (folder / "qrels" / "dev.tsv").write_text("q2\td3\t1\n")
    found = load_dataset(folder, Options(split="dev"))
    assert found.query_ids == ["q2"]
    assert found.note == "judgements of the split 'dev'; queries without a judgement, left out: 2 of 3"
    assert load_dataset(folder).note == ""


def test_the_only_split_is_used_and_said(write_set):
    found = load_dataset(splits(write_set(), "dev"))
    assert len(found.queries) == 3
    assert found.note == "judgements of the split 'dev'"
    assert found.sample(1, 0).note.startswith("judgements of the split 'dev'; a sample of 1")


def test_several_splits_without_test_are_listed(write_set):
    assert "has no split 'test', but dev, train. Choose one: --split dev." in failing(
        splits(write_set(), "train", "dev")
    )


def test_an_unknown_split_suggests_one(write_set):
    message = failing(splits(write_set(), "train", "dev"), split="tran")
    assert "'tran'. Did you mean 'train'? Known: dev, train." in message


def test_an_option_of_another_form_is_refused(write_set):
    assert "--columns says nothing to a source of the form 'beir'" in failing(write_set(), columns=(("query", "x"),))


UNANSWERABLE = '{"_id": "n1", "text": "who won the cup"}\n{"_id": "n2", "text": "why"}\n'


def test_queries_known_to_have_no_answer_join(write_set):
    folder = write_set()
    (folder / "none.jsonl").write_text(UNANSWERABLE)
    found = load_dataset(folder, Options(unanswerable="none.jsonl"))
    assert found.query_ids == ["n1", "n2", "q1", "q2", "q3"]
    assert found.answerable.tolist() == [False, False, True, True, True]
    assert found.describe()["unanswerable"] == 2
    assert len(load_dataset(folder).queries) == 3  # the file alone says nothing


def test_the_card_names_them_too(write_set):
    folder = write_set(card='unanswerable = "none.jsonl"\n')
    (folder / "none.jsonl").write_text(UNANSWERABLE)
    pack(folder / "none.jsonl")
    assert load_dataset(folder).describe()["unanswerable"] == 2


def test_a_file_elsewhere_is_named_by_its_path(write_set, tmp_path):
    (tmp_path / "elsewhere.jsonl").write_text(UNANSWERABLE)
    options = Options(unanswerable=str(tmp_path / "elsewhere.jsonl"))
    assert load_dataset(write_set(), options).describe()["unanswerable"] == 2


def test_they_may_be_judged_as_not_relevant_to_a_document(write_set):
    folder = write_set(qrels=[("q1", "d1", 1), ("n1", "d2", 0)])
    (folder / "none.jsonl").write_text(UNANSWERABLE)
    assert load_dataset(folder, Options(unanswerable="none.jsonl")).judgements == [{2: 0}, {}, {4: 1}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"_id": "q1", "text": "x"}\n', "none.jsonl: 'q1' is the id of a query already"),
        ('{"_id": "n1"}\n', "none.jsonl:1: no 'text'"),
        ("", "none.jsonl is empty"),
        (None, "There is no none.jsonl"),
    ],
)
def test_what_is_wrong_with_them_is_said(write_set, content, message):
    folder = write_set()
    if content is not None:
        (folder / "none.jsonl").write_text(content)
    assert message in failing(folder, unanswerable="none.jsonl")


def test_one_with_an_answer_is_an_error(write_set):
    folder = write_set(qrels=[("q1", "d1", 1), ("n1", "d2", 1)])
    (folder / "none.jsonl").write_text(UNANSWERABLE)
    message = failing(folder, unanswerable="none.jsonl")
    assert "test.tsv:3: 'n1' has an answer here" in message


@pytest.mark.parametrize("name", ["../none.jsonl", "/etc/passwd"])
def test_a_card_names_files_of_its_folder_alone(write_set, name):
    assert "lies outside the set" in failing(write_set(card=f'unanswerable = "{name}"\n'))


def test_clinc150_with_its_queries_out_of_scope(data):
    found = load_dataset(data / "clinc150", Options(unanswerable="queries_oos.jsonl"))
    assert int(found.answerable.sum()) == 4500
    assert found.describe()["unanswerable"] == 1000


def zipped(folder, prefix=""):
    """The folder as a zip file beside it, each name under the prefix."""
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for file in sorted(each for each in folder.rglob("*") if each.is_file()):
            out.write(file, prefix + str(file.relative_to(folder)))
    return path


@pytest.mark.parametrize("prefix", ["", "scifact/"])
def test_a_zip_file_is_read_where_it_lies(write_set, tmp_path, prefix):
    folder = write_set(card='unanswerable = "none.jsonl"\n')
    (folder / "none.jsonl").write_text(UNANSWERABLE)
    pack(folder / "corpus.jsonl")
    path = zipped(folder, prefix)
    before = sorted(tmp_path.rglob("*"))
    found = load_dataset(path)
    assert found.fingerprint == load_dataset(folder).fingerprint
    assert (found.name, found.describe()["unanswerable"]) == ("small", 2)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_error_inside_names_the_zip_file_and_the_line(write_set):
    folder = write_set()
    (folder / "corpus.jsonl").write_bytes(GOOD + b"{oops}\n")
    assert "small.zip/small/corpus.jsonl:2: not valid JSON" in failing(zipped(folder, "small/"))


def test_splits_of_a_zip_file_are_listed(write_set):
    path = zipped(splits(write_set(), "dev", "train"), "small/")
    assert "has no split 'test', but dev, train" in failing(path)
    assert load_dataset(path, Options(split="train")).note == "judgements of the split 'train'"


def member(name, kind=0):
    """A member that a plain folder would not have."""
    info = zipfile.ZipInfo(name)
    info.external_attr = kind << 16
    return info


@pytest.mark.parametrize(
    ("info", "message"),
    [
        (member("/etc/cron.d/x"), "leads out of the folder"),
        (member("../x"), "leads out of the folder"),
        (member("small/../../x"), "leads out of the folder"),
        (member("C:/x"), "leads out of the folder"),
        (member("C:x"), "leads out of the folder"),
        (member("small\\..\\x"), "has no plain path"),
        (member("link", stat.S_IFLNK | 0o777), "is a link or a device"),
        (member("pipe", stat.S_IFIFO | 0o600), "is a link or a device"),
    ],
)
def test_members_that_no_packed_folder_has_are_refused(write_set, info, message):
    path = zipped(write_set())
    with zipfile.ZipFile(path, "a") as out:
        out.writestr(info, "x")
    assert message in failing(path)


def test_a_name_that_stands_twice_is_refused(write_set):
    path = zipped(write_set())
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as out:
        out.writestr("corpus.jsonl", GOOD)
    assert "'corpus.jsonl' stands in it twice" in failing(path)


def test_an_encrypted_member_is_refused(write_set):
    path = zipped(write_set())
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1  # the flag in the directory, which is read first
    path.write_bytes(content)
    assert "is encrypted" in failing(path)


def test_another_compression_is_refused(write_set):
    path = zipped(write_set())
    with zipfile.ZipFile(path, "a", zipfile.ZIP_LZMA) as out:
        out.writestr("x", "x")
    assert "a method other than deflate" in failing(path)


def test_a_bomb_is_refused(write_set):
    path = zipped(write_set())
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as out:
        out.writestr("bomb", bytes(3_000_000))
    assert "'bomb' unpacks to more than 200 times its size" in failing(path)


def test_a_file_that_unpacks_to_too_much_is_refused(write_set, monkeypatch):
    monkeypatch.setattr(archive, "MAX_TOTAL", 100)
    assert "small.zip unpacks to" in failing(zipped(write_set()))


def test_a_size_that_lies_is_an_error(write_set):
    """The directory says 5 bytes; more is never unpacked."""
    path = zipped(write_set())
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\1\2")
    content[entry + 24 : entry + 28] = (5).to_bytes(4, "little")
    path.write_bytes(content)
    assert "small.zip/corpus.jsonl" in failing(path)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: b"text", id="no zip at all"),
        pytest.param(lambda data: data[:-30], id="cut off"),
        pytest.param(lambda data: data[:60] + b"\0\0\0\0" + data[64:], id="overwritten"),
    ],
)
def test_a_damaged_zip_file_is_one_error(write_set, spoil):
    path = zipped(write_set())
    path.write_bytes(spoil(path.read_bytes()))
    assert "small.zip" in failing(path)


def packed_sets(tmp_path, write_set, *places):
    """A zip file with the small set in each of these folders."""
    folder, path = write_set(), tmp_path / "sets.zip"
    with zipfile.ZipFile(path, "w") as out:
        for place in places:
            for file in sorted(each for each in folder.rglob("*") if each.is_file()):
                out.write(file, f"{place}/{file.relative_to(folder)}")
        out.writestr("__MACOSX/a/corpus.jsonl", "what macOS adds")
    return path


def test_a_zip_file_without_a_set_says_what_it_lacks(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as out:
        out.writestr("a/b/queries.jsonl", "")
    assert "x.zip holds no corpus.jsonl, at its top or in a folder" in failing(tmp_path / "x.zip")


def test_a_zip_file_in_a_zip_file_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as out:
        out.writestr("data/inner.zip", "")
    assert "x.zip holds no corpus.jsonl, but data/inner.zip, which is packed itself. Unpack" in failing(
        tmp_path / "x.zip"
    )


def test_the_only_set_is_found_however_deep(tmp_path, write_set):
    found = load_dataset(packed_sets(tmp_path, write_set, "a/b/c"))
    assert (found.name, len(found.documents)) == ("sets", 5)


def test_several_sets_in_a_zip_file_are_listed_and_named(tmp_path, write_set):
    path = packed_sets(tmp_path, write_set, "forums/b", "forums/a")
    assert f"sets.zip holds several sets: forums/a, forums/b. Name one: {path}/forums/a." in failing(path)
    found = load_dataset(path / "forums" / "a")
    assert (found.name, len(found.documents)) == ("a", 5)
    assert "sets.zip/forums holds" not in failing(path / "forums" / "none")


def test_a_set_within_a_set_does_not_count(tmp_path, write_set):
    assert len(load_dataset(packed_sets(tmp_path, write_set, "a", "a/old")).documents) == 5


def test_sets_in_folders_of_a_folder_are_listed_and_the_only_one_is_read(tmp_path, write_set):
    write_set("forums/deep/b")
    (tmp_path / "forums" / "README.md").write_text("What these are.")
    assert load_dataset(tmp_path / "forums").name == "b"
    write_set("forums/a")
    assert "forums holds several sets: a, deep/b. Name one: " in failing(tmp_path / "forums")
    assert load_dataset(tmp_path / "forums" / "a").name == "a"


def test_a_tar_archive_says_how_to_unpack_it(tmp_path):
    (tmp_path / "set.tar.gz").write_bytes(b"\x1f\x8b")
    command = f"mkdir set && tar -xf {tmp_path}/set.tar.gz -C set"
    assert f"Unpack it: {command}; then name set." in failing(tmp_path / "set.tar.gz")


def test_a_folder_without_a_corpus_says_so_and_not_where_judgements_go(write_set):
    folder = write_set()
    (folder / "corpus.jsonl").unlink()
    (folder / "qrels" / "test.tsv").rename(folder / "qrels.txt")
    assert "There is no" in failing(folder)
    assert "corpus.jsonl" in failing(folder)


ROWS = [("q1", "d1", "2"), ("q1", "d2", "1"), ("q2", "d3", "1"), ("q2", "d4", "0"), ("q3", "d10", "1")]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("query-id\tcorpus-id\tscore", "{q}\t{d}\t{g}"),
        ("corpus-id\tquery-id\tscore", "{d}\t{q}\t{g}"),
        ("QUERY_ID\tScore\tdocno", "{q}\t{g}\t{d}"),
        ("query-id\tcorpus-id\tscore\tannotator", "{q}\t{d}\t{g}\tann"),
        ("\tquery-id\tcorpus-id\tscore", "7\t{q}\t{d}\t{g}"),
        ("qid\titer\tpid\trel", "{q}\t0\t{d}\t{g}"),
        ('"qid","docid","relevance"', '"{q}","{d}","{g}"'),
        ("sep=;\nqid;docid;relevance", "{q};{d};{g}"),
        ("\ufeffquery-id\tcorpus-id\tscore", '"{q}"\t"{d}"\t"{g}"'),
        ("", "{q} 0 {d} {g}"),
        ("", "{q} {d} {g}.0"),
    ],
)
def test_a_header_says_which_column_is_what(write_set, header, row):
    folder = write_set()
    plain = load_dataset(folder).fingerprint
    lines = [header, *(row.format(q=query, d=document, g=grade) for query, document, grade in ROWS)]
    (folder / "qrels" / "test.tsv").write_text("\n".join(filter(None, lines)) + "\n", "utf-8")
    assert load_dataset(folder).fingerprint == plain


def test_a_header_without_grades_means_pairs(write_set):
    folder = write_set()
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\nq1\td1\nq2\td3\n")
    assert load_dataset(folder).grade.tolist() == [1, 1]


def test_ids_that_are_words_of_a_header_are_ids(write_set):
    folder = write_set(
        corpus=[{"_id": "document", "text": "x"}],
        queries=[{"_id": "query", "text": "x"}],
        qrels=[("query", "document", 1)],
    )
    (folder / "qrels" / "test.tsv").write_text("query\tdocument\t1\n")
    assert load_dataset(folder).query_ids == ["query"]


DANGLING = [("q1", "d1", 1), ("q1", "gone", 1), ("q2", "gone", 1), ("q9", "d1", 1), ("q3", "d10", 1)]


def test_judgements_of_what_the_set_lacks_are_left_out_and_counted(write_set):
    folder = write_set(qrels=DANGLING)
    for source in (folder, zipped(folder)):
        found = load_dataset(source)
        assert found.query_ids == ["q1", "q3"]
        assert found.note == (
            "judgements of queries or documents that the set lacks, left out: 3 of 5 "
            "(the first: query 'q9' and document 'gone'); queries left out because all of their judgements were: 1; "
            "queries without a judgement, left out: 1 of 3"
        )


@pytest.mark.parametrize(
    ("document", "advice"),
    [
        ("000{n}", "They differ in leading zeros"),
        ("{n}.0", "They differ in a .0 at the end"),
        ("D{n}", "Check that the files belong together"),
        ("“{n}", "Check that the files belong together"),
    ],
)
def test_ids_that_are_written_in_two_ways_are_an_error_that_says_how(write_set, document, advice):
    numbers = range(1, 31)
    folder = write_set(
        corpus=[{"_id": n, "text": "x"} for n in numbers], qrels=[("q1", document.format(n=n), 1) for n in numbers]
    )
    message = failing(folder)
    assert "0 of 30 judgements fit the set" in message
    assert advice in message


def test_columns_that_changed_places_are_seen(write_set):
    assert "seem to have changed places" in failing(write_set(qrels=[("d1", "q1", 1), ("d3", "q2", 1)]))


def test_some_ids_with_zeros_are_an_error_too(write_set):
    """Those of three digits fit, and would hide the others."""
    folder = write_set(
        corpus=[{"_id": n, "text": "x"} for n in range(1, 131)], qrels=[("q1", f"{n:03}", 1) for n in range(1, 131)]
    )
    assert "31 of 130 judgements fit the set" in failing(folder)


def test_ids_in_another_composition_are_the_same(write_set):
    folder = write_set(corpus=[{"_id": "cafe\u0301", "text": "x"}], qrels=[("q1", "caf\u00e9", 1)])
    assert load_dataset(folder).note == "queries without a judgement, left out: 2 of 3"


def test_numbers_and_gaps_as_pandas_writes_them(write_set):
    folder = write_set(qrels=[("q1", "6", 1)])
    (folder / "corpus.jsonl").write_text('{"_id": 6.0, "title": NaN, "text": "x"}\n{"_id": "7", "text": "NaN"}\n')
    found = load_dataset(folder)
    assert (found.document_ids(range(2)), list(found.texts)) == (["7", "6"], ["NaN", "x"])
    (folder / "corpus.jsonl").write_text('{"_id": "6", "text": Infinity}\n')
    assert "corpus.jsonl:1: no 'text'" in failing(folder)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04rest", "a zip file or an Excel workbook"),
        (b"PAR1rest", "a Parquet file"),
        (b"\x28\xb5\x2f\xfdrest", "compressed by zstd"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
    ],
)
@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv", "dataset.toml"])
def test_bytes_that_are_no_text_are_called_what_they_are(write_set, name, content, what):
    folder = write_set()
    (folder / name).write_bytes(content)
    assert f"{name} is no text: it is {what}" in failing(folder)


def test_gzip_under_a_plain_name_is_read(write_set):
    folder = write_set()
    plain = load_dataset(folder).fingerprint
    for name in ("corpus.jsonl", "queries.jsonl", "qrels/test.tsv"):
        (folder / name).write_bytes(gzip.compress((folder / name).read_bytes()))
    assert load_dataset(folder).fingerprint == plain
    assert load_dataset(zipped(folder)).fingerprint == plain


def test_the_advice_for_an_encoding_is_only_given_where_it_works(write_set):
    folder = write_set()
    for content, advised in ((b'{"_id": "d\xe9"}\n', True), (b'{"_id": "d\xe9"}\n\x81\n', False)):
        (folder / "corpus.jsonl").write_bytes(content)
        assert ("iconv -f WINDOWS-1252" in failing(folder)) is advised
