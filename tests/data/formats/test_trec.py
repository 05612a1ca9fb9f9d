"""TREC's qrels and runs, and folders of documents, topics and qrels."""

import gzip
import json

import pytest

from bench.data.formats import load_dataset, trec_runs
from bench.data.formats.options import Options
from bench.data.formats.trec import read_qrels
from bench.data.formats.trec_topics import read_topics
from bench.errors import BenchError


def test_qrels_and_runs_are_read(tmp_path):
    (tmp_path / "qrels").write_bytes("\ufeff1 0 d1 2\r\n\r\n1 0 d2 -1\n".encode())
    (tmp_path / "run").write_text("1 Q0 d1 9 0.5 tag\n1\tQ0\td2\t1\t7e-1\ttag\n")
    assert read_qrels(tmp_path / "qrels") == {"1": {"d1": 2, "d2": -1}}
    assert trec_runs.read_run(tmp_path / "run") == {"1": {"d1": 0.5, "d2": 0.7}}


@pytest.mark.parametrize(
    ("reader", "text", "message"),
    [
        (read_qrels, "1 0 d1 1\n1 0 d1 1\n", ":2: '1' and 'd1' are judged already"),
        (read_qrels, "1 d1\n", ":1: 2 columns, not 3"),
        (read_qrels, "1 0 d1 x\n", ":1: the grade 'x' is not a whole number"),
        (trec_runs.read_run, "1 Q0 d1 1 0.5 t\n1 Q0 d1 2 0.4 t\n", ":2: '1' has 'd1' twice"),
        (trec_runs.read_run, "1 Q0 d1 1 nan t\n", ":1: the score 'nan' is not a finite number"),
        (trec_runs.read_run, "1 Q0 d1 1 0.5\n", ":1: 5 columns, not 6"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, reader, text, message):
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(BenchError) as caught:
        reader(path)
    assert message in caught.value.message


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(BenchError, match="There is no"):
        trec_runs.read_run(tmp_path / "absent")


DOCS = "d1\tCats\tThe cat slept.\nd2\t\tPump blocked.\n d3 \tA film.\n"
TOPICS = "1\tsleeping cat\n2\tpump\n3\tnever judged\n"
QRELS = "1 0 d1 2\n1\t0\td3\t0\n2 Q0 d2 1\n"
TAGGED = """<top>

<num> Number: 301
<title> Topic:  International
 Organized Crime &amp; Law

<desc> Description:
Identify organizations.

<narr> Narrative:
A relevant document must be > 5 < 6 lines.
</top>
<top><title>pump</title><num>2</num></top>
"""


@pytest.fixture
def write(tmp_path):
    """Write a folder in TREC's layout: name -> content; those with .gz are packed."""

    def write(**files):
        folder = tmp_path / "trec"
        content = {"docs.tsv": DOCS, "topics.tsv": TOPICS, "qrels": QRELS, **files}
        for name, text in content.items():
            if text is None:
                continue
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return folder

    return write


def check(found):
    assert found.document_ids(range(3)) == ["d3", "d2", "d1"]
    assert list(found.texts) == ["A film.", "Pump blocked.", "Cats The cat slept."]
    assert (found.query_ids, found.query_texts) == (["1", "2"], ["sleeping cat", "pump"])
    assert found.judgements == [{2: 2, 0: 0}, {1: 1}]


def test_a_folder_is_read(write):
    found = load_dataset(write())
    assert (found.name, found.note) == ("trec", "queries without a judgement, left out: 1 of 3")
    check(found)


def test_packed_files_are_read(write):
    packed = {"docs.tsv.gz": DOCS, "topics.tsv.gz": TOPICS, "qrels.txt.gz": QRELS}
    check(load_dataset(write(**dict.fromkeys(("docs.tsv", "topics.tsv", "qrels")), **packed)))


@pytest.mark.parametrize("keys", [("id", "title", "text"), ("docno", "title", "contents"), ("nr", "title", "words")])
def test_documents_as_json_lines(write, keys):
    rows = [("d1", "Cats", "The cat slept."), ("d2", None, "Pump blocked."), ("d3", "", "A film.")]
    text = "".join(json.dumps(dict(zip(keys, row, strict=True))) + "\n" for row in rows)
    columns = (("id", "nr"), ("text", "words")) if keys[0] == "nr" else ()
    check(load_dataset(write(**{"docs.tsv": None, "docs.jsonl": text}), Options(columns=columns)))


def test_documents_as_other_tools_dump_them(write):
    rows = [("d1", "Cats The cat slept."), ("d2", "Pump blocked."), ("d3", "A film.")]
    langchain = [{"id": None, "page_content": text, "metadata": {"source": name}} for name, text in rows]
    llamaindex = [{"id_": name, "text": text, "metadata": {}} for name, text in rows]
    for dump, columns in ((langchain, (("id", "metadata.source"),)), (llamaindex, ())):
        text = "".join(json.dumps(row) + "\n" for row in dump)
        check(load_dataset(write(**{"docs.tsv": None, "docs.jsonl": text}), Options(columns=columns)))
        (write() / "docs.tsv").unlink()


def test_splits_of_the_judgements(write):
    folder = write(**{"qrels": None, "qrels/test.tsv": QRELS, "qrels/dev.txt": "2 0 d2 1\n"})
    check(load_dataset(folder))
    assert load_dataset(folder, Options(split="dev")).query_ids == ["2"]


@pytest.mark.parametrize("name", ["topics.txt", "topics.sgml", "topics"])
def test_tagged_topics(write, name):
    folder = write(**{"topics.tsv": None, name: TAGGED, "qrels": "301 0 d1 1\n2 0 d2 1\n"})
    found = load_dataset(folder)
    assert dict(zip(found.query_ids, found.query_texts, strict=True)) == {
        "301": "International Organized Crime & Law",
        "2": "pump",
    }
    metadata = json.loads(found.queries["metadata"][1].as_py())
    assert metadata == {
        "desc": "Identify organizations.",
        "narr": "A relevant document must be > 5 < 6 lines.",
    }


def test_another_tag_may_be_the_query(tmp_path):
    path = tmp_path / "topics.txt"
    path.write_text(TAGGED.partition("</top>")[0] + "</top>")
    assert read_topics(path, "desc")["301"][0] == "Identify organizations."


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("docs.tsv", "d1\tx\nd2\n", "docs.tsv:2: 1 column, not 2 or 3"),
        ("docs.tsv", "d1\tx\ty\tz\n", "docs.tsv:1: 4 columns, not 2 or 3"),
        ("docs.tsv", "d1\tx\nd1\ty\n", "docs.tsv:2: the id 'd1' stands already in line 1"),
        ("docs.tsv", "d 1\tx\n", "docs.tsv:1: the id 'd 1' holds white space"),
        ("docs.tsv", "\tx\n", "docs.tsv:1: the id '' is empty"),
        ("docs.tsv", "\n", "docs.tsv is empty"),
        ("docs.jsonl", '{"id": "d1"}\n', "has docs.tsv and docs.jsonl"),
        ("topics.tsv", "1\n", "topics.tsv:1: 1 column, not 2"),
        ("topics.tsv", "1\tx\n1\ty\n", "topics.tsv:2: there are two topics '1'"),
        ("topics.tsv", "1\t \n", "topics.tsv:1: the topic '1' has no <title>"),
        ("topics.tsv", "", "topics.tsv holds no topic"),
        ("topics.tsv", "<top>\n<num> 1 <title> x\n", "topics.tsv:1: <top> is not closed"),
        ("topics.tsv", "<top>\n<num> 1 <title> x\n<top>", "topics.tsv:3: <top> out of place"),
        ("topics.tsv", "<title> x </top>", "topics.tsv:1: </top> out of place"),
        ("topics.tsv", "\n<top><title> x </top>", "topics.tsv:2: a topic without <num>"),
        ("topics.tsv", "<top><num> 1 <desc> x </top>", "topics.tsv:1: the topic '1' has no <title>"),
        (
            "qrels",
            "9 0 d1 1\n",
            "qrels: 0 of 1 judgements fit the set. Unknown are query '9' (line 1); it has the queries '1'",
        ),
        ("qrels", "1 0 d9 1\n", "Unknown are document 'd9' (line 1); it has the documents "),
        ("qrels", "1 0 d1 1\n1 1 d1 2\n", "qrels:2: '1' and 'd1' are judged already"),
        ("qrels", "1 d1\n", "qrels:1: 2 columns, not 3"),
        ("docs.tsv", "pid\turl\nd1\tx\n", "docs.tsv:1: a header without a column known for the text: pid, url"),
        ("docs.tsv", "pid\tpassage\nd1\tx\ty\n", "docs.tsv:2: 3 columns, not 2 as in the header"),
        ("topics.tsv", "qid\tauthor\n1\tx\n", "topics.tsv:1: a header without a column known for the query"),
        ("topics.tsv", "<!DOCTYPE t [<!ENTITY a 'b'>]>\n<top>", "topics.tsv:1: an entity is declared"),
        ("qrels", "", "qrels holds no judgement"),
        ("qrels.txt", QRELS, "has qrels and qrels.txt"),
    ],
)
def test_one_clear_error_with_file_and_line(write, name, content, message):
    with pytest.raises(BenchError) as caught:
        load_dataset(write(**{name: content}))
    assert message in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    "content", ['{"id": "d1"}', '{"text": "x"}', '{"id": true, "text": "x"}', '{"id": "d", "text": 5}']
)
def test_json_documents_lack_nothing(write, content):
    with pytest.raises(BenchError, match=r"docs\.jsonl:1: ") as caught:
        load_dataset(write(**{"docs.tsv": None, "docs.jsonl": content}))
    assert caught.value.hint


@pytest.mark.parametrize("name", ["topics.tsv", "qrels"])
def test_a_missing_file_is_named(write, name):
    with pytest.raises(BenchError, match=f"There is no .*{name}"):
        load_dataset(write(**{name: None}))


def test_a_split_needs_a_folder_of_splits(write):
    with pytest.raises(BenchError, match="has no splits"):
        load_dataset(write(), Options(split="dev"))
    (write() / "qrels").unlink()
    folder = write(**{"qrels/dev.tsv": QRELS, "qrels": None})
    with pytest.raises(BenchError, match=r"There is no split .*'train'"):
        load_dataset(folder, Options(split="train"))


def test_packed_runs_are_read_and_damaged_ones_are_one_error(tmp_path):
    packed = gzip.compress(b"1 Q0 d1 1 0.5 t\n")
    path = tmp_path / "a.run.gz"
    path.write_bytes(packed)
    assert trec_runs.read_run(path) == {"1": {"d1": 0.5}}
    for damaged in (b"plain text", packed[:-6], packed[:12] + b"\xff\xff\xff" + packed[15:]):
        path.write_bytes(damaged)
        with pytest.raises(BenchError, match="damaged or cut off"):
            trec_runs.read_run(path)


TOPIC_FORMS = {
    "elements, a query and what it means": """<?xml version="1.0" encoding="UTF-8"?>
<topics task="x">
  <!-- <topic number="9"> -->
  <topic number="1">
    <query>sleeping cat</query>
    <question>where do cats sleep?</question>
  </topic>
  <topic number="2"><query>pump &amp; valve</query><question></question></topic>
</topics>""",
    "the number as an element, CDATA": "<topics><topic><number>1</number><title>sleeping cat</title></topic>"
    "<topic><number>2</number><title><![CDATA[pump & valve]]></title></topic></topics>",
    "nothing but the text": '<topics><topic number="1">sleeping\n cat</topic>'
    '<topic number="2">pump &amp; valve</topic></topics>',
    "queries with numbers": "<parameters><query><number>1</number><text>sleeping cat</text></query>"
    "<query><number>2</number><text>pump & valve</text></query></parameters>",
    "a title and subtopics": '<webtrack><topic number="1" type="faceted"><title>sleeping cat</title>'
    '<subtopic number="1">a</subtopic><subtopic number="2">b</subtopic></topic>'
    '<topic number="2"><title>pump & valve</title></topic></webtrack>',
    "classic, with closed tags and CRLF": "<top>\r\n<num>Number: 1</num>\r\n<title>sleeping cat</title>\r\n</top>\r\n"
    "<top lang='en'><num>2</num><title>pump &amp; valve</title></top>",
}


@pytest.mark.parametrize("form", TOPIC_FORMS)
@pytest.mark.parametrize("name", ["topics.xml", "topics.txt"])
def test_topics_as_tracks_write_them(write, name, form):
    found = load_dataset(write(**{"topics.tsv": None, name: TOPIC_FORMS[form]}))
    assert dict(zip(found.query_ids, found.query_texts, strict=True)) == {"1": "sleeping cat", "2": "pump & valve"}


def test_repeated_tags_stay_apart_and_another_may_be_asked_by(tmp_path):
    path = tmp_path / "topics.xml"
    path.write_text(TOPIC_FORMS["a title and subtopics"])
    assert read_topics(path)["1"][1]["subtopic"] == "a b"
    path.write_text(TOPIC_FORMS["elements, a query and what it means"].replace("<question></", "<question>what?</"))
    assert read_topics(path, "question")["1"][0] == "where do cats sleep?"


def test_a_topic_without_the_tag_says_which_it_has(tmp_path):
    path = tmp_path / "topics.xml"
    path.write_text('<topics>\n<topic number="1"><description>x</description><summary>y</summary></topic></topics>')
    with pytest.raises(BenchError) as caught:
        read_topics(path)
    assert "topics.xml:2: the topic '1' has no <title> but <description>, <summary>" in caught.value.message
    assert caught.value.hint == "Name a tag: --columns query=description."


def test_a_script_in_a_title_hides_no_tags(tmp_path):
    path = tmp_path / "topics.txt"
    path.write_text("<top><num>1<title>a <script> b<desc>c</top>")
    assert read_topics(path)["1"] == ("a", {"script": "b", "desc": "c"})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("docs.tsv", "pid\ttitle\tpassage\nd1\tCats\tThe cat slept.\nd2\t\tPump blocked.\nd3\t\tA film.\n"),
        ("docs.tsv", "Passage\tDOCNO\tyear\nCats The cat slept.\td1\t7\nPump blocked.\td2\t8\nA film.\td3\t9\n"),
        ("docs.tsv", '"pid"\t"text"\n"d1"\t"Cats The cat slept."\n"d2"\t"Pump blocked."\n"d3"\t"A film."\n'),
        ("topics.tsv", "\ufeffqid\tquery\n1\tsleeping cat\n2\tpump\n3\tnever judged\n"),
        ("topics.tsv", "query\tkind\tqid\nsleeping cat\ta\t1\npump\tb\t2\nnever judged\tc\t3\n"),
        ("qrels", "qid docno rel\n1 d1 2\n1 d3 0\n2 d2 1\n"),
    ],
)
def test_a_header_is_gone_by_and_is_no_document_or_topic(write, name, content):
    check(load_dataset(write(**{name: content})))


def test_a_first_text_that_is_a_word_of_headers_is_a_text(write):
    found = load_dataset(write(**{"docs.tsv": "d1\tbody\nd2\tid\n", "topics.tsv": "1\tquery\n2\tid\n"}))
    assert (list(found.texts), found.query_texts) == (["id", "body"], ["query", "id"])


def test_files_as_ms_marco_names_them(write):
    plain = {"docs.tsv": None, "topics.tsv": None, "qrels": None}
    folder = write(**plain, **{"collection.tsv": DOCS, "queries.dev.small.tsv": TOPICS, "qrels.dev.small.tsv": QRELS})
    check(load_dataset(folder))
    (folder / "queries.train.tsv").write_text("7\tx\n")
    check(load_dataset(folder))
    (folder / "qrels.train.tsv").write_text("7 0 d1 1\n")
    with pytest.raises(BenchError, match=r"has no split 'test', but dev\.small, train"):
        load_dataset(folder)
    assert load_dataset(folder, Options(split="train")).query_ids == ["7"]


def test_documents_of_ms_marco_have_a_url_that_is_no_text(write):
    docs = "d1\thttps://a.example/1\tCats\tThe cat slept.\nd2\thttp://b\t\tPump blocked.\nd3\thttp://c\t\tA film.\n"
    check(load_dataset(write(**{"docs.tsv": None, "msmarco-docs.tsv": docs})))


TAGGED_DOCUMENTS = """<DOC>
<DOCNO> d1 </DOCNO>
<DATE> 1990 </DATE>
<HEADLINE> Cats </HEADLINE>
<TEXT>
<P>The cat</P> slept.
</TEXT>
</DOC>
<DOC><DOCNO>d2</DOCNO><!-- none --><TEXT>Pump blocked.</TEXT></DOC>
"""


def test_tagged_documents_in_a_file_or_in_files_of_a_folder(write):
    last = "<doc><docno>d3</docno><i>A film.</i></doc>\n"
    check(load_dataset(write(**{"docs.tsv": None, "docs.trec": TAGGED_DOCUMENTS + last})))
    (write() / "docs.trec").unlink()
    folder = write(**{"docs/a/1": TAGGED_DOCUMENTS, "docs/2.gz": last})
    (folder / "docs.tsv").unlink()
    check(load_dataset(folder))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<DOC>\n<TEXT>x</TEXT>\n</DOC>", "docs.trec:1: a <DOC> without <DOCNO>"),
        ("<DOC><DOCNO>1</DOCNO>x</DOC>\n<DOC>", "docs.trec:2: <DOC> is not closed"),
        ("<DOC><DOCNO>1</DOCNO><DOC></DOC>", "docs.trec:1: a <DOC> within another"),
    ],
)
def test_what_is_wrong_with_tagged_documents_is_said(write, content, message):
    with pytest.raises(BenchError) as caught:
        load_dataset(write(**{"docs.tsv": None, "docs.trec": content}))
    assert message in caught.value.message


def test_where_only_the_documents_are_missing_the_error_says_so(write):
    with pytest.raises(BenchError) as caught:
        load_dataset(write(**{"docs.tsv": None}))
    assert "There is no" in caught.value.message
    assert "docs.tsv" in caught.value.message
    assert "documents (docs.tsv or docs.jsonl)" in caught.value.hint


def test_judgements_of_what_is_not_there_are_counted(write):
    found = load_dataset(write(qrels=QRELS + "9 0 d1 1\n3 0 d9 1\n"))
    assert found.query_ids == ["1", "2"]
    assert found.note.startswith("judgements of queries or documents that the set lacks, left out: 2 of 5")
    assert "queries left out because all of their judgements were: 1" in found.note


@pytest.mark.parametrize(
    ("topics", "qrels"),
    [
        ("msmarco-test2019-queries.tsv", "2019qrels-pass.txt"),
        ("topics.robust04.txt", "qrels.robust04.txt"),
        ("topics.301-450", "qrels.trec7.csv"),
    ],
)
def test_names_of_files_as_tracks_hand_them_on(write, topics, qrels):
    check(load_dataset(write(**{"topics.tsv": None, "qrels": None, topics: TOPICS, qrels: QRELS})))


def test_texts_called_docs_are_no_documents_of_trec(write):
    folder = write(**dict.fromkeys(("docs.tsv", "topics.tsv", "qrels")), **{"docs.txt": "x", "docs/a.pdf": "%PDF"})
    (folder / "queries.csv").write_text("query,relevant\nx,docs.txt\n")
    assert load_dataset(folder).note.startswith("each file is a document; 1 .pdf file left out")
