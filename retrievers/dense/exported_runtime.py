"""A model that was exported, run by ONNX Runtime or OpenVINO: neither torch nor transformers is imported for it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrievers.dense.exact import Side

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Arrays = dict[str, NDArray[np.int64]]
Run = Callable[[Arrays], NDArray[np.float32]]

MODEL, TOKENIZER = "model.onnx", "tokenizer.json"
# Word pieces that are run at once: of more, what lies between the layers leaves the processor's cache.
PIECES_AT_ONCE = 512


@dataclass(frozen=True)
class ExportSettings:
    """What beside the graph decides a vector. inputs: their names. prompts: the model's own, put before each text."""

    inputs: tuple[str, ...]
    pooling: str
    normalise: bool
    max_length: int
    prompts: Mapping[Side, str]


@dataclass
class ExportedRuntime:
    """An exported model with one encoder's settings.

    folder: where it lies. run: its graph, arrays int64 [texts, pieces] -> token vectors [texts, pieces, dimensions].
    """

    folder: Path
    run: Run
    settings: ExportSettings
    _pieces: dict[tuple[Side, str], list[int]] = field(init=False, repr=False, default_factory=dict)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self.folder / TOKENIZER))
        tokenizer.no_padding()
        tokenizer.enable_truncation(self.settings.max_length)
        return tokenizer

    def lengths(self, texts: Sequence[str], side: Side) -> list[int]:
        """Of each text, the word pieces that are read, its prompt among them."""
        pieces = self._cut(texts, side)
        self._pieces = {(side, text): numbers for text, numbers in zip(texts, pieces, strict=True)}
        return [len(numbers) for numbers in pieces]

    def forward(self, texts: list[str], side: Side) -> NDArray[np.float32]:
        """Texts of one length are run together, so that nothing is ever filled up."""
        known = [self._pieces.get((side, text)) for text in texts]
        pieces = [numbers for numbers in known if numbers is not None]
        if len(pieces) < len(texts):
            pieces = self._cut(texts, side)
        rows: list[NDArray[np.float32]] = [np.zeros(0, np.float32)] * len(texts)
        in_order = sorted(range(len(texts)), key=lambda row: len(pieces[row]))
        for length, alike in groupby(in_order, key=lambda row: len(pieces[row])):
            group, size = list(alike), max(1, PIECES_AT_ONCE // length)
            for start in range(0, len(group), size):
                part = group[start : start + size]
                for row, vector in zip(part, self._vectors([pieces[row] for row in part]), strict=True):
                    rows[row] = vector
        return np.stack(rows)

    def _cut(self, texts: Sequence[str], side: Side) -> list[list[int]]:
        prompt = self.settings.prompts[side]
        return [cut.ids for cut in self._tokenizer.encode_batch_fast([prompt + text for text in texts])]

    def _vectors(self, pieces: list[list[int]]) -> NDArray[np.float32]:
        numbers = np.array(pieces, dtype=np.int64)
        arrays = {
            "input_ids": numbers,
            "attention_mask": np.ones_like(numbers),
            "token_type_ids": np.zeros_like(numbers),
        }
        tokens = self.run({name: arrays[name] for name in self.settings.inputs})
        vectors = tokens[:, 0] if self.settings.pooling == "cls" else tokens.mean(axis=1)
        if self.settings.normalise:
            vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors.astype(np.float32)


def threads() -> int:
    """As many as torch would take: OMP_NUM_THREADS, else a thread a processor that this process may use."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdecimal() and int(wanted) > 0:
        return int(wanted)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def onnx_run(path: Path, dtype: str) -> Run:  # noqa: ARG001 - of int8 the file is another one
    """The graph by ONNX Runtime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads(), 1
    options.log_severity_level = 3
    # Threads that wait in a loop take the processor from whatever runs between two queries.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(arrays: Arrays) -> NDArray[np.float32]:
        (tokens,) = session.run(None, arrays)
        return np.asarray(tokens, dtype=np.float32)

    return run


def openvino_run(path: Path, dtype: str) -> Run:
    """The graph by OpenVINO, which would take bfloat16 by itself where the processor has it, and so is told what to."""
    import openvino

    properties = {
        "INFERENCE_NUM_THREADS": threads(),
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "bf16" if dtype == "bfloat16" else "f32",
    }
    request = openvino.Core().compile_model(str(path), "CPU", properties).create_infer_request()

    busy = threading.Lock()  # a request serves one thread at a time

    def run(arrays: Arrays) -> NDArray[np.float32]:
        with busy:
            return np.array(request.infer(arrays)[0], dtype=np.float32)

    return run
