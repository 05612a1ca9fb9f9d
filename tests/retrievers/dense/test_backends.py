"""What a backend cannot do is said before anything is loaded, and auto takes the fastest that gives torch's vectors."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tiny import tiny_encoder

from retrievers import RetrieverError, create, signature
from retrievers.dense import backends, fastest
from retrievers.dense.encoder import Encoder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return tiny_encoder(tmp_path_factory.mktemp("models"))


@pytest.fixture(autouse=True)
def plain_processor(monkeypatch):
    monkeypatch.setattr(backends, "processor", lambda: frozenset({"avx2"}))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("backend=tensorrt", "backend='tensorrt' is not known. Known: torch, onnx, openvino, auto."),
        ("dtype=int8", "backend=torch has no dtype=int8; it has float32, float16, bfloat16. int8 is of backend=onnx."),
        ("backend=onnx,dtype=float16", "backend=onnx has no dtype=float16; it has float32, int8."),
        ("backend=onnx,dtype=bfloat16", "it has float32, int8. bfloat16 is of backend=openvino."),
        ("backend=openvino,dtype=int8", "it has float32, bfloat16. int8 is of backend=onnx."),
        ("backend=openvino,dtype=bfloat16", "no instructions for bfloat16 (amx_bf16 or avx512_bf16). Leave dtype out"),
        ("backend=onnx,device=cuda", "backend=onnx runs on the processor; device='cuda' is of torch."),
        ("backend=auto,dtype=int8", "in float32; dtype=int8 is not. Leave dtype out, or name a backend."),
        ("backend=onnx,max_length=600", "max_length=600 is more than the 512 word pieces"),
    ],
)
def test_what_a_backend_cannot_do_is_refused(settings, message):
    with pytest.raises(RetrieverError) as caught:
        create(f"minilm:{settings}")
    assert message in str(caught.value)


def test_bfloat16_is_taken_where_the_processor_has_it(monkeypatch):
    monkeypatch.setattr(backends, "processor", lambda: frozenset({"avx2", "amx_bf16"}))
    assert create("minilm:backend=openvino,dtype=bfloat16").dtype == "bfloat16"


@pytest.mark.parametrize(("name", "module"), [("onnx", "onnxruntime"), ("openvino", "openvino")])
def test_a_backend_that_is_not_installed_says_what_to_run(monkeypatch, name, module):
    found = backends.find_spec
    monkeypatch.setattr(backends, "find_spec", lambda asked: None if asked == module else found(asked))
    with pytest.raises(RetrieverError) as caught:
        create(f"minilm:backend={name}")
    assert f"needs {module}, which is not installed. Run: pip install -e '.[{name}]'" in str(caught.value)


def made_of(folder, *kinds, **pooling):
    """A folder that says to be made of these modules."""
    modules = [
        {"path": str(number), "type": f"sentence_transformers.models.{kind}"} for number, kind in enumerate(kinds)
    ]
    for module in modules:
        (folder / module["path"]).mkdir()
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1" / "config.json").write_text(json.dumps(pooling))
    return folder


@pytest.mark.parametrize(
    ("kinds", "pooling", "message"),
    [
        (("Transformer", "Pooling", "Dense"), {}, "is made of Transformer + Pooling + Dense; exported are"),
        (("StaticEmbedding", "Normalize"), {}, "is made of StaticEmbedding + Normalize"),
        (("Transformer", "Pooling"), {"pooling_mode": "max"}, "pools by max; exported are mean and cls."),
        (("Transformer", "Pooling"), {"pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": True}, "by mean + "),
        (("Transformer", "Pooling"), {"include_prompt": False}, "by the tokens behind the prompt"),
    ],
)
def test_a_model_that_cannot_be_exported_is_refused(tmp_path, kinds, pooling, message):
    with pytest.raises(RetrieverError) as caught:
        create(f"dense:model={made_of(tmp_path, *kinds, **pooling)},backend=onnx")
    assert message in str(caught.value)
    assert "torch runs it" in str(caught.value)


@pytest.mark.parametrize("pooling", [{}, {"pooling_mode": "cls"}, {"pooling_mode_mean_tokens": True}])
def test_one_that_can_be_is_not(tmp_path, pooling):
    create(f"dense:model={made_of(tmp_path, 'Transformer', 'Pooling', 'Normalize', **pooling)},backend=onnx")


def test_one_of_the_hub_is_to_be_downloaded_first():
    with pytest.raises(RetrieverError, match="exported from its folder, and 'some/model' is on the hub"):
        create(f"dense:model=some/model,revision={'a' * 40},backend=onnx")


# --- auto ---


@pytest.fixture
def clock(monkeypatch, tmp_path):
    """Makes a backend as slow as is said, in a store of its own."""
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "own.sqlite"))
    now, seconds = [0.0], {}
    monkeypatch.setattr(fastest.time, "perf_counter", lambda: now[0])
    loaded = Encoder._load

    class Slow:
        def __init__(self, runtime, backend):
            self.lengths, self._runtime, self._backend = runtime.lengths, runtime, backend

        def forward(self, texts, side):
            now[0] += seconds[self._backend]
            vectors = self._runtime.forward(texts, side)
            return vectors[:, ::-1] if self._backend in spoiled else vectors

    spoiled = set()
    monkeypatch.setattr(Encoder, "_load", lambda self: Slow(loaded(self), self.backend))
    seconds["spoiled"] = spoiled
    return seconds


@pytest.mark.parametrize(
    ("seconds", "spoiled", "chosen"),
    [
        ({"torch": 2, "onnx": 1, "openvino": 3}, set(), "onnx"),
        ({"torch": 2, "onnx": 1, "openvino": 1.5}, {"onnx"}, "openvino"),
        ({"torch": 1, "onnx": 2, "openvino": 3}, set(), "torch"),
    ],
)
def test_auto_is_the_fastest_whose_vectors_are_torchs(tiny, clock, monkeypatch, seconds, spoiled, chosen):
    clock.update(seconds)
    clock["spoiled"].update(spoiled)
    retriever = create(f"dense:model={tiny},backend=auto")
    assert signature(retriever) == signature(create(f"dense:model={tiny},backend={chosen}"))
    monkeypatch.setattr(fastest, "_measured", lambda *_: pytest.fail("measured again"))
    assert create(f"dense:model={tiny},backend=auto").backend == chosen


def test_auto_measures_again_on_another_processor(tiny, clock, monkeypatch):
    clock.update({"torch": 2, "onnx": 1, "openvino": 3})
    create(f"dense:model={tiny},backend=auto")
    clock["openvino"] = 0.5
    monkeypatch.setattr(fastest, "processor", lambda: frozenset({"another"}))
    assert create(f"dense:model={tiny},backend=auto").backend == "openvino"


def test_auto_is_torch_where_nothing_else_is_installed(tiny, monkeypatch):
    monkeypatch.setattr(backends, "find_spec", lambda _: None)
    assert create(f"dense:model={tiny},backend=auto").backend == "torch"


def test_texts_of_the_sample_are_of_all_lengths(tiny):
    lengths = Encoder()._load().lengths(fastest.SAMPLE, "document")
    assert np.min(lengths) < 8
    assert np.max(lengths) > 120
