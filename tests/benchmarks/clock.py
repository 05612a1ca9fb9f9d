"""The clocks of the benchmarks."""

from __future__ import annotations

import time
from collections.abc import Callable


def seconds(work: Callable[[], object]) -> float:
    """What one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def cpu_seconds(work: Callable[[], object]) -> float:
    """What one call takes of processors, in this process and in all of its threads: others beside it do not count."""
    start = time.process_time()
    work()
    return time.process_time() - start
