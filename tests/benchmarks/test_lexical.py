"""BM25 and TF-IDF against the plain computation with the same library."""

from __future__ import annotations

import numpy as np
import pytest
import rank_bm25
from sklearn.feature_extraction.text import TfidfVectorizer

from retrievers.analyzer import Analyzer
from retrievers.lexical.bm25 import BM25
from retrievers.lexical.tfidf import Tfidf


@pytest.mark.benchmark(group="lexical")
def test_bm25_scores_a_query_thirty_times_faster_than_the_library(race, zipf_texts):
    documents, queries = zipf_texts
    analyze = Analyzer()
    retriever = BM25()
    retriever.index(documents)
    library = rank_bm25.BM25Okapi([analyze(text) for text in documents])
    terms = [analyze(query) for query in queries]
    np.testing.assert_allclose(retriever.scores(queries[0]), library.get_scores(terms[0]), rtol=1e-9, atol=1e-9)
    ratio = race(
        "bm25, scores of 50 queries against get_scores",
        lambda: [retriever.scores(query) for query in queries],
        lambda: [library.get_scores(query) for query in terms],
        rounds=5,
    )
    assert ratio >= 30


@pytest.mark.benchmark(group="lexical")
@pytest.mark.parametrize("batch", [50, 1])
def test_tfidf_searches_faster_than_the_sparse_product(race, zipf_texts, batch):
    documents, queries = zipf_texts
    retriever = Tfidf()
    retriever.index(documents)
    vectorizer = TfidfVectorizer(analyzer=Analyzer(), sublinear_tf=True)
    matrix = vectorizer.fit_transform(documents)

    def naive():
        scores = (vectorizer.transform(queries[:batch]) @ matrix.T).toarray()
        return np.argsort(-scores, axis=1)[:, :100]

    race(
        f"tfidf, {batch} queries against product and argsort", lambda: retriever.search(queries[:batch], 100), naive, 9
    )
