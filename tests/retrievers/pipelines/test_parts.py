"""What holds for every retriever made of retrievers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from fakes import Fixed

from bench.experiment.workers.recorder import SummingRecorder
from retrievers import RetrieverError, create, parameters, signature
from retrievers.base import listening
from retrievers.dense.vector_cache import VectorCache, caching
from retrievers.lexical.bm25 import BM25
from retrievers.pipelines.chunks import Chunks
from retrievers.pipelines.expand import Expand
from retrievers.pipelines.hybrid import Hybrid
from retrievers.pipelines.rerank import Rerank
from retrievers.testing import DOCUMENTS


@dataclass
class Broken(Fixed):
    """Fails in each of its methods but index."""

    kind: ClassVar[str] = "dense"

    def search(self, queries, k):
        raise ValueError("no such index")

    def query_vectors(self, queries):
        return np.asarray(self.search(queries, 1))

    def document_vectors(self, positions):
        return np.zeros((len(positions), 2), np.float32)

    def search_vectors(self, vectors, k):
        return self.search(vectors, k)


@pytest.mark.parametrize(
    "pipeline",
    [
        Hybrid((BM25(), Broken())),
        Chunks((Broken(),)),
        Rerank((Broken(),), by=lambda query, documents: np.zeros(len(documents))),
        Expand((Broken(),)),
        Rerank((Hybrid((BM25(), Broken())),), by=lambda query, documents: np.zeros(len(documents))),
    ],
    ids=lambda pipeline: type(pipeline).__name__,
)
def test_a_failing_part_is_named(pipeline):
    pipeline.index(list(DOCUMENTS))
    with pytest.raises(RetrieverError, match="Broken: ValueError: no such index"):
        pipeline.search(["cat"], 3)


def test_what_several_pipelines_share_is_encoded_once(tmp_path):
    with caching(VectorCache(tmp_path / "cache.sqlite")):
        create("minilm").index(DOCUMENTS)
        recorder = SummingRecorder()
        with listening(recorder):
            create("hybrid(bm25, minilm)").index(DOCUMENTS)
            create("expand(minilm)").index(DOCUMENTS)
            create("rerank(bm25, by=cosine)").index(DOCUMENTS)
    assert recorder.quantities["vectors_encoded"] == 0


@pytest.mark.parametrize("pipeline", [Hybrid, Chunks, Rerank, Expand])
@pytest.mark.parametrize("parts", [BM25(), "bm25", ("bm25", "bm25"), (BM25, BM25)], ids=repr)
def test_parts_that_are_no_retrievers_are_refused_with_what_to_write(pipeline, parts):
    with pytest.raises(RetrieverError, match=r"Give objects, as in \w+\(\(BM25\(\), …\)\)"):
        pipeline(parts)


def test_a_signature_has_plain_numbers_whoever_gave_them():
    one, other = Hybrid(weights=np.array([1, 2]), depth=np.int64(20)), create("hybrid(weights=[1, 2], depth=20)")
    assert signature(one) == signature(other)
    assert parameters(one)["depth"] == 20
    assert isinstance(parameters(one)["depth"], int)
