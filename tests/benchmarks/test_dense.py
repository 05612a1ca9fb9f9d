"""Exact nearest neighbours against sentence-transformers' semantic_search and faiss' IndexFlatIP.

faiss multiplies by BLAS only above `distance_compute_blas_threshold` queries, which its builds set differently. So
batches are raced against it with that switch on ("faiss, BLAS") as well as at its own default.
"""

from __future__ import annotations

import numpy as np
import pytest

faiss = pytest.importorskip("faiss")
import torch  # noqa: E402
from sentence_transformers.util import semantic_search  # noqa: E402

from retrievers.dense.exact import nearest  # noqa: E402


@pytest.fixture(scope="module")
def vectors():
    rng = np.random.default_rng(0)
    made = rng.standard_normal((100_256, 384), dtype=np.float32)
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return made[:256].copy(), made[256:].copy()


@pytest.fixture(scope="module")
def index(vectors):
    made = faiss.IndexFlatIP(384)
    made.add(vectors[1])
    return made


@pytest.fixture
def by_blas():
    before = faiss.cvar.distance_compute_blas_threshold
    yield lambda: setattr(faiss.cvar, "distance_compute_blas_threshold", 20)
    faiss.cvar.distance_compute_blas_threshold = before


@pytest.mark.benchmark(group="dense")
@pytest.mark.parametrize("k", [10, 100])
@pytest.mark.parametrize("batch", [256, 1])
@pytest.mark.parametrize("rival", ["semantic_search", "faiss", "faiss, BLAS"])
def test_nearest_against(race, vectors, index, threads, by_blas, rival, batch, k):
    queries, documents = vectors[0][:batch], vectors[1]
    if rival == "faiss, BLAS":
        if batch == 1:
            pytest.skip("one query is no matrix product")
        by_blas()
    tensors = torch.from_numpy(queries), torch.from_numpy(documents)
    if rival == "semantic_search":

        def theirs():
            return semantic_search(*tensors, query_chunk_size=256, top_k=k)

    else:

        def theirs():
            return index.search(queries, k)

    name = f"nearest, {batch} queries, k={k}, {threads} threads, against {rival}"
    race(name, lambda: nearest(queries, documents, k), theirs, rounds=7 if batch > 1 else 21)


def test_nearest_finds_what_faiss_finds(vectors, index):
    queries, documents = vectors
    mine, (_, theirs) = nearest(queries, documents, 100).documents, index.search(queries, 100)
    assert np.mean(mine == theirs) > 0.999  # scores that differ in the last bit may change places
