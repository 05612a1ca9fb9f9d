"""MiniLM by each backend against sentence-transformers' own encode: documents in batches, and single queries.

Documents are two batches, as both sides bring texts of like length together only among several.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
from places import ROOT

from retrievers.dense.backends import EXPORTED
from retrievers.dense.encoder import Encoder
from retrievers.dense.model import MINILM, locate

WAYS = [("torch", "float32"), *((name, "float32") for name in EXPORTED), ("onnx", "int8")]
LENGTHS = {"documents": 200, "queries": 8}  # words of a text at most


@pytest.fixture(scope="module")
def texts():
    """64 passages of the shipped notes, and 16 sentences of a few words."""
    lines = (ROOT / "datasets" / "vector-notes" / "corpus.jsonl").read_text("utf-8").splitlines()
    words = " ".join(json.loads(line)["text"] for line in lines).split()
    sizes = np.random.default_rng(0).integers(40, LENGTHS["documents"], 64)
    starts = np.r_[0, sizes.cumsum()] % (len(words) - LENGTHS["documents"])
    documents = [" ".join(words[at : at + size]) for at, size in zip(starts, sizes, strict=False)]
    return documents, [" ".join(text.split()[: LENGTHS["queries"]]) for text in documents[:16]]


@pytest.fixture(scope="module")
def theirs():
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(locate(MINILM, None)), device="cpu", local_files_only=True)


@pytest.mark.benchmark(group="encoders")
@pytest.mark.parametrize("what", LENGTHS)
@pytest.mark.parametrize(("backend", "dtype"), WAYS)
def test_encoding_against_sentence_transformers(race, threads, monkeypatch, texts, theirs, backend, dtype, what):
    monkeypatch.setenv("OMP_NUM_THREADS", str(threads))
    encoder = Encoder(backend=backend, dtype=dtype, device="cpu" if backend == "torch" else None)
    settings = {"normalize_embeddings": True, "show_progress_bar": False}
    documents, queries = texts
    batches = [documents] if what == "documents" else [[query] for query in queries]
    race(
        f"{what}, {backend} {dtype}, {threads} threads",
        lambda: [encoder.encode(batch, "document") for batch in batches],
        lambda: [theirs.encode(batch, **settings) for batch in batches],
        rounds=3,
    )
