"""One retriever's life: load, then open a dataset, build, rank all queries, time a block of single queries.

`Worker` does these in the process it stands in; bench.process has the same methods in a process of their own.
"""

from __future__ import annotations

import gc
import math
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Texts, open_texts
from bench.latency import LATENCY_HITS
from retrievers.base import Ranking, Retriever, RetrieverError, listening
from retrievers.cache import VectorCache, caching

Progress = Callable[[str, int, int | None], None]

# The one document and query of a retriever's rehearsal.
REHEARSAL = "rehearsal"


# What a table shows of a failure; the log has all of it.
LONGEST_REASON = 400


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
    """The messages, whoever answers them."""

    def load(self, cached: bool) -> Work: ...
    def open(self, folder: Path) -> None: ...
    def build(self, cached: bool = True) -> Work: ...
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
        phase = storable(phase)
        self._totals[phase], self._done[phase] = total, 0
        if self.progress is not None and (total is not None or phase == "load"):
            self.progress(phase, 0, total)

    def advanced(self, phase: str, steps: int) -> None:
        phase = storable(phase)
        self._done[phase] += steps
        if self.progress is not None and time.monotonic() - self._told > 0.1:
            self._told = time.monotonic()
            self.progress(phase, self._done[phase], self._totals[phase])

    def ended(self, phase: str, nanoseconds: int) -> None:
        phase = storable(phase)
        self.nanoseconds[phase] = self.nanoseconds.get(phase, 0) + nanoseconds

    def recorded(self, quantity: str, value: float) -> None:
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            raise RetrieverError(f"It records {quantity} = {value!r}, which is no finite number.", "Record a number.")
        self.quantities[storable(str(quantity))] = number

    def work(self, seconds: float) -> Work:
        return Work(seconds, {name: ns / 1e9 for name, ns in self.nanoseconds.items()}, self.quantities)


class Worker:
    """The messages in this process."""

    def __init__(
        self,
        retriever: Retriever,
        progress: Progress | None = None,
        own_process: bool = False,
        cache: VectorCache | None = None,
    ) -> None:
        self._retriever, self._progress, self._own_process, self._cache = retriever, progress, own_process, cache
        self._documents: Texts | None = None
        self._queries: list[str] = []
        self._settled = False

    def load(self, cached: bool) -> Work:
        """Index and search one word, so that libraries and models are there before anything is measured.

        cached: the embedding cache may answer, so that a model which no text needs is never loaded.
        """
        recorder = _Recorder(self._progress)
        start = time.perf_counter()
        with listening(recorder), caching(self._cache if cached else None):
            self._retriever.index([REHEARSAL])
            self._retriever.search([REHEARSAL], 1)
        return recorder.work(time.perf_counter() - start)

    def open(self, folder: Path) -> None:
        """Map the texts of a dataset; the peak of memory counts from here."""
        self._documents, queries = open_texts(folder)
        self._queries = list(queries)
        self._settled = False
        gc.unfreeze()
        if self._own_process:
            _reset_peak()

    def build(self, cached: bool = True) -> Work:
        """Index the documents. phases["load"] is what libraries and models took to load, apart from the index.

        cached: the embedding cache may answer.
        """
        assert self._documents is not None
        recorder = _Recorder(self._progress)
        start = time.perf_counter()
        with listening(recorder), caching(self._cache if cached else None):
            self._retriever.index(self._documents)
        return recorder.work(time.perf_counter() - start)

    def rank(self, k: int) -> Ranked:
        """Rank all queries to depth `k`. Raises RetrieverError where the answer breaks the contract."""
        assert self._documents is not None
        recorder = _Recorder(self._progress)
        start = time.perf_counter()
        with listening(recorder), caching(self._cache):
            ranking = self._retriever.search(self._queries, k)
        seconds = time.perf_counter() - start
        ranking = checked(ranking, len(self._queries), k, len(self._documents))
        return Ranked(ranking, recorder.work(seconds), _peak() if self._own_process else None)

    def time(self, queries: Sequence[int], together: bool = False) -> Timed:
        """Time these queries one by one, or together as one batch; never with the embedding cache."""
        assert self._documents is not None
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
                ranking = self._retriever.search(batch, LATENCY_HITS)
                samples[number] = time.perf_counter_ns() - start
            phases.append(recorder.nanoseconds)
        if batches:  # one of them, when the clock has stopped: a time of nonsense is no time
            checked(ranking, len(batches[-1]), LATENCY_HITS, len(self._documents))
        names = sorted({name for each in phases for name in each})
        return Timed(samples, {name: np.array([each.get(name, 0) for each in phases]) for name in names})

    def close(self) -> None:
        """Let go of the embedding cache's file."""
        if self._cache is not None:
            self._cache.close()


class InProcess:
    """A worker in this process, whose retriever's exceptions become WorkerError as they do across processes."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

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

    @staticmethod
    def _guard(call: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return call(*arguments)
        except (Exception, SystemExit) as error:
            raise WorkerError(describe_failure(error), trace_of(error)) from error


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


def describe_failure(error: BaseException) -> str:
    """One line for the table, of what any text may hold and no longer than a line should be."""
    if isinstance(error, RetrieverError):
        said = str(error)
    elif isinstance(error, MemoryError):
        said = "it ran out of memory."
    else:
        said = ": ".join(filter(None, (type(error).__name__, _last_line(error))))
    return storable(said if len(said) <= LONGEST_REASON else f"{said[: LONGEST_REASON - 1]}…")


def _last_line(error: BaseException) -> str:
    try:
        lines = [line.strip() for line in str(error).split("\n")]
    except Exception:  # noqa: BLE001 - a plug-in's exception may fail to say what it is
        return ""
    return next((line for line in reversed(lines) if line), "")


def trace_of(error: BaseException) -> str:
    """The traceback, for the log."""
    try:
        return storable("".join(traceback.format_exception(error)))
    except Exception:  # noqa: BLE001 - as above
        return type(error).__name__


def storable(text: str) -> str:
    """The text with ? in place of lone surrogates, which no file in UTF-8 holds."""
    return text.encode("utf-8", "replace").decode()


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
