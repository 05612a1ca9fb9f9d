"""Retrievers in shards: whatever the shards, the ranking is that of one index, to the last bit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numbered import clustered

from bench.data.formats import load_dataset
from retrievers import RetrieverError, create
from retrievers.base import Documents, Ranking
from retrievers.contract import AnyColumn
from retrievers.dense.exact import DOCUMENT_BLOCK, ShardableSearch
from retrievers.lexical.tfidf import Tfidf
from retrievers.sharding import (
    Sharded,
    Statistics,
    is_shardable,
    merge_rankings,
    merge_statistics,
    shard_bounds,
    shard_of,
)

LEXICAL = [
    "bm25",
    "bm25:epsilon=2",
    "bm25:variant=l",
    "bm25:variant=plus",
    "bm25:k1=0,b=0",
    "bm25:fields=title^2~0.5 text",
    "tfidf",
    "tfidf:ngram_max=2,sublinear=false",
    "tfidf:analyzer=char_wb,ngram_min=2,ngram_max=4",
]
SHARDS = [1, 3, 16]

# Few words, so that there are duplicates, ties, terms in most documents and terms in one; among them no word at all.
WORDS = st.sampled_from(["cat", "dog", "fish", "C++", "E-4012", "Стеклянный", "世界", "naïve", "🙂", "the", "\x00"])
TEXTS = st.lists(WORDS, max_size=6).map(" ".join)
CORPORA = st.lists(TEXTS, max_size=20)


@dataclass(frozen=True)
class Table:
    """Documents with a title of their own, by the protocol alone."""

    rows: tuple[tuple[str, str], ...]
    columns = ("title", "text")

    def column(self, name):
        return [row[self.columns.index(name)] for row in self.rows]

    def __len__(self):
        return len(self.rows)

    def __iter__(self):
        return map(" ".join, self.rows)

    def __getitem__(self, item):
        return list(self)[item]


def assert_the_same(one, other):
    assert one.documents.tobytes() == other.documents.tobytes()
    assert one.scores.tobytes() == other.scores.tobytes()
    assert one == other


def assert_shards_change_nothing(make, documents, queries, depths=(1, 3, 100)):
    plain = make()
    plain.index(documents)
    for shards in SHARDS:
        sharded = Sharded(make, shards)
        sharded.index(documents)
        for k in depths:
            assert_the_same(sharded.search(queries, k), plain.search(queries, k))


# In the usual tests; the contract's own check is of all.
USUAL = ("bm25",)


@pytest.mark.parametrize("name", [pytest.param(it, marks=[pytest.mark.slow] * (it not in USUAL)) for it in LEXICAL])
@settings(max_examples=15)
@given(titles=CORPORA, texts=CORPORA, queries=st.lists(TEXTS, max_size=3))
@example(titles=["", ""], texts=["cat", "cat"], queries=["cat", ""])
@example(titles=[], texts=[], queries=["cat"])
@example(titles=["", "", ""], texts=["", "the", ""], queries=["cat the"])
def test_shards_rank_as_one_index(name, titles, texts, queries):
    """Also where there are fewer documents than shards, or a shard has no term."""
    documents = Table(tuple(zip(titles, texts, strict=False)))
    assert isinstance(documents, Documents)
    assert_shards_change_nothing(partial(create, name), documents, queries)


@pytest.mark.parametrize("min_df", [2, 3])
@settings(max_examples=15)
@given(texts=CORPORA, queries=st.lists(TEXTS, max_size=3))
def test_min_df_counts_the_documents_of_all_shards(min_df, texts, queries):
    frequencies = Tfidf().shard_statistics(texts, 0).frequencies
    if texts and max(frequencies.values(), default=0) < min_df:
        for retriever in (Tfidf(min_df=min_df), Sharded(partial(Tfidf, min_df=min_df), 3)):
            with pytest.raises(RetrieverError, match=f"min_df={min_df} leaves no term in these {len(texts)} documents"):
                retriever.index(texts)
    else:
        assert_shards_change_nothing(partial(Tfidf, min_df=min_df), texts, queries)


def test_a_term_of_one_shard_counts_in_the_queries_of_all():
    """Of tfidf it lengthens the query, of plus it adds a constant: also where no document of a shard has it."""
    documents = ["cat dog", "cat", "cat fish", "bird", "bird cat", "bird dog"]
    for name in ("tfidf", "bm25:variant=plus"):
        assert_shards_change_nothing(partial(create, name), documents, ["cat bird fish", "fish cat", "bird"])
        alone = create(name)
        alone.index(documents[3:])
        whole = create(name)
        whole.index_shard(documents[3:], merged(create(name), documents, 2))
        assert not np.array_equal(alone.search(["cat bird fish"], 3).scores, whole.search(["cat bird fish"], 3).scores)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "name"),
    [("scifact", name) for name in LEXICAL if "ngram" not in name]
    + [("cranfield", name) for name in [*LEXICAL, "tfidf:ngram_max=2,min_df=2"]],
)
def test_shards_rank_as_one_index_on_real_sets(data, folder, name):
    """Not all n-grams of scifact, which take minutes."""
    dataset = load_dataset(data / folder)
    assert_shards_change_nothing(partial(create, name), dataset.texts, dataset.query_texts[:100], depths=(100,))


# --- statistics ---


def merged(retriever, documents, shards):
    return merge_statistics(
        retriever.shard_statistics(shard_of(documents, *place), place[0])
        for place in pairwise(shard_bounds(len(documents), shards))
    )


def whole(statistics):
    """All of them, with the order of the terms."""
    one = statistics
    return one.first, one.documents, list(one.frequencies.items()), one.lengths


@pytest.mark.parametrize("name", ["bm25:fields=title text", "tfidf:ngram_max=2"])
@settings(max_examples=40)
@given(CORPORA, st.integers(1, 8), st.randoms(use_true_random=False))
def test_merged_statistics_are_those_of_all_in_any_order_and_any_grouping(name, texts, shards, random):
    retriever, documents = create(name), AnyColumn(texts)
    expected = whole(retriever.shard_statistics(documents, 0))
    places = list(pairwise(shard_bounds(len(documents), shards)))
    its = [retriever.shard_statistics(shard_of(documents, *place), place[0]) for place in places]
    cut = random.randint(1, shards)
    groups = [merge_statistics(group) for group in (its[:cut], its[cut:]) if group]
    random.shuffle(its)
    assert whole(merge_statistics(its)) == expected
    assert whole(merge_statistics(groups[::-1])) == expected


def test_statistics_are_integers():
    statistics = create("bm25:fields=title text").shard_statistics(Table((("a cat", "cats sat"), ("", "dogs"))), 7)
    assert whole(statistics) == (7, 2, [("cat", 1), ("sat", 1), ("dog", 1)], (1, 3))


@pytest.mark.parametrize(
    ("statistics", "error"),
    [
        ([], "no statistics"),
        ([Statistics(0, 2, {}), Statistics(3, 2, {})], "end at document 2, and the next begin at 3"),
        ([Statistics(0, 2, {}), Statistics(0, 2, {})], "end at document 2, and the next begin at 0"),
        ([Statistics(0, 2, {}, (1,)), Statistics(2, 2, {}, (1, 1))], "of different fields"),
    ],
)
def test_statistics_of_no_whole_are_refused(statistics, error):
    with pytest.raises(RetrieverError, match=error):
        merge_statistics(statistics)


# --- rankings ---


@given(st.lists(st.lists(st.integers(-2, 2), max_size=6), min_size=1, max_size=5), st.integers(0, 12))
def test_a_merged_ranking_keeps_the_tie_rule(shards, k):
    """Against one sort of all documents; scores of which many are equal, some below 0."""
    bounds = np.cumsum([0, *map(len, shards)]).tolist()
    rankings = []
    for scores in shards:
        ranking, order = Ranking.empty(1, k), np.argsort(-np.array(scores), kind="stable")[:k]
        ranking.put(0, order, np.array(scores, dtype=np.float32)[order])
        rankings.append(ranking)
    together = [score for scores in shards for score in scores]
    expected = sorted(range(len(together)), key=lambda position: (-together[position], position))[:k]
    answer = merge_rankings(rankings, bounds[:-1], k)
    missing = k - len(expected)
    assert answer.documents.tolist() == [expected + [-1] * missing]
    assert answer.scores.tolist() == [[*(float(together[position]) for position in expected), *[-np.inf] * missing]]


def test_spans_go_with_their_hits():
    def ranking(score):
        spans = np.array([[[int(score), int(score) + 1]]], dtype=np.int32)
        return Ranking(np.array([[0]]), np.array([[score]], dtype=np.float32), spans)

    answer = merge_rankings([ranking(1.0), ranking(3.0), ranking(2.0)], [0, 5, 10], 2)
    assert answer.documents.tolist() == [[5, 10]]
    assert answer.spans is not None
    assert answer.spans.tolist() == [[[3, 4], [2, 3]]]


# --- vectors ---


@dataclass(unsafe_hash=True)
class Rows(ShardableSearch):
    """Text "7" has row 7 of a few vectors; another size of them by another class would need no code."""

    compared_by: str = "cosine"

    @property
    def similarity(self):
        return self.compared_by

    def encode_documents(self, documents):
        return self.query_vectors(documents)

    def query_vectors(self, queries):
        return VECTORS[[int(text) for text in queries]]


# More than two blocks, with duplicates in all of them, and the same in other lengths.
VECTORS = clustered(2 * DOCUMENT_BLOCK + 1000, dimensions=48, spread=0.3)
VECTORS[DOCUMENT_BLOCK - 50 : DOCUMENT_BLOCK + 50] = VECTORS[:100]
VECTORS[-100:] = VECTORS[:100]


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_vectors_in_shards_have_the_bits_of_one_index_wherever_a_shard_ends(similarity):
    documents, queries = list(map(str, range(len(VECTORS)))), list(map(str, range(0, 3000, 100)))
    assert_shards_change_nothing(partial(Rows, similarity), documents, queries, depths=(1, 10, 300))


def test_a_file_of_vectors_is_searched_by_shards_without_encoding(tmp_path):
    np.save(tmp_path / "vectors.npy", VECTORS)
    plain, queries = Rows(), list(map(str, range(0, 3000, 100)))
    plain.index(list(map(str, range(len(VECTORS)))))
    bounds, rankings = shard_bounds(len(VECTORS), 3), []
    for first, last in pairwise(bounds):
        shard = Rows()
        shard.index_vectors(np.load(tmp_path / "vectors.npy", mmap_mode="r")[first:last])
        rankings.append(shard.search(queries, 10))
    assert_the_same(merge_rankings(rankings, bounds[:-1], 10), plain.search(queries, 10))


@pytest.mark.parametrize("vectors", [VECTORS[0], VECTORS.astype(np.float64)])
def test_vectors_of_another_shape_or_type_are_refused(vectors):
    with pytest.raises(RetrieverError, match="Give float32"):
        Rows().index_vectors(vectors)


# --- who can ---


@pytest.mark.parametrize("name", ["bm25", "tfidf", "minilm"])
def test_these_declare_it(name):
    assert is_shardable(create(name))


@pytest.mark.parametrize("name", ["lsa", "static", "hybrid(bm25, tfidf)", "fakes:Fixed"])
def test_others_do_not(name):
    assert not is_shardable(create(name))


def test_parameters_that_have_no_shards_are_refused():
    with pytest.raises(RetrieverError, match="scoring=library cannot be built by them"):
        create("bm25:scoring=library").shard_statistics(["a cat"], 0)


def test_it_searches_only_what_it_has_indexed():
    with pytest.raises(RetrieverError, match="before index"):
        Sharded(partial(create, "bm25"), 2).search(["cat"], 3)
    with pytest.raises(RetrieverError, match="shards=0 is below 1"):
        Sharded(partial(create, "bm25"), 0).index(["cat"])
