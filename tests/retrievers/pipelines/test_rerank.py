"""The first hits of a retriever, ordered anew: by each scorer as computed by itself, and nothing else changed."""

from __future__ import annotations

import linecache
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.experiment.workers.recorder import SummingRecorder
from retrievers import RetrieverError, create, kind, parameters, signature
from retrievers.base import Ranking, listening
from retrievers.contract import checked
from retrievers.dense.bi_encoder import Dense
from retrievers.dense.model import locate
from retrievers.dense.vector_cache import VectorCache, caching
from retrievers.lexical.bm25 import BM25
from retrievers.pipelines.rerank import Rerank
from retrievers.stages import Stages, reranked
from retrievers.testing import DOCUMENTS

TEXTS = (*DOCUMENTS, "A cat and a dog.", "cat", "The mat of the cat is red; the dog has none.")


def indexed(retriever, texts=TEXTS):
    retriever.index(texts)
    return retriever


def by_length(query, documents):
    """The shorter the better, but for the query's own text."""
    return [0.5 if text == query else -len(text) for text in documents]


def test_candidates_stand_by_their_new_scores_and_the_rest_below_in_its_order():
    first = indexed(BM25()).search(["cat mat dog"], 10)
    answer = indexed(Rerank((BM25(),), by=by_length, depth=2)).search(["cat mat dog"], 10)
    hits = first.documents[0][first.documents[0] >= 0].tolist()
    assert len(hits) > 3
    assert answer.documents[0, :2].tolist() == sorted(hits[:2], key=lambda hit: (len(TEXTS[hit]), hit))
    assert answer.documents[0, 2 : len(hits)].tolist() == hits[2:]
    assert answer == checked(answer, 1, 10, len(TEXTS))


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=8), st.integers(0, 8))
def test_below_the_candidates_nothing_changes_places(scores, depth):
    first = Ranking(np.arange(8)[None, ::-1].copy(), np.arange(8, 0, -1, dtype=np.float32)[None])
    new = np.array([scores[:depth]], dtype=np.float32)
    answer = reranked(first, new)
    assert answer == checked(answer, 1, 8, 8)
    kept = min(depth, len(scores))
    assert answer.documents[0, kept:].tolist() == first.documents[0, kept:].tolist()
    assert sorted(answer.documents[0, :kept]) == sorted(first.documents[0, :kept])


def test_maxsim_is_the_mean_of_each_query_tokens_best_cosine():
    model = create("minilm")
    model.index(["warm"])
    tokens = lambda text: model._encoder.sentence_transformer.encode(text, output_value="token_embeddings").numpy()  # noqa: E731
    unit = lambda rows: rows / np.linalg.norm(rows, axis=1, keepdims=True)  # noqa: E731
    answer = indexed(create("rerank(bm25, by=maxsim, depth=20)")).search(["a cat on the mat"], 10)
    query = unit(tokens("a cat on the mat"))
    for document, score in zip(answer.documents[0], answer.scores[0], strict=True):
        if document >= 0:
            expected = (query @ unit(tokens(TEXTS[document])).T).max(axis=1).mean()
            assert score == pytest.approx(expected, abs=2e-3)  # token vectors are kept in float16


@pytest.mark.parametrize("by", ["maxsim", "cosine"])
def test_stored_or_not_the_scores_are_the_same(by):
    queries = ["a cat on the mat", "the pump is blocked"]
    stored, fresh = (
        indexed(create(f"rerank(bm25, by={by}, stored={stored})")).search(queries, 5) for stored in ("true", "false")
    )
    np.testing.assert_allclose(stored.scores, fresh.scores, atol=1e-3)


def test_the_cosine_of_a_second_encoder_is_what_it_gives_alone():
    alone = indexed(Dense()).search(["cat mat"], len(TEXTS))
    cosines = dict(zip(alone.documents[0].tolist(), alone.scores[0].tolist(), strict=True))
    answer = indexed(create("rerank(bm25, by=cosine)")).search(["cat mat"], 4)
    for document, score in zip(answer.documents[0].tolist(), answer.scores[0].tolist(), strict=True):
        assert score == pytest.approx(cosines[document], abs=1e-6)


def test_spans_of_the_first_stage_are_what_is_scored():
    text = "cat " * 3 + "filler words that are long and say nothing " * 3 + "dog"
    asked = []

    def scorer(query, documents):
        asked.extend(documents)
        return [1.0] * len(documents)

    answer = indexed(Rerank((create("chunks(bm25(variant=plus), words=3)"),), by=scorer), [text]).search(["cat dog"], 1)
    assert asked == ["cat cat cat"]
    assert text[slice(*answer.spans[0, 0])] == "cat cat cat"


def test_the_stages_tell_what_fewer_candidates_would_have_given():
    rerank = indexed(Rerank((BM25(),), by=by_length, depth=7))
    stages = rerank.search_stages(["cat mat dog"], 10)
    assert isinstance(stages, Stages)
    for depth in (0, 1, 5):
        fewer = indexed(Rerank((BM25(),), by=by_length, depth=depth)) if depth else indexed(BM25())
        assert stages.at_depth(depth).documents.tolist() == fewer.search(["cat mat dog"], 10).documents.tolist()
    assert stages.at_depth(7) == stages.ranking


def test_each_depth_has_a_phase_of_its_own_beside_the_first_stages():
    rerank, recorder = indexed(Rerank((BM25(),), by=by_length, depth=12)), SummingRecorder()
    with listening(recorder):
        rerank.search(["cat"], 3)
    assert {"first stage", "rerank@5", "rerank@10", "rerank@12", "BM25/score"} <= recorder.nanoseconds.keys()


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory):
    """A tiny one with random weights."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    folder, minilm = tmp_path_factory.mktemp("cross"), locate("all-MiniLM-L6-v2", None)
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = BertConfig(**sizes, max_position_embeddings=64, num_labels=1)
    BertForSequenceClassification(config).save_pretrained(folder / "one")
    BertForSequenceClassification(BertConfig(**sizes, num_labels=3)).save_pretrained(folder / "three")
    for model in ("one", "three"):
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(minilm / name, folder / model / name)
    return folder


def test_a_cross_encoder_scores_pairs_as_its_library_does(cross_encoder):
    from sentence_transformers import CrossEncoder
    from torch.nn import Identity

    rerank = indexed(create(f"rerank(bm25, by=cross-encoder, model={cross_encoder / 'one'})"))
    answer = rerank.search(["cat mat"], 5)
    hits = [hit for hit in answer.documents[0].tolist() if hit >= 0]
    model = CrossEncoder(str(cross_encoder / "one"), device="cpu")
    expected = model.predict([("cat mat", TEXTS[hit]) for hit in hits], activation_fn=Identity())
    np.testing.assert_allclose(answer.scores[0, : len(hits)], expected, atol=1e-5)
    assert kind(rerank) == "reranked"


def test_scores_of_pairs_are_kept_by_the_cache(cross_encoder, tmp_path):
    specification = f"rerank(bm25, by=cross-encoder, model={cross_encoder / 'one'})"
    with caching(VectorCache(tmp_path / "cache.sqlite")):
        first = indexed(create(specification)).search(["cat mat"], 5)
        recorder = SummingRecorder()
        with listening(recorder):
            assert indexed(create(specification)).search(["cat mat"], 5) == first
    assert recorder.quantities["vectors_encoded"] == 0
    assert recorder.quantities["vectors_from_cache"] > 0


def test_token_vectors_are_kept_by_the_cache(tmp_path):
    with caching(VectorCache(tmp_path / "cache.sqlite")):
        first = indexed(create("rerank(bm25)")).search(["cat mat"], 5)
        recorder = SummingRecorder()
        with listening(recorder):
            assert indexed(create("rerank(bm25)")).search(["cat mat"], 5) == first
    assert recorder.quantities["vectors_encoded"] == 0


@pytest.mark.parametrize(
    ("specification", "words"),
    [
        ("rerank(bm25, depth=0)", "out of range"),
        ("rerank(bm25, by=nonsense)", "maxsim, cosine, cross-encoder"),
        ("rerank(bm25, by=cross-encoder)", "needs its model"),
        ("rerank(bm25, by=fakes:nowhere)", "is no function"),
        ("rerank(bm25, by=nosuchmodule:it)", "no module"),
        ("rerank(bm25, by=fakes:shared_words, model=x)", "Leave model out"),
        ("rerank(bm25, by=cosine, sha256=0123456789abcdef)", "has the sha256"),
        ("rerank(bm25, tfidf)", "Give one"),
    ],
)
def test_what_cannot_rerank_is_an_error_with_the_next_step(specification, words):
    with pytest.raises(RetrieverError, match=words):
        create(specification)


def test_models_are_told_apart(cross_encoder):
    with pytest.raises(RetrieverError, match="is not a reranker"):
        create(f"rerank(bm25, by=cross-encoder, model={locate('all-MiniLM-L6-v2', None)})")
    with pytest.raises(RetrieverError, match="is a reranker"):
        create(f"rerank(bm25, by=cosine, model={cross_encoder / 'one'})")
    with pytest.raises(RetrieverError, match="gives 3 scores a pair"):
        indexed(create(f"rerank(bm25, by=cross-encoder, model={cross_encoder / 'three'})")).search(["cat"], 3)


@pytest.mark.parametrize("scores", [[1.0], [[1.0], [2.0]], [float("nan")] * 9])
def test_a_function_that_gives_no_scores_is_an_error(scores):
    with pytest.raises(RetrieverError, match="Give a finite number a document"):
        indexed(Rerank((BM25(),), by=lambda query, documents: scores)).search(["cat dog mat"], 9)


def test_the_code_of_a_function_is_in_its_signature():
    assert "sha256='" in signature(create("rerank(bm25, by=fakes:shared_words)"))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda texts: [1.0] * (len(texts) - 1), r"an array of shape \(3,\)"),
        (lambda texts: ["high"] * len(texts), "no numbers: could not convert"),
        (lambda texts: (1.0 for _ in texts), "no numbers: "),
        (lambda texts: None, r"an array of shape \(\)"),
        (lambda texts: [1e300, *[1.0] * (len(texts) - 1)], "1 of 4 documents no finite number"),
    ],
)
def test_what_a_function_gives_in_place_of_numbers_is_named(answer, reason):
    rerank = indexed(Rerank((BM25(),), by=lambda query, texts: answer(texts), depth=4))
    with pytest.raises(RetrieverError, match=reason):
        rerank.search(["cat mat dog"], 10)


def test_a_function_may_change_the_list_that_it_is_given():
    def drained(query, documents):
        scores = list(map(len, documents))
        documents.clear()
        return scores

    answer = indexed(Rerank((BM25(),), by=drained)).search(["cat mat dog"], 3)
    assert answer == indexed(Rerank((BM25(),), by=lambda query, texts: list(map(len, texts)))).search(
        ["cat mat dog"], 3
    )


def test_a_function_of_a_module_is_named_in_the_signature_and_not_by_its_address():
    assert f"by='{__name__}:by_length'" in signature(Rerank((BM25(),), by=by_length))
    assert parameters(Rerank((BM25(),), by=by_length))["by"] == f"{__name__}:by_length"


def test_a_functions_code_is_pinned_by_its_sha256():
    own = Rerank((BM25(),), by=by_length).sha256
    assert Rerank((BM25(),), by=by_length, sha256=own).sha256 == own
    with pytest.raises(RetrieverError, match=f"has the sha256 {own}…, not '0123456789ab'"):
        Rerank((BM25(),), by=by_length, sha256="0123456789ab")


def test_functions_of_a_notebook_are_told_apart_by_their_text():
    def of_cell(text, number):
        name, scope = f"<cell {number}>", {"__name__": "a_notebook"}
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        exec(compile(text, name, "exec"), scope)
        return scope["score"]

    texts = ("def score(query, documents):\n    return [1.0]\n", "def score(query, documents):\n    return [2.0]\n")
    one, other = (Rerank((BM25(),), by=of_cell(text, number)) for number, text in enumerate(texts))
    assert one.sha256 != other.sha256
    assert signature(Rerank((BM25(),), by=of_cell(texts[0], 3))) == signature(one) != signature(other)


@pytest.mark.parametrize("by", [None, 3, ["maxsim"]])
def test_what_is_neither_name_nor_function_is_refused(by):
    with pytest.raises(RetrieverError, match="is no function"):
        Rerank((BM25(),), by=by)


def test_what_the_model_that_scores_cannot_take_is_refused_before_anything_is_indexed():
    with pytest.raises(RetrieverError, match="max_length=9999 is more than the 512 word pieces"):
        create("rerank(bm25, by=cosine, max_length=9999)")


def test_a_table_of_word_vectors_is_no_model_for_maxsim(tmp_path):
    (tmp_path / "modules.json").write_text('[{"type": "sentence_transformers.models.StaticEmbedding", "path": ""}]')
    with pytest.raises(RetrieverError, match=r"a table of word vectors.* Give by=cosine"):
        Rerank((BM25(),), by="maxsim", model=str(tmp_path))
