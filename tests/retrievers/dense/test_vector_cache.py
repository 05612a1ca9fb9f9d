"""The embedding cache: keyed by content, verified, shared, bounded, and never in the way."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from fakes import Hashed, HashedDense
from hypothesis import given
from hypothesis import strategies as st
from places import ROOT

import bench
from bench.cli import main
from retrievers import RetrieverError, create
from retrievers.dense.encoder import Encoder
from retrievers.dense.vector_cache import VectorCache, caching, default_path


@pytest.fixture
def cache(tmp_path):
    made = VectorCache(tmp_path / "vectors.sqlite")
    yield made
    made.close()


def vectors(*texts, size=4):
    return {text: np.arange(size, dtype=np.float32) + len(text) for text in texts}


def test_what_was_put_is_got(cache):
    cache.put(b"one", vectors("a", "bb"))
    found = cache.get(b"one", ["bb", "absent", "a"])
    assert found.keys() == {"a", "bb"}
    assert found["bb"].tolist() == [2, 3, 4, 5]
    assert cache.get(b"other", ["a"]) == {}
    info = cache.info()
    assert (info.vectors, info.encoders) == (2, 1)


@given(st.lists(st.text(), max_size=20))
def test_any_text_is_a_key(tmp_path_factory, texts):
    cache = VectorCache(tmp_path_factory.mktemp("any") / "v.sqlite")
    cache.put(b"e", {text: np.array([float(i)], dtype=np.float32) for i, text in enumerate(texts)})
    last = {text: float(i) for i, text in enumerate(texts)}
    assert {text: vector[0] for text, vector in cache.get(b"e", texts).items()} == last
    cache.close()


def test_a_damaged_vector_counts_as_absent(cache):
    cache.put(b"e", vectors("a", "b"))
    cache.close()
    with sqlite3.connect(cache.path) as connection:
        connection.execute("UPDATE vectors SET vector = zeroblob(16) WHERE text = (SELECT MIN(text) FROM vectors)")
    connection.close()
    assert len(cache.get(b"e", ["a", "b"])) == 1
    assert cache.damaged == 1


def test_a_vector_under_another_key_is_damage(cache):
    cache.put(b"e", vectors("a"))
    with sqlite3.connect(cache.path) as connection:
        connection.execute("UPDATE vectors SET encoder = ?", [b"f"])
    connection.close()
    assert cache.get(b"f", ["a"]) == {}
    assert cache.damaged == 1


def damage(cache, garbage=b"SQLite format 3\0" + b"\xff" * 5000):
    cache.close()
    for suffix in ("-wal", "-shm"):
        Path(f"{cache.path}{suffix}").unlink(missing_ok=True)
    cache.path.write_bytes(garbage)


def test_a_damaged_file_is_begun_anew(cache):
    cache.put(b"e", vectors("a"))
    damage(cache)
    assert cache.get(b"e", ["a"]) == {}
    cache.put(b"e", vectors("a"))
    assert cache.get(b"e", ["a"]).keys() == {"a"}
    assert cache.rebuilt == 1
    assert Path(f"{cache.path}.damaged").exists()


def test_the_usual_file_is_begun_anew_whatever_it_holds(tmp_path, monkeypatch):
    monkeypatch.delenv("BENCH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    cache = VectorCache(default_path())
    cache.put(b"e", vectors("a"))
    damage(cache, b"no database" * 1000)
    assert cache.get(b"e", ["a"]) == {}
    assert cache.rebuilt == 1
    cache.close()


def test_a_file_of_another_version_is_begun_anew_and_said_so(tmp_path, monkeypatch, capsys):
    path = tmp_path / "vectors.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE vectors (encoder BLOB, text BLOB, vector BLOB)")
    monkeypatch.setenv("BENCH_CACHE", str(path))
    for said in (True, False):
        with pytest.raises(SystemExit) as caught:
            main(["cache", "info"])
        assert caught.value.code == 0
        assert ("of another version, and was set aside" in " ".join(capsys.readouterr().out.split())) == said
    assert Path(f"{path}.damaged").exists()


def test_what_was_set_aside_before_is_kept(cache):
    for content in (b"one", b"two"):
        damage(cache, b"SQLite format 3\0" + content * 1000)
        cache.get(b"e", ["a"])
    assert b"one" in Path(f"{cache.path}.damaged").read_bytes()
    assert b"two" in Path(f"{cache.path}.damaged-2").read_bytes()


@pytest.mark.parametrize("content", [b"Notes.", b"Years of notes.\n" * 1000])
def test_a_file_that_is_no_cache_is_refused_and_left_as_it_is(tmp_path, content):
    notes = tmp_path / "notes.txt"
    notes.write_bytes(content)
    with pytest.raises(RetrieverError, match=r"notes\.txt is no embedding cache"):
        VectorCache(notes).put(b"e", vectors("a"))
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    assert notes.read_bytes() == content


@pytest.mark.parametrize("command", [["cache", "clear"], ["doctor"]])
def test_a_command_says_that_a_file_is_no_cache(tmp_path, monkeypatch, capsys, command):
    notes = tmp_path / "notes.txt"
    notes.write_text("Years of notes.")
    monkeypatch.setenv("BENCH_CACHE", str(notes))
    monkeypatch.setenv("COLUMNS", "500")
    with pytest.raises(SystemExit) as caught:
        main(command)
    assert caught.value.code == 2
    assert "notes.txt is no embedding cache" in "".join(capsys.readouterr())
    assert notes.read_text() == "Years of notes."


def test_a_damaged_file_that_cannot_be_moved_is_left_alone(cache, monkeypatch):
    damage(cache)

    def refuse(path, target):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    assert cache.get(b"e", ["a"]) == {}
    assert (cache.unwritable, cache.rebuilt) == (1, 0)


def test_a_cache_that_cannot_be_written_is_left_alone(tmp_path):
    (tmp_path / "file").write_text("")
    cache = VectorCache(tmp_path / "file" / "v.sqlite")  # its folder cannot be made
    cache.put(b"e", vectors("a"))
    assert cache.get(b"e", ["a"]) == {}
    assert cache.unwritable == 2


def test_a_full_disk_loses_the_vectors_and_nothing_else(cache):
    cache.put(b"e", vectors("before"))
    cache._open().execute(f"PRAGMA max_page_count = {cache._open().execute('PRAGMA page_count').fetchone()[0]}")
    cache.put(b"e", {f"text {i}": np.zeros(384, dtype=np.float32) for i in range(100)})  # "database or disk is full"
    assert cache.unwritable == 1
    assert cache.get(b"e", ["before", "text 0"]).keys() == {"before"}


def test_the_least_recently_used_go_first(cache, monkeypatch):
    cache.limit_mb = 1
    clock = iter(range(10**6, 10**9, 10**4))
    monkeypatch.setattr("retrievers.dense.vector_cache._now", lambda: next(clock))
    for number in range(8):
        cache.put(b"e", {f"{number}/{i}": np.zeros(384, dtype=np.float32) for i in range(100)})
        assert "0/0" in cache.get(b"e", ["0/0"])  # kept by use
    info = cache.info()
    assert info.vectors < 800
    assert info.megabytes < 2
    assert "7/0" in cache.get(b"e", ["7/0"])
    assert cache.get(b"e", ["1/0"]) == {}


def test_two_processes_share_one_cache(tmp_path):
    path = tmp_path / "shared.sqlite"
    code = (
        "import sys, numpy as np; from pathlib import Path; from retrievers.dense.vector_cache import VectorCache\n"
        f"cache = VectorCache(Path({str(path)!r})); who = int(sys.argv[1])\n"
        "for start in range(0, 1000, 50):\n"
        "    cache.put(b'e', {f't{i}': np.full(384, i, dtype=np.float32) for i in range(start, start + 50)})\n"
        "    cache.get(b'e', [f't{i}' for i in range(1000)])\n"
        "print(cache.unwritable, cache.damaged, cache.rebuilt)"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(who)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for who in (1, 2)
    ]
    assert [each.communicate()[0].strip() for each in running] == ["0 0 0"] * 2
    found = VectorCache(path).get(b"e", [f"t{i}" for i in range(1000)])
    assert all((found[f"t{i}"] == i).all() for i in range(1000))


def test_a_fresh_file_that_another_process_holds_is_waited_for(cache):
    other = sqlite3.connect(cache.path, isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE begun (by TEXT)")
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, other.execute, ["COMMIT"])
    release.start()
    cache.put(b"e", vectors("a"))
    release.join()
    other.close()
    assert cache.unwritable == 0
    assert cache.get(b"e", ["a"]).keys() == {"a"}


def test_clear_removes_everything(cache):
    cache.put(b"e", vectors("a"))
    cache.clear()
    assert not cache.path.exists()
    assert cache.info().vectors == 0


# --- encoders with a cache ---

TEXTS = ["a cat on a mat", "a dog", "a cat on a mat", "", "a much longer text about cats and dogs"]


def test_what_is_cached_is_what_would_be_encoded(cache):
    plain = Encoder().encode(TEXTS, "document")
    with caching(cache):
        first = Encoder().encode(TEXTS, "document")
        second = Encoder().encode(TEXTS, "document")
    assert np.array_equal(plain, first)
    assert np.array_equal(first, second)
    assert cache.info().vectors == 4  # of five texts two are the same


def test_a_vector_that_is_not_finite_is_an_error_and_is_not_stored(cache, monkeypatch):
    """It would hide the hits of other queries, in every later run too."""
    encoder = Hashed()
    original = encoder._forward

    def spoil(model, texts, side):
        return np.where([[text == "bad"] for text in texts], np.nan, original(model, texts, side))

    monkeypatch.setattr(encoder, "_forward", spoil)
    with caching(cache), pytest.raises(RetrieverError, match="gives 1 of 2 texts a vector that is not finite"):
        encoder.encode(["good", "bad"], "document")
    assert cache.info().vectors == 0


def test_an_edited_corpus_encodes_only_what_changed(cache, monkeypatch):
    with caching(cache):
        Encoder().encode(TEXTS, "document")
        encoder, encoded = Encoder(), []
        original = encoder._forward
        monkeypatch.setattr(
            encoder, "_forward", lambda model, texts, side: encoded.extend(texts) or original(model, texts, side)
        )
        encoder.encode([*TEXTS, "something new"], "document")
    assert encoded == ["something new"]


def test_each_setting_has_vectors_of_its_own():
    settings = [
        {},
        {"max_length": 32},
        {"dtype": "bfloat16"},
        {"batch_size": 8},
        {"query_prompt": "query: "},
        {"device": "cuda:1"},
    ]
    keys = {Encoder(**each)._key("query") for each in settings} | {Encoder()._key("document")}
    assert len(keys) == 7


@pytest.mark.parametrize(
    ("driver", "variables", "device"),
    [(True, {}, "cuda"), (True, {"CUDA_VISIBLE_DEVICES": ""}, "cpu"), (False, {}, "cpu")],
)
def test_vectors_are_kept_by_the_device_that_torch_would_choose(tmp_path, monkeypatch, driver, variables, device):
    monkeypatch.setattr("retrievers.dense.encoder.DRIVERS", [str(tmp_path if driver else tmp_path / "absent")])
    monkeypatch.setattr("platform.system", lambda: "Linux")
    for name in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Encoder()._key("query") == Encoder(device=device)._key("query")


def test_a_changed_model_has_vectors_of_its_own(tmp_path):
    keys = set()
    for content in ("{}", '{"a": 1}'):
        folder = tmp_path / str(len(keys))
        folder.mkdir()
        (folder / "modules.json").write_text("[]")
        (folder / "tokenizer.json").write_text(content)
        (folder / "README.md").write_text(f"does not count {content}")
        keys.add(Encoder(model=str(folder))._key("query"))
    assert len(keys) == 2


def test_timed_searches_never_use_it(cache):
    retriever = create("minilm")
    with caching(cache):
        retriever.index(TEXTS)
    before = cache.info().vectors
    retriever.search(["a query"], 3)
    assert cache.info().vectors == before


@pytest.mark.slow
def test_a_second_quality_run_encodes_nothing_and_imports_no_torch(write_set, tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "own.sqlite"))
    folder = write_set()
    first = bench.run(folder, ["minilm"], results=str(tmp_path / "out"), name="one", latency=False)
    code = (
        "import sys, bench, retrievers\n"
        f"out, minilm = {str(tmp_path / 'out')!r}, retrievers.create('minilm')\n"
        f"found = bench.run({str(folder)!r}, [minilm], results=out, name='two', latency=False)\n"
        "print('torch' in sys.modules, found.latency.set_index('quantity').loc['vectors_from_cache', 'value'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=os.environ, check=False
    )
    assert done.stdout.split() == ["False", "1.0"], done.stderr
    second = bench.load_run(tmp_path / "out" / "two")
    assert "vectors_from_cache" not in set(first.latency["quantity"])
    assert first.measures["value"].tolist() == second.measures["value"].tolist()


@pytest.mark.slow
def test_no_cache_uses_none(write_set, tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "own.sqlite"))
    bench.run(write_set(), [create("minilm")], results=str(tmp_path / "out"), latency=False, cache=False)
    assert not (tmp_path / "own.sqlite").exists()


@pytest.mark.slow
def test_a_damaged_cache_is_rebuilt_in_a_run_and_said_so(write_set, tmp_path, monkeypatch):
    path = tmp_path / "own.sqlite"
    path.write_bytes(b"SQLite format 3\0" + b"garbage" * 1000)
    monkeypatch.setenv("BENCH_CACHE", str(path))
    found = bench.run(write_set(), [create("minilm")], results=str(tmp_path / "out"), latency=False)
    assert found.failures == []
    assert any("damaged" in note for note in found.warnings)


def test_the_path_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("BENCH_CACHE")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_path() == tmp_path / "bench" / "vectors.sqlite"
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "own.sqlite"))
    assert default_path() == tmp_path / "own.sqlite"


def test_the_share_from_the_cache_is_that_of_one_set(write_set, tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "own.sqlite"))
    one = write_set("one")
    other = write_set("other", corpus=[{"_id": f"d{n}", "text": f"text {n}"} for n in (1, 2, 3, 4, 10)])
    runs = {"results": str(tmp_path / "out"), "latency": False}
    bench.run(one, [HashedDense()], name="first", **runs)
    found = bench.run([one, other], [HashedDense()], name="both", **runs)
    shares = found.latency[found.latency["quantity"] == "vectors_from_cache"].set_index("dataset")["value"]
    assert shares["one"] == 1
    assert shares["other"] == 3 / 8  # the queries are the same, the documents are not


def test_one_thread_waits_for_another_that_writes(cache):
    other = threading.Thread(target=cache.put, args=(b"encoder", {"a": np.ones(3, np.float32)}))

    def write(connection):
        connection.execute("BEGIN IMMEDIATE")
        other.start()
        other.join(0.2)
        connection.execute("COMMIT")

    cache._guarded(write, default=None)
    other.join()
    assert cache.unwritable == 0
    assert "a" in cache.get(b"encoder", ["a"])
