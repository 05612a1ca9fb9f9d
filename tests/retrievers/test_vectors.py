"""Whose texts are vectors of one space: what the score is made of."""

from __future__ import annotations

import numpy as np
import pytest
from tiny import tiny_encoder, tiny_splade

from retrievers import create
from retrievers.contract import AnyColumn
from retrievers.testing import DOCUMENTS, QUERIES, dense_rows
from retrievers.vectors import SparseRows, VectorSpace


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    places = {"tiny": tiny_encoder(folder), "splade": tiny_splade(folder)}
    return lambda name: name.format(**places)


@pytest.mark.parametrize(
    "name",
    [
        "tfidf",
        "tfidf:analyzer=char_wb,ngram_min=2,ngram_max=3",
        "bm25",
        "bm25:variant=l",
        "bm25:scoring=library",
        "bm25:fields=title^2 text",
        "lsa",
        "static",
        "dense:model={tiny}",
        "sparse:model={splade}",
        "ann(lsa, index=binary)",
    ],
)
def test_the_dot_product_is_the_score(name, filled):
    retriever = create(filled(name))
    retriever.index(AnyColumn(DOCUMENTS))
    assert isinstance(retriever, VectorSpace)
    documents = dense_rows(retriever.document_vectors(np.arange(len(DOCUMENTS))))
    products = dense_rows(retriever.query_vectors(QUERIES)) @ documents.T
    ranking = retriever.search_exact(QUERIES, 10) if name.startswith("ann") else retriever.search(QUERIES, 10)
    for row, (hits, scores) in enumerate(zip(ranking.documents, ranking.scores, strict=True)):
        assert np.allclose(products[row, hits[hits >= 0]], scores[hits >= 0], atol=2e-5)


def test_plus_adds_the_same_to_every_document_of_a_query():
    retriever = create("bm25:variant=plus")
    retriever.index(DOCUMENTS)
    documents = dense_rows(retriever.document_vectors(np.arange(len(DOCUMENTS))))
    product = dense_rows(retriever.query_vectors(["cat on the mat"]))[0] @ documents.T
    assert np.ptp(retriever.scores("cat on the mat") - product) < 1e-5


@pytest.mark.parametrize("name", ["tfidf", "bm25", "lsa", "ann(lsa, index=flat)"])
def test_some_documents_in_the_order_asked(name):
    retriever = create(name)
    retriever.index(DOCUMENTS)
    whole = dense_rows(retriever.document_vectors(np.arange(len(DOCUMENTS))))
    some = np.array([7, 0, 3])
    assert np.array_equal(dense_rows(retriever.document_vectors(some)), whole[some])


@pytest.mark.parametrize(
    "name", ["hybrid(bm25, tfidf)", "chunks(tfidf, sentences=1)", "expand(bm25)", "rerank(bm25, by=fakes:shared_words)"]
)
def test_two_spaces_or_many_vectors_a_text_are_none(name):
    assert not isinstance(create(name), VectorSpace)


def test_rows_of_pairs():
    rows = SparseRows.of([[(2, 1.5)], [], [(0, 1.0), (1, -2.0)]], 3)
    assert dense_rows(rows).tolist() == [[0, 0, 1.5], [0, 0, 0], [1, -2, 0]]
