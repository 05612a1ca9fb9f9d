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
from functools import partial
from pathlib import Path
from typing import IO, Any, ClassVar

from bench.analysis.costs import too_busy
from bench.analysis.guard import Guard
from bench.analysis.last_pass import write_conclusions
from bench.analysis.tables import import_libraries, write_tables
from bench.analysis.terms import Terms
from bench.config import RunConfig
from bench.data.dataset import Dataset
from bench.errors import BenchError
from bench.evaluation.measures import uncut
from bench.experiment import cautions
from bench.experiment.cell import (
    CellResult,
    CellSettings,
    build,
    folder_of,
    make_cell,
    score_cell,
    store_cell,
    store_failure,
    store_untimed,
)
from bench.experiment.commands import commands
from bench.experiment.continuation import differences
from bench.experiment.events import Event, Listener
from bench.experiment.inputs import Inputs, read_inputs
from bench.experiment.ir_metadata import SUFFIX, as_yaml, ir_metadata
from bench.experiment.mapping import is_mapped, map_cells
from bench.experiment.participants import Participant, RunningParticipant
from bench.experiment.timing import Timing
from bench.experiment.workers.failure import mask_file, trace_of
from bench.experiment.workers.messages import WorkerError, WorkerLike, WorkerSettings
from bench.machine import environment, interrupt, latency
from bench.machine.gauge import SpeedGauge, look
from bench.storage.cell import Cell, finished_cell
from bench.storage.costs import INDEX, TIMING
from bench.storage.files import slug, write_atomic
from bench.storage.folder import (
    LOG,
    empty_run_folder,
    locked,
    make_folder,
    new_folder,
    refuse_strange,
    remove_temporary_files,
    resuming,
)
from bench.storage.run import Run, read_info, table_checksums, write_info
from bench.storage.schema import SCHEMA
from retrievers import Retriever, RetrieverError
from retrievers.base import LOAD
from retrievers.dense.vector_cache import default_path

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
    return Runner(config, read_inputs(config, instances or {}, datasets), listener).run(resume, fresh)


class Runner:
    """The loop over sets and participants, and what it keeps: workers, cells by (set, label), failures, warnings.

    at_once: do all workers start at the beginning, to be there until all are timed? Else one at a time is there.
    """

    at_once: ClassVar[bool] = True

    def __init__(self, config: RunConfig, inputs: Inputs, listener: Listener) -> None:
        self.config, self.inputs, self.tell = config, inputs, listener
        self.threads = config.threads or environment.default_threads()
        self.gauge = SpeedGauge(self.threads)
        self.settings = CellSettings(inputs.measures, inputs.depth, config.repeat_index, config.latency, self.gauge)
        self.running = [RunningParticipant(participant) for participant in inputs.participants]
        self.cells: dict[tuple[str, str], Cell] = {}
        self.failures: list[tuple[str, str, str]] = []
        self.warnings: list[str] = []
        self.start, self.retriever_seconds = time.perf_counter(), 0.0

    def run(self, resume: bool, fresh: bool) -> Run:
        self._warn(self.inputs.cautions)
        self.info = self.describe()
        if self.config.name:
            self.folder = Path(self.config.results) / self.config.name
            refuse_strange(self.folder)
            make_folder(self.folder, may_exist=resume or fresh)
        else:
            self.folder = new_folder(Path(self.config.results))
        try:
            with locked(self.folder):
                return self._run(fresh)
        except KeyboardInterrupt:
            interrupt.taken()
            self.tell(Event("stopped", text=self.resuming()))
            raise
        except OSError as error:
            if error.errno not in _UNWRITABLE:  # a listener's, or of something else that is not the disk
                raise
            raise BenchError(
                f"{self.folder} cannot be written: {error.strerror}.",
                f"What is done is kept; mend that, then: {self.resuming()}",
            ) from error

    def resuming(self) -> str:
        """What goes on with this run: a command, or a call from Python where objects took part."""
        if self.inputs.by_name:
            return resuming(self.folder)
        where = "" if self.folder.parent == Path("results") else f", results={str(self.folder.parent)!r}"
        return f"bench.run(…, name={self.folder.name!r}{where}, resume=True), with the same sets and retrievers"

    def _run(self, fresh: bool) -> Run:
        """All of it, in the locked folder."""
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
        self._find_cells()
        with (self.folder / LOG).open("ab", buffering=0) as self.log:
            try:
                self._warn_of_load()  # before anything of ours goes on beside it
                self.tell(Event("begin", total=len(self.inputs.datasets) * len(self.running)))
                self._start_workers()
                for dataset in self.inputs.datasets:
                    self._dataset(dataset)
            finally:
                self.gauge.close()
                for running in self.running:
                    running.close()
                mask_file(self.folder / LOG)
                shutil.rmtree(self.folder / "work", ignore_errors=True)
            return self._seal()

    def describe(self) -> dict[str, Any]:
        """run.json as it is before anything was measured."""
        measures, participants = list(self.inputs.measures), self.inputs.participants
        return {
            "schema": SCHEMA,
            "complete": False,
            "config": self.config.describe(),
            "depth": self.inputs.depth,
            "measures": measures,
            "uncut": uncut(measures),
            "whole_runs": {
                dataset.name: {
                    participant.label: longest
                    for participant in participants
                    if (longest := participant.longest(dataset)) is not None
                }
                for dataset in self.inputs.datasets
            },
            "environment": environment.describe(self.threads),
            "datasets": [dataset.describe() for dataset in self.inputs.datasets],
            "retrievers": [participant.describe() for participant in participants],
            "commands": self.commands(),
            "failures": [],
            "warnings": [],
        }

    def commands(self) -> dict[str, Any]:
        """What makes its figures again, as run.json has it."""
        return commands(self.config, self.inputs)

    def _find_cells(self) -> None:
        """The cells that are there, each read and its checksums tried once."""
        for dataset in self.inputs.datasets:
            for participant in self.inputs.participants:
                cell = finished_cell(folder_of(self.folder, dataset, participant))
                if cell is not None and cell.columns == dataset.column_digests(cell.columns):
                    self.cells[dataset.name, participant.label] = cell

    def _seal(self) -> Run:
        stored, guard = Run(self.folder, self.info), Guard()
        cells = {
            dataset.name: {
                label: cell for label in stored.retrievers if (cell := self.cells.get((dataset.name, label)))
            }
            for dataset in self.inputs.datasets
        }
        self.info["uncut"] = self._uncut()
        terms = self.terms()
        write_tables(stored, self.inputs.datasets, cells, guard, terms)
        self._describe_runs(cells)
        self.tell(Event("step", text="analyse"))
        self.conclude(stored, cells, guard, terms)
        for what, reason, trace in guard.troubles:
            self._log(what, trace)
            self._warn([f"{what}: not there, since it failed ({reason}); {LOG} has more. The other figures stand."])
        seconds = {"total": time.perf_counter() - self.start, "retrievers": self.retriever_seconds}
        self.info |= {
            "complete": True,
            "failures": [list(failure) for failure in self.failures],
            "warnings": self.warnings,
        }
        self.info |= {"seconds": {name: round(value, 3) for name, value in seconds.items()}}
        read = {name: {label: cell.columns for label, cell in of.items() if cell.columns} for name, of in cells.items()}
        if any(read.values()):
            self.info["columns"] = read
        self.info |= {"checksums": table_checksums(self.folder)}
        write_info(self.folder, self.info)
        self.tell(Event("saved", text=str(self.folder)))
        return stored

    def terms(self) -> dict[str, Terms]:
        """The words of each set, for all that asks for them after the last cell."""
        return {dataset.name: Terms(dataset) for dataset in self.inputs.datasets}

    def _describe_runs(self, cells: Mapping[str, Mapping[str, Cell]]) -> None:
        """Beside each TREC run that was ranked here, what it was made of."""
        ranked = [participant.label for participant in self.inputs.participants if participant.ranked is None]
        for dataset in self.info["datasets"]:
            for retriever in self.info["retrievers"]:
                if retriever["label"] in ranked and retriever["label"] in cells[dataset["name"]]:
                    tag = slug(retriever["label"])
                    content = ir_metadata(self.info, dataset, retriever, tag)
                    write_atomic(self.folder / "runs" / slug(dataset["name"]) / f"{tag}{SUFFIX}", as_yaml(content))

    def conclude(
        self, run: Run, cells: Mapping[str, Mapping[str, Cell]], guard: Guard, terms: Mapping[str, Terms]
    ) -> None:
        """The last pass over a run whose tables are written. cells: set -> label -> cell. terms: of each set."""
        write_conclusions(run, self.inputs.datasets, cells, self.config, guard, terms=terms)

    def _uncut(self) -> list[str]:
        """The measures that depend on how deep rankings were cut: of those over a budget, which some did not fill."""
        measures = list(self.inputs.measures)
        short = {name for cell in self.cells.values() for name in cautions.cut_before(cell, measures)}
        return [name for name in measures if name in uncut(measures) or name in short]

    # --- before the first dataset ---

    def _warn_of_load(self) -> None:
        """Say before anything is timed that the machine is busy."""
        times = any(
            participant.ranked is None and self._is_unfinished(dataset, participant)
            for dataset in self.inputs.datasets
            for participant in self.inputs.participants
        )
        if self.config.latency and times:
            load = look(self.gauge)
            if advice := cautions.of_load(load):
                self._warn([f"{advice} At the start {load}."])

    def _start_workers(self) -> None:
        """Start the processes together, and our own libraries beside them; then rehearse one retriever after the other.

        So nothing else goes on while one loads its libraries and models. What fails here fails again where it is
        reported, in a process of its own.
        """
        start = time.perf_counter()
        waiting = [
            running
            for running in self.running
            if self.at_once
            and running.participant.ranked is None
            and any(self._is_unfinished(dataset, running.participant) for dataset in self.inputs.datasets)
        ]
        for running in waiting:
            self._try(running, self._worker)
        import_libraries()
        for step in (self._await_start, self._rehearse):
            for running in waiting:
                self._try(running, step)
        self.retriever_seconds += time.perf_counter() - start

    @staticmethod
    def _try(running: RunningParticipant, step: Callable[[RunningParticipant], object]) -> None:
        try:
            step(running)
        except (WorkerError, RetrieverError):
            running.close()

    @staticmethod
    def _await_start(running: RunningParticipant) -> None:
        if running.worker is not None:
            running.worker.await_start()

    def _rehearse(self, running: RunningParticipant) -> None:
        if running.worker is None:  # it did not start
            return
        work = running.worker.load(cached=self.config.cache and not self.config.latency)
        running.rehearsal_seconds, running.refused = work.phases.get(LOAD, 0.0), work.refused
        self._warn(cautions.of_cache(running.label, work.quantities), running.label)
        self._warn((f"{running.label}: {warning}" for warning in work.warnings), running.label)

    # --- one dataset ---

    def _is_unfinished(self, dataset: Dataset, participant: Participant) -> bool:
        cell = self.cells.get((dataset.name, participant.label))
        if cell is None or participant.ranked is not None:
            return cell is None
        return not (self._is_timed(cell) and (self.config.map == "none" or is_mapped(cell, self.config.map)))

    def _is_timed(self, cell: Cell) -> bool:
        """Has it the times that are wanted?"""
        timing = cell.info["timing"]
        timed = timing is not None and timing["error"] is None and not self._was_busy(cell)
        return timed or not self.config.latency

    @staticmethod
    def _was_busy(cell: Cell) -> bool:
        """Was the machine too busy for some of its times?"""
        return any(too_busy(cell, taken) for taken in (INDEX, TIMING))

    def _dataset(self, dataset: Dataset) -> None:
        self.tell(Event("start", dataset.name, text=dataset.note, total=len(self.running)))
        texts = self.folder / "work" / slug(dataset.name)
        dataset.write_texts(texts)
        built = []
        for running in self.running:
            participant, cell = running.participant, self.cells.get((dataset.name, running.label))
            self._warn(cautions.of_run(participant, dataset), running.label)
            self._warn_of_depth(dataset, participant)
            if cell is not None:  # said when it was made, by a run that was stopped
                self._warn_of_cell(dataset, participant, cell)
            if not self._is_unfinished(dataset, participant):
                continue
            try:
                cell = self._built(dataset, running, texts, cell)
            except (WorkerError, RetrieverError) as error:
                if cell is None:
                    store_failure(self.folder, dataset, participant, error)
                elif self._is_timed(cell):  # it was built anew for its map alone
                    self._warn_of_map(dataset, running, str(error), error)
                    running.close()
                    continue
                else:  # what it was good for stands; its times are missing
                    self.cells[dataset.name, running.label] = store_untimed(cell, error)
                self._note(dataset, running, error)
            else:
                if not self.at_once:
                    running.close()
                elif participant.ranked is None:
                    built.append((running, cell))
        if self.config.latency:
            self._time(dataset, [(running, cell) for running, cell in built if not self._is_timed(cell)])
        if self.config.map != "none":
            self._map(dataset, [running for running, _ in built])
        shutil.rmtree(texts, ignore_errors=True)

    def _built(self, dataset: Dataset, running: RunningParticipant, texts: Path, cell: Cell | None) -> Cell:
        """The cell of a participant, whose index is then there. cell: where the quality is there already."""
        participant, step = running.participant, partial(self._step, dataset, running.label)
        if participant.ranked is not None:
            step("score")
            return self._store(dataset, participant, score_cell(participant, dataset, self.settings))
        if running.refused:
            raise WorkerError(running.refused)
        worker = self._worker(running)
        if cell is not None and not too_busy(cell, INDEX):  # what was indexed in quiet has its times
            again = build(worker, texts, self.settings, step)
            self.retriever_seconds += sum(work.seconds for work in again.works)
            return cell
        result = make_cell(worker, texts, dataset, self.settings, loaded=running.load_seconds, step=step)
        running.own_seconds = max(running.own_seconds, result.own_seconds)
        self.retriever_seconds += result.seconds
        return self._store(dataset, participant, result)

    def _store(self, dataset: Dataset, participant: Participant, result: CellResult) -> Cell:
        cell = store_cell(self.folder, dataset, participant, result)
        self.cells[dataset.name, participant.label] = cell
        self.tell(Event("cell", dataset.name, participant.label))
        self._warn_of_cell(dataset, participant, cell)
        return cell

    def _time(self, dataset: Dataset, built: Sequence[tuple[RunningParticipant, Cell]]) -> None:
        def keep(cell: Cell) -> None:
            self.cells[dataset.name, cell.info["retriever"]] = cell

        timing = Timing(
            latency.Plan(self.config.samples, self.config.seconds),
            self.config.seed,
            self.gauge,
            step=partial(self._step, dataset),
            failed=partial(self._note, dataset),
            stored=keep,
        )
        self.retriever_seconds += timing.of(built, len(dataset.queries))

    def _map(self, dataset: Dataset, built: Sequence[RunningParticipant]) -> None:
        """The maps of a set whose figures are all there. Where one fails, it is missing, and nothing else."""
        cells = [(running, self.cells[dataset.name, running.label]) for running in built]
        failed = partial(self._warn_of_map, dataset)
        for cell in map_cells(cells, dataset, self.config, partial(self._step, dataset), failed):
            self.cells[dataset.name, cell.info["retriever"]] = cell

    def _warn_of_map(self, dataset: Dataset, running: RunningParticipant, reason: str, error: Exception) -> None:
        whose = f"{running.label} on {dataset.name}"
        self._warn([f"{whose} has no map: {reason}"], running.label)
        self._log(f"map of {whose}", getattr(error, "trace", "") or trace_of(error))

    # --- workers, warnings and failures ---

    def _worker(self, running: RunningParticipant) -> WorkerLike:
        def progress(phase: str, done: int, total: int | None) -> None:
            self.tell(Event("progress", "", running.label, phase, done, total))

        return running.start(self._worker_settings(), progress)

    def _worker_settings(self) -> WorkerSettings:
        return WorkerSettings(
            environment.thread_settings(self.threads),
            self.log,
            default_path() if self.config.cache else None,
            self.config.cache_mb,
            self.config.rebuild,
            self.config.timeout,
            self.config.memory_mb or environment.default_memory_mb(),
        )

    def _warn_of_cell(self, dataset: Dataset, participant: Participant, cell: Cell) -> None:
        label, measures = participant.label, list(self.inputs.measures)
        if participant.stored is not None:
            self._warn(cautions.of_end(participant, cell.ends, measures, dataset))
        self._warn(cautions.of_budget(cell, measures, dataset), label)
        self._warn(cautions.of_cache(label, cell.info.get("quantities", {})), label)
        self._warn((f"{label} on {dataset.name}: {warning}" for warning in cell.info.get("warnings", ())), label)

    def _warn_of_depth(self, dataset: Dataset, participant: Participant) -> None:
        cut = [other.label for other in self.inputs.participants if other.ranked is None]
        self._warn(cautions.of_depth(participant, cut, list(self.inputs.measures), self.inputs.depth, dataset))

    def _warn(self, warnings: Iterable[str], retriever: str = "") -> None:
        for warning in warnings:
            if warning not in self.warnings:
                self.warnings.append(warning)
                self.tell(Event("warning", retriever=retriever, text=warning))

    def _note(self, dataset: Dataset, running: RunningParticipant, error: Exception) -> None:
        """Keep that a participant failed on a set, and end its worker: what is left of it cannot be trusted."""
        self._log(f"{running.label} on {dataset.name}", getattr(error, "trace", "") or str(error))
        running.close()
        self.failures.append((dataset.name, running.label, str(error)))
        self.tell(Event("failed", dataset.name, running.label, str(error)))

    def _log(self, what: str, trace: str) -> None:
        self.log.write(f"--- {what}\n{trace}\n".encode())

    def _step(self, dataset: Dataset, label: str, text: str, done: int = 0, total: int | None = None) -> None:
        interrupt.check()
        self.tell(Event("step", dataset.name, label, text, done, total))

    log: IO[bytes]
    folder: Path
    info: dict[str, Any]
