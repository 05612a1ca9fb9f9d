"""Pairs of texts: the rule by which they become queries, documents and judgements."""

from __future__ import annotations

import json
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.data.formats import load_dataset
from bench.data.formats.options import Options
from bench.errors import BenchError


@pytest.fixture
def write(tmp_path):
    def _write(content, name="pairs.csv"):
        path = tmp_path / name
        path.write_text(content, "utf-8")
        return path

    return _write


def shown(found):
    """Query text -> document text -> grade, and the document texts."""
    texts = list(found.texts)
    table = {
        query: {texts[document]: grade for document, grade in judged.items()}
        for query, judged in zip(found.query_texts, found.judgements, strict=True)
    }
    return table, set(texts)


MUTUAL = "read as judged pairs: first = question1, second = question2, same = is_duplicate"


def mutual(*pairs):
    """A file of pairs: "a b 1" says that a and b mean the same."""
    return "question1,question2,is_duplicate\n" + "".join(",".join(pair.split()) + "\n" for pair in pairs)


def failing(source, **options):
    with pytest.raises(BenchError) as caught:
        load_dataset(source, Options(**options))
    assert caught.value.hint
    return f"{caught.value.message} {caught.value.hint}"


# query,relevant


def test_queries_and_their_relevant_documents(write):
    content = "query,relevant\nhow to pay,By card.\nhow to pay,By invoice.\nhours,9 to 5\nopening,9 TO  5\n"
    found = load_dataset(write(content))
    table, documents = shown(found)
    assert table == {"how to pay": {"By card.": 1, "By invoice.": 1}, "hours": {"9 to 5": 1}, "opening": {"9 to 5": 1}}
    assert documents == {"By card.", "By invoice.", "9 to 5"}  # the last line's is the one of line 4
    assert (found.query_ids, found.document_ids([0])) == (["q2", "q4", "q5"], ["d4"])
    assert (found.left_out.max(), found.name) == (-1, "pairs")
    assert found.note == "read as pairs: query, relevant; 1 line with the query of an earlier one, merged with it"


def test_ids_and_grades_are_taken(write):
    content = (
        "query_id,query,relevant_id,relevant,grade\n"
        "1,pay,10,card,2\n1,pay,11,cash,0\n2,hours,12,nine,1\n3,is it red,11,cash,0\n"
    )
    found = load_dataset(write(content))
    assert found.query_ids == ["1", "2", "3"]
    assert shown(found)[0] == {"pay": {"card": 2, "cash": 0}, "hours": {"nine": 1}, "is it red": {"cash": 0}}
    assert found.answerable.tolist() == [True, True, False]


def test_a_query_that_is_a_document_too_is_left_out_of_its_own_hits(write):
    found = load_dataset(write("query,relevant\na,b\nB,c\n"))
    assert found.query_ids == ["d2", "q2"]  # the query B is the document b
    assert shown(found) == ({"B": {"c": 1}, "a": {"b": 1}}, {"b", "c"})
    note = "read as pairs: query, relevant; 1 query is a document too, which is left out of its own hits"
    assert found.describe()["note"] == note
    assert found.own_document.tolist() == [found.document_ids(range(2)).index("d2"), -1]


def test_lines_that_say_nothing_are_counted(write):
    found = load_dataset(write('query,relevant\na,A\n"",x\na,b\nb,\n'))
    assert shown(found) == ({"a": {"b": 1}}, {"b"})
    assert found.note == (
        "read as pairs: query, relevant; "
        "2 lines with an empty text left out; 1 line that pairs a text with itself left out"
    )


def test_json_lines_tsv_and_other_names(write):
    rows = [{"ask": "a", "find": "b\tc"}, {"ask": "d", "find": "e"}]
    path = write("".join(json.dumps(row) + "\n" for row in rows), "pairs.jsonl")
    options = Options(columns=(("query", "ask"), ("relevant", "find")))
    assert shown(load_dataset(f"pairs:{path}", options))[0] == {"a": {"b\tc": 1}, "d": {"e": 1}}
    assert shown(load_dataset(write('anchor\tpositive\n"a\tb\n', "pairs.tsv")))[0] == {'"a': {"b": 1}}


def test_fields_of_inner_objects_are_named_with_a_dot(write):
    rows = [{"page_content": "By card.", "metadata": {"question": "how to pay", "lang": "en"}}]
    path = write("".join(json.dumps(row) + "\n" for row in rows), "chunks.jsonl")
    options = Options(columns=(("query", "metadata.question"), ("relevant", "page_content")))
    found = load_dataset(path, options)
    assert shown(found)[0] == {"how to pay": {"By card.": 1}}
    assert found.field("metadata.lang") == ["en"]


def test_a_quoted_field_may_hold_line_ends_and_odd_separators(write):
    found = load_dataset(write('query,relevant\n"one\ntwo",x\u2028y\n"z",w\n'))
    assert shown(found)[0] == {"one\ntwo": {"x\u2028y": 1}, "z": {"w": 1}}


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_csv_without_commas_in_its_header_has_excels_other_separators(write, separator):
    rows = [["Question", "Answer"], ["how to pay", '"By card, or cash; as you like."'], ["hours", "9 to 5"]]
    found = load_dataset(write("\ufeff" + "".join(f"{separator.join(row)}\r\n" for row in rows)))
    assert shown(found)[0] == {"how to pay": {"By card, or cash; as you like.": 1}, "hours": {"9 to 5": 1}}


@pytest.mark.parametrize(
    "content",
    [
        "sep=;\r\nQuery;Relevant\r\na;b, c\r\n",
        '"sep=|"\nquery|relevant\na|b, c\n',
        'sep=,\nquery,relevant\na,"b, c"\n',
        '"query";"relevant";"one, two, three"\na;b, c;d\n',
        "query|relevant\na|b, c\n",
        "\ufeffquery;relevant;why, then;x\na;b, c;d;e\n",
    ],
)
def test_what_separates_is_told_by_the_first_lines(write, content):
    assert shown(load_dataset(write(content)))[0] == {"a": {"b, c": 1}}


def test_a_first_line_that_says_what_separates_is_a_line(write):
    assert "pairs.csv:4: 1 fields, not 2" in failing(write("sep=;\nquery;relevant\na;b\nc\n"))


def test_a_header_in_quotes_shows_that_a_tsv_is_quoted(write):
    found = load_dataset(write('"query"\t"relevant"\t"grade"\n"a"\t"b, c"\t2\n', "pairs.tsv"))
    assert (shown(found)[0], found.note) == ({"a": {"b, c": 2}}, "read as pairs: query, relevant, grade")
    found = load_dataset(write('"query"\t"relevant"\na\t5" screen\n', "pairs.tsv"))
    assert shown(found)[0] == {"a": {'5" screen': 1}}


def test_grades_that_are_true_or_false(write):
    found = load_dataset(write("query,relevant,grade\na,b,True\na,c,FALSE\n"))
    assert shown(found)[0] == {"a": {"b": 1, "c": 0}}


@pytest.mark.parametrize(
    ("content", "table"),
    [
        ('a\t"He said ""hi"""\n', {"a": {'He said "hi"': 1}}),
        ('a\t"one\ntwo"\n"b, c"\td\n', {"a": {"one\ntwo": 1}, "b, c": {"d": 1}}),
        ('a\t"one\ttwo"', {"a": {"one\ttwo": 1}}),
        ('a\t"He said ""hi"""\nb\t5" screen\n', {"a": {'"He said ""hi"""': 1}, "b": {'5" screen': 1}}),
        ('a\t"He said ""hi"""\nb\t"x\n', {"a": {'"He said ""hi"""': 1}, "b": {'"x': 1}}),
        ('a\t"Hello, world"\n', {"a": {'"Hello, world"': 1}}),
    ],
)
def test_a_tsv_has_quotes_only_where_all_of_it_is_as_excel_writes(write, content, table):
    assert shown(load_dataset(write(f"query\trelevant\n{content}", "pairs.tsv")))[0] == table


def test_a_tsv_that_looks_quoted_and_is_not_says_what_to_do(write):
    message = failing(write('query\trelevant\nx\t5" screen\na\t"one\ntwo"\n', "pairs.tsv"))
    assert message.endswith("pairs.tsv:4: 1 fields, not 2 as in the header. A TSV file has no quotes: save it as CSV.")


IN_CSV = "query,relevant\nhow to pay,By card.\nGrüße,€ 5\n"
IN_JSON = '{"query": "how to pay", "relevant": "By card."}\n{"query": "Grüße", "relevant": "€ 5"}\n'


@pytest.mark.parametrize(
    ("name", "content", "encoding"),
    [
        *[("my faq.csv", IN_CSV, encoding) for encoding in ("utf-16", "utf-16-le", "cp1252")],
        *[("faq.jsonl", IN_JSON, encoding) for encoding in ("utf-16", "cp1252")],
    ],
)
def test_the_advice_for_another_encoding_can_be_typed(write, tmp_path, name, content, encoding):
    path = write("", name)
    path.write_bytes(content.encode(encoding))
    message = failing(path)
    assert f"{name}:{len(content.splitlines()) if encoding == 'cp1252' else 1}: not UTF-8" in message
    assert ("but UTF-16" in message) == (encoding != "cp1252")
    command = "iconv" + message.rpartition("iconv")[2]
    assert subprocess.run(command, shell=True, cwd=tmp_path, check=False).returncode == 0
    assert shown(load_dataset(tmp_path / f"utf8{path.suffix}"))[0]["Grüße"] == {"€ 5": 1}


def test_long_texts_are_no_trouble(write):
    assert len(load_dataset(write(f"query,relevant\na,{'b' * 200_000}\n")).texts[0]) == 200_000


FAQ = "id,Category,Question,Answer\n1,pay,how to pay,By card.\n2,pay,ways to pay,by  card.\n3,time,hours,9 to 5\n"


def test_questions_find_their_answers_whatever_their_categories(write):
    found = load_dataset(write(FAQ))
    assert shown(found) == (
        {"how to pay": {"By card.": 1}, "ways to pay": {"By card.": 1}, "hours": {"9 to 5": 1}},
        {"By card.", "9 to 5"},
    )
    assert found.note == "read as pairs: query = Question, relevant = Answer"


def test_further_columns_are_metadata_of_the_query(write):
    found = load_dataset(write(FAQ))
    assert found.field("Category") == ["pay", "pay", "time"]
    again = load_dataset(write("query,relevant,lang\na,x,de\na,y,en\n"))
    assert again.metadata == [{"lang": "de"}]


@pytest.mark.parametrize("label", ["label", "intent"])
@pytest.mark.parametrize("names", ["query,relevant", "question,answer"])
def test_columns_of_two_forms_are_refused_until_one_is_named(write, names, label):
    path = write(f"{names},{label}\na,x,1\nb,x,1\n")
    message = failing(path)
    assert "pairs, because it has the columns of pairs (" in message
    assert "intents, because it has the columns of labelled texts (" in message
    assert f"relevant a text is: --columns grade={label}. Say which it is: pairs:{path} or intents:{path}." in message
    assert len(load_dataset(f"pairs:{path}").documents) == 1
    assert len(load_dataset(f"intents:{path}").documents) == 2
    assert load_dataset(path, Options(columns=(("grade", label),))).grade.tolist() == [1, 1]


def test_named_columns_say_which_form_it_is(write):
    path = write("Frage,Antwort,label\na,x,1\nb,x,1\n")
    pairs = load_dataset(path, Options(columns=(("query", "frage"), ("relevant", "ANTWORT"))))
    assert shown(pairs) == ({"a": {"x": 1}, "b": {"x": 1}}, {"x"})
    assert len(load_dataset(path, Options(columns=(("text", "Frage"),))).documents) == 2
    assert "There is no column 'Reply' for relevant. The file has Frage, Antwort" in failing(
        path, columns=(("query", "Frage"), ("relevant", "Reply"))
    )


def test_a_file_in_no_form_is_told_how_to_name_its_columns(write):
    path = write("Frage,Antwort\na,x\n")
    message = failing(path)
    assert "its columns are 'Frage', 'Antwort'" in message
    assert f"{path} --columns query=NAME --columns relevant=NAME." in message
    assert "'lable'. Did you mean 'label'?" in failing(write("text,label\na,x\n"), columns=(("lable", "label"),))


# question1,question2,is_duplicate


def test_a_group_gives_one_query_and_its_judged_members_are_relevant(write):
    found = load_dataset(write(mutual("a b 1", "a c 1", "x y 1", "x z 0", "v w 0")))
    table, documents = shown(found)
    assert table == {"a": {"b": 1, "c": 1}, "x": {"y": 1, "z": 0}}
    assert documents == {"b", "c", "y", "z", "v", "w"}
    assert found.query_ids == ["2.1", "4.1"]
    assert json.loads(found.queries["metadata"][0].as_py()) == {"group_size": 3}
    assert found.note == MUTUAL


def test_the_query_is_the_text_with_most_judgements_of_its_group(write):
    found = load_dataset(write(mutual("a b 1", "b c 1", "b d 1")))
    assert shown(found) == ({"b": {"a": 1, "c": 1, "d": 1}}, {"a", "c", "d"})


def test_members_that_are_only_linked_by_a_chain_are_left_out(write):
    """a = b = c = d: c is judged against b, d is not; d would count as a miss where it is most likely right."""
    found = load_dataset(write(mutual("a b 1", "b c 1", "c d 1", "d x 0")))
    assert shown(found) == ({"b": {"a": 1, "c": 1}}, {"a", "c", "x"})
    assert found.note == f"{MUTUAL}; 1 text left out that a chain of pairs links to a query, unjudged against it"


def test_negative_pairs_are_traps_for_either_side(write):
    found = load_dataset(write(mutual("a b 1", "x a 0", "b y 0", "c d 1", "a c 0")))
    table, documents = shown(found)
    assert table == {"a": {"b": 1, "x": 0}, "c": {"d": 1}}  # b is no query, so that b and y say nothing of a
    assert documents == {"b", "d", "x", "y"}


@pytest.mark.parametrize(
    "pairs",
    [
        pytest.param(["a b 1", "a d 1", "b c 1", "a c 0"], id="different within a group"),
        pytest.param(["a b 1", "a d 1", "a c 1", "c a 0"], id="one pair judged both ways"),
    ],
)
def test_contradictions_leave_the_doubtful_text_out(write, pairs):
    found = load_dataset(write(mutual(*pairs)))
    assert shown(found) == ({"a": {"b": 1, "d": 1}}, {"b", "d"})
    assert "1 contradictory pair not used" in found.note


def test_a_group_of_contradictions_alone_asks_nothing(write):
    found = load_dataset(write(mutual("a b 1", "x y 1", "y x 0", "z z 0")))
    assert shown(found) == ({"a": {"b": 1}}, {"b", "x", "y", "z"})
    assert found.note == f"{MUTUAL}; 2 contradictory pairs not used"


def test_the_same_text_is_one_text(write):
    found = load_dataset(write("question1,question2,is_duplicate\nA  b,ﬁt,1\na B,other,true\nfit,FIT,1\n"))
    assert shown(found) == ({"A  b": {"ﬁt": 1, "other": 1}}, {"ﬁt", "other"})


QUORA = '"id","qid1","qid2","question1","question2","is_duplicate"\n"0","1","2","a, b","c","1"\n"1","3","4","x","",0\n'
MRPC = '\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t70\t71\ta, b\tc\n0\t72\t73\t"x\ty\n'
PAWS = "id\tsentence1\tsentence2\tlabel\n1\ta, b\tc\t1\n2\tx\ty\t0\n"


PARADE = 'Binary labels\tFour-class labels\tDefinition1\tDefinition2\n1\t3\ta, b\tc\n0\t1\t"x\ty\n'


@pytest.mark.parametrize(
    ("name", "content"),
    [("q.csv", QUORA), ("m.tsv", MRPC), ("m.txt", MRPC), ("p.tsv", PAWS), ("p.txt", PAWS), ("d.txt", PARADE)],
)
def test_the_usual_public_files_are_recognised(write, name, content):
    assert shown(load_dataset(write(content, name)))[0] == {"a, b": {"c": 1}}


def test_verdicts_as_pandas_writes_them(write):
    path = write("question1,question2,is_duplicate\na,b,1.0\na,c,0.0\n")
    assert shown(load_dataset(path))[0] == {"a": {"b": 1, "c": 0}}


def test_grades_that_are_no_verdicts_say_how_to_read_them(write):
    path = write(PARADE, "d.txt")
    message = failing(path, columns=(("same", "four_class labels"),))
    assert "d.txt:2: '3' does not say whether the texts mean the same" in message
    assert "--columns query=NAME --columns relevant=NAME --columns grade=NAME" in message
    columns = (("query", "Definition1"), ("relevant", "Definition2"), ("grade", "Four-class labels"))
    assert shown(load_dataset(path, Options(columns=columns)))[0] == {"a, b": {"c": 3}, '"x': {"y": 1}}


def test_a_text_file_without_tabs_is_no_table(write):
    assert "a .txt file is a table where its first line has tabs" in failing(write("Once upon a time.\n", "a.txt"))
    assert "a .txt file is a table" in failing(write("", "b.txt"))


def test_ids_of_pairs_are_taken_where_they_are_named(write):
    options = Options(columns=(("first_id", "qid1"), ("second_id", "qid2")))
    assert load_dataset(write(QUORA), options).query_ids == ["1"]


GRAPHS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8), st.booleans()), min_size=1, max_size=20)


@given(GRAPHS)
def test_the_laws_hold_for_any_pairs(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("pairs") / "p.csv"
    path.write_text(mutual(*(f"t{a} t{b} {int(same)}" for a, b, same in rows)))
    try:
        found = load_dataset(path)
    except BenchError as error:
        assert "no two texts are judged the same" in error.message
        return
    table, documents = shown(found)
    assert not documents & table.keys(), "no query is in the corpus"
    reach = {frozenset((f"t{a}", f"t{b}")) for a, b, same in rows if same}
    for query, judged in table.items():
        group = {query}
        while more := {node for edge in reach if edge & group for node in edge} - group:
            group |= more
        relevant = {document for document, grade in judged.items() if grade}
        assert relevant
        assert documents & group == relevant, "what a chain links to the query is judged relevant or not there"
        assert all(frozenset((query, each)) in reach for each in relevant)


# what is wrong


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("query,relevant\n", "has no columns of pairs; it has no records"),
        ("a,b\n1,2\n", "has no columns of pairs; it has a, b"),
        ("query,relevant\na\n", "pairs.csv:2: 1 fields, not 2 as in the header"),
        ("query,query\na,b\n", "pairs.csv:1: two columns have one name"),
        ('query,relevant\n"a,b\n', "pairs.csv:2: unexpected end of data"),
        ("query,relevant\na,a\n", "no query is judged"),
        ("query,relevant,grade\na,b,high\n", "pairs.csv:2: the grade 'high' is not a whole number"),
        ("query,relevant,grade\na,b,1\nA,b,2\n", "pairs.csv:3: this pair has another grade in an earlier line"),
        ("query,relevant,query_id\na,b,1\nc,b,1\n", "pairs.csv:3: the id '1' stands for another text already"),
        ("query,relevant,query_id\na,b,\n", "pairs.csv:2: no id in 'query_id'"),
        ("query,relevant,query_id\na,b,1 2\n", "pairs.csv:2: the id '1 2' holds white space"),
        ("query,relevant,query_id,relevant_id\na,b,1,1\nb,c,2,3\n", "the id '1' is that of a query and of a document"),
        ("question1,question2,is_duplicate\na,b,maybe\n", "pairs.csv:2: 'maybe' does not say whether"),
        ("question1,question2,is_duplicate\na,b,0\n", "no two texts are judged the same"),
    ],
)
def test_one_clear_error(write, content, message):
    assert message in failing(f"pairs:{write(content)}")


def test_fields_missing_in_a_later_json_line(write):
    first = '{"query": "a", "relevant": "b", "grade": 1}\n'
    for second, message in (
        ('{"query": "c"}', "pairs.jsonl:2: 'relevant' is missing"),
        ('{"query": "c", "relevant": 5}', "pairs.jsonl:2: 'relevant' is int, not a string"),
        ('{"query": "c", "relevant": "d"}', "pairs.jsonl:2: the grade 'None' is not a whole number"),
    ):
        assert message in failing(write(first + second, "pairs.jsonl"))


def test_columns_that_are_not_there_and_roles_that_do_not_exist(write):
    path = write("query,relevant\na,b\n")
    assert "There is no column 'ask' for query. The file has query, relevant." in failing(
        path, columns=(("query", "ask"),)
    )
    assert "Did you mean 'query'?" in failing(path, columns=(("qery", "query"),))


def test_a_file_that_could_be_either_is_to_be_named(write):
    path = write("query,relevant,label\na,b,x\nc,d,x\n")
    assert f"pairs:{path} or intents:{path}" in failing(path)
    assert shown(load_dataset(f"pairs:{path}"))[0] == {"a": {"b": 1}, "c": {"d": 1}}
    assert shown(load_dataset(f"intents:{path}"))[0] == {"a": {"c": 1}, "c": {"a": 1}}


def test_a_missing_file(tmp_path):
    for name in ("x.csv", "x.tsv", "x.jsonl"):
        assert f"There is no {tmp_path / name}" in failing(f"pairs:{tmp_path / name}")


def test_the_separator_may_be_told_in_the_first_line(tmp_path):
    path = tmp_path / "faq.csv"
    for first in ("sep=;\n", '"sep=|"\r\n'):
        separator = first.strip('"\r\n')[-1]
        path.write_text(f"\ufeff{first}query{separator}relevant\na, b{separator}c\nx\n", "utf-8")
        with pytest.raises(BenchError, match=r"faq\.csv:4: 1 fields"):
            load_dataset(path)
        path.write_text(f"\ufeff{first}query{separator}relevant\na, b{separator}c\n", "utf-8")
        assert load_dataset(path).query_texts == ["a, b"]
