"""Ctrl-C that is not lost.

Python raises KeyboardInterrupt wherever it happens to be, also in callbacks and in libraries that drop every error, as
at the end of an import: the run then goes on as if nobody had pressed anything. So it is kept, and looked at again.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType

_pressed = threading.Event()


def keep() -> None:
    """Keep each Ctrl-C until `check` or `taken`. Where somebody else sees to it (nohup, a host), so it stays."""
    ours_to_see_to = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if ours_to_see_to and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, _handle)


def _handle(number: int, frame: FrameType | None) -> None:
    _pressed.set()
    signal.default_int_handler(number, frame)


def check() -> None:
    """Raise KeyboardInterrupt where one was raised and lost."""
    if _pressed.is_set():
        taken()
        raise KeyboardInterrupt


def taken() -> None:
    """The last Ctrl-C arrived."""
    _pressed.clear()
