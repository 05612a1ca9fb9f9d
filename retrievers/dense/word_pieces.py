"""The word pieces that a model reads, by its own tokenizer, without the model: for lengths and places in a text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrievers.base import Documents, RetrieverError
from retrievers.dense.model import MINILM, locate

Span = tuple[int, int]
BATCH = 256


def piece_spans(
    texts: Sequence[str] | Documents, model: str = MINILM, revision: str | None = None
) -> Iterator[list[Span]]:
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
    return _of_model(locate(model, revision)).spans(texts)


class WordPieces:
    """The word pieces of texts, whole ones: nothing is cut off or filled up."""

    def __init__(self, file: Path) -> None:
        """file: a model's tokenizer.json. Raises ImportError where the library tokenizers is not installed."""
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(file))
        self._tokenizer.no_truncation()  # MiniLM's file cuts and pads at 128; sentence-transformers sets its own
        self._tokenizer.no_padding()

    def lengths(self, texts: Sequence[str], special: bool = False) -> NDArray[np.int64]:
        """[texts]: how many each has. special: with those that a model puts around a text."""
        lengths: list[int] = []
        for start in range(0, len(texts), BATCH):
            batch = list(texts[start : start + BATCH])
            lengths += map(len, self._tokenizer.encode_batch_fast(batch, add_special_tokens=special))
        return np.array(lengths, dtype=np.int64)

    def spans(self, texts: Sequence[str] | Documents) -> Iterator[list[Span]]:
        """Of each text (first character, the one behind the last) of each piece, in order."""
        for start in range(0, len(texts), BATCH):
            batch = list(texts[start : start + BATCH])
            for pieces in self._tokenizer.encode_batch(batch, add_special_tokens=False):
                yield [span for span in pieces.offsets if span[0] < span[1]]

    def head(self, text: str, pieces: int) -> str:
        """A text up to the end of so many of its pieces."""
        (spans,) = self.spans([text])
        return text if len(spans) <= pieces else text[: spans[pieces - 1][1]] if pieces > 0 else ""


@cache
def _of_model(folder: Path | str) -> WordPieces:
    file = next(Path(folder).rglob("tokenizer.json"), None) if isinstance(folder, Path) else None
    if file is None:
        raise RetrieverError(
            f"The model {str(folder)!r} has no tokenizer.json, by which word pieces are counted.",
            "Give a local folder that has one, or count words.",
        )
    return WordPieces(file)
