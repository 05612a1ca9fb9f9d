"""A worker in this process: of a notebook's own objects, and in tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.experiment.workers.failure import describe_failure, trace_of
from bench.experiment.workers.messages import Ranked, Timed, Work, WorkerError
from bench.experiment.workers.worker import Worker


class InProcess:
    """A worker in this process, whose retriever's exceptions become WorkerError as they do across processes.

    Where an event loop runs in this thread, as in a notebook, it works in a thread of its own, always the same one:
    no second loop can run here, and a client belongs to the loop and the thread that it was made in.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._thread = ThreadPoolExecutor(1) if _a_loop_runs() else None

    def await_start(self) -> None:
        """It is there."""

    def load(self, cached: bool) -> Work:
        work: Work = self._guard(self._worker.load, cached)
        return work

    def open(self, folder: Path) -> None:
        self._guard(self._worker.open, folder)

    def build(self, cached: bool = True) -> Work:
        work: Work = self._guard(self._worker.build, cached)
        return work

    def rank(self, k: int) -> Ranked:
        ranked: Ranked = self._guard(self._worker.rank, k)
        return ranked

    def time(self, queries: Sequence[int], together: bool = False) -> Timed:
        timed: Timed = self._guard(self._worker.time, queries, together)
        return timed

    def close(self) -> None:
        self._worker.close()
        if self._thread is not None:
            self._thread.shutdown(wait=False)

    def _guard(self, call: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return call(*arguments) if self._thread is None else self._thread.submit(call, *arguments).result()
        except (Exception, SystemExit) as error:
            raise WorkerError(describe_failure(error), trace_of(error)) from error


def _a_loop_runs() -> bool:
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
