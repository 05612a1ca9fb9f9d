"""Queries of a log: every form is read, what looks private is held back, what is the same is one query."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.judging.private import private_kinds
from bench.judging.query_log import query_id, read_log


def log(tmp_path, text, name="log.csv"):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


def counts(of_log):
    return [(query.text, query.count) for query in of_log.queries]


FORMS = {
    "log.txt": "open a file\n\nsave it\nopen a file\n",
    "log": "open a file\nsave it\nopen a file\n",
    "log.csv": "query,count\nopen a file,2\nsave it,1\n",
    "log.tsv": "Count\tSearch term\n2\topen a file\n1\tsave it\n",
    "log.jsonl": "".join(
        json.dumps(row) + "\n" for row in ({"query": "open a file", "count": 2}, {"query": "save it", "count": 1})
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_read(tmp_path, name):
    result = read_log(log(tmp_path, FORMS[name], name))
    assert counts(result) == [("open a file", 2), ("save it", 1)]
    assert result.searches == 3


def test_without_counts_each_row_is_a_search(tmp_path):
    assert counts(read_log(log(tmp_path, "query\na b c\na b c\nd e f\n"))) == [("a b c", 2), ("d e f", 1)]


@pytest.mark.parametrize(
    ("text", "name", "problem"),
    [
        ("query,count\na,1\nb,0\n", "log.csv", "log.csv:3: the count is '0'"),
        ("query,count\na,1\nb,many\n", "log.csv", "log.csv:3: the count is 'many'"),
        ("query,count\na,1\nb,1.5\n", "log.csv", "log.csv:3: the count is '1.5'"),
        ("query,count\na,1\nb,nan\n", "log.csv", "log.csv:3: the count is 'nan'"),
        ("query,count\na,1\nb,inf\n", "log.csv", "log.csv:3: the count is 'inf'"),
        ("query,count\na,1\n ,2\n", "log.csv", "log.csv:3: the query is empty"),
        ("query,count\na,1\nb\n", "log.csv", "log.csv:3: 1 fields, not 2"),
        ("name,count\na,1\n", "log.csv", "no column of queries: it has name, count"),
        ('{"query": "a"}\n{"query": 3}\n', "log.jsonl", "log.jsonl:2: 'query' is 3, no text"),
        ('{"query": "a", "count": true}\n', "log.jsonl", "log.jsonl:1: the count is True"),
        ("", "log.txt", "holds no query"),
        ("query,count\n", "log.csv", "holds no query"),
        ("bob@example.org\n", "log.txt", "look private"),
    ],
)
def test_a_bad_row_is_one_error_with_the_row(tmp_path, text, name, problem):
    with pytest.raises(BenchError, match=problem):
        read_log(log(tmp_path, text, name))


def test_no_log(tmp_path):
    with pytest.raises(BenchError, match="There is no"):
        read_log(tmp_path / "log.csv")


def test_what_reads_the_same_is_one_query_in_its_most_frequent_wording(tmp_path):
    result = read_log(log(tmp_path, "query,count\nreset  Password,2\nRESET password,5\nreset password,1\n"))
    assert counts(result) == [("RESET password", 8)]
    assert set(result.queries[0].wordings) == {"reset Password", "reset password"}
    assert result.same == 2


def test_what_is_nearly_the_same_is_folded_into_the_more_frequent(tmp_path):
    rows = "how to change the password of an account,3\nhow to change the password of an account?,9\nother,1\n"
    result = read_log(log(tmp_path, f"query,count\n{rows}"))
    assert counts(result) == [("how to change the password of an account?", 12), ("other", 1)]
    assert result.queries[0].wordings == ("how to change the password of an account",)
    assert (result.same, result.near) == (0, 1)


def test_other_numbers_are_another_query(tmp_path):
    text = (
        "the pump stops with error number 4012 on the display\nthe pump stops with error number 4013 on the display\n"
    )
    assert len(read_log(log(tmp_path, text, "log.txt")).queries) == 2


def test_no_chain_of_small_changes_brings_strangers_together(tmp_path):
    words = [f"word{chr(97 + number)}" for number in range(26)]
    texts = [" ".join(words[start : start + 15]) for start in range(8)]
    result = read_log(log(tmp_path, "\n".join(texts) + "\n", "log.txt"))
    assert result.near
    assert len(result.queries) > 2


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "A ", "b", "b b", "how do I do it", "how do I do it?"]), st.integers(1, 9))
    )
)
def test_no_search_is_lost(tmp_path_factory, rows):
    if not rows:
        return
    folder = tmp_path_factory.mktemp("log")
    result = read_log(log(folder, "query,count\n" + "".join(f"{text},{count}\n" for text, count in rows)))
    assert sum(query.count for query in result.queries) == result.searches == sum(count for _, count in rows)
    wordings = {wording for query in result.queries for wording in (query.text, *query.wordings)}
    assert wordings == {" ".join(text.split()) for text, _ in rows}


PRIVATE = {
    "e-mail": ["mail of bob.smith@example.org", "bob (at) example.org", "Bob@Example.co.uk bounced"],
    "street address": [
        "12 main street",
        "221b baker street london",
        "Hauptstraße 12",
        "12 rue de rivoli",
        "via roma 12",
    ],
    "IP address": ["ping 192.168.0.1", "fe80::1", "2001:db8:0:0:0:0:2:1"],
    "card number": ["4111 1111 1111 1111", "5500000000000004"],
    "phone number": ["call +49 30 1234567", "(555) 123-4567", "555-1234"],
    "long number": ["order 123456789", "ssn 123-45-6789", "DE89 3704 0044 0532 0130 00"],
}
HARMLESS = [
    "how to write an e-mail", "street photography", "version 1.2.3", "std::vector", "a::b", "2024-01-15", "error 4012",
    "python 3.11 vs 3.12", "1920x1080", "top 10 road bikes", "rfc 2119", "10:30:00", "cve-2021-44228", "100000 rows",
    "999.999.999.999", "1,000,000 users",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in PRIVATE.items() for text in texts])
def test_what_looks_private(kind, text):
    assert kind in private_kinds(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_does_not(text):
    assert private_kinds(text) == ()


def test_what_looks_private_is_held_back_and_counted(tmp_path):
    path = log(tmp_path, "query,count\nopen a file,4\nbob@example.org,2\n4111 1111 1111 1111,3\nBOB@example.org,1\n")
    result = read_log(path)
    assert counts(result) == [("open a file", 4)]
    assert result.private["e-mail"] == (1, 3)
    assert result.private["card number"] == (1, 3)
    assert (result.held_back, result.searches) == (2, 10)
    report = " ".join(result.sentences())
    assert "2 queries that look private are held back" in report
    assert "e-mail 1" in report
    assert "bob" not in report
    kept = read_log(path, keep_private=True)
    assert len(kept.queries) == 3
    assert kept.held_back == 0


def test_an_id_is_of_the_text_alone(tmp_path):
    assert query_id("Open a  file") == query_id("open a file") != query_id("open a fil")
    one = read_log(log(tmp_path, "open a file\nsave it\n", "one.txt"))
    other = read_log(log(tmp_path, "close it\nopen a file\n", "other.txt"))
    assert {query.id for query in one.queries} & {query.id for query in other.queries} == {query_id("open a file")}
