"""A process and all that it started: how much memory they hold together, and how to end them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psutil

# How often it is looked at who belongs to it, which is work for each process of the machine.
LIST_SECONDS = 1.0


class Family:
    """peak: the most bytes of memory that they held together at any look, since it was last set to 0.

    What is between two looks is not seen. Forked processes share pages: on Linux these count once, elsewhere in each.
    """

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self._pid, self._listed = pid, -LIST_SECONDS
        self._members: list[psutil.Process] = []

    def look(self, anew: bool = False, least: int = 0) -> None:
        """Count what they hold now. anew: list them anew first. least: not more than so much is of no interest."""
        import psutil

        if anew or time.monotonic() - self._listed > LIST_SECONDS:
            self._members, self._listed = self._living(), time.monotonic()
        held = sum(memory.rss for memory in self._told(psutil.Process.memory_info))
        if held <= max(self.peak, least):
            return
        if len(self._members) > 1 and psutil.LINUX:  # less, as they share pages, and it takes longer to tell
            held = _once(self._told(psutil.Process.memory_full_info))
        self.peak = max(self.peak, held)

    def kill(self) -> None:
        """End all of them."""
        import psutil

        for process in self._living():
            with contextlib.suppress(psutil.Error):  # it has just ended, or is another user's
                process.kill()

    def _living(self) -> list[psutil.Process]:
        import psutil

        try:
            first = psutil.Process(self._pid)
            return [first, *first.children(recursive=True)]
        except psutil.Error:
            return []

    def _told(self, look: Callable[[psutil.Process], Any]) -> list[Any]:
        """What those tell that live, the first before the others."""
        import psutil

        readings = []
        for process in self._members:
            with contextlib.suppress(psutil.Error):  # it has just ended
                readings.append(look(process))
        return readings


def _once(readings: Sequence[Any]) -> int:
    """Bytes that processes hold, each shared page once: the greater of two sums of which neither is too much.

    All of the first and what the others have alone leaves out what only the others share. Everybody's part (pss)
    leaves out the part of strangers that have the same libraries open, as this program itself.
    """
    alone = sum(memory.uss for memory in readings[1:])
    return int(max(sum(memory.pss for memory in readings), alone + sum(memory.rss for memory in readings[:1])))
