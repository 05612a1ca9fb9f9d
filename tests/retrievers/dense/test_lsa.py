"""Latent semantic analysis against scikit-learn's own decomposition, and what it is for."""

from __future__ import annotations

import numpy as np
import pytest

from bench import load_dataset
from retrievers import RetrieverError, create
from retrievers.lexical.tfidf import Tfidf

TEXTS = ["car engine repair", "automobile engine repair", "automobile tyres", "cat on a mat", "dog on a mat"]


def test_words_that_stand_in_like_documents_come_near():
    lsa, words = create("lsa:dimensions=2"), create("tfidf")
    lsa.index(TEXTS)
    words.index(TEXTS)
    assert words.search(["car"], 5).documents[0].tolist() == [0, -1, -1, -1, -1]
    ranking = lsa.search(["car"], 5)
    assert set(ranking.documents[0, :3].tolist()) == {0, 1, 2}
    assert ranking.scores[0, 2] > 0.9
    assert abs(ranking.scores[0, 3]) < 1e-6


def test_scores_are_those_of_the_whole_decomposition():
    texts = list(load_dataset("vector-notes").texts)
    lsa = create("lsa:dimensions=10")
    lsa.index(texts)
    tfidf = Tfidf()
    rows = tfidf._fit(texts)
    vectors = rows @ np.linalg.svd(rows.toarray())[2][:10].T
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ranking = lsa.search(texts, len(texts))
    wanted = np.take_along_axis(vectors @ vectors.T, ranking.documents, axis=1)
    np.testing.assert_allclose(ranking.scores, wanted, atol=1e-6)


def test_as_many_dimensions_as_documents_are_tfidf_itself():
    lsa, words = create("lsa"), create("tfidf")
    lsa.index(TEXTS)
    words.index(TEXTS)
    np.testing.assert_allclose(
        np.sort(lsa.search(TEXTS, 5).scores), np.sort(np.maximum(words.search(TEXTS, 5).scores, 0)), atol=1e-6
    )


def test_each_index_learns_anew():
    lsa = create("lsa")
    lsa.index(["cat mat", "dog"])
    lsa.index(["tree house", "river"])
    assert lsa.search(["cat", "river"], 2).documents[:, 0].tolist() == [-1, 1]


def test_no_dimension_is_refused():
    with pytest.raises(RetrieverError, match="dimensions=0 is below 1"):
        create("lsa:dimensions=0")
