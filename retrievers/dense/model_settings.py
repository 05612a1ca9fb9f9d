"""The parameters that all retrievers with a model share, checked before anything is loaded."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar

from retrievers.base import RetrieverError
from retrievers.dense.backends import DTYPES
from retrievers.dense.encoder import refuse_absent_device
from retrievers.dense.model import ENCODERS, MINILM, locate, pinned, refuse_settings


@dataclass(unsafe_hash=True)
class ModelSettings:
    """A model and how it is run.

    model: all-MiniLM-L6-v2 (shipped), a sentence-transformers folder, or a hub name with `revision`.
    device: a torch device (None: a GPU where there is one). dtype: of the weights. batch_size: texts per forward
    pass. max_length: word pieces a text is cut at (None: the model's own). query_prompt, document_prompt:
    put before each text (None: the model's own, "": none).
    sha256: of the model's files, or how it begins; another model is refused. Where it is not given it is filled in, so
    that a model that was trained on in its folder is another retriever (None: from the hub, where the revision tells).
    Raises RetrieverError where there is no such model.
    """

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
    sha256: str | None = None

    def _locate(self) -> Path | str:
        """Where the model is, once all settings are found to be in order and its content is pinned."""
        if self.dtype not in DTYPES:
            raise RetrieverError(f"dtype={self.dtype!r} is not known.", f"Known: {', '.join(DTYPES)}.")
        for name in ("batch_size", "max_length"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise RetrieverError(f"{name}={value} is below 1.", "Give a whole number of at least 1.")
        self._refuse_device()
        where = locate(self.model, self.revision, self.kinds)
        if isinstance(where, Path):
            refuse_settings(where, self.max_length, self.dtype)
            if self.revision is not None:
                raise RetrieverError("revision pins a model of the hub.", f"{self.model} is a folder; leave it out.")
            self.sha256 = pinned(where, self.sha256)
        elif self.sha256 is not None:
            raise RetrieverError("sha256 pins a model folder.", f"{self.model} has its revision; leave it out.")
        return where

    def _refuse_device(self) -> None:
        if self.device is not None:
            refuse_absent_device(self.device)

    def _for_encoder(self) -> dict[str, Any]:
        """What an encoder is made with."""
        return {its.name: getattr(self, its.name) for its in fields(ModelSettings) if its.name != "sha256"}
