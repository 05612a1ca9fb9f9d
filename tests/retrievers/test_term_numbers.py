"""A corpus at once against one text after the other: the same terms, counts and statistics."""

import json
import os
import subprocess
import sys
from collections import Counter
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import rank_bm25
from hypothesis import example, given, settings
from hypothesis import strategies as st
from places import ROOT

from bench.experiment.workers.recorder import SummingRecorder
from retrievers.analyzer import Analyzer
from retrievers.base import INDEX_BYTES, listening, top_k
from retrievers.lexical import term_numbers
from retrievers.lexical.bm25 import BM25, VARIANTS
from retrievers.lexical.postings import Counts, Postings, rank_all
from retrievers.lexical.term_numbers import number_terms

SETTINGS = [
    {},
    {"stemmer": "none", "stop_words": "none", "marks": "all"},
    {"marks": "none", "stemmer": "german"},
    {"lowercase": False},
]
REAL = os.environ.get("BENCH_DATA")
SETS = [*(ROOT / "datasets").glob("*/corpus.jsonl"), *(Path(REAL).glob("*/corpus.jsonl") if REAL else ())]


def texts_of(path):
    rows = map(json.loads, path.read_text("utf-8").splitlines())
    return [f"{row.get('title', '')} {row['text']}".strip() for row in rows]


def assert_the_same_terms(analyze, texts):
    numbered = number_terms(analyze, texts, lambda _: None)
    terms = list(map(analyze, texts))
    assert list(numbered.lists()) == terms
    assert list(numbered.vocabulary) == list(dict.fromkeys(chain.from_iterable(terms))), "in order of first occurrence"
    assert numbered.lengths.tolist() == list(map(len, terms))


# What tokens, folding and Unicode make something of, between white space of every kind.
PIECES = st.sampled_from(
    [
        *"aZ0_-./:@&+#,()'ΣσİıßéﬁΩ的ไ\u0301\u00ad\u200b\u200d\ud800",
        *" \t\n\r\x0b\x0c\x1c\x85\xa0\u2003\u3000\u2028",
        *("C++", "E-4012", "the", "cats", "ｆｕｌｌ", "²", "१२"),
    ]
)
TEXTS = st.lists(st.one_of(st.lists(PIECES, max_size=12).map("".join), st.text(max_size=20)), max_size=6)


@settings(max_examples=300)
@example(["ΟΔΟΣ ΟΔΟΣ. Σ", "İstanbul\xa0´x", "a \u0301b", "\ud800a b"], 0)
@given(TEXTS, st.integers(0, len(SETTINGS) - 1))
def test_a_corpus_at_once_has_the_analyzers_terms(texts, setting):
    assert_the_same_terms(Analyzer(**SETTINGS[setting]), texts)


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.parent.name)
def test_every_set_has_the_analyzers_terms(path):
    texts = texts_of(path)
    assert_the_same_terms(Analyzer(), texts)


def test_batches_and_what_is_forgotten_change_nothing(monkeypatch):
    monkeypatch.setattr(term_numbers, "BATCH_CHARACTERS", 20)
    monkeypatch.setattr(term_numbers, "MOST_CHUNKS", 3)
    texts = ["the cats run", "", "cats, running (C++)", "E-4012 the cat", "once more the cats run", "x"] * 3
    told = []
    number_terms(Analyzer(), texts, told.append)
    assert len(told) > 3
    assert sum(told) == len(texts)
    assert_the_same_terms(Analyzer(), texts)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("path", SETS, ids=lambda path: path.parent.name)
def test_the_statistics_are_the_librarys_to_the_bit(path, variant):
    texts = texts_of(path)[:500]
    retriever = BM25(variant=variant)
    numbered = number_terms(Analyzer(), texts, lambda _: None)
    counts = Counts.of(numbered.numbers, numbered.lengths, len(numbered.vocabulary))
    ours = retriever._library(numbered, retriever._statistics(numbered, counts, 0))
    theirs = getattr(rank_bm25, VARIANTS[variant])(list(map(Analyzer(), texts)))
    assert ours.idf == theirs.idf
    assert list(ours.idf) == list(theirs.idf)
    assert ours.avgdl == theirs.avgdl
    assert numbered.lengths.tolist() == theirs.doc_len
    held = {term: [] for term in theirs.idf}
    for document, frequencies in enumerate(theirs.doc_freqs):
        for term, frequency in frequencies.items():
            held[term].append((document, frequency))
    entries = list(chain.from_iterable(held.values()))
    assert list(zip(counts.documents().tolist(), counts.frequencies.tolist(), strict=True)) == entries
    assert counts.document_frequencies.tolist() == list(map(len, held.values()))


@given(st.lists(st.lists(st.integers(0, 5), max_size=8), max_size=6))
def test_counts_are_pythons(documents):
    numbers = np.array(list(chain.from_iterable(documents)), dtype=np.int32)
    counts = Counts.of(numbers, np.array(list(map(len, documents)), dtype=np.int64), 6)
    expected = [
        (term, document, Counter(terms)[term])
        for term in range(6)
        for document, terms in enumerate(documents)
        if term in terms
    ]
    terms = np.repeat(np.arange(6), counts.document_frequencies).tolist()
    assert list(zip(terms, counts.documents().tolist(), counts.frequencies.tolist(), strict=True)) == expected


@settings(max_examples=200)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 3.0, -2.0, 1e8]),
    st.sampled_from([1.0, 1e-12, 1e-40, 1e30]),
    st.booleans(),
)
def test_the_best_of_many_are_those_of_a_whole_sort(seed, constant, scale, negative):
    """Ties in float32 at the last hit, weights of every size, and weights that are no more than 0."""
    rng = np.random.default_rng(seed)
    size, terms, k = int(rng.integers(1, 400)), 4, int(rng.integers(1, 6))
    dense = rng.integers(0, 4, (terms, size)) * (1 + rng.integers(0, 3, (terms, size)) * 1e-9) * scale
    held = dense > 0
    weights = np.where(held, dense - 2 * scale if negative else dense, 0)
    term, document = np.nonzero(held)
    postings = Postings.from_columns(
        held.sum(axis=1).astype(np.int64), document.astype(np.int32), weights[term, document], size
    )
    query = [(0, 1.0), (2, 2.0), (3, 1.0)]
    ranking = rank_all([query], postings, k, [constant])
    total = np.zeros(size)
    for number, factor in query:
        total += factor * weights[number]
    hits = np.flatnonzero(held[[number for number, _ in query]].any(axis=0))
    documents, scores = top_k(total[hits] + constant, k, hits)
    assert ranking.documents[0, : len(documents)].tolist() == documents.tolist()
    assert ranking.scores[0, : len(scores)].tobytes() == scores.tobytes()
    assert (ranking.documents[0, len(documents) :] == -1).all()


def test_the_size_of_an_index_counts_its_vocabulary():
    def size(word):
        recorder = SummingRecorder()
        with listening(recorder):
            BM25(stemmer="none").index([word, "another word"])
        return recorder.work(0.0).quantities[INDEX_BYTES]

    assert size("long" * 100) - size("long") == 396


def test_bm25_imports_no_pandas():
    """Arrow does so for some of its conversions: 40 MB of memory and half a second that bm25 is held to."""
    code = "import sys, retrievers; r = retrievers.create('bm25'); r.index(['a b']); r.search(['a'], 1)"
    subprocess.run([sys.executable, "-c", f"{code}; assert 'pandas' not in sys.modules"], cwd=ROOT, check=True)
