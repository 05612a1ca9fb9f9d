"""Late interaction over all documents: MaxSim by a naive reading of its formula, and by the library of the models."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import tiny_colbert, tiny_encoder, tiny_splade

from retrievers import RetrieverError, create
from retrievers.dense.maxsim import TokenBlock, maxsim, nearest_by_tokens
from retrievers.dense.vector_cache import VectorCache, caching

TEXTS = ["The cat sat on the mat.", "A dog", "cats and dogs and mats", "", "Error E-4012"]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    tiny_encoder(folder)
    tiny_colbert(folder)
    tiny_splade(folder)
    return folder


def unit(rng, rows):
    drawn = rng.normal(size=(rows, 6))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 7), min_size=1, max_size=12), st.integers(1, 9))
def test_it_is_the_mean_of_the_best_cosines(seed, sizes, k):
    rng = np.random.default_rng(seed)
    documents = [unit(rng, size).astype(np.float16) for size in sizes]
    documents[-1] = documents[0]  # a tie
    queries = [unit(rng, int(rng.integers(1, 5))).astype(np.float32) for _ in range(3)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("retrievers.dense.maxsim.DOCUMENT_TOKENS", int(rng.integers(1, 20)))
        patch.setattr("retrievers.dense.maxsim.QUERY_TOKENS", int(rng.integers(1, 8)))
        cut = int(rng.integers(0, len(documents)))
        blocks = [TokenBlock.of(part) for part in (documents[:cut], documents[cut:]) if part]
        answers = list(nearest_by_tokens(queries, blocks, k))
    for query, (hits, scores) in zip(queries, answers, strict=True):
        naive = np.array(
            [(query @ its.T.astype(np.float64)).max(axis=1).mean() if len(its) else 0.0 for its in documents]
        )
        assert len(hits) == min(k, len(documents))
        np.testing.assert_allclose(scores, np.sort(naive)[::-1][: len(hits)], atol=1e-6)
        np.testing.assert_allclose(scores, naive[hits], atol=1e-6)
        both = [row for row, hit in enumerate(hits) if hit in (0, len(documents) - 1)]
        assert sorted(hits[both]) == list(hits[both])  # of equal documents the first stands first


def test_a_document_of_many_tokens_is_a_piece_of_its_own():
    rng = np.random.default_rng(0)
    long = unit(rng, 40_000).astype(np.float16)
    blocks = [TokenBlock.of([long[:3], long, long[:2]])]
    ((hits, scores),) = nearest_by_tokens([long[9:11].astype(np.float32)], blocks, 3)
    assert hits[0] == 1
    np.testing.assert_array_equal(scores, maxsim(long[9:11].astype(np.float32), [blocks[0].document(i) for i in hits]))


def test_a_multi_vector_model_gives_what_its_library_does(models):
    from sentence_transformers import MultiVectorEncoder

    late = create(f"late:model={models / 'colbert'}")
    late.index(TEXTS)
    ranking = late.search(["cat on a mat", "dogs"], 5)
    theirs = MultiVectorEncoder(str(models / "colbert"), device="cpu", local_files_only=True)
    queries = theirs.encode_query(["cat on a mat", "dogs"], show_progress_bar=False)
    wanted = theirs.similarity(queries, theirs.encode_document(TEXTS, show_progress_bar=False)).numpy()
    wanted /= [[len(query)] for query in queries]  # theirs is the sum
    np.testing.assert_allclose(np.take_along_axis(wanted, ranking.documents, axis=1), ranking.scores, atol=2e-3)


def test_the_tokens_of_an_encoder_serve_and_are_cached(models, tmp_path):
    answers = []
    with caching(VectorCache(tmp_path / "vectors.sqlite")):
        for _ in range(2):
            late = create(f"late:model={models / 'tiny'}")
            late.index(TEXTS)
            answers.append(late.search(["cat on a mat"], 3))
    assert answers[0] == answers[1]
    assert late.encoder._loaded is None  # the second time all came from the cache


def test_rerank_takes_a_multi_vector_model(models):
    reranked = create(f"rerank(bm25, by=maxsim, depth=3, model={models / 'colbert'})")
    reranked.index(TEXTS)
    late = create(f"late:model={models / 'colbert'}")
    late.index(TEXTS)
    (score,) = reranked.search(["mat"], 1).scores[0]
    assert score in late.search(["mat"], 5).scores


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("late:model={splade}", None),
        ("dense:model={colbert}", "is a multi-vector model (ColBERT), and gives no vector of a text"),
        ("sparse:model={colbert}", "is not a sparse encoder (SPLADE)"),
        ("sparse:model={tiny}", "is not a sparse encoder (SPLADE)"),
        ("rerank(bm25, by=cosine, model={colbert})", "is a multi-vector model (ColBERT)"),
        ("rerank(bm25, by=cross-encoder, model={colbert})", "is not a reranker (cross-encoder)"),
        ("late:model={tiny},dtype=int8", "backend=torch has no dtype=int8"),
    ],
)
def test_a_model_of_another_kind_is_refused_before_the_run(models, name, message):
    for folder in ("splade", "colbert", "tiny"):
        name = name.replace(f"{{{folder}}}", str(models / folder))
    if message is None:  # a masked-language model has token vectors too
        create(name)
        return
    with pytest.raises(RetrieverError) as caught:
        create(name)
    assert message in str(caught.value)
