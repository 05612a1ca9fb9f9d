"""BM25's index on disk: opened, it answers as the one that was built, to the bit."""

import numpy as np
import pytest

from bench.experiment.workers.recorder import SummingRecorder
from retrievers import create, saved_index
from retrievers.base import INDEX_BYTES, INDEX_FROM_CACHE, listening
from retrievers.lexical import bm25, term_numbers
from retrievers.saved_index import SavedIndexes, saving

TEXTS = ["no visa, not required", "E-4012: the cats ran", "", "C++ and cats", "naïve cats 的"]
QUERIES = ["cats in C++", "e-4012 visa visa", "unknown", "的 naïve"]


class Titled(list):
    columns = ("title", "text")

    def column(self, name):
        return [text[:6] if name == "title" else text[6:] for text in self]


def built(specification, folder, texts=TEXTS):
    """A retriever with its index, and what was recorded."""
    recorder, retriever = SummingRecorder(), create(specification)
    with listening(recorder), saving(folder and SavedIndexes(folder)):
        retriever.index(Titled(texts))
    return retriever, recorder.work(0.0)


@pytest.fixture
def no_analysis(monkeypatch):
    """Call it, and who analyses documents fails."""
    return lambda: monkeypatch.setattr(bm25, "number_terms", lambda *_: pytest.fail("documents were analysed"))


@pytest.mark.parametrize(
    "specification", ["bm25", "bm25:variant=l", "bm25:variant=plus", 'bm25:fields="title^2 text~0.5"']
)
def test_an_opened_index_answers_as_the_built_one(specification, tmp_path, no_analysis):
    plain, told = built(specification, None)
    first, _ = built(specification, tmp_path)
    no_analysis()
    opened, told_again = built(specification, tmp_path)
    for retriever in (first, opened):
        assert retriever.search(QUERIES, 5) == plain.search(QUERIES, 5)
        assert np.array_equal(retriever.scores("cats visa"), plain.scores("cats visa"))
    assert told_again.quantities == {INDEX_FROM_CACHE: 1, INDEX_BYTES: told.quantities[INDEX_BYTES]}
    assert told_again.warnings == told.warnings, "what is said of the idf is said again"


@pytest.mark.parametrize("texts", [["", "..."], []])
def test_documents_without_a_term_are_saved_too(texts, tmp_path):
    for _ in range(2):
        retriever, _ = built("bm25", tmp_path, texts)
        assert (retriever.search(["cats"], 1).documents == -1).all()


def test_another_parameter_text_order_or_version_is_another_index(tmp_path, monkeypatch):
    built("bm25", tmp_path)
    others = [("bm25:k1=1.2", TEXTS), ("bm25:stemmer=none", TEXTS), ("bm25:variant=plus", TEXTS), ("bm25", TEXTS[::-1])]
    for specification, texts in others:
        assert INDEX_FROM_CACHE not in built(specification, tmp_path, texts)[1].quantities
    monkeypatch.setattr(saved_index.metadata, "version", lambda package: f"{package} of another version")
    assert INDEX_FROM_CACHE not in built("bm25", tmp_path)[1].quantities
    assert SavedIndexes(tmp_path).info().indexes == 6


def test_another_code_is_another_index(tmp_path, monkeypatch):
    built("bm25", tmp_path)
    changed = tmp_path / "term_numbers.py"
    changed.write_text("another")
    monkeypatch.setattr(term_numbers, "__file__", str(changed))
    assert INDEX_FROM_CACHE not in built("bm25", tmp_path)[1].quantities


def test_a_damaged_index_is_built_again(tmp_path):
    built("bm25", tmp_path)
    (path,) = tmp_path.glob("*.index")
    data = bytearray(path.read_bytes())
    data[-64] ^= 1
    path.write_bytes(data)
    retriever, told = built("bm25", tmp_path)
    assert told.quantities["index_damaged"] == 1
    assert retriever.search(QUERIES, 5) == built("bm25", None)[0].search(QUERIES, 5)
    assert built("bm25", tmp_path)[1].quantities[INDEX_FROM_CACHE] == 1


def test_the_librarys_own_scoring_is_never_saved(tmp_path):
    built("bm25:scoring=library", tmp_path)
    assert not list(tmp_path.iterdir())


def test_without_a_folder_nothing_is_saved(tmp_path, monkeypatch):
    monkeypatch.setattr(SavedIndexes, "save", lambda *_: pytest.fail("saved"))
    built("bm25", None)
