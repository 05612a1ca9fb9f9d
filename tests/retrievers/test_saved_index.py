"""Indexes on disk: what was saved comes back to the bit, or counts as absent."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrievers.base import INDEX_DAMAGED, INDEX_FROM_CACHE, INDEX_UNWRITABLE
from retrievers.saved_index import SUFFIX, SavedIndexes, content_key, current, saving

KEY, OTHER = content_key("a", []), content_key("b", [])
ARRAYS = {
    "starts": np.arange(5, dtype=np.int64),
    "weights": np.linspace(0, 1, 7),
    "matrix": np.arange(6, dtype=np.float32).reshape(2, 3).T,  # not in C order
    "names": np.frombuffer("één\n".encode(), dtype=np.uint8),
    "nothing": np.zeros((0, 4), dtype=np.int32),
    "single": np.array(3.5),
}


class Recorded(dict):
    """A recorder that keeps the quantities."""

    def recorded(self, quantity, value, part):
        self[quantity] = value


@pytest.fixture
def recorded():
    from retrievers.base import listening

    recorder = Recorded()
    with listening(recorder):
        yield recorder


@pytest.fixture
def indexes(tmp_path):
    return SavedIndexes(tmp_path / "indexes")


def test_what_was_saved_comes_back_to_the_bit_and_read_only(indexes, recorded):
    indexes.save(KEY, ARRAYS)
    assert not recorded
    loaded = SavedIndexes(indexes.folder).load(KEY)
    assert recorded == {INDEX_FROM_CACHE: 1}
    assert list(loaded) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert loaded[name].dtype == array.dtype
        assert np.array_equal(loaded[name], array)
        assert loaded[name].shape == array.shape
    assert not any(array.flags.writeable for array in loaded.values() if array.size)


def test_what_was_never_saved_is_absent_without_a_word(indexes, recorded):
    assert indexes.load(KEY) is None
    assert indexes.info().indexes == 0
    assert not recorded


def test_a_damaged_file_is_absent_is_removed_and_is_said(indexes, recorded):
    """Every byte that means something, one after the other: of the header, and of each array."""
    indexes.save(KEY, {"a": np.arange(3)})
    (path,) = indexes.folder.glob(f"*{SUFFIX}")
    whole = path.read_bytes()
    unnoticed = []
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 1
        path.write_bytes(damaged)
        if indexes.load(KEY) is None:
            assert not path.exists()
        else:
            unnoticed.append(position)
    assert all(whole[position] == 0 for position in unnoticed), "the padding alone may be anything"
    assert recorded[INDEX_DAMAGED] == indexes.damaged == len(whole) - len(unnoticed)


@settings(max_examples=50)
@given(st.integers(0, 400))
def test_a_file_that_was_cut_is_absent(tmp_path_factory, size):
    indexes = SavedIndexes(tmp_path_factory.mktemp("cut"))
    indexes.save(KEY, {"a": np.arange(30)})
    (path,) = indexes.folder.glob(f"*{SUFFIX}")
    os.truncate(path, size)
    assert indexes.load(KEY) is None
    assert indexes.damaged == 1


def test_a_file_under_another_key_is_absent(indexes):
    indexes.save(KEY, ARRAYS)
    (path,) = indexes.folder.glob(f"*{SUFFIX}")
    path.rename(path.with_name(f"{OTHER.hex()}{SUFFIX}"))
    assert indexes.load(OTHER) is None


def test_python_objects_are_never_saved(indexes):
    with pytest.raises(TypeError, match="terms: arrays of objects"):
        indexes.save(KEY, {"terms": np.array(["a", None], dtype=object)})
    assert not indexes.folder.exists()


def test_the_least_recently_used_go_first_and_one_that_is_too_large_is_not_saved(tmp_path):
    indexes = SavedIndexes(tmp_path, limit_mb=2)
    keys = [content_key(number, []) for number in range(3)]
    megabyte = {"a": np.zeros(2**20 - 1000, dtype=np.uint8)}
    for age, key in ((20, keys[0]), (10, keys[1])):
        indexes.save(key, megabyte)
        path = tmp_path / f"{key.hex()}{SUFFIX}"
        os.utime(path, (path.stat().st_mtime - age,) * 2)
    assert indexes.load(keys[0]) is not None  # and is used again
    indexes.save(keys[2], megabyte)
    assert [indexes.load(key) is not None for key in keys] == [True, False, True]
    indexes.save(keys[1], {"a": np.zeros(2**22, dtype=np.uint8)})
    assert [indexes.load(key) is not None for key in keys] == [True, False, True]


def test_a_folder_that_cannot_be_made_is_left_alone(tmp_path, recorded):
    (tmp_path / "file").touch()
    indexes = SavedIndexes(tmp_path / "file" / "indexes")
    indexes.save(KEY, ARRAYS)
    assert indexes.load(KEY) is None
    assert recorded[INDEX_UNWRITABLE] == indexes.unwritable > 0


def test_nothing_but_the_file_is_left_and_clear_leaves_nothing(indexes):
    indexes.save(KEY, ARRAYS)
    indexes.save(KEY, ARRAYS)
    assert len(list(indexes.folder.iterdir())) == indexes.info().indexes == 1
    assert indexes.info().megabytes > 0
    indexes.clear()
    assert not indexes.folder.exists()


def test_keys_differ_by_identity_texts_their_order_and_their_boundaries():
    keys = {
        content_key(identity, texts)
        for identity in ("a", ["a"], {"k1": 1.5}, {"k1": 1.2})
        for texts in (["ab", "c"], ["a", "bc"], ["c", "ab"], ["abc"], ["ab", "c", ""], [], ["\ud800"])
    }
    assert len(keys) == 28
    assert content_key({"a": 1, "b": 2}, iter(["x"])) == content_key({"b": 2, "a": 1}, ["x"])


def test_none_serves_but_within_the_block(indexes):
    assert current() is None
    with saving(indexes):
        assert current() is indexes
        with saving(None):
            assert current() is None
    assert current() is None
