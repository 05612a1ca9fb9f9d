"""A worker in this process: of a notebook's own objects, and in tests."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, is_dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from bench.experiment.workers.failure import describe_failure, trace_of
from bench.experiment.workers.messages import Progress, Ranked, Timed, Work, WorkerError, WorkerSettings
from bench.experiment.workers.worker import Worker
from retrievers import Retriever
from retrievers.base import parts_of
from retrievers.dense.vector_cache import VectorCache
from retrievers.vectors import Vectors


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

    def build(self, cached: bool = True, saved: bool = False) -> Work:
        work: Work = self._guard(self._worker.build, cached, saved)
        return work

    def search_with(self, parameters: Mapping[str, int]) -> None:
        self._guard(self._worker.search_with, parameters)

    def rank(self, k: int) -> Ranked:
        ranked: Ranked = self._guard(self._worker.rank, k)
        return ranked

    def time(self, queries: Sequence[int], together: bool = False) -> Timed:
        timed: Timed = self._guard(self._worker.time, queries, together)
        return timed

    def vectors(self, documents: NDArray[np.int64], queries: NDArray[np.int64]) -> tuple[Vectors, Vectors] | None:
        held: tuple[Vectors, Vectors] | None = self._guard(self._worker.vectors, documents, queries)
        return held

    def close(self) -> None:
        self._worker.close()
        if self._thread is not None:
            self._thread.shutdown(wait=False)

    def _guard(self, call: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return call(*arguments) if self._thread is None else self._thread.submit(call, *arguments).result()
        except (Exception, SystemExit) as error:
            secrets = self._worker.secrets
            raise WorkerError(describe_failure(error, secrets), trace_of(error, secrets)) from error


def start(source: str | Retriever, settings: WorkerSettings, progress: Progress) -> InProcess:
    """A worker of a retriever object. It has no limits, and prints where this process does."""
    assert not isinstance(source, str)
    held = (settings.cache_mb, settings.rebuild)
    cache = VectorCache(settings.cache, *held) if settings.cache is not None else None
    return InProcess(Worker(source, progress, cache=cache, another=partial(twin, source)))


def twin(retriever: Any) -> Retriever:
    """Another object with the same parameters, and nothing in common with the first. Raises what copying raises."""
    if not is_dataclass(retriever):
        return cast("Retriever", copy.deepcopy(retriever))
    # Without what it indexed before, and its parts.
    settings = {field.name: getattr(retriever, field.name) for field in fields(retriever) if field.init}
    parts = tuple(map(twin, parts_of(retriever)))
    made_anew = {"parts": parts} if parts and settings.pop("parts", ()) else {}
    make: Any = type(retriever)
    return cast("Retriever", make(**copy.deepcopy(settings), **made_anew))


def _a_loop_runs() -> bool:
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
