"""Pseudo-relevance feedback: RM3 and Rocchio by their formulas, and searches by weighted terms and vectors."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retrievers import RetrieverError, create, kind
from retrievers.expansion import TermSearch, VectorSearch, rm3, rocchio
from retrievers.testing import DOCUMENTS, QUERIES


def test_rm3_by_hand():
    # P(a) = 3/4 * 1/2 + 1/4 * 0, P(b) = 3/4 * 1/2 + 1/4 * 1/2, P(c) = 1/4 * 1/2: b and a are taken, .5 to .375.
    weights = rm3(["a", "x"], [["a", "b"], ["b", "c"]], [3, 1], terms=2, weight=0.6)
    assert weights == pytest.approx({"a": 0.6 + 0.8 * 0.375 / 0.875, "x": 0.6, "b": 0.8 * 0.5 / 0.875})


terms = st.lists(st.sampled_from("abcdef"), max_size=6)
feedback = st.lists(st.tuples(terms, st.floats(-2, 9)), max_size=4)


def naive_rm3(query, documents, terms, weight):
    """Each probability written out."""
    kept = [(Counter(document), len(document), max(score, 0)) for document, score in documents]
    if not sum(score for *_, score in kept):
        kept = [(counts, length, 1) for counts, length, _ in kept]
    whole = sum(score for *_, score in kept)
    vocabulary = sorted({term for counts, *_ in kept for term in counts})
    p = {t: sum(s / whole * c[t] / n for c, n, s in kept if n) for t in vocabulary}
    best = dict(sorted(p.items(), key=lambda pair: (-pair[1], pair[0]))[:terms])
    if not best or not sum(best.values()):
        return dict(Counter(query))
    asked = Counter(query)
    return {
        term: len(query) * (weight * asked[term] / len(query) + (1 - weight) * best.get(term, 0) / sum(best.values()))
        for term in {*asked, *best}
        if query
    }


@given(terms, feedback, st.integers(1, 5), st.floats(0.1, 1))
@example([], [([], 1.0), (["a"], 0.0)], 1, 1.0)
def test_rm3_is_the_naive_formula(query, documents, count, weight):
    weights = rm3(query, [document for document, _ in documents], [score for _, score in documents], count, weight)
    expected = {t: w for t, w in naive_rm3(query, documents, count, weight).items() if w > 1e-12}
    assert {t: w for t, w in weights.items() if w > 1e-12} == pytest.approx(expected)


def test_rocchio_by_hand():
    moved = rocchio(np.array([1, 0], np.float32), np.array([[0, 1], [0, 3]], np.float32), 0.5)
    np.testing.assert_allclose(moved, np.array([0.5, 1.0]) / np.hypot(0.5, 1.0), rtol=1e-6)
    np.testing.assert_array_equal(rocchio(np.array([3, 4], np.float32), np.zeros((0, 2), np.float32), 0.5), [3, 4])


@pytest.mark.parametrize("specification", ["bm25", "bm25:variant=plus", "bm25:variant=l"])
def test_a_query_is_its_terms_each_counted(specification):
    retriever = create(specification)
    retriever.index(DOCUMENTS)
    assert isinstance(retriever, TermSearch)
    asked = [Counter(retriever.terms(query)) for query in QUERIES]
    assert retriever.search_terms(asked, 5) == retriever.search(QUERIES, 5)


def test_a_query_is_its_vector():
    retriever = create("minilm")
    retriever.index(DOCUMENTS)
    assert isinstance(retriever, VectorSearch)
    vectors = retriever.query_vectors(["cat"])
    assert retriever.search_vectors(vectors, 5) == retriever.search(["cat"], 5)
    nearest = retriever.search(["cat"], 1).documents[0]
    cosine = float((retriever.document_vectors(nearest) @ vectors[0])[0])
    assert cosine == pytest.approx(retriever.search(["cat"], 1).scores[0, 0], abs=1e-6)


@pytest.mark.parametrize("part", ["bm25", "minilm"])
def test_with_the_whole_weight_a_query_is_itself(part):
    alone, expanded = create(part), create(f"expand({part}, weight=1)")
    alone.index(DOCUMENTS)
    expanded.index(DOCUMENTS)
    one, other = alone.search(QUERIES, 5), expanded.search(QUERIES, 5)
    np.testing.assert_allclose(one.scores, other.scores, rtol=1e-5)
    assert kind(expanded) == kind(alone)


def test_a_word_of_the_first_hits_finds_what_shares_no_word_with_the_query():
    texts = ["jaguar leopard", "jaguar leopard", "leopard spots", "engine oil"] + ["filler"] * 6
    expanded = create("expand(bm25, documents=2, terms=2)")
    expanded.index(texts)
    assert expanded.search(["jaguar"], 4).documents[0].tolist() == [0, 1, 2, -1]


@pytest.mark.parametrize(
    "specification",
    ["expand(hybrid(bm25, tfidf))", "expand(bm25, terms=0)", "expand(bm25, weight=2)", "expand(bm25, documents=0)"],
)
def test_what_cannot_expand_is_an_error_with_the_next_step(specification):
    with pytest.raises(RetrieverError, match="Give"):
        create(specification)
