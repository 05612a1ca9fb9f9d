"""BM25 against bm25s and tantivy, from text to the top 100, in processor time and on one thread.

On scifact, and on 100,000 windows of 100 words of the real sets, each of which begins a few words after the one before.
"""

from __future__ import annotations

import json
import re

import bm25s
import pytest
import Stemmer
import tantivy
from clock import cpu_seconds

from retrievers.lexical.bm25 import BM25

STEMMER = Stemmer.Stemmer("english")
SETS, WINDOWS, WORDS, K = ("scifact", "cranfield", "medical-questions", "clinc150"), 100_000, 100, 100


def rows(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def documents_of(folder):
    return [f"{row.get('title', '')} {row['text']}".strip() for row in rows(folder / "corpus.jsonl")]


@pytest.fixture(scope="module")
def queries(data):
    return [row["text"] for row in rows(data / "scifact" / "queries.jsonl")][:300]


@pytest.fixture(scope="module", params=["scifact", "windows"])
def documents(request, data):
    if request.param == "scifact":
        return documents_of(data / "scifact")
    words = [word for name in SETS for text in documents_of(data / name) for word in text.split()]
    step = (len(words) - WORDS) // WINDOWS
    return [" ".join(words[start : start + WORDS]) for start in range(0, step * WINDOWS, step)]


def tokens(texts):
    return bm25s.tokenize(texts, stopwords="en", stemmer=STEMMER, show_progress=False)


def built(documents):
    retriever = BM25()
    retriever.index(documents)
    return retriever


def built_by_bm25s(documents, backend):
    index = bm25s.BM25(backend=backend)
    index.index(tokens(documents), show_progress=False)
    return index


def built_by_tantivy(documents):
    schema = tantivy.SchemaBuilder()
    schema.add_text_field("text", stored=False, tokenizer_name="en_stem")
    index = tantivy.Index(schema.build())
    writer = index.writer(heap_size=200_000_000, num_threads=1)
    for text in documents:
        writer.add_document(tantivy.Document(text=text))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    return index


@pytest.mark.benchmark(group="lexical")
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_query_against_bm25s(race, documents, queries, backend):
    ours, theirs = built(documents), built_by_bm25s(documents, backend)
    race(
        f"bm25, {len(queries)} single queries of {len(documents):,} documents against bm25s ({backend})",
        lambda: [ours.search([query], K) for query in queries],
        lambda: [theirs.retrieve(tokens(query), k=K, show_progress=False) for query in queries],
        clock=cpu_seconds,
    )


@pytest.mark.benchmark(group="lexical")
def test_a_query_against_tantivy(race, documents, queries):
    ours, theirs = built(documents), built_by_tantivy(documents)
    searcher = theirs.searcher()

    def ask(query):  # its query language means something by punctuation
        return searcher.search(theirs.parse_query(re.sub(r"[^\w\s]", " ", query).lower(), ["text"]), K)

    race(
        f"bm25, {len(queries)} single queries of {len(documents):,} documents against tantivy",
        lambda: [ours.search([query], K) for query in queries],
        lambda: list(map(ask, queries)),
        clock=cpu_seconds,
    )


@pytest.mark.benchmark(group="lexical")
@pytest.mark.parametrize(
    "build", [built_by_tantivy, lambda texts: built_by_bm25s(texts, "numpy")], ids=["tantivy", "bm25s"]
)
def test_a_build(race, documents, build, request):
    name = request.node.callspec.id
    race(
        f"bm25, a build of {len(documents):,} documents against {name.rpartition('-')[2]}",
        lambda: built(documents),
        lambda: build(documents),
        rounds=5,
        clock=cpu_seconds,
    )
