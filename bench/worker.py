"""One retriever's life: load, then open a dataset, build, rank all queries, time a block of single queries.

`Worker` does these in the process it stands in; bench.process has the same methods in a process of their own.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bench import contract, memory
from bench.contract import checked
from bench.dataset import Texts, open_texts
from bench.failure import describe_failure, storable, trace_of
from bench.latency import LATENCY_HITS
from retrievers.base import Ranking, Retriever, RetrieverError, listening
from retrievers.cache import VectorCache, caching

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
    """What one message cost. seconds: wall time; phases: seconds by phase; quantities: what was recorded.

    warnings: what the retriever says of its figures. refused: of a rehearsal, how it breaks the contract of `index`.
    """

    seconds: float
    phases: dict[str, float]
    quantities: dict[str, float]
    warnings: tuple[str, ...] = ()
    refused: str = ""


@dataclass(frozen=True)
class Ranked:
    """The rankings of all queries. peak_bytes: the peak memory since the dataset was opened, if known.

    Of a process of its own: with all that it started (bench.process).
    """

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

    def await_start(self) -> None: ...
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
    warnings: list[str] = field(default_factory=list)
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

    def warned(self, text: str) -> None:
        self.warnings.append(storable(str(text)))

    def work(self, seconds: float) -> Work:
        phases = {name: ns / 1e9 for name, ns in self.nanoseconds.items()}
        return Work(seconds, phases, self.quantities, tuple(dict.fromkeys(self.warnings)))


class Worker:
    """The messages in this process.

    another: makes a second retriever like this one, on which is rehearsed; the one that is measured never is. In a
    process of its own each dataset has an object of its own as well, on which `index` is called once.
    """

    def __init__(
        self,
        retriever: Retriever,
        progress: Progress | None = None,
        own_process: bool = False,
        cache: VectorCache | None = None,
        another: Callable[[], Retriever] | None = None,
    ) -> None:
        self._retriever: Retriever | None = retriever
        self._progress, self._own_process, self._cache = progress, own_process, cache
        self._another = another
        self._documents: Texts | None = None
        self._queries: list[str] = []
        self._settled = False

    def load(self, cached: bool) -> Work:
        """Rehearse, so that libraries and models are there before anything is measured.

        cached: the embedding cache may answer, so that a model which no text needs is never loaded.
        """
        if self._another is None:
            return Work(0.0, {}, {})
        try:
            understudy = self._another()
        except Exception:  # noqa: BLE001 - a plug-in's object may refuse in any way to be copied
            unsure = "it cannot be copied, so that nobody knows whether its index replaces the one before."
            return Work(0.0, {}, {}, (unsure,))
        recorder = _Recorder(self._progress)
        start = time.perf_counter()
        with listening(recorder), caching(self._cache if cached else None):
            refused = contract.rehearse(understudy)
        # What it warns of is said of these few texts, and of no interest.
        return replace(recorder.work(time.perf_counter() - start), warnings=(), refused=refused)

    def open(self, folder: Path) -> None:
        """Map the texts of a dataset; the peak of memory counts from here."""
        if self._own_process and self._documents is not None and self._another is not None:
            self._retriever = None  # before the next is made: its index would count as memory of this set
            self._retriever = self._another()
        self._documents, queries = open_texts(folder)
        self._queries = list(queries)
        self._settled = False
        gc.unfreeze()
        if self._own_process:
            memory.reset_peak()

    def build(self, cached: bool = True) -> Work:
        """Index the documents. phases["load"] is what libraries and models took to load, apart from the index.

        cached: the embedding cache may answer.
        """
        assert self._documents is not None
        assert self._retriever is not None
        recorder = _Recorder(self._progress)
        start = time.perf_counter()
        with listening(recorder), caching(self._cache if cached else None):
            contract.index(self._retriever, self._documents)
        return recorder.work(time.perf_counter() - start)

    def rank(self, k: int) -> Ranked:
        """Rank all queries to depth `k`. Raises RetrieverError where the answer breaks the contract."""
        assert self._documents is not None
        recorder = _Recorder(self._progress)
        start = time.perf_counter()
        with listening(recorder), caching(self._cache):
            ranking = self._search_all(k, len(self._documents))
        seconds = time.perf_counter() - start
        ranking = checked(ranking, len(self._queries), k, len(self._documents))
        return Ranked(ranking, recorder.work(seconds), memory.peak() if self._own_process else None)

    def _search_all(self, k: int, documents: int) -> Ranking:
        assert self._retriever is not None
        try:
            return self._retriever.search(self._queries, k)
        except (ValueError, IndexError) as error:
            if k <= documents or not self._answers(1):
                raise
            raise RetrieverError(
                f"{describe_failure(error)}.",
                f"It was asked for k={k} of {documents:,} documents: give those that there are.",
            ) from error

    def _answers(self, k: int) -> bool:
        """Can it give so many hits?"""
        assert self._retriever is not None
        try:
            self._retriever.search(self._queries, k)
        except Exception:  # noqa: BLE001 - whatever it is, the number of hits is not what is wrong
            return False
        return True

    def time(self, queries: Sequence[int], together: bool = False) -> Timed:
        """Time these queries one by one, or together as one batch; never with the embedding cache."""
        assert self._documents is not None
        assert self._retriever is not None
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
        """Let go of the embedding cache's file, and of what timing asked of the garbage collector."""
        gc.unfreeze()
        if self._cache is not None:
            self._cache.close()


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
