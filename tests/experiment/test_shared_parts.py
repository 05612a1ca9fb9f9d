"""What trials share changes nothing of what they find."""

from __future__ import annotations

import numpy as np
import pytest

from bench.data.dataset import open_texts
from bench.data.formats import load_dataset
from bench.experiment.workers.shared_parts import SharedParts
from retrievers import create
from retrievers.lexical.bm25 import BM25
from retrievers.lexical.term_numbers import SharedTerms, number_terms, sharing_terms

SPECIFICATIONS = [
    "bm25",
    "bm25(k1=0.9, b=0.4)",
    "bm25(stemmer=none)",
    "bm25(fields=title^2 text)",
    "tfidf",
    "hybrid(bm25, tfidf)",
    "hybrid(bm25, tfidf, weights=[1, 0.3])",
    "hybrid(bm25(k1=0.9), tfidf, weights=[1, 0.3])",
    "hybrid(tfidf, hybrid(bm25, tfidf), fusion=dbsf)",
    "expand(bm25, documents=3)",
    "hybrid(chunks(bm25, words=20), tfidf)",
    "hybrid(chunks(bm25, words=10), tfidf)",
    "bm25",
]


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """Documents and queries as a worker opens them."""
    folder = tmp_path_factory.mktemp("texts")
    load_dataset("support-faq").write_texts(folder)
    documents, queries = open_texts(folder)
    return documents, list(queries)


@pytest.mark.parametrize("turned", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_what_is_shared_finds_what_each_alone_finds(texts, turned):
    shared, (documents, queries) = SharedParts(), texts
    for specification in SPECIFICATIONS[:: -1 if turned else 1]:
        alone = create(specification)
        alone.index(documents)
        together = shared.indexed(specification, documents)
        assert together.search(queries, 20) == alone.search(queries, 20), specification


def test_a_part_is_indexed_once_and_asked_once(texts, monkeypatch):
    asked = []
    for name in ("index", "search"):
        plain = getattr(BM25, name)
        monkeypatch.setattr(BM25, name, lambda its, *of, _do=plain, _as=name: asked.append(_as) or _do(its, *of))
    shared, (documents, queries) = SharedParts(), texts
    for weight in ("0.1", "0.2", "0.3"):
        shared.indexed(f"hybrid(bm25, tfidf, weights=[1, {weight}])", documents).search(queries, 20)
    assert asked == ["index", "search"]


def test_other_documents_are_indexed_anew(texts):
    shared, (documents, queries) = SharedParts(), texts
    specification = "hybrid(bm25, tfidf)"
    shared.indexed(specification, documents)
    fewer = list(documents)[:10]
    alone = create(specification)
    alone.index(fewer)
    assert shared.indexed(specification, fewer).search(queries, 5) == alone.search(queries, 5)


def test_an_approximate_index_is_built_once_for_what_a_search_reads(texts, monkeypatch):
    pytest.importorskip("faiss")
    from retrievers.indexes.ann import Ann

    builds, plain = [], Ann.index
    monkeypatch.setattr(Ann, "index", lambda its, documents: builds.append(1) or plain(its, documents))
    shared, (documents, queries) = SharedParts(), texts
    for ef in (8, 64):
        specification = f"ann(lsa(dimensions=16), index=hnsw, ef={ef})"
        together = shared.indexed(specification, documents).search(queries, 10)
        alone = create(specification)
        plain(alone, documents)
        assert np.array_equal(together.documents, alone.search(queries, 10).documents)
    assert len(builds) == 1


def test_the_same_analyzer_reads_the_same_texts_once(texts):
    from retrievers.analyzer import Analyzer

    read, shared, documents = [], SharedTerms(), list(texts[0])
    with sharing_terms(shared):
        first = number_terms(Analyzer(), documents, read.append)
        again = number_terms(Analyzer(), documents, read.append)
        other = number_terms(Analyzer(stemmer="none"), documents, read.append)
    assert first is again
    assert first is not other
    assert sum(read) == 2 * len(documents)
    assert number_terms(Analyzer(), documents, read.append) is not first, "nothing is shared outside"
