"""A worker in other circumstances than the run's: with so many threads, or over documents in another order."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.data.dataset import reorder_texts
from bench.experiment.workers import start_worker
from bench.experiment.workers.messages import Progress, Ranked, Timed, Work, WorkerLike, WorkerSettings
from bench.machine.environment import thread_settings
from retrievers import Retriever
from retrievers.base import NO_HIT, Ranking
from retrievers.vectors import Vectors


@dataclass(frozen=True, eq=False)
class Circumstances:
    """Those of a worker of that kind and source (`workers.start_worker`).

    threads: of every library, None: the run's. order: [documents] positions in the order in which documents are handed
    to the index, None: as they stand.
    """

    kind: str
    source: str | Retriever
    threads: int | None = None
    order: NDArray[np.int64] | None = None


class ReorderedWorker:
    """The messages over documents in another order. What comes back names documents by the positions that they have.

    Equal scores stay as the index gave them: in the order in which it was handed the documents.
    """

    def __init__(self, worker: WorkerLike, order: NDArray[np.int64]) -> None:
        self._worker, self._order = worker, order

    def await_start(self) -> None:
        self._worker.await_start()

    def load(self, cached: bool) -> Work:
        return self._worker.load(cached)

    def open(self, folder: Path) -> None:
        """Open the texts in that order, from a folder in theirs."""
        reordered = Path(tempfile.mkdtemp(prefix="order-", dir=folder))
        reorder_texts(folder, self._order, reordered)
        self._worker.open(reordered)

    def build(self, cached: bool = True, saved: bool = False) -> Work:
        return self._worker.build(cached, saved)

    def search_with(self, parameters: Mapping[str, int]) -> None:
        self._worker.search_with(parameters)

    def rank(self, k: int) -> Ranked:
        """Rank all queries, and put the positions back."""
        ranked = self._worker.rank(k)
        stages = ranked.stages
        if stages is not None:
            stages = replace(stages, ranking=self._put_back(stages.ranking), first=self._put_back(stages.first))
        exact = None if ranked.exact is None else self._put_back(ranked.exact)
        return replace(ranked, ranking=self._put_back(ranked.ranking), stages=stages, exact=exact)

    def time(self, queries: Sequence[int], together: bool = False) -> Timed:
        return self._worker.time(queries, together)

    def vectors(self, documents: NDArray[np.int64], queries: NDArray[np.int64]) -> tuple[Vectors, Vectors] | None:
        """Those of the documents that have these positions as they stand."""
        return self._worker.vectors(np.argsort(self._order)[documents], queries)

    def close(self) -> None:
        self._worker.close()

    def _put_back(self, ranking: Ranking) -> Ranking:
        documents = np.where(ranking.documents == NO_HIT, NO_HIT, self._order[ranking.documents])
        return replace(ranking, documents=documents)


def start(source: Circumstances, settings: WorkerSettings, progress: Progress) -> WorkerLike:
    """A worker in these circumstances. Raises WorkerError where its process cannot be started."""
    if source.threads is not None:
        environment = {**settings.environment, **thread_settings(source.threads)}
        settings = replace(settings, environment=environment)
    worker = start_worker(source.kind, source.source, settings, progress)
    return worker if source.order is None else ReorderedWorker(worker, source.order)
