"""A worker in a process of its own, kept over its datasets: its crash is one cell's result, and no more.

The child is `bench.experiment.workers.child`; it ends when its parent is gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.experiment.workers.failure import describe_failure, trace_of
from bench.experiment.workers.messages import Progress, Ranked, Timed, Work, WorkerError, WorkerSettings
from bench.experiment.workers.pipe import message, receive, write
from bench.machine import interrupt
from bench.machine.family import Family
from retrievers import Retriever
from retrievers.vectors import Vectors

# How often time and memory are looked at while a message is under way.
WATCH_SECONDS = 0.1
# What a process may take to start, before its limit counts.
START_SECONDS = 600


class ProcessWorker:
    """The messages to a child process. Raises WorkerError where the retriever fails or the process dies."""

    def __init__(self, specification: str, settings: WorkerSettings, progress: Progress) -> None:
        self._progress, self._limits, self._ready = progress, settings, False
        job = {
            "retriever": specification,
            "cache": str(settings.cache or ""),
            "cache_mb": settings.cache_mb,
            "rebuild": settings.rebuild,
        }
        self._process = subprocess.Popen(
            # -P: what the parent may import the child may too, but not first what lies in the folder it is called from.
            [sys.executable, "-P", "-m", "bench.experiment.workers.child", json.dumps(job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=settings.log if settings.log is not None else subprocess.DEVNULL,
            env={**os.environ, **settings.environment, "PYTHONPATH": os.pathsep.join(_import_path())},
        )
        self._family, self._timing = Family(self._process.pid), False
        self._replies: queue.Queue[Any] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def await_start(self) -> None:
        """Wait until the process has started."""
        if not self._ready:
            self._await("ready")

    def load(self, cached: bool) -> Work:
        work: Work = self._ask("load", cached)
        return work

    def open(self, folder: Path) -> None:
        self._ask("open", folder)
        self._family.peak = 0

    def build(self, cached: bool = True, saved: bool = False) -> Work:
        work: Work = self._ask("build", cached, saved)
        return work

    def search_with(self, parameters: Mapping[str, int]) -> None:
        self._ask("search_with", dict(parameters))

    def rank(self, k: int) -> Ranked:
        ranked: Ranked = self._ask("rank", k)
        self._look(anew=True)  # a child that serves is there, however quickly all of it went
        # Its own mark misses nothing but its children; the looks see all of them, now and then.
        return replace(ranked, peak_bytes=max(ranked.peak_bytes or 0, self._family.peak))

    def try_out(self, specification: str, k: int) -> Ranked:
        """Be another retriever from here on; what it ranks. As of `Worker`."""
        ranked: Ranked = self._ask("try_out", specification, k)
        return ranked

    def time(self, queries: Sequence[int], together: bool = False) -> Timed:
        timed: Timed = self._ask("time", list(queries), together)
        return timed

    def vectors(self, documents: NDArray[np.int64], queries: NDArray[np.int64]) -> tuple[Vectors, Vectors] | None:
        held: tuple[Vectors, Vectors] | None = self._ask("vectors", documents, queries)
        return held

    def close(self) -> None:
        """End the process, patiently first."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # the rest of a message that it did not live to read
            self._process.stdin.close()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._end()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        while True:
            try:
                data = receive(self._process.stdout)
            except (EOFError, OSError, ValueError):
                self._replies.put(("ended", None))
                return
            try:
                self._replies.put(message(data))
            except Exception as error:  # noqa: BLE001 - a plug-in's objects may raise anything
                reason = f"its answer cannot be read: {describe_failure(error)}"
                self._replies.put(("failed", (reason, trace_of(error))))

    def _ask(self, method: str, *arguments: object) -> Any:
        assert self._process.stdin is not None
        self._timing = method == "time"
        try:
            write(self._process.stdin, (method, arguments))
        except (OSError, ValueError):  # a broken pipe has another name on Windows
            pass  # it died: the listener has said so
        return self._await("done")

    def _await(self, wanted: str) -> Any:
        """The content of the next message of that kind."""
        start = time.monotonic()
        while True:
            interrupt.check()
            try:
                kind, value = self._replies.get(timeout=WATCH_SECONDS)
            except queue.Empty:
                self._watch(time.monotonic() - start)
                continue
            if kind == "ready":  # a limit is for the retriever, not for the start of its process
                self._ready, start = True, time.monotonic()
                if wanted == "ready":
                    return None
            elif kind == "progress":
                self._progress(*value)
                self._watch(time.monotonic() - start)
            elif kind == "done":
                return value
            elif kind == "failed":
                raise WorkerError(*value)
            else:
                raise WorkerError(self._epitaph())

    def _watch(self, seconds: float) -> None:
        """End the process and raise WorkerError where it takes too long or holds too much memory."""
        limits = self._limits
        if self._process.poll() is not None:  # what it started may hold the pipe open
            raise WorkerError(self._epitaph())
        if limits.timeout is not None and seconds > (limits.timeout if self._ready else START_SECONDS):
            self._end()
            raise WorkerError(f"it took longer than {limits.timeout:g} s (--timeout).")
        if limits.memory_mb is not None or not self._timing:  # else a look is of no use, and may be felt
            self._look()

    def _look(self, anew: bool = False) -> None:
        """Look at the memory that it holds with all that it started; end it where that is more than it may."""
        limit = self._limits.memory_mb
        self._family.look(anew, least=limit * 2**20 if limit is not None and self._timing else 0)
        if limit is not None and self._family.peak > limit * 2**20:
            self._end()
            raise WorkerError(f"it held more than {limit:,} MB of memory (--memory-mb).")

    def _end(self) -> None:
        """Kill the process and all that it started."""
        self._family.kill()
        self._process.kill()
        self._process.wait()

    def _epitaph(self) -> str:
        try:
            code = self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._end()
            return "its process closed the pipe."
        if code < 0:
            import signal

            try:
                name = signal.Signals(-code).name
            except ValueError:  # a real-time signal
                name = f"signal {-code}"
            cause = " Often the system does so when memory runs out." if name == "SIGKILL" else ""
            return f"its process was killed ({name}).{cause}"
        return f"its process ended with exit status {code}."


def start(source: str | Retriever, settings: WorkerSettings, progress: Progress) -> ProcessWorker:
    """A worker of a specification. Raises WorkerError where the system has no process left."""
    assert isinstance(source, str)
    try:
        return ProcessWorker(source, settings, progress)
    except OSError as error:
        raise WorkerError(f"its process cannot be started: {error.strerror}.") from error


def _import_path() -> list[str]:
    """Where this process imports from, less the current folder: it would come before what is installed.

    A plug-in that lies there is found when it is asked for (retrievers.load).
    """
    here, ours = Path.cwd(), Path(__file__).resolve().parents[3]
    return [folder for folder in sys.path if folder and (Path(folder).resolve() != here or here == ours)]
