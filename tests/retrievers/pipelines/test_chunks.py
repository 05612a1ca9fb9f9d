"""Documents searched by their chunks: the best one counts, and its place is kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.experiment.workers.recorder import SummingRecorder
from retrievers import RetrieverError, create, kind, signature
from retrievers.base import listening
from retrievers.dense.word_pieces import piece_spans
from retrievers.lexical.bm25 import BM25
from retrievers.pipelines.chunks import Chunks
from retrievers.pipelines.splitting import windows, words

documents = st.lists(
    st.lists(st.sampled_from("ab cd ef gh".split()), max_size=12).map(" ".join), min_size=1, max_size=9
)


def naive(texts, query, size, overlap, top):
    """Each document's score and best span: every chunk is scored, and the best `top` are added up."""
    spans = [windows(words(text), size, overlap) or [(0, len(text))] for text in texts]
    part = BM25(variant="plus")
    part.index([text[start:end] for text, its in zip(texts, spans, strict=True) for start, end in its])
    total = sum(map(len, spans))
    ranking = part.search([query], total)
    scores = dict(zip(ranking.documents[0].tolist(), ranking.scores[0].tolist(), strict=True))
    answer, first = {}, 0
    for document, its in enumerate(spans):
        own = sorted((-scores[first + n], n) for n in range(len(its)) if first + n in scores)[:top]
        if own:
            answer[document] = (-sum(score for score, _ in own), its[own[0][1]])
        first += len(its)
    return answer


@settings(deadline=None, max_examples=60)
@given(documents, st.sampled_from(["ab", "cd ef", "gh gh ab"]), st.integers(1, 5), st.integers(1, 3), st.integers(1, 9))
def test_is_the_naive_sum_of_the_best_chunks(texts, query, size, top, k):
    chunks = Chunks((BM25(variant="plus"),), words=size, overlap=size // 2, top=top)
    chunks.index(texts)
    ranking = chunks.search([query], k)
    expected = naive(texts, query, size, size // 2, top)
    order = sorted(expected, key=lambda document: (-np.float32(expected[document][0]), document))[:k]
    hits = ranking.documents[0][ranking.documents[0] >= 0].tolist()
    np.testing.assert_allclose(ranking.scores[0][: len(hits)], [expected[d][0] for d in order], rtol=1e-6)
    assert sorted(hits) == sorted(order) or top > 1  # sums of the same scores in another order may swap equals
    for place, document in enumerate(hits):
        assert tuple(ranking.spans[0, place].tolist()) == expected[document][1]


def test_asks_for_more_chunks_where_a_few_documents_hold_the_best_ones():
    texts = ["cat " * 400 + "dog", *(f"cat dog bird number{n}" for n in range(30))]
    chunks = Chunks((BM25(variant="plus"),), words=1)
    chunks.index(texts)
    assert (chunks.search(["cat"], 20).documents[0] >= 0).all()
    assert chunks.search(["cat"], 25).to_depth(5) == chunks.search(["cat"], 5)


def test_pieces_are_the_models():
    text = "Photosynthesis in chloroplasts. " * 5
    (pieces,) = piece_spans([text])
    chunks = create("chunks(minilm, pieces=7, overlap=2)")
    chunks.index([text])
    spans = windows(pieces, 7, 2)
    best = chunks.search(["chloroplasts"], 1).spans[0, 0].tolist()
    assert best in [list(span) for span in spans]
    assert "".join(text[start:end] for start, end in pieces) == text.replace(" ", "")


def test_headings_cut_first_and_size_cuts_what_is_longer():
    text = "# One\nalpha beta\n# Two\ngamma delta epsilon zeta"
    chunks = create("chunks(bm25(variant=plus), headings=true, words=4)")
    chunks.index([text])
    spans = {query: chunks.search([query], 1).spans[0, 0].tolist() for query in ("beta", "gamma", "zeta")}
    assert {query: text[start:end] for query, (start, end) in spans.items()} == {
        "beta": "# One\nalpha beta",
        "gamma": "# Two\ngamma delta",
        "zeta": "epsilon zeta",
    }


def test_it_is_of_its_parts_kind_and_tells_how_many_chunks():
    chunks = create("chunks(bm25, words=2)")
    assert kind(chunks) == "lexical"
    recorder = SummingRecorder()
    with listening(recorder):
        chunks.index(["one two three", "four"])
    assert recorder.quantities["chunks"] == 3
    assert recorder.quantities["index_bytes"] > recorder.quantities["BM25/index_bytes"]


def test_the_usual_size_is_said():
    assert "words=128" in signature(create("chunks(bm25)"))
    assert "words=0" in signature(create("chunks(bm25, headings=true)"))


@pytest.mark.parametrize(
    "specification",
    [
        "chunks(bm25, words=-1)",
        "chunks(bm25, words=5, sentences=2)",
        "chunks(bm25, words=5, overlap=5)",
        "chunks(bm25, headings=true, overlap=1)",
        "chunks(bm25, top=0)",
        "chunks(bm25, pieces=5)",
        "chunks(bm25, tfidf)",
    ],
)
def test_what_makes_no_chunks_is_an_error_with_the_next_step(specification):
    with pytest.raises(RetrieverError, match="Give"):
        create(specification)


class Titled(list):
    """Texts that begin with their titles."""

    columns = ("title", "text", "tag")

    def column(self, name):
        return {"title": ["Cats", "", "Dogs"], "text": list(self), "tag": ["zebra", "", "zebra zebra"]}[name]


def test_titles_stand_before_the_chunks_that_do_not_begin_with_them():
    texts = Titled(["Cats sleep all day long", "fish swim", "Dogs bark at night loudly"])
    seen = []

    class Listens(BM25):
        def index(self, documents):
            seen.extend([list(documents), documents[1], list(documents[3:])])
            super().index(documents)

    chunks = Chunks((Listens(),), words=3, titles=True)
    chunks.index(texts)
    assert seen[0] == ["Cats sleep all", "Cats day long", "fish swim", "Dogs bark at", "Dogs night loudly"]
    assert seen[1:] == ["Cats day long", ["Dogs bark at", "Dogs night loudly"]]
    answer = chunks.search(["night dogs"], 1)
    assert texts[2][slice(*answer.spans[0, 0])] == "night loudly"


def test_columns_of_documents_are_those_of_their_chunks():
    texts = Titled(["Cats sleep all day long", "fish swim", "Dogs bark at night loudly"])
    chunks = create("chunks(bm25(fields='tag^2 text'), words=3)")
    chunks.index(texts)
    assert chunks.search(["zebra"], 3).documents[0].tolist() == [2, 0, -1]
    assert chunks.search(["fish"], 3).documents[0].tolist() == [1, -1, -1]
