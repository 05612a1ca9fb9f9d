"""Static embeddings: the weights by their formulas, and the tables in every form in which they are published."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers

from retrievers import RetrieverError, create, signature
from retrievers.dense.word_vectors import files_of, read_word_vectors
from retrievers.testing import rehearse

WORDS = {"cat": [1.0, 0.0, 1.0], "mat": [0.0, 1.0, 0.0], "dog": [1.0, 1.0, 0.0], "tree": [0.0, -1.0, 2.0]}
TEXTS = ["cat mat", "dog", "Tree cat cat", "stone"]


def glove(path, words=None):
    lines = (f"{word} {' '.join(map(repr, vector))}\n" for word, vector in (words or WORDS).items())
    path.write_text("".join(lines), "utf-8")
    return path


def binary(path, words):
    head = f"{len(words)} {len(next(iter(words.values())))}\n".encode()
    path.write_bytes(
        head + b"".join(w.encode() + b" " + struct.pack(f"<{len(v)}f", *v) + b"\n" for w, v in words.items())
    )
    return path


def table(folder, tensors, words=("[UNK]", *WORDS)):
    folder.mkdir()
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    save_file(tensors, folder / "model.safetensors")
    return folder


def vectors_of(retriever, texts=TEXTS):
    retriever.index(texts)
    return retriever.document_vectors(np.arange(len(texts)))


def unit(rows):
    rows = np.array(rows, dtype=np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths, lengths, 1)


@pytest.fixture
def file(tmp_path):
    return glove(tmp_path / "glove.txt")


def test_a_text_is_the_mean_of_its_words(file):
    found = vectors_of(create(f"static:vectors={file}"))
    np.testing.assert_allclose(found, unit([[1, 1, 1], [1, 1, 0], [2, -1, 4], [0, 0, 0]]), atol=1e-6)


def test_idf_weights_by_scikit_learns_formula(file):
    idf = {word: np.log((1 + 4) / (1 + df)) + 1 for word, df in {"cat": 2, "mat": 1, "dog": 1, "tree": 1}.items()}
    rows = [[WORDS[w] for w in t.lower().split() if w in WORDS] for t in TEXTS]
    weights = [[idf[w] for w in t.lower().split() if w in WORDS] for t in TEXTS]
    wanted = unit([np.average(r, axis=0, weights=w) if r else np.zeros(3) for r, w in zip(rows, weights, strict=True)])
    np.testing.assert_allclose(vectors_of(create(f"static:vectors={file},weighting=idf")), wanted, atol=1e-6)


def test_sif_weights_by_frequency_and_takes_the_common_part_away(file):
    shares = {"cat": 3 / 6, "mat": 1 / 6, "dog": 1 / 6, "tree": 1 / 6}
    means = np.zeros((4, 3))
    for row, text in enumerate(TEXTS):
        known = [word for word in text.lower().split() if word in WORDS]
        if known:
            weights = [0.001 / (0.001 + shares[word]) for word in known]
            means[row] = np.average([WORDS[word] for word in known], axis=0, weights=weights)
    common = np.linalg.svd(means)[2][0]
    wanted = unit(means - np.outer(means @ common, common))
    np.testing.assert_allclose(vectors_of(create(f"static:vectors={file},weighting=sif")), wanted, atol=1e-5)


def test_of_nothing_known_there_is_no_hit(file):
    retriever = create(f"static:vectors={file}")
    retriever.index(TEXTS)
    assert retriever.search(["stone", "DOG"], 2).documents.tolist() == [[-1, -1], [1, 0]]


@given(
    st.dictionaries(
        st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=8),
        st.lists(st.floats(-1e3, 1e3, width=32), min_size=3, max_size=3),
        min_size=1,
        max_size=9,
    )
)
def test_every_form_of_a_file_holds_the_same_table(tmp_path_factory, words):
    folder = tmp_path_factory.mktemp("vectors")
    text = glove(folder / "glove.txt", words)
    headed = folder / "word2vec.txt"
    headed.write_text(f"{len(words)} 3\n" + text.read_text("utf-8"), "utf-8")
    for path in (text, headed, binary(folder / "word2vec.bin", words)):
        np.testing.assert_array_equal(read_word_vectors([path]).matrix, np.array(list(words.values()), np.float32))


def test_a_word_may_hold_spaces(tmp_path):
    matrix = read_word_vectors([glove(tmp_path / "v", {"cat": [1.0, 2.0], ". . .": [3.0, 4.0]})]).matrix
    assert matrix.tolist() == [[1, 2], [3, 4]]


def test_words_keep_their_case_where_the_table_knows_it(tmp_path):
    rows = read_word_vectors([glove(tmp_path / "v", {"US": [1.0], "us": [2.0], "cat": [3.0]})]).rows
    assert rows(["US us Cat CAT Us", "", "stone"]) == [[0, 1, 2, 2, 1], [], []]


def test_a_folder_of_static_embeddings_gives_what_sentence_transformers_does(tmp_path):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    plain = table(tmp_path / "plain", {"embedding.weight": np.array([[0, 0, 0], *WORDS.values()], np.float32)})
    theirs = StaticEmbedding(
        Tokenizer.from_file(str(plain / "tokenizer.json")), np.array([[0, 0, 0], *WORDS.values()], np.float32)
    )
    model = SentenceTransformer(modules=[theirs], device="cpu")
    model.save_pretrained(str(tmp_path / "saved"))
    texts = ["cat mat", "dog", "tree cat cat"]
    ours = vectors_of(create(f"static:vectors={tmp_path / 'saved'}"), texts)
    np.testing.assert_allclose(ours, unit(model.encode(texts)), atol=1e-6)


def test_a_folder_of_model2vec_has_weights_and_shared_rows(tmp_path):
    folder = table(
        tmp_path / "m2v",
        {
            "embeddings": np.array([[1, 0], [0, 1], [1, 1]], np.float16),
            "weights": np.array([1, 1, 2, 3, 4]),
            "mapping": np.array([0, 0, 1, 2, 1]),
        },
    )
    found = vectors_of(create(f"static:vectors={folder}"), ["cat mat", "dog tree", "stone"])
    np.testing.assert_allclose(found, unit([[1, 2], [3, 7], [0, 0]]), atol=1e-6)


def test_wordllama_gives_what_its_library_does():
    wordllama = pytest.importorskip("wordllama.inference", exc_type=ImportError)
    weights, tokenizer = files_of("wordllama")
    from safetensors.numpy import load_file

    theirs = wordllama.WordLlamaInference(load_file(weights)["embedding.weight"], Tokenizer.from_file(str(tokenizer)))
    texts = ["A cat sat on the mat.", "Error E-4012", "你好 世界"]
    np.testing.assert_allclose(vectors_of(create("static"), texts), theirs.embed(texts, norm=True), atol=1e-5)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "line 1: holds no vector"),
        (b"cat 1 2\nmat 1\n", "line 2: has no 2 numbers after a word"),
        (b"cat 1 2\nmat 1 x\n", "line 2: has no 2 numbers after a word"),
        (b"cat 1 2\nmat 1 nan\n", "vector 2: is not finite"),
        (b"2 2\ncat " + struct.pack("<2f", 1, 2) + b"\nmat \0", "word 2: is cut off: there are to be 2"),
    ],
)
def test_a_damaged_file_is_one_clear_error(tmp_path, content, message):
    path = tmp_path / "vectors"
    path.write_bytes(content)
    with pytest.raises(RetrieverError) as caught:
        create(f"static:vectors={path}").index(TEXTS)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_what_is_no_table_is_refused_before_the_run(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    with pytest.raises(RetrieverError, match="holds no table of word vectors"):
        create(f"static:vectors={tmp_path / 'empty'}")
    with pytest.raises(RetrieverError, match="There are no word vectors at 'absent'"):
        create("static:vectors=absent")
    with pytest.raises(RetrieverError, match="weighting='bm25' is not known"):
        create("static:weighting=bm25")
    monkeypatch.setattr("retrievers.dense.word_vectors.WORDLLAMA", "no_such_package")
    with pytest.raises(RetrieverError, match=r"pip install -e '\.\[static\]'"):
        create("static:vectors=no_such_package")


def test_the_content_is_pinned(file):
    retriever = create(f"static:vectors={file}")
    assert f"sha256={retriever.sha256!r}" in signature(retriever)
    create(f"static:vectors={file},sha256={retriever.sha256}")
    with pytest.raises(RetrieverError, match="has the sha256"):
        create(f"static:vectors={file},sha256={'0' * 12}")
    assert rehearse(retriever) == ""
