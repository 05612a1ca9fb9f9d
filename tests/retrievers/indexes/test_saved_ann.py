"""Saved indexes of vectors: opened, they answer as those that were built, to the bit, and no document is encoded."""

from __future__ import annotations

import gc
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numbered import Keyed, Numbered, clustered, numbers

from bench.experiment.workers.recorder import SummingRecorder
from retrievers import saved_index
from retrievers.approximate import BUILD_INDEX, comparing
from retrievers.base import INDEX_BYTES, INDEX_FROM_CACHE, INDEX_NEEDS, listening
from retrievers.dense.exact import KeyedEncoder
from retrievers.indexes import built_index
from retrievers.indexes.ann import Ann
from retrievers.indexes.faiss_indexes import INDEXES
from retrievers.saved_index import SavedIndexes, saving

pytestmark = pytest.mark.slow

ROWS = clustered(750)
DOCUMENTS, QUERIES = numbers(0, 700), numbers(700, 750)
EVERY_KIND = [
    *({"index_type": name} for name in INDEXES),
    {"index_type": "hnsw", "storage": "sq8"},
    {"index_type": "flat", "dimensions": 16, "rescore": 50, "keep": "float16"},
    {"index_type": "hnsw", "pca": 16, "rescore": 50, "keep": "float32"},
]


def built(folder, documents=DOCUMENTS, encoder=None, **settings):
    """An ann with its index, and what was recorded."""
    recorder, ann = SummingRecorder(), Ann((encoder or Keyed(ROWS),), **settings)
    with listening(recorder), saving(folder and SavedIndexes(folder)), comparing():
        ann.index(documents)
    return ann, recorder.work(0.0)


def opened(folder, **settings):
    return INDEX_FROM_CACHE in built(folder, **settings)[1].quantities


def test_the_encoder_of_these_tests_is_keyed():
    assert isinstance(Keyed(ROWS), KeyedEncoder)
    assert not isinstance(Numbered(ROWS), KeyedEncoder)


@pytest.mark.parametrize("settings", EVERY_KIND, ids=str)
def test_an_opened_index_answers_as_the_built_one(settings, tmp_path):
    plain, told = built(None, **settings)
    built(tmp_path, **settings)
    again, told_again = built(tmp_path, **settings)
    gc.collect()
    assert again.parts[0].encoded == 0
    assert again.search(QUERIES, 20) == plain.search(QUERIES, 20)
    assert told_again.quantities == {INDEX_FROM_CACHE: 1, INDEX_BYTES: told.quantities[INDEX_BYTES]}
    assert BUILD_INDEX in told.phases
    assert BUILD_INDEX not in told_again.phases, "no time of a build comes from a saved index"


def test_what_was_opened_is_mapped_and_not_copied(tmp_path):
    settings = {"index_type": "hnsw", "rescore": 50, "keep": "float32", "pca": 16}
    built(tmp_path, **settings)
    its = built(tmp_path, **settings)[0]._built
    for array in (its.index.vectors, its.kept.vectors, its.reduction.axes):
        assert not array.flags.owndata
    assert np.shares_memory(its.index.vectors, its.index.index.referenced_objects[0])


def test_the_parameters_of_a_search_and_another_folder_share_an_index(tmp_path):
    built(tmp_path, index_type="hnsw", ef=20)
    assert opened(tmp_path, index_type="hnsw", ef=200)
    built(tmp_path, index_type="pq", rescore=20)
    assert opened(tmp_path, index_type="pq", rescore=200)
    assert SavedIndexes(tmp_path).info().indexes == 2


def test_other_parameters_texts_vectors_or_versions_are_another_index(tmp_path, monkeypatch):
    import faiss

    built(tmp_path, index_type="hnsw")
    dot = Keyed(ROWS, "dot")
    for other in (
        {"m": 8},
        {"construction": 50},
        {"storage": "sq8"},
        {"pca": 16},
        {"dimensions": 16},
        {"rescore": 9},
        {"index_type": "sq8"},
        {"encoder": Keyed(-ROWS)},
        {"encoder": dot},
        {"documents": DOCUMENTS[::-1]},
    ):
        assert not opened(tmp_path, **other), other
    assert opened(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(faiss, "__version__", "another")
        assert not opened(tmp_path)
    changed = tmp_path / "changed.py"
    changed.write_text("another")
    monkeypatch.setattr(built_index.faiss_indexes, "__file__", str(changed))
    assert not opened(tmp_path)


def test_a_damaged_one_is_built_again(tmp_path):
    built(tmp_path)
    (path,) = tmp_path.glob("*.index")
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    ann, told = built(tmp_path)
    assert told.quantities["index_damaged"] == 1
    assert ann.parts[0].encoded == 1
    assert ann.search(QUERIES, 5) == built(None)[0].search(QUERIES, 5)
    assert opened(tmp_path)


def test_an_encoder_that_does_not_know_what_decides_its_vectors_has_none(tmp_path, monkeypatch):
    built(tmp_path, encoder=Numbered(ROWS))
    monkeypatch.setattr(Keyed, "vectors_key", lambda *_: None)
    built(tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_was_searched_without_an_index_says_so_again(tmp_path):
    few = DOCUMENTS[:50]
    _, told = built(tmp_path, few, index_type="pq")
    ann, told_again = built(tmp_path, few, index_type="pq")
    assert ann.parts[0].encoded == 0
    assert told_again.warnings == told.warnings
    assert told_again.quantities[INDEX_NEEDS] == 624


@pytest.mark.parametrize("settings", EVERY_KIND, ids=str)
def test_exact_search_encodes_no_document_again(settings):
    ann, _ = built(None, **settings)
    exact = Numbered(ROWS)
    exact.index(DOCUMENTS)
    asked = [*QUERIES, "unknown"]
    assert ann.search_exact(asked, 10) == exact.search(asked, 10)
    assert ann.searching_with().search_exact(asked, 10) == exact.search(asked, 10)
    assert ann.parts[0].encoded == 1


@pytest.mark.parametrize(("settings", "encoded"), [({"index_type": "hnsw"}, 0), ({"index_type": "binary"}, 1)])
def test_exact_search_beside_an_opened_index(settings, encoded, tmp_path):
    built(tmp_path, **settings)
    ann, _ = built(tmp_path, **settings)
    exact = Numbered(ROWS)
    exact.index(DOCUMENTS)
    assert ann.search_exact(QUERIES, 10) == exact.search(QUERIES, 10)
    assert ann.parts[0].encoded == encoded, "only where the index does not hold the vectors"


def test_vectors_are_set_aside_where_they_will_be_compared_alone(monkeypatch):
    ann = Ann((Keyed(ROWS),), index_type="binary")
    ann.index(DOCUMENTS)
    assert ann._built.whole is None
    ann.search_exact(QUERIES, 10)
    assert ann.parts[0].encoded == 2
    assert isinstance(built(None, index_type="binary")[0]._built.whole.base, np.memmap)
    monkeypatch.setattr(built_index.tempfile, "TemporaryFile", partial(Path("/dev/full").open, "wb"))
    full, _ = built(None, index_type="binary")
    assert full.search_exact(QUERIES, 10) == ann.search_exact(QUERIES, 10), "a full disk spoils nothing"


class Titled(list):
    columns = ("title", "text")

    def column(self, name):
        return [text[:3] if name == "title" else text[3:] for text in self]


def test_what_decides_the_vectors_of_a_model():
    from retrievers.dense.bi_encoder import Dense

    texts = Titled(["one two", "three"])
    encoders = [Dense(), Dense(max_length=64), *(Dense(fields=its) for its in ("title text", "title^2 text", "text"))]
    keys = [encoder.vectors_key(texts) for encoder in encoders]
    assert len({*keys, Dense().vectors_key(texts[::-1]), Dense(revision=None).vectors_key(["one two"])}) == 7
    assert Dense().vectors_key(list(texts)) == keys[0]
    assert isinstance(encoders[0], KeyedEncoder)


def test_what_is_learnt_from_documents_is_not_saved(tmp_path):
    from retrievers.dense.lsa import Lsa

    built(tmp_path, ["a cat", "a dog", "two cats"], Lsa(), index_type="flat")
    assert not list(tmp_path.iterdir())


def test_a_plain_use_saves_nothing(monkeypatch):
    monkeypatch.setattr(saved_index.SavedIndexes, "save", lambda *_: pytest.fail("saved"))
    Ann((Keyed(ROWS),)).index(DOCUMENTS)
