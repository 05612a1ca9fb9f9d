"""Columns of documents and their weights: BM25F and dense vectors by field, against naive computations."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrievers import RetrieverError, create, parameters, signature
from retrievers.analyzer import Analyzer
from retrievers.base import Documents
from retrievers.columns import Field, column, parse_fields
from retrievers.contract import rehearse
from retrievers.dense.bi_encoder import Dense
from retrievers.dense.encoder import Encoder
from retrievers.lexical.bm25 import BM25


@dataclass
class Table:
    """Documents with columns, by the protocol alone."""

    held: dict[str, list[str]]

    @property
    def columns(self):
        return tuple(self.held)

    def column(self, name):
        return self.held[name]

    def __len__(self):
        return len(self.held["text"])

    def __iter__(self):
        return (f"{title} {text}".strip() for title, text in zip(self.held["title"], self.held["text"], strict=True))

    def __getitem__(self, item):
        return list(self)[item]


PAGES = Table(
    {
        "title": ["Paying by card", "Refunds", "", "Opening hours", "Paying later"],
        "text": ["Cards and invoices pay.", "Money within ten days.", "A card is no invoice.", "", "In ten days."],
    }
)
WORDS = st.lists(st.sampled_from(["cat", "dog", "fish", "bird"]), max_size=6).map(" ".join)


def bm25f(documents, query, fields, k1=1.5, b=0.75, epsilon=0.25):
    """Robertson, Zaragoza & Taylor (2004) with TREC-13's normalisation by field, a document and a term at a time."""
    analyze = Analyzer()
    held = {name: [analyze(text) for text in documents.column(name)] for name, _, _ in fields}
    everywhere = [[term for name, _, _ in fields for term in held[name][d]] for d in range(len(documents))]
    vocabulary = {term for terms in everywhere for term in terms}

    def raw(term):
        df = sum(term in terms for terms in everywhere)
        return math.log((len(documents) - df + 0.5) / (df + 0.5))

    mean = sum(map(raw, vocabulary)) / len(vocabulary)
    scores = []
    for d in range(len(documents)):
        score = 0.0
        for term in analyze(query):
            tf = 0.0
            for name, weight, own in fields:
                share = b if own is None else own
                mean_length = sum(map(len, held[name])) / len(documents)
                if term in held[name][d]:
                    norm = 1 - share + share * len(held[name][d]) / mean_length
                    tf += weight * held[name][d].count(term) / norm
            if tf:
                idf = raw(term) if raw(term) >= 0 else epsilon * mean
                score += idf * tf * (k1 + 1) / (tf + k1)
        scores.append(score)
    return scores


@given(
    st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=6).filter(lambda rows: any(map("".join, rows))),
    st.floats(0.1, 8),
    st.sampled_from([None, 0.0, 0.4, 1.0]),
    st.sampled_from([(1.5, 0.75), (0.9, 0.4), (0.0, 0.0)]),
)
def test_bm25f_scores_as_its_formula(rows, weight, own, saturation):
    titles, texts = (list(parts) for parts in zip(*rows, strict=True))
    documents, (k1, b) = Table({"title": titles, "text": texts}), saturation
    tilde = "" if own is None else f"~{own}"
    retriever = BM25(k1=k1, b=b, fields=f"title^{weight!r}{tilde} text")
    retriever.index(documents)
    for query in ("cat", "dog fish dog", "bird cat fish"):
        expected = bm25f(documents, query, [("title", weight, own), ("text", 1.0, None)], k1, b)
        np.testing.assert_allclose(retriever.scores(query), expected, rtol=0, atol=1e-6)


@given(st.lists(WORDS, min_size=1, max_size=6), st.sampled_from([(1.5, 0.75), (0.9, 0.4)]))
def test_one_field_of_weight_1_is_plain_bm25_on_that_column(texts, saturation):
    k1, b = saturation
    plain, by_field = BM25(k1=k1, b=b), BM25(k1=k1, b=b, fields="text")
    plain.index(texts)
    by_field.index(Table({"title": ["elsewhere"] * len(texts), "text": texts}))
    for query in ("cat", "dog fish dog"):
        np.testing.assert_allclose(by_field.scores(query), plain.scores(query), rtol=0, atol=1e-9)


def test_a_term_in_the_title_counts_by_its_weight():
    found = {}
    for fields in ("title^0.1 text", "title^10 text"):
        retriever = create(f"bm25:fields={fields}")
        retriever.index(PAGES)
        found[fields] = retriever.search(["paying"], 5).documents[0].tolist()
    assert found["title^0.1 text"][:2] == [0, 4]  # its stem stands in title and text
    assert set(found["title^10 text"][:2]) == {0, 4}
    retriever.index(PAGES)
    assert retriever.search(["refunds"], 5).documents[0].tolist() == [1, -1, -1, -1, -1]


def test_dense_scores_the_weighted_mean_of_the_fields_cosines():
    retriever = Dense(fields="title^0.5 text")
    retriever.index(PAGES)
    query = "when do you open"
    encoder = Encoder()
    asked = encoder.encode([query], "query")[0]
    expected = []
    for title, text in zip(PAGES.held["title"], PAGES.held["text"], strict=True):
        cosines = [float(asked @ encoder.encode([words], "document")[0]) if words else 0.0 for words in (title, text)]
        expected.append((0.5 * cosines[0] + cosines[1]) / 1.5)
    ranking = retriever.search([query], 5)
    assert ranking.documents[0].tolist() == np.argsort(expected)[::-1].tolist()
    np.testing.assert_allclose(ranking.scores[0], sorted(expected, reverse=True), atol=1e-5)


def test_dense_with_one_field_is_dense_on_that_column():
    plain, by_field = Dense(), Dense(fields="title")
    titles = [title or "nothing" for title in PAGES.held["title"]]
    plain.index(titles)
    by_field.index(Table(PAGES.held | {"title": titles}))
    assert by_field.search(["paying"], 5) == plain.search(["paying"], 5)


@pytest.mark.parametrize(
    ("specification", "message"),
    [
        ("bm25:fields=title^much text", "The weight in 'title^much' is no number above 0."),
        ("bm25:fields=title^-1 text", "The weight in 'title^-1' is no number above 0."),
        ("bm25:fields=title^0 text", "The weight in 'title^0' is no number above 0."),
        ("bm25:fields=title^nan text", "The weight in 'title^nan' is no number above 0."),
        ("bm25:fields=title~2 text", "The b in 'title~2' is no number from 0 to 1."),
        ("bm25:fields=title^ text", "'title^' is no field."),
        ("bm25:fields=^2", "'^2' is no field."),
        ("bm25:fields=text title text", "has 'text' twice"),
        ("bm25:fields=title text,variant=plus", "BM25F, which has no variant=plus"),
        ("bm25:fields=title text,scoring=library", "BM25F, which has no scoring=library"),
        ("minilm:fields=title^much", "The weight in 'title^much'"),
        ("minilm:fields=title~0.5 text", "has a b, which is of bm25"),
    ],
)
def test_wrong_fields_are_one_clear_error(specification, message):
    with pytest.raises(RetrieverError) as caught:
        create(specification)
    assert message in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("specification", ["bm25:fields=titel text", "minilm:fields=titel text"])
def test_an_unknown_column_names_the_nearest_and_all(specification):
    with pytest.raises(RetrieverError) as caught:
        create(specification).index(PAGES)
    assert caught.value.message == "The documents have no column 'titel'."
    assert caught.value.hint == "Did you mean 'title'? Known: title, text."


def test_a_list_of_strings_has_the_column_text_alone():
    assert column(["one", "two"], "text") == ["one", "two"]
    with pytest.raises(RetrieverError, match=r"no column 'title'.*Known: text"):
        column(["one", "two"], "title")
    assert not isinstance(["one"], Documents)
    assert isinstance(PAGES, Documents)


def test_fields_are_read():
    assert parse_fields(" title^2~0.5  text ") == (Field("title", 2.0, 0.5), Field("text"))
    assert parse_fields("metadata.title~1") == (Field("metadata.title", 1.0, 1.0),)
    assert parse_fields(" ") == ()


def test_without_fields_a_signature_says_nothing_of_them():
    """Figures were earned before there were fields."""
    for name in ("bm25", "minilm"):
        assert "fields" not in signature(create(name))
        assert signature(create(f"{name}:fields= ")) == signature(create(name))
        assert "fields" not in parameters(create(name))
        written = create(f"{name}:fields=title  text")
        assert signature(written).endswith("fields='title text')")
        assert parameters(written)["fields"] == "title text"
        assert written != create(name)
    assert parameters(BM25)["fields"] == ""


def test_a_rehearsal_has_whatever_column_is_asked_for():
    assert rehearse(create("bm25:fields=title^2 headline text")) == ""
