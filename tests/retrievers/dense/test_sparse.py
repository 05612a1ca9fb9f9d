"""Learned sparse retrieval: scores by the library's own weights, kept in the inverted index."""

from __future__ import annotations

import numpy as np
import pytest
from tiny import tiny_splade

from retrievers import RetrieverError, create
from retrievers.dense.vector_cache import VectorCache, caching

TEXTS = ["The cat sat on the mat.", "A dog", "cats and dogs and mats", "", "Error E-4012"]


@pytest.fixture(scope="module")
def splade(tmp_path_factory):
    return tiny_splade(tmp_path_factory.mktemp("models"))


def test_the_score_is_the_dot_product_of_the_weights(splade):
    from sentence_transformers import SparseEncoder

    sparse = create(f"sparse:model={splade}")
    sparse.index(TEXTS)
    ranking = sparse.search(["cat on a mat", "dogs"], 5)
    theirs = SparseEncoder(str(splade), device="cpu", local_files_only=True)
    encoded = [
        encode(["cat on a mat", "dogs"], convert_to_sparse_tensor=False, show_progress_bar=False)
        for encode in (theirs.encode_query,)
    ]
    documents = theirs.encode_document(TEXTS, convert_to_sparse_tensor=False, show_progress_bar=False)
    wanted = (encoded[0] @ documents.T).numpy()
    np.testing.assert_allclose(ranking.scores, np.sort(wanted, axis=1)[:, ::-1], rtol=1e-5)
    assert sparse._postings.documents.size == int((documents > 0).sum())  # no more than what is not 0


def test_weights_come_from_the_cache_as_they_were(splade, tmp_path):
    answers = []
    with caching(VectorCache(tmp_path / "vectors.sqlite")):
        for _ in range(2):
            sparse = create(f"sparse:model={splade}")
            sparse.index(TEXTS)
            answers.append(sparse.search(["cat on a mat"], 5))
    assert answers[0] == answers[1]
    assert sparse.encoder._loaded is None


def test_without_a_model_it_says_how_to_name_one():
    with pytest.raises(RetrieverError, match=r"sparse needs a model.*sparse:model=naver/splade-v3,revision="):
        create("sparse")
