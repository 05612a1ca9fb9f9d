"""Indexes of faiss as files that faiss itself opens (`faiss.read_index`), for readers who know nothing of bench."""

from __future__ import annotations

import importlib.util

import numpy as np
from numpy.typing import NDArray

from retrievers.base import RetrieverError
from retrievers.indexes.faiss_indexes import INDEXES


def index_files(vectors: NDArray[np.float32]) -> dict[str, bytes]:
    """An exact index and a graph over the same vectors, searched by dot product: row i of each is vector i.

    The graph has the settings that `ann(…, index=hnsw)` has by default, and its breadth of search stored with it.

    Args:
        vectors: float32 [n, dimensions], of length 1, so that the dot product is the cosine.

    Returns:
        "faiss_flat.index" and "faiss_hnsw.index", each as the bytes of its file.

    Raises:
        RetrieverError: Where faiss is not installed.
    """
    refuse_without_faiss()
    import faiss

    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    its = INDEXES["hnsw"]
    graph = its.make(vectors, True, its.parameters)
    graph.hnsw.efSearch = its.parameters["ef"]
    indexes = {"faiss_flat.index": flat, "faiss_hnsw.index": graph}
    return {name: faiss.serialize_index(index).tobytes() for name, index in indexes.items()}


def refuse_without_faiss() -> None:
    """Raise RetrieverError where faiss is not installed, with what installs it."""
    if importlib.util.find_spec("faiss") is None:
        raise RetrieverError("An index of faiss needs faiss, which is not installed.", "Run: pip install -e '.[ann]'")
