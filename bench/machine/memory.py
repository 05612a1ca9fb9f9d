"""The peak of this process's memory, and how it is counted anew."""

from __future__ import annotations

import ctypes
import gc
import sys
from contextlib import suppress
from pathlib import Path


def reset_peak() -> None:
    """Give back what is free and start the kernel's high-water mark of resident memory anew.

    Linux alone has such a mark; elsewhere the peak is of the process's whole life.
    """
    gc.unfreeze()
    gc.collect()
    with suppress(OSError, AttributeError):  # glibc keeps freed memory, which would count as what comes next
        ctypes.CDLL(None).malloc_trim(0)
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak() -> int | None:
    """Peak resident memory of this process in bytes."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
