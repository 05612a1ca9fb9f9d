"""Codes of 8 bits and of one: sentence-transformers' own."""

from __future__ import annotations

import numpy as np
from numbered import clustered

from retrievers.indexes.faiss_indexes import INDEXES
from retrievers.indexes.quantisation import Int8, sign_patterns

VECTORS = clustered(400, dimensions=24)


def test_int8_codes_are_those_of_sentence_transformers():
    from sentence_transformers.util.quantization import quantize_embeddings

    assert (Int8.of(VECTORS).codes == quantize_embeddings(VECTORS, "int8")).all()
    assert (Int8.of(VECTORS, block=7).codes == Int8.of(VECTORS).codes).all()


def test_sq8_of_faiss_has_the_same_codes():
    import faiss

    index = INDEXES["sq8"].make(VECTORS, True, {})
    codes = faiss.vector_to_array(index.codes).reshape(VECTORS.shape).astype(int) - 128
    assert (codes == Int8.of(VECTORS).codes).mean() > 0.999, "a quotient on the edge of a step may be rounded otherwise"


def test_scores_by_int8_are_within_half_a_step_a_number():
    its, query = Int8.of(VECTORS), VECTORS[0]
    most = np.abs(query) @ its.steps / 2
    assert np.abs(its.scores(query, np.arange(400)) - VECTORS @ query).max() <= most * 1.001


def test_a_dimension_with_one_value_keeps_it():
    same = np.tile(VECTORS[:1], (5, 1))
    scores = Int8.of(same).scores(VECTORS[1], np.arange(5))
    assert np.allclose(scores, same @ VECTORS[1], atol=1e-6)


def test_binary_codes_are_the_signs_of_sentence_transformers():
    import faiss
    from sentence_transformers.util.quantization import quantize_embeddings

    index = INDEXES["binary"].make(VECTORS, True, {})
    signs = np.stack([index.reconstruct(row) for row in range(400)]) * np.sqrt(24)
    assert np.allclose(np.abs(signs), 1)
    assert (np.packbits(signs > 0, axis=1) == quantize_embeddings(VECTORS, "ubinary")).all()
    assert faiss.IndexPQFastScan is type(index)


def test_of_a_number_that_is_not_above_zero_the_sign_is_minus():
    index = INDEXES["binary"].make(np.zeros((1, 8), dtype=np.float32), True, {})
    assert (index.reconstruct(0) < 0).all()
    assert sign_patterns(2).shape == (16, 2)
    assert {tuple(pattern) for pattern in sign_patterns(4).tolist()} == {
        (a, b, c, d) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1) for d in (-1, 1)
    }
