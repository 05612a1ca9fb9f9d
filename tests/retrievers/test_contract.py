"""One conformance suite over every retriever: to be listed is to be tested."""

import copy

import numpy as np
import pytest

from retrievers import RETRIEVERS, RetrieverError, create
from retrievers.contract import checked

DOCUMENTS = [
    "The cat sat on the mat and slept all day.",
    "A feline was resting on the carpet.",
    "Error E-4012 means that the pump is blocked.",
    "Error E-4013 means that the filter is full.",
    "",
    "the of and",
    "How to tune Python code so that it runs faster.",
    "你好 世界",
    "The cat sat on the mat and slept all day.",
    "Стеклянный дом у моря",
]
QUERIES = ["cat on a mat", "E-4012", "make my python code faster", "", "zzzunknownzzz", "the of", "世界", "cat cat cat"]

VARIANTS = [
    "tfidf:analyzer=char_wb,ngram_min=2,ngram_max=4",
    "tfidf:ngram_max=2,sublinear=false",
    "bm25:variant=l",
    "bm25:variant=plus",
    "bm25:scoring=library",
    "bm25:k1=0,b=0",
    "dense:batch_size=2,query_prompt=query: ",
]
LEXICAL = [name for name in [*RETRIEVERS, *VARIANTS] if name.partition(":")[0] in ("tfidf", "bm25")]


@pytest.fixture(scope="module", params=[*RETRIEVERS, *VARIANTS])
def name(request):
    return request.param


@pytest.fixture(scope="module")
def indexed(name):
    retriever = create(name)
    retriever.index(DOCUMENTS)
    return retriever


def is_neural(name):
    return name.partition(":")[0] in ("minilm", "dense")


def assert_same(name, one, other):
    """Equal rankings; a neural encoder's scores may move by 1e-5, and its hits with them."""
    if not is_neural(name):
        assert np.array_equal(one.documents, other.documents)
        assert np.array_equal(one.scores, other.scores)
        return
    np.testing.assert_allclose(one.scores, other.scores, atol=1e-5)


def test_one_row_a_query_and_at_most_k_hits(indexed):
    ranking = indexed.search(QUERIES, 3)
    assert ranking.documents.shape == ranking.scores.shape == (len(QUERIES), 3)
    assert ranking.documents.dtype == np.int64
    assert ranking.scores.dtype == np.float32


def test_the_ranking_keeps_every_rule(indexed):
    """No duplicate, scores finite and descending, nothing after the end of the hits, ties by the one rule."""
    ranking = indexed.search(QUERIES, len(DOCUMENTS))
    again = checked(ranking, len(QUERIES), len(DOCUMENTS), len(DOCUMENTS))
    assert np.array_equal(ranking.documents, again.documents)
    assert np.array_equal(ranking.scores, again.scores)
    assert np.isneginf(ranking.scores[ranking.documents < 0]).all()


def test_equal_documents_stand_in_order_of_position(indexed):
    hits = indexed.search(["cat on a mat"], 10).documents[0].tolist()
    assert hits[:2] == [0, 8]


def test_the_inputs_are_not_modified(name):
    documents, queries = copy.copy(DOCUMENTS), copy.copy(QUERIES)
    retriever = create(name)
    retriever.index(documents)
    retriever.search(queries, 3)
    assert (documents, queries) == (DOCUMENTS, QUERIES)


def test_a_second_index_replaces_the_first(name):
    retriever = create(name)
    retriever.index(DOCUMENTS)
    retriever.index(["A dog barked at the cat."])
    ranking = retriever.search(["cat"], 5)
    assert ranking.documents[0].tolist() == [0, -1, -1, -1, -1]


def test_k_may_exceed_the_corpus(indexed):
    ranking = indexed.search(["cat"], 50)
    assert ranking.documents.shape == (1, 50)
    assert (ranking.documents[0, len(DOCUMENTS) :] == -1).all()


def test_fewer_hits_are_the_head_of_more(indexed):
    more, fewer = indexed.search(QUERIES, 100), indexed.search(QUERIES, 4)
    assert np.array_equal(more.documents[:, :4], fewer.documents)
    assert np.array_equal(more.scores[:, :4], fewer.scores)


def test_the_answer_does_not_depend_on_batches(name, indexed):
    together = indexed.search(QUERIES, 5)
    for row, query in enumerate(QUERIES):
        alone = indexed.search([query], 5)
        assert_same(name, type(alone)(together.documents[[row]], together.scores[[row]]), alone)


def test_no_query_gives_no_row(indexed):
    assert indexed.search([], 5).documents.shape == (0, 5)


@pytest.mark.parametrize(
    "documents",
    [["one document about cats"], [""], ["", "   "], ["the of"], ["你好"], ["word " * 20_000], ["🙂", "\x00"]],
)
def test_odd_corpora_work(name, documents):
    retriever = create(name)
    retriever.index(documents)
    ranking = retriever.search(["cats", "", "word " * 20_000], 3)
    checked(ranking, 3, 3, len(documents))


def test_search_before_index_is_a_clear_error(name):
    with pytest.raises(RetrieverError, match="before index"):
        create(name).search(["cat"], 3)


def test_equal_parameters_make_equal_retrievers(name):
    assert create(name) == create(name)
    assert hash(create(name)) == hash(create(name))
    assert "=" in repr(create(name))


@pytest.mark.parametrize("name", LEXICAL)
def test_a_document_without_a_shared_term_is_no_hit(name):
    retriever = create(name)
    retriever.index(["apple pie", "apple tart", "apple juice", "dusk fog"])
    # "apple" stands in most documents: Okapi's idf is negative there before its floor, and still a match.
    assert sorted(retriever.search(["apple"], 4).documents[0].tolist()) == [-1, 0, 1, 2]
    assert retriever.search(["xyzzy"], 4).documents[0].tolist() == [-1] * 4
