"""The grid of cells: every retriever on every dataset, quality first, then time.

For each dataset the retrievers are built and rank all queries, one after the other, and each cell's quality is
committed. Then their single queries are timed in alternating blocks, so that a slow minute of the machine hits
all alike. The run-level tables are merged from the cells in a fixed order.
"""

from __future__ import annotations

import errno
import json
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from bench.analysis import controls, last_pass
from bench.analysis.guard import Guard
from bench.analysis.tables import import_libraries, write_tables
from bench.analysis.values import check_grades, evaluate, recall_curve
from bench.config import RunConfig
from bench.data.check.finding import counted
from bench.data.check.texts import check as check_texts
from bench.data.dataset import Dataset
from bench.data.formats import load_dataset, shipped
from bench.data.formats.options import Options
from bench.data.formats.run_rankings import trec_run
from bench.data.formats.traps import read_traps
from bench.errors import BenchError, unknown
from bench.evaluation import measures
from bench.evaluation.measures import cutoff, resolve
from bench.experiment.continuation import differences
from bench.experiment.events import Event, Listener
from bench.experiment.participants import Participant, participants, twin, warnings_of
from bench.experiment.timing import Timing
from bench.experiment.workers.in_process import InProcess
from bench.experiment.workers.messages import Ranked, Work, WorkerError, WorkerLike
from bench.experiment.workers.process import ProcessWorker, WorkerSettings
from bench.experiment.workers.worker import Worker
from bench.machine import environment, interrupt, latency
from bench.machine.gauge import SpeedGauge
from bench.storage.cell import Cell, cell_folder, finished_cell, per_query_bytes, write_cell
from bench.storage.files import array_bytes, slug, write_atomic
from bench.storage.folder import (
    empty_run_folder,
    locked,
    make_folder,
    new_folder,
    refuse_strange,
    remove_temporary_files,
    resuming,
)
from bench.storage.run import Run, read_info, table_checksums, write_info
from bench.storage.schema import SCHEMA, choose_measure
from retrievers import Retriever, RetrieverError
from retrievers.base import Ranking
from retrievers.dense.vector_cache import VectorCache, default_path

if TYPE_CHECKING:
    import ir_measures

# Why a run folder takes nothing more: the disk is full or failing, or may not be written, or the folder is gone.
_UNWRITABLE = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EIO,
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.ENAMETOOLONG,
}

# What an encoder tells of its cache -> what the user is told.
_CACHE_TROUBLE = {
    "cache_rebuilt": "the embedding cache was damaged; it was set aside (.damaged) and begun anew.",
    "cache_damaged": "the embedding cache held damaged vectors; they were encoded anew.",
    "cache_unwritable": "the embedding cache could not be used (a full disk, no right to write, or another process "
    "that held it); all was encoded.",
}


@dataclass
class _Clock:
    """Where the time of a run went, in seconds: what retrievers took, and all."""

    start: float = field(default_factory=time.perf_counter)
    retrievers: float = 0.0

    def describe(self) -> dict[str, float]:
        total = time.perf_counter() - self.start
        return {"total": round(total, 3), "retrievers": round(self.retrievers, 3)}


def run(
    config: RunConfig,
    instances: Mapping[str, Retriever] | None = None,
    listener: Listener = lambda event: None,
    datasets: Sequence[Dataset] | None = None,
    *,
    resume: bool = False,
    fresh: bool = False,
) -> Run:
    """Run the grid and store it. Returns the stored run; failed cells are in its `failures`.

    instances: label -> retriever object, run in this process beside the named ones. datasets: loaded ones, in place of
    the configured names. resume: go on with the run of that name where it stopped. fresh: begin it anew.
    Raises BenchError for bad input, before anything is written, and for a full disk, with what is done so far kept.
    """
    return _Runner(config, instances or {}, listener).run(datasets, resume, fresh)


class _Runner:
    def __init__(self, config: RunConfig, instances: Mapping[str, Retriever], listener: Listener) -> None:
        self.config, self.tell, self.clock = config, listener, _Clock()
        self.measures: dict[str, ir_measures.Measure] = resolve(config.measures)
        self.depth = max([config.depth, *map(cutoff, config.measures)])
        self.participants = participants(
            config.retrievers, instances, config.runs, config.seed if config.controls else None
        )
        self.threads = config.threads or environment.default_threads()
        self.gauge = SpeedGauge(self.threads)
        self.failures: list[tuple[str, str, str]] = []
        self.warnings: list[str] = []

    def run(self, given: Sequence[Dataset] | None, resume: bool, fresh: bool) -> Run:
        datasets = list(given) if given is not None else _read(self.config)
        self.by_name = given is None and all(each.instance is None for each in self.participants)
        _refuse_same_names(datasets)
        datasets = [each.keeping_itself(self.config.keep_self) for each in datasets]
        if self.config.by:
            datasets = _sliced(datasets, self.config.by)
        self._warn_of_sets(datasets)
        self._add_measures(datasets)
        if self.config.limit is not None:
            datasets = [each.sample(self.config.limit, self.config.seed) for each in datasets]
        for each in datasets:
            check_grades(self.measures, each)
        for participant in self.participants:
            if participant.ranked is not None:  # a run of another set is refused before anything is written
                for dataset in datasets:
                    participant.ranked(dataset, 1)
        if self.config.traps:
            read_traps(Path(self.config.traps), datasets[0])
        self.info = self._describe(datasets)
        if self.config.name:
            self.folder = Path(self.config.results) / self.config.name
            refuse_strange(self.folder)
            make_folder(self.folder, may_exist=resume or fresh)
        else:
            self.folder = new_folder(Path(self.config.results))
        try:
            with locked(self.folder):
                return self._claimed(datasets, fresh)
        except KeyboardInterrupt:
            interrupt.taken()
            self.tell(Event("stopped", text=self._resuming()))
            raise
        except OSError as error:
            if error.errno not in _UNWRITABLE:  # a listener's, or of something else that is not the disk
                raise
            raise BenchError(
                f"{self.folder} cannot be written: {error.strerror}.",
                f"What is done is kept; mend that, then: {self._resuming()}",
            ) from error

    def _resuming(self) -> str:
        """What goes on with this run: a command, or a call from Python where objects took part."""
        if not self.by_name:
            where = "" if self.folder.parent == Path("results") else f", results={str(self.folder.parent)!r}"
            return f"bench.run(…, name={self.folder.name!r}{where}, resume=True), with the same sets and retrievers"
        return resuming(self.folder)

    def _add_measures(self, datasets: Sequence[Dataset]) -> None:
        """What the cards judge by, beside the usual measures; measures that somebody chose stay as they are.

        Raises BenchError for a margin on a measure that is then not among them.
        """
        if self.config.measures == RunConfig.measures:
            self.measures |= resolve([each.card.measure for each in datasets])
            self.depth = max([self.depth, *map(cutoff, self.measures)])
        for name in self.config.margins:
            if name not in self.measures:
                raise unknown("measure to set a margin for:", name, self.measures)
        main = dict.fromkeys(choose_measure(list(self.measures), each.card.measure) for each in datasets)
        for name in self.config.margins:
            if name not in main:
                self._warn(
                    f"The margin of {name} is not used: sets are judged by {', '.join(main)}. Give a margin of that, "
                    f"or judge by {name} with -m {name} alone."
                )

    def _claimed(self, datasets: Sequence[Dataset], fresh: bool) -> Run:
        if fresh:
            empty_run_folder(self.folder)
        elif (self.folder / "run.json").is_file():
            changes = differences(read_info(self.folder), json.loads(json.dumps(self.info)))
            if changes:
                raise BenchError(
                    f"{self.folder} cannot be continued: {'; '.join(changes)}.",
                    "Undo the change, or begin the run anew with --fresh.",
                )
        remove_temporary_files(self.folder)
        write_info(self.folder, self.info)
        with (self.folder / "log.txt").open("ab", buffering=0) as self.log:
            try:
                self.tell(Event("begin", total=len(datasets) * len(self.participants)))
                self._load(datasets)
                for dataset in datasets:
                    self._dataset(dataset)
            finally:
                self.gauge.close()
                for participant in self.participants:
                    participant.close()
                shutil.rmtree(self.folder / "work", ignore_errors=True)
            return self._seal(datasets)

    def _describe(self, datasets: Sequence[Dataset]) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "complete": False,
            "config": self.config.describe(),
            "depth": self.depth,
            "measures": list(self.measures),
            "uncut": measures.uncut(list(self.measures)),
            "whole_runs": {
                dataset.name: {
                    each.label: longest for each in self.participants if (longest := each.longest(dataset)) is not None
                }
                for dataset in datasets
            },
            "environment": environment.describe(self.threads),
            "datasets": [dataset.describe() for dataset in datasets],
            "retrievers": [
                {
                    "label": each.label,
                    "kind": each.kind,
                    "signature": each.signature,
                    "parameters": each.parameters,
                }
                for each in self.participants
            ],
            "failures": [],
            "warnings": [],
        }

    def _seal(self, datasets: Sequence[Dataset]) -> Run:
        found = Run(self.folder, self.info)
        guard = Guard()
        write_tables(found, datasets, guard)
        self.tell(Event("step", text="analyse"))
        last_pass.write_conclusions(found, datasets, self.config, guard)
        for what, reason, trace in guard.troubles:
            self._log(what, trace)
            self._warn(f"{what}: not there, since it failed ({reason}); log.txt has more. The other figures stand.")
        self.info |= {"complete": True, "failures": [list(each) for each in self.failures], "warnings": self.warnings}
        self.info |= {"seconds": self.clock.describe(), "checksums": table_checksums(self.folder)}
        write_info(self.folder, self.info)
        self.tell(Event("saved", text=str(self.folder)))
        return found

    # --- before the first dataset ---

    def _load(self, datasets: Sequence[Dataset]) -> None:
        """Start the processes together, and our own libraries beside them; then rehearse one retriever after the other.

        So nothing else goes on while one loads its libraries and models. What fails here fails again where it is
        reported, in a process of its own.
        """
        start = time.perf_counter()
        waiting = [
            each
            for each in self.participants
            if each.ranked is None and any(self._unfinished(dataset, each) for dataset in datasets)
        ]
        for participant in waiting:
            self._alive(participant, self._worker)
        import_libraries()
        for step in (self._await_start, self._rehearse):
            for participant in waiting:
                self._alive(participant, step)
        self.clock.retrievers += time.perf_counter() - start

    @staticmethod
    def _alive(participant: Participant, step: Callable[[Participant], object]) -> None:
        try:
            step(participant)
        except (WorkerError, RetrieverError):
            participant.close()

    @staticmethod
    def _await_start(participant: Participant) -> None:
        if participant.worker is not None:
            participant.worker.await_start()

    def _rehearse(self, participant: Participant) -> None:
        if participant.worker is None:  # it did not start
            return
        work = participant.worker.load(cached=self.config.cache and not self.config.latency)
        participant.rehearsal_seconds, participant.refused = work.phases.get("load", 0.0), work.refused
        self._warn_of_cache(participant, work.quantities)
        for warning in work.warnings:
            self._warn(f"{participant.label}: {warning}", participant.label)

    # --- one dataset ---

    def _unfinished(self, dataset: Dataset, participant: Participant) -> bool:
        done = finished_cell(self._cell_folder(dataset, participant))
        return done is None or not (participant.ranked is not None or self._is_timed(done))

    def _dataset(self, dataset: Dataset) -> None:
        self.tell(Event("start", dataset.name, text=dataset.note, total=len(self.participants)))
        texts = self.folder / "work" / slug(dataset.name)
        dataset.write_texts(texts)
        built = []
        for participant in self.participants:
            done = finished_cell(self._cell_folder(dataset, participant))
            self._warn_of_absence(dataset, participant)
            self._warn_of_depth(dataset, participant)
            if done is not None:  # said when it was made, by a run that was stopped
                self._warn_of_end(dataset, participant, done)
                self._warn_of_cache(participant, done.info.get("quantities", {}))
                self._warn_of_figures(dataset, participant, done.info.get("warnings", ()))
            if not self._unfinished(dataset, participant):
                continue
            if participant.ranked is not None:
                self._score(dataset, participant, participant.ranked)
                continue
            self.readings = [self.gauge.read()]
            try:
                work = self._build(dataset, participant, texts)
                built.append((participant, done or self._quality(dataset, participant, work)))
            except (WorkerError, RetrieverError) as error:
                self._failed(dataset, participant, error)
        if self.config.latency:
            self._time(dataset, built)
        shutil.rmtree(texts, ignore_errors=True)

    def _is_timed(self, cell: Cell) -> bool:
        """Are the times there that this run asks for?"""
        timing = cell.info["timing"]
        return not self.config.latency or (timing is not None and timing["error"] is None)

    def _build(self, dataset: Dataset, participant: Participant, texts: Path) -> Work:
        if participant.refused:
            raise WorkerError(participant.refused)
        worker = self._worker(participant)
        worker.open(texts)
        # Repeated builds are all built in full: one from the cache would say nothing of the spread.
        cached, self.builds, self.loaded = self.config.repeat_index == 1, [], 0.0
        for number in range(self.config.repeat_index):
            self._step(dataset, participant, "index", number, self.config.repeat_index)
            work = worker.build(cached)
            load = work.phases.get("load", 0.0)
            self._loaded(participant, load)
            self.builds.append(work.seconds - load)
            self.clock.retrievers += work.seconds
        return work

    def _loaded(self, participant: Participant, seconds: float) -> None:
        """Add to what loading took on this set; each set may have an object of its own, and load again."""
        self.loaded += seconds
        participant.own_seconds = max(participant.own_seconds, self.loaded)

    def _quality(self, dataset: Dataset, participant: Participant, work: Work) -> Cell:
        worker = self._worker(participant)
        first = self._first_query(worker, participant) if self.config.latency else None
        self._step(dataset, participant, "search")
        dropped = _dropped(dataset)
        ranked = worker.rank(self.depth + dropped)
        ranking = _without_own(ranked.ranking, dataset, self.depth) if dropped else ranked.ranking
        self.clock.retrievers += ranked.work.seconds + (first or 0.0)
        self._warn_of_cache(participant, _quantities(work, ranked))
        self._warn_of_figures(dataset, participant, (*work.warnings, *ranked.work.warnings))
        self.readings.append(self.gauge.read())
        cost = {
            "gauge_seconds": self.readings,
            "index_seconds": self.builds,
            "load_seconds": participant.load_seconds,
            "first_query_seconds": first,
            "phases": {"index": work.phases, "search": ranked.work.phases},
            "quantities": _quantities(work, ranked),
            "warnings": list(dict.fromkeys((*work.warnings, *ranked.work.warnings))),
            "peak_bytes": ranked.peak_bytes,
        }
        return self._commit(dataset, participant, ranking, cost)

    def _score(self, dataset: Dataset, participant: Participant, ranked: Callable[[Dataset, int], Ranking]) -> None:
        """The cell of a stored run or a control: its quality, and nothing of the work that it took elsewhere."""
        self._step(dataset, participant, "score")
        depth, dropped = max(self.depth, participant.longest(dataset) or 0), _dropped(dataset)
        ranking = ranked(dataset, depth + dropped)
        ranking = _without_own(ranking, dataset, depth) if dropped else ranking
        cell = self._commit(dataset, participant, ranking, {})
        self._warn_of_end(dataset, participant, cell)

    def _commit(self, dataset: Dataset, participant: Participant, ranking: Ranking, work: dict[str, Any]) -> Cell:
        """Measure and store a cell. work: what indexing and searching cost."""
        values = evaluate(dataset, ranking, self.measures)
        info = {
            **_identity(dataset, participant),
            **work,
            "recall": recall_curve(dataset, ranking).tolist(),
            "timing": None,
            "error": None,
        }
        files = {
            "ranking.npz": array_bytes(np.savez, documents=ranking.documents.astype(np.int32), scores=ranking.scores),
            "per_query.parquet": per_query_bytes(dataset, values),
        }
        run_file = self.folder / "runs" / slug(dataset.name) / f"{slug(participant.label)}.run.gz"
        unknown = participant.unknown_documents(dataset)
        write_atomic(run_file, trec_run(dataset, ranking, slug(participant.label), unknown))
        cell = write_cell(self._cell_folder(dataset, participant), info, files)
        self.tell(Event("cell", dataset.name, participant.label))
        return cell

    def _first_query(self, worker: WorkerLike, participant: Participant) -> float:
        """Seconds of the first query after the build, less a model load that it had to wait for."""
        timed = worker.time([0])
        load = float(timed.phases["load"][0]) / 1e9 if "load" in timed.phases else 0.0
        self._loaded(participant, load)
        return float(timed.nanoseconds[0]) / 1e9 - load

    def _time(self, dataset: Dataset, built: Sequence[tuple[Participant, Cell]]) -> None:
        timing = Timing(
            latency.Plan(self.config.samples, self.config.seconds),
            self.config.seed,
            self.gauge,
            step=partial(self._step, dataset),
            failed=partial(self._note, dataset),
        )
        self.clock.retrievers += timing.of(built, len(dataset.queries))

    # --- workers and failures ---

    def _worker(self, participant: Participant) -> WorkerLike:
        """The participant's worker, started anew where it has none."""
        if participant.worker is not None:
            return participant.worker
        tell, label = self.tell, participant.label

        def progress(phase: str, done: int, total: int | None) -> None:
            tell(Event("progress", "", label, phase, done, total))

        if participant.instance is not None:
            participant.worker = InProcess(
                Worker(participant.instance, progress, cache=self._cache(), another=partial(twin, participant.instance))
            )
        else:
            try:
                participant.worker = ProcessWorker(participant.label, self._surroundings(), progress)
            except OSError as error:
                raise WorkerError(f"its process cannot be started: {error.strerror}.") from error
        return participant.worker

    def _surroundings(self) -> WorkerSettings:
        return WorkerSettings(
            environment.thread_settings(self.threads),
            self.log,
            default_path() if self.config.cache else None,
            self.config.cache_mb,
            self.config.timeout,
            self.config.memory_mb or environment.default_memory_mb(),
        )

    def _cache(self) -> VectorCache | None:
        return VectorCache(default_path(), self.config.cache_mb) if self.config.cache else None

    def _warn_of_cache(self, participant: Participant, quantities: dict[str, float]) -> None:
        for quantity, text in _CACHE_TROUBLE.items():
            if quantities.get(quantity):
                self._warn(f"{participant.label}: {text}", participant.label)

    def _warn_of_figures(self, dataset: Dataset, participant: Participant, warnings: Iterable[str]) -> None:
        for warning in warnings:
            self._warn(f"{participant.label} on {dataset.name}: {warning}", participant.label)

    def _warn_of_absence(self, dataset: Dataset, participant: Participant) -> None:
        for warning in warnings_of(participant, dataset):
            self._warn(warning, participant.label)

    def _warn_of_depth(self, dataset: Dataset, participant: Participant) -> None:
        """Where a stored run is longer than our own rankings, a measure without a cutoff does not treat them alike."""
        longest, uncut = participant.longest(dataset) or 0, measures.uncut(list(self.measures))
        cut = [each.label for each in self.participants if each.stored is None and each.kind != controls.KIND]
        if uncut and cut and longest > self.depth and len(dataset.documents) > self.depth:
            self._warn(
                f"{participant.label} has up to {longest:,} hits for a query of {dataset.name} and is scored whole, "
                f"where {', '.join(cut)} {'is' if len(cut) == 1 else 'are'} ranked to depth {self.depth:,}: by "
                f"{', '.join(uncut)} they are not measured alike. Rank as deep with -k {longest}, or "
                "give the measure a cutoff."
            )

    def _warn_of_end(self, dataset: Dataset, participant: Participant, cell: Cell) -> None:
        """Where a stored run was cut before the measures end, they count as missed what it may have found below."""
        if participant.stored is None:
            return
        documents = len(dataset.documents) - _dropped(dataset)
        deeper = [each for each in self.measures if 0 < cell.ends < min(cutoff(each), documents)]
        if deeper:
            self._warn(
                f"{participant.label} ends after {counted(cell.ends, 'hit', 'hits')} for most queries of "
                f"{dataset.name}, and {', '.join(deeper)} look{'s' if len(deeper) == 1 else ''} deeper: what it found below counts as "
                "missed. Give the run as deep, or measure no deeper."
            )

    def _warn_of_sets(self, datasets: Sequence[Dataset]) -> None:
        for dataset in datasets:
            for finding in check_texts(dataset):
                self._warn(f"{dataset.name}: {finding.message}")
            if itself := int(dataset.kept_itself.sum()):
                stand, are, them = ("stand", "are hits of their own that count", "them")
                if itself == 1:
                    stand, are, them = ("stands", "is a hit of its own that counts", "it")
                self._warn(
                    f"{dataset.name}: {itself:,} of {counted(len(dataset.queries), 'query', 'queries')} {stand} among "
                    f"the documents, by id and text, and {are} as wrong. --drop-self leaves {them} out."
                )
            for name in dataset.absent_fields:
                self._warn(f"{dataset.name}: its card names the field {name!r}, which no query has.")

    def _warn(self, warning: str, retriever: str = "") -> None:
        if warning not in self.warnings:
            self.warnings.append(warning)
            self.tell(Event("warning", retriever=retriever, text=warning))

    def _failed(self, dataset: Dataset, participant: Participant, error: Exception) -> None:
        info = {
            **_identity(dataset, participant),
            "error": str(error),
        }
        write_cell(self._cell_folder(dataset, participant), info, {})
        self._note(dataset, participant, error)

    def _note(self, dataset: Dataset, participant: Participant, error: Exception) -> None:
        trace = getattr(error, "trace", "") or str(error)
        self._log(f"{participant.label} on {dataset.name}", trace)
        participant.close()  # what is left of it cannot be trusted
        self.failures.append((dataset.name, participant.label, str(error)))
        self.tell(Event("failed", dataset.name, participant.label, str(error)))

    def _log(self, what: str, trace: str) -> None:
        self.log.write(f"--- {what}\n{trace}\n".encode())

    def _step(
        self, dataset: Dataset, participant: Participant, text: str, done: int = 0, total: int | None = None
    ) -> None:
        interrupt.check()
        self.tell(Event("step", dataset.name, participant.label, text, done, total))

    def _cell_folder(self, dataset: Dataset, participant: Participant) -> Path:
        return cell_folder(self.folder, dataset.name, participant.label, participant.signature)

    by_name: bool  # all that takes part can be named in a command
    log: IO[bytes]
    folder: Path
    readings: list[float]
    builds: list[float]
    loaded: float
    info: dict[str, Any]


def _read(config: RunConfig) -> list[Dataset]:
    options = Options.of(config)
    return [load_dataset(name, options) for name in config.datasets or shipped()]


def _sliced(datasets: Sequence[Dataset], fields: Sequence[str]) -> list[Dataset]:
    """By these metadata fields; a field that no set has is a mistake."""
    sliced = [dataset.sliced_by(fields) for dataset in datasets]
    for name in fields:
        if not any(name in dataset.card.slices for dataset in sliced):
            known = sorted({key for dataset in datasets for each in dataset.metadata for key in each})
            if not known:
                sets = ", ".join(dataset.name for dataset in datasets)
                raise BenchError(f"There is no metadata field {name!r}.", f"The queries of {sets} have no metadata.")
            raise unknown("metadata field", name, known)
    return sliced


def _refuse_same_names(datasets: Sequence[Dataset]) -> None:
    names = [dataset.name for dataset in datasets]
    if not names:
        raise BenchError("There is no dataset.", "Name a set or a folder; `python -m bench datasets` lists the sets.")
    for name in names:
        if names.count(name) > 1:
            raise BenchError(f"Two datasets are called {name!r}.", "Rename one of the folders.")


def _identity(dataset: Dataset, participant: Participant) -> dict[str, Any]:
    """Whose figures a cell holds."""
    return {
        "dataset": dataset.name,
        "fingerprint": dataset.fingerprint,
        "retriever": participant.label,
        "signature": participant.signature,
        "parameters": participant.parameters,
    }


def _dropped(dataset: Dataset) -> int:
    """How many more hits to fetch, so that the depth stays where a query itself is left out."""
    return int((dataset.left_out >= 0).any())


def _without_own(ranking: Ranking, dataset: Dataset, depth: int) -> Ranking:
    """Drop the hit that is the query itself; one more was fetched."""
    documents = ranking.documents
    own = (documents == dataset.left_out[:, None]) & (documents >= 0)
    order = np.argsort(own, axis=1, kind="stable")[:, :depth]
    kept = np.take_along_axis(np.where(own, -1, documents), order, axis=1)
    scores = np.take_along_axis(np.where(own, np.float32(-np.inf), ranking.scores), order, axis=1)
    return Ranking(kept, scores)


def _quantities(work: Work, ranked: Ranked) -> dict[str, float]:
    """What was recorded while indexing and while ranking, added up."""
    found = dict(work.quantities)
    for name, value in ranked.work.quantities.items():
        found[name] = found.get(name, 0) + value
    return found
