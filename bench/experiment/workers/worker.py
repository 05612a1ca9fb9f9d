"""One retriever's life: load, then open a dataset, build, rank all queries, time a block of single queries,
give vectors.

`Worker` does these in the process it stands in; `process` beside it has the same methods in a process of their own.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.data.dataset import DocumentTexts, open_texts
from bench.experiment.workers.failure import describe_failure
from bench.experiment.workers.messages import Progress, Ranked, Timed, Work
from bench.experiment.workers.recorder import SummingRecorder
from bench.experiment.workers.shared_parts import SharedParts
from bench.machine import memory
from bench.machine.latency import LATENCY_HITS
from retrievers import contract
from retrievers.approximate import Approximate, comparing
from retrievers.base import Ranking, Retriever, RetrieverError, listening
from retrievers.contract import checked
from retrievers.dense.vector_cache import VectorCache, caching
from retrievers.masking import masked, secrets_around, secrets_of
from retrievers.saved_index import SavedIndexes, saving
from retrievers.stages import Staged, Stages
from retrievers.vectors import Vectors, VectorSpace


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
        self._exact: tuple[int, Ranking] | None = None
        self._progress, self._own_process, self._cache = progress, own_process, cache
        self._saved = None if cache is None else SavedIndexes.beside(cache.path, cache.limit_mb, cache.rebuild)
        self._another = another
        self._tried = SharedParts()
        self._documents: DocumentTexts | None = None
        self._queries: list[str] = []
        self._settled = False
        self._names: dict[str, str] = {}

    @property
    def secrets(self) -> frozenset[str]:
        """Keys and passwords that the retriever and its process hold, which must not stand in what is sent."""
        return secrets_around() | secrets_of(self._retriever)

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
        recorder = SummingRecorder(self._progress)
        start = time.perf_counter()
        with listening(recorder), caching(self._cache if cached else None):
            refused = contract.rehearse(understudy)
        # What it warns of is said of these few texts, and of no interest.
        return replace(recorder.work(time.perf_counter() - start), warnings=(), refused=refused)

    def open(self, folder: Path) -> None:
        """Map the texts of a dataset; the peak of memory counts from here."""
        self._exact = None
        if self._own_process and self._documents is not None and self._another is not None:
            self._retriever = None  # before the next is made: its index would count as memory of this set
            self._retriever = self._another()
        self._documents, queries = open_texts(folder)
        self._queries = list(queries)
        self._settled = False
        gc.unfreeze()
        if self._own_process:
            memory.reset_peak()

    def build(self, cached: bool = True, saved: bool = False) -> Work:
        """Index the documents. phases["load"] is what libraries and models took to load, apart from the index, and
        phases["set aside"] what files of vectors and of the index took to write, likewise.

        cached: the embedding cache may answer. saved: an index that was built before may be opened.
        """
        assert self._documents is not None
        assert self._retriever is not None
        recorder = SummingRecorder(self._progress)
        start = time.perf_counter()
        compared = comparing(isinstance(self._retriever, Approximate))
        cache, indexes = self._cache if cached else None, self._saved if saved else None
        with listening(recorder), caching(cache), saving(indexes), compared:
            contract.index(self._retriever, self._documents)
        self._exact = None
        return self._masked(recorder.work(time.perf_counter() - start))

    def try_out(self, specification: str, k: int) -> Ranked:
        """Be another retriever from here on, of that specification, and rank all queries to depth `k`.

        What it has in common with those that were tried before is done once, so that its times say nothing.
        """
        assert self._documents is not None
        self._retriever, self._exact = None, None
        with listening(SummingRecorder(self._progress)), caching(self._cache):
            self._retriever = self._tried.indexed(specification, self._documents)
        return self.rank(k)

    def search_with(self, parameters: Mapping[str, int]) -> None:
        """From here on search the index that is there with these parameters."""
        assert isinstance(self._retriever, Approximate)
        self._retriever = self._retriever.searching_with(**parameters)

    def rank(self, k: int) -> Ranked:
        """Rank all queries to depth `k`. Raises RetrieverError where the answer breaks the contract."""
        assert self._documents is not None
        recorder = SummingRecorder(self._progress)
        start = time.perf_counter()
        with listening(recorder), caching(self._cache):
            ranking, stages = self._search_all(k, len(self._documents))
        seconds = time.perf_counter() - start
        ranking = checked(ranking, len(self._queries), k, len(self._documents))
        peak, columns = memory.peak() if self._own_process else None, tuple(sorted(self._documents.read))
        exact = self._search_exact(k)  # after all that is measured
        return Ranked(ranking, self._masked(recorder.work(seconds)), peak, stages, columns, exact)

    def _search_exact(self, k: int) -> Ranking | None:
        """What the retriever approximates, where it does: the same whatever an index is searched with."""
        if not isinstance(self._retriever, Approximate):
            return None
        assert self._documents is not None
        if self._exact is None or self._exact[0] != k:
            with listening(SummingRecorder(self._progress)), caching(self._cache):
                exact = self._retriever.search_exact(self._queries, k)
            self._exact = k, checked(exact, len(self._queries), k, len(self._documents))
        return self._exact[1]

    def _masked(self, work: Work) -> Work:
        warnings = tuple(masked(warning, self.secrets) for warning in work.warnings)
        return replace(
            work, warnings=warnings, phases={self._shown(name): seconds for name, seconds in work.phases.items()}
        )

    def _shown(self, phase: str) -> str:
        """The name of a phase, looked at once, since to look for secrets would leave the caches cold."""
        if phase not in self._names:
            self._names[phase] = masked(phase, self.secrets)
        return self._names[phase]

    def _search_all(self, k: int, documents: int) -> tuple[Ranking, Stages | None]:
        assert self._retriever is not None
        try:
            if isinstance(self._retriever, Staged):
                stages = self._retriever.search_stages(self._queries, k)
                return stages.ranking, stages
            return self._retriever.search(self._queries, k), None
        except (ValueError, IndexError) as error:
            if k <= documents or not self._answers(1):
                raise
            raise RetrieverError(
                f"{describe_failure(error, self.secrets)}.",
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
            recorder = SummingRecorder()
            with listening(recorder):
                start = time.perf_counter_ns()
                ranking = self._retriever.search(batch, LATENCY_HITS)
                samples[number] = time.perf_counter_ns() - start
            phases.append(recorder.nanoseconds)
        if batches:  # one of them, when the clock has stopped: a time of nonsense is no time
            checked(ranking, len(batches[-1]), LATENCY_HITS, len(self._documents))
        names = sorted({name for query in phases for name in query})
        return Timed(samples, {self._shown(name): np.array([query.get(name, 0) for query in phases]) for name in names})

    def vectors(self, documents: NDArray[np.int64], queries: NDArray[np.int64]) -> tuple[Vectors, Vectors] | None:
        """The vectors of documents and queries at these positions; None where the retriever has none to give.

        Asked for when all is measured: nothing of what it takes stands in a figure.
        """
        if not isinstance(self._retriever, VectorSpace):
            return None
        texts = [self._queries[position] for position in queries.tolist()]
        with listening(SummingRecorder(self._progress)), caching(self._cache):
            return self._retriever.document_vectors(documents), self._retriever.query_vectors(texts)

    def close(self) -> None:
        """Let go of the embedding cache's file, and of what timing asked of the garbage collector."""
        gc.unfreeze()
        if self._cache is not None:
            self._cache.close()
