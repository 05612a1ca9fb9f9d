"""The messages between a run and a worker, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

import numpy as np
from numpy.typing import NDArray

from retrievers.base import Ranking
from retrievers.dense.vector_cache import DEFAULT_LIMIT_MB
from retrievers.stages import Stages
from retrievers.vectors import Vectors

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
    shared: of a build, was it another's, whose index is searched here too (bench.experiment.workers.shared_index)?
    """

    seconds: float
    phases: dict[str, float]
    quantities: dict[str, float]
    warnings: tuple[str, ...] = ()
    refused: str = ""
    shared: bool = False


@dataclass(frozen=True)
class Ranked:
    """The rankings of all queries. peak_bytes: the peak memory since the dataset was opened, if known.

    Of a process of its own: with all that it started (bench.experiment.workers.process). stages: what the ranking was
    made of, where the retriever searches in two. exact: what the search approximates, where it does. columns:
    those of the documents that the retriever has read.
    """

    ranking: Ranking
    work: Work
    peak_bytes: int | None
    stages: Stages | None = None
    columns: tuple[str, ...] = ()
    exact: Ranking | None = None


@dataclass(frozen=True)
class Timed:
    """nanoseconds: int64, one a query (or one for all, together). phases: the same by phase."""

    nanoseconds: NDArray[np.int64]
    phases: dict[str, NDArray[np.int64]]


@dataclass(frozen=True)
class WorkerSettings:
    """What a worker's process is given. environment: variables, of threads above all. log: takes what it prints.

    cache, cache_mb: file and bound of the embedding cache, if one serves. rebuild: nothing that it or the saved indexes
    held before is used, and all is replaced. timeout: seconds that one message may
    take. memory_mb: resident memory that the process may hold, with all that it started (an address-space limit would
    not fit torch).
    """

    environment: dict[str, str] = field(default_factory=dict)
    log: IO[bytes] | None = None
    cache: Path | None = None
    cache_mb: int = DEFAULT_LIMIT_MB
    rebuild: bool = False
    timeout: float | None = None
    memory_mb: int | None = None


class WorkerLike(Protocol):
    """The messages, whoever answers them."""

    def await_start(self) -> None: ...
    def load(self, cached: bool) -> Work: ...
    def open(self, folder: Path) -> None: ...
    def build(self, cached: bool = True, saved: bool = False) -> Work: ...
    def search_with(self, parameters: Mapping[str, int]) -> None: ...
    def rank(self, k: int) -> Ranked: ...
    def time(self, queries: Sequence[int], together: bool = False) -> Timed: ...
    def vectors(self, documents: NDArray[np.int64], queries: NDArray[np.int64]) -> tuple[Vectors, Vectors] | None: ...
    def close(self) -> None: ...
