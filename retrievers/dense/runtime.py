"""What runs a model: an `Encoder` asks it for vectors and never how they come about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrievers.dense.exact import Side


class Runtime(Protocol):
    """A loaded model."""

    def lengths(self, texts: Sequence[str], side: Side) -> list[int]:
        """By what texts are brought beside others of like length: the word pieces that the model reads of each.

        Those are kept for the `forward` that follows, so that no text is cut into pieces twice.
        """
        ...

    def forward(self, texts: list[str], side: Side) -> NDArray[np.float32]:
        """The vectors of one batch: float32 [texts, dimensions]."""
        ...


def by_length(runtime: Runtime, texts: list[str], side: Side) -> list[str]:
    """Texts of like length beside each other, so that little is padded: the longest first."""
    lengths = runtime.lengths(texts, side)
    return [texts[i] for i in sorted(range(len(texts)), key=lengths.__getitem__, reverse=True)]
