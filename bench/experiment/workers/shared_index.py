"""One index that several participants search, each with parameters of its own: it is built once, in one worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.experiment.workers import start_worker
from bench.experiment.workers.messages import (
    Progress,
    Ranked,
    Timed,
    Work,
    WorkerError,
    WorkerLike,
    WorkerSettings,
)
from retrievers import Retriever, RetrieverError
from retrievers.vectors import Vectors


@dataclass
class SharedIndex:
    """What builds it: a worker of that kind and source (`workers.start_worker`), while it is alive.

    rehearsed, built: what that took. folder: of the texts that are open. failures: by their folder, why it cannot be
    built over them.
    """

    kind: str
    source: str | Retriever
    worker: WorkerLike | None = field(default=None, repr=False)
    rehearsed: Work | None = None
    folder: Path | None = None
    built: Work | None = None
    failures: dict[Path, Exception] = field(default_factory=dict)

    def start(self, settings: WorkerSettings, progress: Progress) -> WorkerLike:
        """Its worker, started where there is none. Raises WorkerError."""
        if self.worker is None:
            self.worker = start_worker(self.kind, self.source, settings, progress)
        return self.worker

    def close(self) -> None:
        """End the worker; whoever searches it next opens and builds anew."""
        if self.worker is not None:
            self.worker.close()
        self.worker = self.rehearsed = self.folder = self.built = None


@dataclass(frozen=True)
class IndexSearch:
    """An index, and the parameters that it is searched with."""

    index: SharedIndex
    parameters: Mapping[str, int]


class SearchingWorker:
    """The messages of one who shares an index."""

    def __init__(self, search: IndexSearch, settings: WorkerSettings, progress: Progress) -> None:
        self._index, self._parameters = search.index, search.parameters
        self._settings, self._progress = settings, progress
        self._started()

    def _started(self) -> WorkerLike:
        return self._index.start(self._settings, self._progress)

    def await_start(self) -> None:
        """Wait until its process has started."""
        self._started().await_start()

    def load(self, cached: bool) -> Work:
        """Rehearse, where none has."""
        index = self._index
        index.rehearsed = index.rehearsed or self._started().load(cached)
        return index.rehearsed

    def open(self, folder: Path) -> None:
        """Open the texts, where they are not open. Raises anew what building over them has raised."""
        index = self._index
        if folder in index.failures:
            raise index.failures[folder]
        if index.folder != folder:
            self._started().open(folder)
            index.folder, index.built = folder, None

    def build(self, cached: bool = True, saved: bool = False) -> Work:
        """Build the index where none has; what that took."""
        index = self._index
        assert index.folder is not None
        if index.built is not None:
            return replace(index.built, warnings=(), shared=True)
        try:
            index.built = self._started().build(cached, saved)
        except (WorkerError, RetrieverError) as error:
            index.failures[index.folder] = error
            raise
        return index.built

    def search_with(self, parameters: Mapping[str, int]) -> None:
        """Search with others from here on."""
        self._parameters = parameters

    def rank(self, k: int) -> Ranked:
        """Rank all queries with its parameters."""
        return self._searching().rank(k)

    def time(self, queries: Sequence[int], together: bool = False) -> Timed:
        """Time queries with its parameters."""
        return self._searching().time(queries, together)

    def vectors(self, documents: NDArray[np.int64], queries: NDArray[np.int64]) -> tuple[Vectors, Vectors] | None:
        """Those of the index, whatever it is searched with."""
        return self._searching().vectors(documents, queries)

    def _searching(self) -> WorkerLike:
        worker = self._index.worker
        if worker is None or self._index.built is None:
            raise WorkerError("the process that held its index ended when another search of it failed.")
        worker.search_with(self._parameters)
        return worker

    def close(self) -> None:
        """End the process of the index."""
        self._index.close()


def start(source: IndexSearch, settings: WorkerSettings, progress: Progress) -> SearchingWorker:
    """A worker of an index that others search too. Raises WorkerError where its process cannot be started."""
    return SearchingWorker(source, settings, progress)
