"""ann against the index of faiss that it holds, by vectors: what order, equal scores and independence cost."""

from __future__ import annotations

import numpy as np
import pytest

faiss = pytest.importorskip("faiss")
from numbered import Numbered, clustered, numbers  # noqa: E402

from retrievers.indexes.ann import Ann  # noqa: E402

DOCUMENTS, QUERIES = 100_000, 256
# Candidates as faiss is asked for them: those that are scored anew, or hits.
SEARCHES = {
    "flat": {},
    "hnsw": {"m": 16, "ef": 64},
    "ivf": {"lists": 512},
    "sq8": {},
    "pq": {"rescore": 0},
    "ivfpq": {"rescore": 0, "lists": 512},
    "binary": {"rescore": 0},
}


@pytest.fixture(scope="module")
def vectors():
    return clustered(DOCUMENTS + QUERIES, dimensions=384, clusters=1_000, spread=0.8)


@pytest.fixture(scope="module")
def built(vectors):
    """name -> ann over the vectors, made once."""
    held = {}

    def make(name):
        if name not in held:
            held.clear()  # one at a time in memory
            held[name] = Ann((Numbered(vectors),), index_type=name, **SEARCHES[name])
            held[name].index(numbers(0, DOCUMENTS))
        return held[name]

    return make


def plain(ann, vectors):
    """Search by the index alone, k = 10."""
    index = ann._built.index
    if ann.index_type == "flat":
        flat = faiss.IndexFlatIP(vectors.shape[1])
        flat.add(vectors[:DOCUMENTS])
        return lambda queries: flat.search(queries, 10)
    parameters = index.search_with(ann.settings)
    return lambda queries: index.index.search(queries, 10, params=parameters)


@pytest.mark.benchmark(group="ann")
@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize("batch", [1, QUERIES])
def test_ann_against_plain_faiss(race, tell, vectors, built, threads, name, batch):
    ann, queries = built(name), vectors[DOCUMENTS:]
    alone = plain(ann, vectors)
    blocks = [queries[row : row + batch] for row in range(0, QUERIES, batch)]

    def ours():
        for block in blocks:
            ann.search_vectors(block, 10)

    def theirs():
        for block in blocks:
            alone(block)

    race(f"{name}, {QUERIES} queries in batches of {batch}, {threads} threads, against faiss", ours, theirs, rounds=5)
    hits = ann.search_vectors(queries, 10).documents
    wanted = vectors[DOCUMENTS:] @ vectors[:DOCUMENTS].T
    best = np.argpartition(-wanted, 10, axis=1)[:, :10]
    found = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(hits.tolist(), best.tolist(), strict=True)])
    tell(f"  recall of the 10 nearest {found:.3f}")
