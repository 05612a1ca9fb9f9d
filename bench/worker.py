"""One retriever's life: open a dataset, build, rank all queries, time a block of single queries.

`Worker` does these in the process it stands in. `ProcessWorker` has the same four methods and does them in a
process of its own (`python -m bench.worker`), kept over its datasets, which ends when its parent is gone.
Messages are length-prefixed pickles over the child's own pipes, never files.
"""

from __future__ import annotations

import gc
import os
import pickle
import queue
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Texts, open_texts
from bench.latency import LATENCY_HITS
from retrievers.base import Ranking, Retriever, RetrieverError, listening

Progress = Callable[[str, int, int | None], None]


class WorkerError(Exception):
    """A retriever failed: one line for the table; the traceback, where there is one, for the log."""

    def __init__(self, message: str, trace: str = "") -> None:
        super().__init__(message, trace)
        self.message, self.trace = message, trace

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Work:
    """What one message cost. seconds: wall time; phases: seconds by phase; quantities: what was recorded."""

    seconds: float
    phases: dict[str, float]
    quantities: dict[str, float]


@dataclass(frozen=True)
class Ranked:
    """The rankings of all queries. peak_bytes: the process's peak memory since the dataset was opened, if known."""

    ranking: Ranking
    work: Work
    peak_bytes: int | None


@dataclass(frozen=True)
class Timed:
    """nanoseconds: int64, one a query (or one for all, together). phases: the same by phase."""

    nanoseconds: NDArray[np.int64]
    phases: dict[str, NDArray[np.int64]]


class WorkerLike(Protocol):
    """The four messages, whoever answers them."""

    def open(self, folder: Path) -> None: ...
    def build(self) -> Work: ...
    def rank(self, k: int) -> Ranked: ...
    def time(self, queries: Sequence[int], together: bool = False) -> Timed: ...
    def close(self) -> None: ...


@dataclass
class _Recorder:
    """Sums what a retriever tells; passes progress on, at most ten times a second."""

    progress: Progress | None = None
    nanoseconds: dict[str, int] = field(default_factory=dict)
    quantities: dict[str, float] = field(default_factory=dict)
    _totals: dict[str, int | None] = field(default_factory=dict)
    _done: dict[str, int] = field(default_factory=dict)
    _told: float = 0.0

    def started(self, phase: str, total: int | None) -> None:
        self._totals[phase], self._done[phase] = total, 0

    def advanced(self, phase: str, steps: int) -> None:
        self._done[phase] += steps
        if self.progress is not None and time.monotonic() - self._told > 0.1:
            self._told = time.monotonic()
            self.progress(phase, self._done[phase], self._totals[phase])

    def ended(self, phase: str, nanoseconds: int) -> None:
        self.nanoseconds[phase] = self.nanoseconds.get(phase, 0) + nanoseconds

    def recorded(self, quantity: str, value: float) -> None:
        self.quantities[quantity] = value

    def work(self, seconds: float) -> Work:
        return Work(seconds, {name: ns / 1e9 for name, ns in self.nanoseconds.items()}, self.quantities)


class Worker:
    """The four messages in this process."""

    def __init__(self, retriever: Retriever, progress: Progress | None = None, own_process: bool = False) -> None:
        self._retriever, self._progress, self._own_process = retriever, progress, own_process
        self._documents: Texts | None = None
        self._queries: list[str] = []
        self._settled = False

    def open(self, folder: Path) -> None:
        """Map the texts of a dataset; the peak of memory counts from here."""
        self._documents, queries = open_texts(folder)
        self._queries = list(queries)
        self._settled = False
        gc.unfreeze()
        if self._own_process:
            _reset_peak()

    def build(self) -> Work:
        """Index the documents. phases["load"] is what libraries and models took to load, apart from the index."""
        assert self._documents is not None
        recorder = _Recorder(self._progress)
        start = time.perf_counter()
        with listening(recorder):
            self._retriever.index(self._documents)
        return recorder.work(time.perf_counter() - start)

    def rank(self, k: int) -> Ranked:
        """Rank all queries to depth `k`. Raises RetrieverError where the answer breaks the contract."""
        assert self._documents is not None
        recorder = _Recorder(self._progress)
        start = time.perf_counter()
        with listening(recorder):
            ranking = self._retriever.search(self._queries, k)
        seconds = time.perf_counter() - start
        ranking = checked(ranking, len(self._queries), k, len(self._documents))
        return Ranked(ranking, recorder.work(seconds), _peak() if self._own_process else None)

    def time(self, queries: Sequence[int], together: bool = False) -> Timed:
        """Time these queries one by one, or together as one batch."""
        if not self._settled:  # what was built so far is no longer the collector's business
            gc.collect()
            gc.freeze()
            self._settled = True
        texts = [self._queries[position] for position in queries]
        batches = [texts] if together else [[text] for text in texts]
        samples = np.empty(len(batches), dtype=np.int64)
        phases: list[dict[str, int]] = []
        for number, batch in enumerate(batches):
            recorder = _Recorder()
            with listening(recorder):
                start = time.perf_counter_ns()
                self._retriever.search(batch, LATENCY_HITS)
                samples[number] = time.perf_counter_ns() - start
            phases.append(recorder.nanoseconds)
        names = sorted({name for each in phases for name in each})
        return Timed(samples, {name: np.array([each.get(name, 0) for each in phases]) for name in names})

    def close(self) -> None:
        """Nothing to end in this process."""


def checked(ranking: Ranking, queries: int, k: int, documents: int) -> Ranking:
    """The ranking with ties in the one order, or RetrieverError that names what breaks the contract."""
    if not isinstance(ranking, Ranking):
        raise RetrieverError(f"search returned a {type(ranking).__name__}, not a Ranking.")
    hits, scores = np.asarray(ranking.documents), np.asarray(ranking.scores)
    if hits.shape != (queries, k) or scores.shape != (queries, k):
        raise RetrieverError(
            f"search returned arrays of shape {hits.shape} and {scores.shape} for {queries} queries and k={k}."
        )
    if hits.dtype.kind not in "iu" or scores.dtype.kind != "f":
        raise RetrieverError(
            f"search returned {hits.dtype} positions and {scores.dtype} scores, not int64 and float32."
        )
    hits, scores = hits.astype(np.int64), scores.astype(np.float32)
    real = hits >= 0
    wrong = {
        "a position outside the corpus": (hits < -1) | (hits >= documents),
        "a hit after the end of the hits": real[:, 1:] & ~real[:, :-1],
        "a score that is no finite number": real & ~np.isfinite(scores),
        "scores that are not descending": real[:, 1:] & (scores[:, 1:] > scores[:, :-1]),
    }
    for problem, where in wrong.items():
        if where.any():
            raise RetrieverError(f"search returned {problem} (query at position {int(np.argwhere(where)[0][0])}).")
    ordered = np.sort(hits, axis=1)
    twice = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    if twice.any():
        raise RetrieverError(f"search returned a document twice (query at position {int(np.argwhere(twice)[0][0])}).")
    scores = np.where(real, scores, np.float32(-np.inf))
    order = np.lexsort((np.where(real, hits, documents), -scores), axis=1)
    return Ranking(np.take_along_axis(hits, order, axis=1), np.take_along_axis(scores, order, axis=1))


# --- the same in a process of its own ---

_HEADER = struct.Struct("!Q")


def _write(stream: IO[bytes], message: object) -> None:
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_HEADER.pack(len(data)) + data)
    stream.flush()


def _read(stream: IO[bytes]) -> Any:
    header = stream.read(_HEADER.size)
    if len(header) < _HEADER.size:
        raise EOFError
    (size,) = _HEADER.unpack(header)
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return pickle.loads(data)  # noqa: S301 - from our own child or parent, over a private pipe


class ProcessWorker:
    """The four messages to a child process. Raises WorkerError where the retriever fails or the process dies."""

    def __init__(
        self, specification: str, environment: dict[str, str], log: IO[bytes] | None, progress: Progress
    ) -> None:
        self._progress = progress
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.worker", specification],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log if log is not None else subprocess.DEVNULL,
            env={**os.environ, **environment, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        self._replies: queue.Queue[Any] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def open(self, folder: Path) -> None:
        self._ask("open", folder)

    def build(self) -> Work:
        work: Work = self._ask("build")
        return work

    def rank(self, k: int) -> Ranked:
        ranked: Ranked = self._ask("rank", k)
        return ranked

    def time(self, queries: Sequence[int], together: bool = False) -> Timed:
        timed: Timed = self._ask("time", list(queries), together)
        return timed

    def close(self) -> None:
        """End the process, patiently first."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        try:
            while True:
                self._replies.put(_read(self._process.stdout))
        except (EOFError, OSError, ValueError):
            self._replies.put(("ended", None))

    def _ask(self, method: str, *arguments: object) -> Any:
        assert self._process.stdin is not None
        try:
            _write(self._process.stdin, (method, arguments))
        except (BrokenPipeError, ValueError):
            pass  # it died: the listener has said so
        while True:
            kind, value = self._replies.get()
            if kind == "progress":
                self._progress(*value)
            elif kind == "done":
                return value
            elif kind == "failed":
                raise WorkerError(*value)
            else:
                raise WorkerError(self._epitaph())

    def _epitaph(self) -> str:
        code = self._process.wait()
        if code < 0:
            import signal

            return f"its process was killed ({signal.Signals(-code).name})."
        return f"its process ended with exit status {code}."


def serve(specification: str) -> None:
    """The child: answer messages until the parent closes the pipe or is gone."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a retriever prints goes to the log, not between the messages
    inbox: queue.Queue[Any] = queue.Queue()

    def listen() -> None:
        source = sys.stdin.buffer
        try:
            while True:
                inbox.put(_read(source))
        except EOFError:
            os._exit(0)  # the parent is done or gone; nothing here is worth keeping

    threading.Thread(target=listen, daemon=True).start()

    def progress(phase: str, done: int, total: int | None) -> None:
        _write(replies, ("progress", (phase, done, total)))

    worker: Worker | None = None
    while True:
        method, arguments = inbox.get()
        try:
            if worker is None:
                from retrievers import create

                worker = Worker(create(specification), progress, own_process=True)
            reply = ("done", getattr(worker, method)(*arguments))
        except Exception as error:  # noqa: BLE001 - a plug-in may raise anything; the parent says what
            import traceback

            reply = ("failed", (describe_failure(error), traceback.format_exc()))
        _write(replies, reply)


def describe_failure(error: BaseException) -> str:
    """One line for the table."""
    if isinstance(error, RetrieverError):
        return str(error)
    if isinstance(error, MemoryError):
        return "it ran out of memory."
    last = (str(error).strip().splitlines() or [""])[-1]
    return f"{type(error).__name__}: {last}" if last else type(error).__name__


def _reset_peak() -> None:
    """Start the kernel's high-water mark of resident memory anew (Linux; elsewhere the peak is of the whole life)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


def _peak() -> int | None:
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


if __name__ == "__main__":
    # As bench.worker, not as __main__: the classes of the replies are pickled by their module's name.
    from bench import worker  # noqa: PLW0406

    worker.serve(sys.argv[1])
