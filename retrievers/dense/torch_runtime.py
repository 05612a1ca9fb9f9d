"""A model run by torch, as sentence-transformers loads it. Code that a model brings along is never run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrievers.base import RetrieverError
from retrievers.dense.exact import Side

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# Texts of unlike length, with which it is tried whether a model's own preprocessing is no more than its tokenizer.
_TRIED = ["a", "A longer text, of some words."]


@dataclass(frozen=True)
class TorchRuntime:
    """A model with one encoder's settings. prompts: side -> what is put before each text, None: the model's own."""

    model: SentenceTransformer
    prompts: Mapping[Side, str | None]
    batch_size: int
    normalise: bool

    def lengths(self, texts: Sequence[str], side: Side) -> list[int]:  # noqa: ARG002
        """Of each text, the word pieces that are read; its characters where the tokenizer is not transformers'.

        Characters tell the padded length of a batch of short questions badly: a quarter of its word pieces was padding.
        A prompt is not counted, as it is the same for all.
        """
        from transformers import PreTrainedTokenizerBase

        tokenizer = getattr(self.model, "tokenizer", None)
        if not isinstance(tokenizer, PreTrainedTokenizerBase):
            return [len(text) for text in texts]
        pieces = _pieces(self.model, texts)
        preprocess = self.model.preprocess
        if isinstance(preprocess, _Preprocess):
            preprocess.pieces = dict(zip(texts, pieces, strict=True))
        return [len(ids) for ids in pieces]

    def forward(self, texts: list[str], side: Side) -> NDArray[np.float32]:
        """By the method of this side, which some models have a tower for.

        Without a prompt of the user's the model's own for this side serves, where it has one; an empty one is the
        user's too.
        """
        vectors = getattr(self.model, f"encode_{side}")(
            texts,
            prompt=self.prompts[side],
            batch_size=self.batch_size,
            show_progress_bar=False,
            convert_to_numpy=True,
            normalize_embeddings=self.normalise,
        )
        return np.asarray(vectors, dtype=np.float32)


@lru_cache(maxsize=1)
def opened(
    where: Path | str,
    _content: str | None,
    family: str,
    *,
    revision: str | None,
    device: str | None,
    dtype: str,
    length: int | None,
    layers: int | None = None,
) -> SentenceTransformer:
    """The model, loaded once for all encoders of the same settings.

    _content: its key, as files may change in place. family: a class of sentence-transformers.
    layers: after how many the model is cut off.
    """
    import sentence_transformers
    import torch
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        model: SentenceTransformer = getattr(sentence_transformers, family)(
            str(where),
            device=device,
            revision=revision,
            local_files_only=isinstance(where, Path),
            trust_remote_code=False,
            model_kwargs={"dtype": getattr(torch, dtype)},
            config_kwargs={} if layers is None else {"num_hidden_layers": layers},
        )
    except Exception as error:
        reason = str(error).strip().splitlines()
        raise RetrieverError(
            f"The model {str(where)!r} does not load: {reason[0] if reason else type(error).__name__}",
            "Give a whole sentence-transformers model: a folder, or a hub name with revision=….",
        ) from error
    if length is not None:
        model.max_seq_length = length
    if not _pads(model):
        raise RetrieverError(
            f"The tokenizer of the model {str(where)!r} has no pad token, and so cannot encode several texts at once.",
            'Name one in its tokenizer_config.json, as "pad_token": the eos_token will do.',
        )
    if _only_tokenizes(model):
        model.preprocess = _Preprocess(model)
    return model.eval()


def _pads(model: SentenceTransformer) -> bool:
    from transformers import PreTrainedTokenizerBase

    tokenizer = getattr(model, "tokenizer", None)
    return not isinstance(tokenizer, PreTrainedTokenizerBase) or tokenizer.pad_token is not None


def _pieces(model: SentenceTransformer, texts: Sequence[str]) -> list[list[int]]:
    """The numbers of the word pieces that are read of each text."""
    cut = model.tokenizer(
        list(texts),
        truncation=True,
        max_length=model.max_seq_length,
        return_attention_mask=False,
        return_token_type_ids=False,
    )
    pieces: list[list[int]] = cut["input_ids"]
    return pieces


class _Preprocess:
    """In place of a model's `preprocess`: texts whose pieces are known are filled up to one length, and that is all."""

    def __init__(self, model: SentenceTransformer) -> None:
        self._original, self._padding = model.preprocess, model.tokenizer.pad_token_id
        self.pieces: dict[str, list[int]] = {}

    def __call__(self, inputs: list[str], prompt: str | None = None, **settings: Any) -> dict[str, Any]:
        pieces = self.pieces
        if prompt or not all(text in pieces for text in inputs):
            features: dict[str, Any] = self._original(inputs, prompt=prompt, **settings)
            return features
        return _filled([pieces[text] for text in inputs], self._padding)


def _filled(pieces: list[list[int]], padding: int) -> dict[str, Any]:
    import torch

    lengths = np.array([len(ids) for ids in pieces])
    mask = np.arange(lengths.max()) < lengths[:, None]
    numbers = np.full(mask.shape, padding, dtype=np.int64)
    numbers[mask] = np.concatenate(pieces)
    arrays = {"input_ids": numbers, "token_type_ids": np.zeros_like(numbers), "attention_mask": mask.astype(np.int64)}
    return {"modality": "text"} | {name: torch.from_numpy(array) for name, array in arrays.items()}


def _only_tokenizes(model: SentenceTransformer) -> bool:
    """Is what the model makes of texts, for both sides, their pieces and nothing else? Then they are cut but once."""
    from transformers import PreTrainedTokenizerBase

    if not hasattr(model, "preprocess") or not isinstance(getattr(model, "tokenizer", None), PreTrainedTokenizerBase):
        return False
    ours = _filled(_pieces(model, _TRIED), model.tokenizer.pad_token_id)
    for side in ("query", "document"):
        theirs = model.preprocess(_TRIED, prompt=None, task=side)
        if theirs.keys() != ours.keys() or theirs["modality"] != "text":
            return False
        if any(theirs[name].tolist() != ours[name].tolist() for name in ours if name != "modality"):
            return False
    return True
