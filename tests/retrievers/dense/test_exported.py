"""Models that were exported, and run without torch: their vectors are torch's, and their files are looked after."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from places import ROOT
from tiny import tiny_encoder

from bench.cli import main
from retrievers import RetrieverError, create, signature
from retrievers.base import listening
from retrievers.dense import exported, exported_runtime
from retrievers.dense.encoder import Encoder
from retrievers.dense.vector_cache import VectorCache, caching


class Warnings:
    """Keeps what is warned of."""

    def __init__(self):
        self.texts = []

    def warned(self, text, part):
        self.texts.append(text)

    def __getattr__(self, _):
        return lambda *its: None


BACKENDS = ("onnx", "openvino")
TEXTS = ["a cat", "a dog sleeps in the long grass", "", "x " * 400, "Ein Café, 日本語", "a cat on a mat", "error 4012"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return tiny_encoder(tmp_path_factory.mktemp("models"))


@pytest.fixture
def own_store(tmp_path, monkeypatch):
    """An empty place for exports."""
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "own.sqlite"))
    return tmp_path / "own.sqlite.models"


def encoded(model, backend, side="document", **settings):
    return Encoder(model=str(model), backend=backend, **settings).encode(TEXTS, side)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "settings",
    [{}, {"batch_size": 2}, {"max_length": 5}, {"document_prompt": "passage: "}, {"document_prompt": ""}],
    ids=str,
)
def test_vectors_are_those_of_torch(tiny, backend, settings):
    np.testing.assert_allclose(
        encoded(tiny, backend, **settings), encoded(tiny, "torch", **settings), atol=1e-5, rtol=0
    )


def test_a_text_is_cut_anew_for_the_other_side(tiny):
    encoder = Encoder(model=str(tiny), backend="onnx", batch_size=2, document_prompt="text: ")
    encoder.encode(TEXTS, "document")
    np.testing.assert_allclose(encoder.encode(TEXTS[:2], "query"), encoded(tiny, "torch", "query")[:2], atol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_serves_several_threads(tiny, backend):
    encoder = Encoder(model=str(tiny), backend=backend)
    alone = encoder.encode(TEXTS, "query")
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda _: encoder.encode(TEXTS, "query"), range(8)))
    assert all(np.array_equal(vectors, alone) for vectors in together)


def variant(tiny, folder, **changes):
    """The model, with other settings in its files: file -> what is changed in it."""
    shutil.copytree(tiny, folder)
    for file, change in changes.items():
        path = next(folder.rglob(f"{file}.json"))
        path.write_text(json.dumps(change(json.loads(path.read_text()))))
    return folder


def with_prompts(content):
    return content | {"prompts": {"query": "question: ", "document": "text: "}, "similarity_fn_name": "dot"}


@pytest.mark.parametrize("side", ["query", "document"])
def test_a_models_own_prompts_and_dot_products_are_kept(tiny, tmp_path, side):
    model = variant(tiny, tmp_path / "own", config_sentence_transformers=with_prompts)
    vectors = encoded(model, "onnx", side)
    np.testing.assert_allclose(vectors, encoded(model, "torch", side), atol=1e-4, rtol=0)
    assert not np.allclose(vectors, encoded(tiny, "onnx", side), atol=1e-3)


def test_the_first_token_stands_for_a_text_where_the_model_says_so(tiny, tmp_path):
    folder = variant(tiny, tmp_path / "cls")
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"embedding_dimension": 64, "pooling_mode": "cls"}))
    np.testing.assert_allclose(encoded(folder, "onnx"), encoded(folder, "torch"), atol=1e-5, rtol=0)


def test_int8_is_near(tiny):
    vectors = encoded(tiny, "onnx", dtype="int8")
    cosines = np.vecdot(vectors, encoded(tiny, "torch"))
    assert 0.95 < cosines.min() < 1 - 1e-6


def test_a_batch_is_run_without_filling_up(tiny, monkeypatch):
    runtime, shapes = Encoder(model=str(tiny), backend="onnx")._load(), []
    original = runtime.run
    monkeypatch.setattr(runtime, "run", lambda arrays: shapes.append(arrays["input_ids"].shape) or original(arrays))
    monkeypatch.setattr(exported_runtime, "PIECES_AT_ONCE", 8)
    runtime.forward(["cat", "dog", "a cat", "rain"], "document")
    assert shapes == [(2, 3), (1, 3), (1, 4)]


# --- the files ---


def test_a_model_is_exported_once(tiny, own_store, monkeypatch):
    encoded(tiny, "onnx")
    monkeypatch.setattr(exported, "_export", lambda *_: pytest.fail("exported again"))
    encoded(tiny, "onnx")
    encoded(tiny, "openvino")
    assert len(list(own_store.glob(f"*/{exported.SUMS}"))) == 1


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-9])


@pytest.mark.parametrize(
    ("damage", "name"),
    [
        (cut_short, "model.onnx"),
        (cut_short, "settings.json"),
        (Path.unlink, "tokenizer.json"),
        (Path.unlink, exported.SUMS),
    ],
)
def test_a_damaged_export_is_made_again_and_said_so(tiny, own_store, name, damage):
    before = encoded(tiny, "onnx")
    damage(next(own_store.glob(f"*/{name}")))
    recorder = Warnings()
    with listening(recorder):
        assert np.array_equal(encoded(tiny, "onnx"), before)
    assert ["was damaged; it was exported again" in text for text in recorder.texts] == [True]


def test_an_export_that_fails_leaves_nothing(tiny, own_store, monkeypatch):
    def fail(*_):
        raise ValueError("no such operator\nmore")

    monkeypatch.setattr(exported, "_trace", fail)
    with pytest.raises(RetrieverError, match="tiny' cannot be exported: no such operator Leave backend out"):
        encoded(tiny, "onnx")
    assert [path for path in own_store.iterdir() if path.is_dir()] == []


def test_without_the_package_that_exports_it_says_what_to_install(tiny, own_store, monkeypatch):
    def fail(*_):
        raise ModuleNotFoundError("No module named 'onnx'", name="onnx")

    monkeypatch.setattr(exported, "_trace", fail)
    with pytest.raises(RetrieverError, match=r"onnx is needed. Run: pip install -e '\.\[onnx\]'"):
        encoded(tiny, "onnx")


def test_where_nothing_can_be_written_it_says_so(tiny, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "file" / "v.sqlite"))
    with pytest.raises(RetrieverError, match=r"cannot be written to .*v.sqlite.models: Not a directory.*BENCH_CACHE"):
        encoded(tiny, "onnx")


def test_who_comes_while_it_is_exported_waits_for_it(tiny, own_store, monkeypatch):
    """The lock is the file's, and so between processes as it is between threads."""
    begun, goes_on, original, exports = threading.Event(), threading.Event(), exported._export, []

    def export(folder, made):
        exports.append(made)
        begun.set()
        goes_on.wait()
        original(folder, made)

    monkeypatch.setattr(exported, "_export", export)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(exported.exported, tiny, "float32")
        begun.wait()
        second = pool.submit(exported.exported, tiny, "float32")
        goes_on.set()
        assert first.result() == second.result()
    assert len(exports) == 1


def test_the_cache_command_tells_and_clears_them(tiny, own_store, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")
    encoded(tiny, "onnx")
    for action, words in (("info", "1 exported model, "), ("clear", "cleared"), ("info", "0 encoders, 0.0 MB (bound")):
        with pytest.raises(SystemExit):
            main(["cache", action])
        assert words in " ".join(capsys.readouterr().out.split())
    assert not own_store.exists()


# --- what is imported, and what is kept ---


@pytest.mark.parametrize("backend", BACKENDS)
def test_torch_is_not_imported_and_from_the_cache_nothing_is(tiny, backend):
    encoded(tiny, backend)
    code = (
        "import sys; from pathlib import Path; from retrievers import create\n"
        "from retrievers.dense.vector_cache import VectorCache, caching, default_path\n"
        "def imported(): return [name for name in sys.argv[1:] if name in sys.modules]\n"
        "for _ in range(2):\n"
        f"    retriever = create('dense:model={tiny},backend={backend}')\n"
        "    with caching(VectorCache(default_path())): retriever.index(['kept'])\n"
        "    print(*imported())\n"
        "    retriever._encoder = None\n"
    )
    modules = ["torch", "transformers", "sentence_transformers", "onnx", "onnxruntime", "openvino"]
    run = [sys.executable, "-c", code, *modules]
    module = {"onnx": "onnxruntime"}.get(backend, backend)
    first, second = (
        subprocess.run(run, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True) for _ in range(2)
    )
    assert first.stdout.split() == [module, module]
    assert second.stdout.split() == []


def test_each_backend_and_number_type_has_vectors_of_its_own(tiny, monkeypatch):
    encoders = [Encoder(model=str(tiny), backend=backend) for backend in ("torch", *BACKENDS)]
    encoders.append(Encoder(model=str(tiny), backend="onnx", dtype="int8"))
    keys = {encoder._key("query") for encoder in encoders}
    monkeypatch.setattr("retrievers.dense.encoder.processor", lambda: frozenset({"another"}))
    keys |= {encoder._key("query") for encoder in encoders}
    assert len(keys) == 7  # torch's own choice of instructions never was in its key


def test_what_is_cached_is_what_would_be_encoded(tiny, tmp_path):
    with caching(VectorCache(tmp_path / "v.sqlite")) as _:
        first, second = encoded(tiny, "onnx"), encoded(tiny, "onnx")
    assert np.array_equal(first, second)
    assert np.array_equal(first, encoded(tiny, "onnx"))


def test_the_signature_names_a_backend_only_where_it_is_another(tiny):
    assert "backend" not in signature(create(f"dense:model={tiny}"))
    assert signature(create(f"dense:model={tiny},backend=onnx")).endswith("backend='onnx')")


@pytest.mark.parametrize(("variable", "threads"), [("3", 3), ("0", None), ("two", None), (None, None)])
def test_threads_are_those_that_torch_would_take(monkeypatch, variable, threads):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if variable is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", variable)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2, 3, 4}, raising=False)
    assert exported_runtime.threads() == (threads or 5)


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_minilm_is_the_same_by_every_backend(backend):
    corpus = Path(os.environ.get("BENCH_DATA", ""), "scifact", "corpus.jsonl")
    if not corpus.is_file():
        pytest.skip("needs BENCH_DATA")
    lines = corpus.read_text("utf-8").splitlines()[::25]
    texts = [f"{record['title']} {record['text']}" for record in map(json.loads, lines)]
    by_torch, by_it = (Encoder(backend=name).encode(texts, "document") for name in ("torch", backend))
    assert np.vecdot(by_torch, by_it).min() > 0.9999
