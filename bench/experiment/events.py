"""What a run tells while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """Something that a listener may show.

    kind: "begin", "start" (a dataset), "step", "progress", "cell", "failed", "warning", "note", "stopped" (by
    an interrupt; the text is the command that goes on) or "saved".
    """

    kind: str
    dataset: str = ""
    retriever: str = ""
    text: str = ""
    done: int = 0
    total: int | None = None


Listener = Callable[[Event], None]
