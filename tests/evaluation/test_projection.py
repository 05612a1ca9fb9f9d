"""The laws of a projection to two dimensions, whatever the vectors."""

from __future__ import annotations

import math
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array

from bench.errors import BenchError
from bench.evaluation import projection
from bench.evaluation.projection import MOST, drawn_positions, neighbours_kept, principal_components, project
from retrievers.vectors import SparseRows

NONE = np.zeros(0, dtype=np.int64)


def compressed(dense):
    rows = csr_array(dense)
    return SparseRows(rows.indptr.astype(np.int64), rows.indices.astype(np.int32), rows.data, rows.shape[1])


def clouds(texts=60, size=30, seed=0):
    """Three clouds of unit vectors."""
    rng = np.random.default_rng(seed)
    middles = rng.standard_normal((3, size)) * 3
    return (middles[rng.integers(0, 3, texts)] + rng.standard_normal((texts, size))).astype(np.float32)


def split(vectors, queries=10):
    return vectors[queries:], vectors[:queries]


small = arrays(
    np.float32,
    st.tuples(st.integers(1, 14), st.integers(1, 12)),
    elements=st.sampled_from([0, 0, 0, 1, -1, 0.5, 3]),
)


@given(small, st.integers(0, 5))
def test_every_text_has_a_finite_place_and_the_same_seed_gives_the_same_bytes(vectors, queries):
    documents, asked = split(vectors, min(queries, len(vectors) - 1))
    first, second = (project(documents, asked, "pca", 3) for _ in range(2))
    assert first.points.shape == (len(vectors), 2)
    assert first.points.dtype == np.float32
    assert np.isfinite(first.points).all()
    assert first.points.tobytes() == second.points.tobytes()
    assert math.isnan(first.neighbours) if len(vectors) == 1 else 0 <= first.neighbours <= 1
    assert math.isnan(first.variance) or 0 <= first.variance <= 1


@given(small, st.integers(0, 3))
def test_sparse_rows_lie_where_dense_ones_do(vectors, queries):
    documents, asked = split(vectors, min(queries, len(vectors) - 1))
    dense, sparse = project(documents, asked, "pca", 0), project(compressed(documents), compressed(asked), "pca", 0)
    assert np.array_equal(np.isnan(dense.variance), np.isnan(sparse.variance))
    assert math.isnan(dense.variance) or math.isclose(dense.variance, sparse.variance, abs_tol=1e-4)


@given(st.integers(0, 20))
@settings(max_examples=10)
def test_a_turned_or_longer_space_is_the_same_map(seed):
    vectors = clouds(seed=seed)
    turn = np.linalg.qr(np.random.default_rng(seed).standard_normal((30, 30)))[0]
    moved = (7 * vectors @ turn).astype(np.float32)
    one, other = project(*split(vectors), "pca", 0), project(*split(moved), "pca", 0)
    assert np.allclose(one.points, other.points, atol=1e-4)
    assert one.variance == pytest.approx(other.variance, abs=1e-5)
    assert one.neighbours == pytest.approx(other.neighbours, abs=0.01)


@pytest.mark.parametrize("shape", [(40, 30), (30, 70), (60, 50)])
@pytest.mark.parametrize("form", [np.asarray, compressed])
def test_three_ways_to_the_principal_components(shape, form, monkeypatch):
    """By either square matrix, and by products alone: they are those of the centred matrix's singular vectors."""
    vectors = clouds(*shape)
    matrix = projection._of_length_one(projection._joined(form(vectors), form(vectors[:0])))
    dense = projection._plain(matrix).astype(np.float64)
    centred = dense - dense.mean(axis=0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    for whole in (projection.WHOLE, 45, 8):
        monkeypatch.setattr(projection, "WHOLE", whole)
        points, share = principal_components(matrix, 2, 0)
        assert np.allclose(np.abs(points), np.abs(left[:, :2] * values[:2]), atol=1e-4)
        assert share == pytest.approx((values[:2] ** 2).sum() / (values**2).sum(), abs=1e-6)
        assert (points[np.abs(points).argmax(axis=0), [0, 1]] > 0).all()


def test_the_share_of_neighbours():
    line = np.arange(40, dtype=np.float32)[:, None]
    flat = np.hstack([line, np.zeros_like(line)])
    rng = np.random.default_rng(0)
    assert neighbours_kept(line, flat, rng) == 1.0
    assert neighbours_kept(line, flat[np.random.default_rng(1).permutation(40)], rng) < 0.5
    assert neighbours_kept(np.ones((30, 3), np.float32), flat[:30], rng) == 1.0  # all are as near as the nearest


@pytest.mark.parametrize(
    "vectors",
    [np.ones((1, 4)), np.ones((9, 4)), np.zeros((9, 4)), np.eye(2, 4), np.vstack([np.zeros((8, 4)), np.ones((1, 4))])],
)
@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_poor_vectors_have_a_map(vectors, method):
    for form in (np.asarray, compressed):
        placed = project(form(vectors.astype(np.float32)), form(np.zeros((0, 4), np.float32)), method, 0)
        assert np.isfinite(placed.points).all()
        assert placed.points.shape == (len(vectors), 2)


def test_tsne_keeps_more_neighbours_and_has_no_share_of_variance():
    vectors = clouds(90, 40)
    flat, near = project(*split(vectors), "pca", 0), project(*split(vectors), "tsne", 0)
    assert near.neighbours > flat.neighbours
    assert math.isnan(near.variance)
    assert near.points.tobytes() == project(*split(vectors), "tsne", 0).points.tobytes()


def test_umap_is_asked_by_cosine_with_the_seed(monkeypatch):
    asked = {}

    class UMAP:
        def __init__(self, **settings):
            asked.update(settings)

        def fit_transform(self, components):
            return components[:, :2]

    monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=UMAP, __spec__=object()))
    placed = project(*split(clouds()), "umap", 5)
    assert asked == {"n_components": 2, "n_neighbors": 15, "metric": "cosine", "random_state": 5, "n_jobs": 1}
    assert placed.points.shape == (60, 2)


def test_umap_that_is_missing_is_named_with_its_install_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(BenchError, match=r"needs umap-learn.*pip install -e '\.\[map\]'"):
        project(*split(clouds()), "umap", 0)


def test_vectors_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="not all finite"):
        project(np.full((6, 2), np.nan, np.float32), np.zeros((0, 2), np.float32), "pca", 0)


def test_a_large_set_is_drawn_from_its_relevant_documents_first(monkeypatch):
    monkeypatch.setitem(MOST, "pca", 10)
    assert drawn_positions(10, NONE, "pca", 0).tolist() == list(range(10))
    relevant = np.array([3, 90, 91])
    drawn = drawn_positions(100, relevant, "pca", 0)
    assert len(drawn) == 10
    assert set(relevant.tolist()) <= set(drawn.tolist())
    assert (np.diff(drawn) > 0).all()
    assert drawn.tolist() == drawn_positions(100, relevant, "pca", 0).tolist()
    assert drawn.tolist() != drawn_positions(100, relevant, "pca", 1).tolist()
    assert set(drawn_positions(100, np.arange(50), "pca", 0).tolist()) <= set(range(50))
