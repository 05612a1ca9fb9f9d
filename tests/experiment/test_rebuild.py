"""--rebuild: what is stored is ignored, and replaced by what is made."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import HashedDense

import bench
from bench.cli import main, parser
from bench.config import RunConfig
from bench.data.formats import load_dataset
from bench.errors import BenchError
from bench.experiment.one_query import search
from retrievers.dense.vector_cache import VectorCache
from retrievers.saved_index import SavedIndexes


def vector(*numbers):
    return np.array(numbers, dtype=np.float32)


def test_vectors_of_before_count_as_absent_and_are_replaced(tmp_path):
    path = tmp_path / "v.sqlite"
    VectorCache(path).put(b"e", {"old": vector(1), "both": vector(1)})
    cache = VectorCache(path, rebuild=True)
    assert cache.get(b"e", ["old", "both"]) == {}
    cache.put(b"e", {"both": vector(2)})
    assert {text: list(it) for text, it in cache.get(b"e", ["old", "both"]).items()} == {"both": [2.0]}
    after = VectorCache(path).get(b"e", ["old", "both"])
    assert {text: list(it) for text, it in after.items()} == {"old": [1.0], "both": [2.0]}


def test_an_encoder_of_another_key_gets_nothing_of_it(tmp_path):
    cache = VectorCache(tmp_path / "v.sqlite", rebuild=True)
    cache.put(b"e", {"text": vector(1)})
    assert cache.get(b"f", ["text"]) == {}


def test_indexes_of_before_are_not_opened_and_are_replaced(tmp_path):
    SavedIndexes(tmp_path).save(b"key", {"a": np.zeros(4)})
    indexes = SavedIndexes(tmp_path, rebuild=True)
    assert indexes.load(b"key") is None
    indexes.save(b"key", {"a": np.ones(4)})
    assert SavedIndexes(tmp_path).load(b"key")["a"].tolist() == [1] * 4


def test_a_search_puts_a_wrong_index_right(write_set, tmp_path):
    """An index that came to be wrong serves every search, until one rebuilds it."""
    dataset, path = load_dataset(write_set()), tmp_path / "v.sqlite"
    right = search("cat", dataset, ["bm25"], cache=VectorCache(path)).hits["bm25"]
    assert right
    saved = SavedIndexes.beside(path)
    (listed,) = saved.listed()
    key = bytes.fromhex(listed.path.stem)
    arrays = {name: np.array(array) for name, array in saved.load(key).items()}
    weights = next(name for name, array in arrays.items() if array.dtype.kind == "f" and array.size > 1)
    arrays[weights] = arrays[weights] * 2
    saved.save(key, arrays)
    wrong = search("cat", dataset, ["bm25"], cache=VectorCache(path)).hits["bm25"]
    assert wrong != right
    assert search("cat", dataset, ["bm25"], cache=VectorCache(path, rebuild=True)).hits["bm25"] == right
    assert search("cat", dataset, ["bm25"], cache=VectorCache(path)).hits["bm25"] == right


@pytest.mark.parametrize("retriever", ["fakes:HashedDense", HashedDense()], ids=["process", "in process"])
def test_a_run_encodes_all_of_it_anew(write_set, tmp_path, monkeypatch, retriever):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "v.sqlite"))
    monkeypatch.setenv("PYTHONPATH", "tests/support")
    folder, shares = write_set(), []
    for name, rebuild in (("one", False), ("two", False), ("three", True), ("four", False)):
        run = bench.run(
            folder, [retriever], results=str(tmp_path / "out"), name=name, latency=False, rebuild=rebuild, map="none"
        )
        assert run.failures == []
        found = run.latency.set_index("quantity")["value"]
        shares.append(found.get("vectors_from_cache", 0.0))
    assert shares[1] == shares[3] > 0
    assert shares[0] == shares[2] == 0


def test_it_contradicts_no_cache(capsys):
    with pytest.raises(BenchError, match="rebuild replaces what is stored, and cache is off"):
        RunConfig(cache=False, rebuild=True)
    for command in ("search x", "context x", "run", "map x", "curve x --sweep ef=1,2"):
        assert parser().parse_args([*command.split(), "--rebuild"]).rebuild
        with pytest.raises(SystemExit) as ended:
            main([*command.split(), "--rebuild", "--no-cache"])
        assert ended.value.code == 2
        assert "--no-cache: not allowed with argument --rebuild" in capsys.readouterr().err


def test_the_indexes_are_listed_and_cleared(write_set, tmp_path, monkeypatch, capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 0
        return capsys.readouterr().out

    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "v.sqlite"))
    assert "0 indexes, 0.0 MB" in call("indexes")
    search("cat", load_dataset(write_set()), ["bm25"], cache=VectorCache(tmp_path / "v.sqlite"))
    SavedIndexes.beside(tmp_path / "v.sqlite").save(b"key", {"a": np.zeros(4)})
    (tmp_path / "v.indexes" / "damaged.index").write_bytes(b"bench")
    listed = call("indexes", "info")
    assert "bm25, documents: 5" in listed
    assert listed.count("(it does not say)") == 2
    assert "3 indexes, 0.0 MB" in listed
    assert "3 indexes, 0.0 MB; cleared" in call("indexes", "clear")
    assert "0 indexes" in call("indexes")
