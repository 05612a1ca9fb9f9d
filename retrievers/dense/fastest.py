"""backend=auto: which library encodes documents fastest on this machine, among those whose vectors are torch's."""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from retrievers.base import RetrieverError, warn
from retrievers.dense.backends import EXPORTED, TORCH, processor, refuse_backend
from retrievers.dense.encoder import Encoder
from retrievers.dense.exact import unit
from retrievers.dense.exported import export_key, store, version
from retrievers.dense.exported_runtime import threads
from retrievers.dense.runtime import by_length

LEAST_COSINE = 0.9999
TURNS = 3
_SENTENCES = (
    "The pump stops with error 4012 when the inlet filter is blocked.",
    "How do I change the address that my invoices are sent to?",
    "In mice without the receptor, the tumour grew more slowly over twelve weeks, and fewer cells were found in blood.",
    "Opening hours are 9 to 17 on weekdays; on public holidays we are closed.",
    "Ein Satz in einer anderen Sprache, mit Umlauten: schöne Grüße!",
    "def search(queries, k): return top_k(queries @ documents.T, k)",
    "Payment is due within thirty days of delivery; after that, interest is charged at 0.5% a month.",
    "cat",
)
# Of one sentence up to eight, as long as what is searched: 5 to 150 word pieces.
SAMPLE = [" ".join(_SENTENCES[first : first + size]) for size in (1, 2, 4, 8) for first in range(9 - size)]


def fastest(encoder: Encoder, where: Path | str) -> str:
    """The name of a backend: measured once a model, machine and set of libraries, then remembered beside the cache.

    encoder: of torch. where: its model. torch it is where nothing else is installed or can run the model.
    """
    names = [name for name in EXPORTED if _can(name, encoder, where)]
    if not names or not isinstance(where, Path):
        return TORCH
    kept = store() / f"fastest-{_key(names, encoder, where)}.json"
    try:
        choice = str(json.loads(kept.read_text("utf-8"))["backend"])
        if choice in (TORCH, *names):
            return choice
    except (OSError, ValueError, KeyError, TypeError):
        pass
    seconds = _measured(names, encoder)
    choice = min(seconds, key=seconds.__getitem__)
    _write(kept, {"backend": choice, "seconds": seconds})
    return choice


def _can(name: str, encoder: Encoder, where: Path | str) -> bool:
    try:
        refuse_backend(name, encoder.dtype, encoder.device, where)
    except RetrieverError:
        return False
    return True


def _key(names: list[str], encoder: Encoder, where: Path) -> str:
    packages = {name: version(EXPORTED[name].package) for name in names}
    machine = [sorted(processor()), threads(), encoder.max_length, encoder.device]
    content = [export_key(where, "float32"), packages, machine]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]


def _measured(names: list[str], encoder: Encoder) -> dict[str, float]:
    """Seconds for the sample, the median of turns, of torch and of each backend that gives its vectors."""
    runtimes = {TORCH: encoder._load()}
    vectors = runtimes[TORCH].forward(SAMPLE, "document")
    for name in names:
        runtime = encoder.by(name)._load()
        cosine = float(np.vecdot(unit(vectors), unit(runtime.forward(SAMPLE, "document"))).min())
        if cosine >= LEAST_COSINE:
            runtimes[name] = runtime
        else:
            warn(f"backend={name} was passed over: its vectors are not torch's (least cosine {cosine:.4f}).")
    seconds: dict[str, list[float]] = {name: [] for name in runtimes}
    for _ in range(TURNS):
        for name, runtime in runtimes.items():
            start = time.perf_counter()
            runtime.forward(by_length(runtime, SAMPLE, "document"), "document")
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in seconds.items()}


def _write(path: Path, content: dict[str, object]) -> None:
    """In one step; where it cannot be written it is measured again another time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(dir=path.parent, prefix="unfinished-")
        with os.fdopen(number, "w") as file:
            json.dump(content, file)
        Path(name).replace(path)
    except OSError:
        pass
