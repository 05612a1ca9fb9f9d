"""The word pieces that a model reads, by its own tokenizer, without the model: for lengths and places in a text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from retrievers.base import RetrieverError
from retrievers.dense.model import MINILM, locate

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Span = tuple[int, int]
BATCH = 256


def piece_spans(texts: Sequence[str], model: str = MINILM, revision: str | None = None) -> Iterator[list[Span]]:
    """Where the pieces of texts are; those that the model adds at both ends are none of a text.

    Args:
        texts: What to cut.
        model: A model's folder, or all-MiniLM-L6-v2.
        revision: As of the encoder.

    Yields:
        Of each text (first character, the one behind the last) of each piece, in order.

    Raises:
        RetrieverError: Where there is no such model, or no tokenizer.json in its folder.
    """
    tokenizer = _tokenizer(locate(model, revision))
    for start in range(0, len(texts), BATCH):
        for pieces in tokenizer.encode_batch(list(texts[start : start + BATCH]), add_special_tokens=False):
            yield [span for span in pieces.offsets if span[0] < span[1]]


@cache
def _tokenizer(folder: Path | str) -> Tokenizer:
    from tokenizers import Tokenizer

    file = next(Path(folder).rglob("tokenizer.json"), None) if isinstance(folder, Path) else None
    if file is None:
        raise RetrieverError(
            f"The model {str(folder)!r} has no tokenizer.json, by which word pieces are counted.",
            "Give a local folder that has one, or count words.",
        )
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
