"""Words near a vector."""

from __future__ import annotations

import numpy as np
import pytest

from retrievers import RetrieverError
from retrievers.dense.word_vectors import files_of, nearest_words, read_word_vectors, word_vector

# Of two numbers: how royal, how female.
WORDS = {"king": (5, 0), "queen": (3, 3), "man": (0.1, 0), "woman": (0.1, 2), "prince": (1, 0.1), "rock": (-1, -1)}


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("".join(f"{word} {x} {y}\n" for word, (x, y) in WORDS.items()), "utf-8")
    return read_word_vectors(files_of(str(path)))


def test_the_nearest_are_by_cosine_and_do_not_depend_on_length(table):
    vector = np.array([1, 1], dtype=np.float32)
    nearest = nearest_words(table, vector, 3)
    assert [word for word, _ in nearest] == ["queen", "prince", "woman"]
    expected = [(x + y) / np.hypot(x, y) / np.sqrt(2) for x, y in (WORDS[word] for word, _ in nearest)]
    assert [cosine for _, cosine in nearest] == pytest.approx(expected, abs=1e-6)
    assert [word for word, _ in nearest_words(table, 100 * vector, 3)] == [word for word, _ in nearest]


def test_an_analogy_leaves_out_what_went_into_it(table):
    king, man, woman = (word_vector(table, word) for word in ("king", "man", "woman"))
    analogy = king - man + woman
    assert nearest_words(table, analogy, 1, without=["King", "MAN"])[0][0] == "woman"
    assert nearest_words(table, analogy, 1, without=["king", "man", "woman"])[0][0] == "queen"
    assert len(nearest_words(table, analogy, 99, without=["king"])) == len(WORDS) - 1


def test_a_word_has_length_one_and_several_are_their_mean(table):
    assert word_vector(table, "king").tolist() == [1, 0]
    mean = np.array([4, 1.5])
    assert word_vector(table, "king queen") == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)


def test_an_unknown_word_is_an_error(table):
    with pytest.raises(RetrieverError, match="no vector for 'duke'"):
        word_vector(table, "duke")


def test_the_marks_of_word_pieces_are_no_part_of_words():
    pytest.importorskip("wordllama")
    table = read_word_vectors(files_of("wordllama"))
    assert nearest_words(table, word_vector(table, "king"), 1) == [("king", pytest.approx(1, abs=1e-5))]
