"""A tuning: a run in which retrievers by their defaults stand beside the same, tuned without flattery.

Settings of each open retriever are drawn once, tried on all queries, and kept by query; folds choose among them
(bench.evaluation.out_of_fold). What was chosen for a fold ranks its queries: these rankings together are the tuned
retriever's cell, so that tables, comparisons and the verdict hold what it is worth out of fold, and nothing else.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.analysis.guard import Guard
from bench.analysis.own_document import dropped_hits, without_own
from bench.analysis.terms import Terms
from bench.analysis.tuning import MARGIN, Trial, Tuned, write_tuning
from bench.analysis.values import evaluate
from bench.config import RunConfig
from bench.data.dataset import Dataset
from bench.data.formats import load_dataset
from bench.data.formats.options import Options
from bench.errors import BenchError
from bench.evaluation.measures import resolve
from bench.evaluation.out_of_fold import FOLDS, deal, out_of_fold
from bench.evaluation.streams import Purpose, stream
from bench.experiment.commands import of_tuning
from bench.experiment.events import Event, Listener
from bench.experiment.inputs import Inputs, read_inputs
from bench.experiment.labels import HINT, split_label
from bench.experiment.participants import Participant
from bench.experiment.runner import Runner
from bench.experiment.search_space import Range, SearchSpace, search_space
from bench.experiment.workers.messages import WorkerError
from bench.experiment.workers.process import ProcessWorker, start
from bench.storage.cell import Cell
from bench.storage.files import write_atomic
from bench.storage.folder import resuming_same_command
from bench.storage.run import Run
from bench.storage.trials import FRAGMENT, read_trial, trial_path, write_trial
from retrievers import Ranking, RetrieverError, create, kind, signature

TRIALS = 50
TUNED = " tuned"  # after the label of the same by its defaults


@dataclass(frozen=True)
class TuningPlan:
    """trials: settings tried of each open retriever, its defaults among them. folds: that queries are dealt to."""

    trials: int = TRIALS
    folds: int = FOLDS

    def __post_init__(self) -> None:
        if self.trials < 2:
            raise BenchError(f"--trials {self.trials} leaves nothing to choose.", "Give 2 or more.")
        if self.folds < 2:
            raise BenchError(f"--folds {self.folds} leaves no queries to choose by.", "Give 2 or more.")


def tune(config: RunConfig, plan: TuningPlan, listener: Listener, *, resume: bool = False, fresh: bool = False) -> Run:
    """Tune the open ones of a configuration's retrievers on its one set, and store it as a run.

    The choice is by the set's main measure, or the first that the configuration names. Raises BenchError for bad input,
    before anything is written.
    """
    spaces = [search_space(given) for given in config.retrievers]
    if not any(space.is_open for space in spaces):
        raise BenchError(
            "No retriever has anything to tune.", 'Give a range or a list in brackets: -r "bm25:k1=[0.4..2.4]".'
        )
    (name,) = config.datasets
    dataset = load_dataset(name, Options.of(config))
    asked = config
    config = replace(config, retrievers=_beside(spaces), latency=False, map="none")
    inputs = read_inputs(config, {}, [dataset])
    (dataset,) = inputs.datasets
    if dataset.answerable.sum() < 2:
        raise BenchError(f"{dataset.name} has too few queries to deal to folds.", "Give a set with more.")
    by = next(iter(resolve(config.measures))) if config.measures != RunConfig.measures else dataset.card.measure
    search = _Search(config, plan, by, dataset)
    tuned = [_tuned_participant(space, search) for space in spaces if space.is_open]
    _refuse_same(inputs.participants, tuned)
    inputs = replace(inputs, participants=[*inputs.participants, *tuned])
    runner = _TuningRunner(config, inputs, listener, search, spaces, commands=of_tuning(asked, plan.trials, plan.folds))
    return runner.run(resume, fresh)


def _beside(spaces: Sequence[SearchSpace]) -> tuple[str, ...]:
    """What stands beside the tuned ones: each open retriever by its defaults, and those with nothing to tune."""
    given = [f"{space.label}={space.default}" if space.named else space.default for space in spaces]
    return tuple(dict.fromkeys(given))


def _refuse_same(beside: Sequence[Participant], tuned: Sequence[Participant]) -> None:
    labels = [participant.label for participant in (*beside, *tuned)]
    for label in labels:
        if labels.count(label) > 1:
            raise BenchError(f"Two are called {label!r}.", HINT)


def _tuned_participant(space: SearchSpace, search: _Search) -> Participant:
    default = create(space.default)
    chosen_from = {name: str(values) for name, values in space.choices.items()}
    mark = (
        f"tuned out of fold: {space.given}, {search.plan.trials} trials, {search.plan.folds} folds, seed {search.seed}"
    )
    return Participant(
        space.label + TUNED,
        f"{mark}; {signature(default)}",
        {"tuned": True, **chosen_from},
        kind(default),
        space.given,
        ranked=partial(search.ranked, space),
    )


class _Search:
    """The trials of all spaces on a set: tried in one process that shares their work, kept, and chosen from."""

    def __init__(self, config: RunConfig, plan: TuningPlan, measure: str, dataset: Dataset) -> None:
        self.plan, self.measure, self.seed, self.dataset = plan, measure, config.seed, dataset
        self._measures = resolve([measure])
        asked = dataset.answerable
        groups = None if dataset.groups is None else dataset.groups[asked]
        self.folds = deal(int(asked.sum()), plan.folds, stream(config.seed, Purpose.FOLDS), groups)
        self._worker: ProcessWorker | None = None
        self._tuned: dict[str, Tuned] = {}
        self.runner: _TuningRunner
        self.texts: Path

    def specifications(self, space: SearchSpace) -> list[tuple[str, Mapping[str, str]]]:
        """What is tried, with what it was made of: the defaults, then the sample."""
        sample = space.sample(self.plan.trials - 1, self.seed)
        drawn = {space.with_values(values): values for values in sample}
        return [(space.default, {}), *((made, values) for made, values in drawn.items() if made != space.default)]

    def tuned(self, space: SearchSpace) -> Tuned:
        """What the folds choose of a space, whose trials are made where they are not kept.

        Raises WorkerError where the defaults did not work, or nothing else did.
        """
        if space.label not in self._tuned:
            trials = self._trials(space)
            worked = [number for number, trial in enumerate(trials) if trial.values is not None]
            if len(worked) < 2 or worked[0]:
                raise WorkerError(next((trial.error for trial in trials if trial.error), "there is nothing to choose."))
            outcome = out_of_fold(np.array([trials[number].values for number in worked]), self.folds)
            label = space.label + TUNED
            ranges = {name: (its.low, its.high) for name, its in space.choices.items() if isinstance(its, Range)}
            self._tuned[space.label] = Tuned(label, space.label, space.given, trials, worked, outcome, ranges)
        return self._tuned[space.label]

    def _trials(self, space: SearchSpace) -> list[Trial]:
        tried = self.specifications(space)
        trials = []
        for number, (specification, parameters) in enumerate(tried):
            self.runner.step_of(space.label + TUNED, "try", number, len(tried))
            trials.append(self._trial(specification, parameters))
        return trials

    def ranked(self, space: SearchSpace, dataset: Dataset, depth: int) -> Ranking:
        """The rankings of the tuned retriever: each query's by what was chosen without it.

        Queries without an answer, which choose nothing, are ranked by what all others choose.
        """
        its = self.tuned(space)
        trial_of = np.full(len(dataset.queries), its.best)
        trial_of[dataset.answerable] = np.array(its.worked)[its.outcome.chosen[its.outcome.folds]]
        whole = Ranking.empty(len(dataset.queries), depth)
        spans = None
        for trial in np.unique(trial_of).tolist():
            rows = np.flatnonzero(trial_of == trial)
            ranking = self._rank(its.trials[trial].specification, depth)
            whole.documents[rows], whole.scores[rows] = ranking.documents[rows], ranking.scores[rows]
            if ranking.spans is not None:
                spans = np.full((*whole.documents.shape, 2), -1, dtype=np.int32) if spans is None else spans
                spans[rows] = ranking.spans[rows]
        return replace(whole, spans=spans)

    def _trial(self, specification: str, parameters: Mapping[str, str]) -> Trial:
        dataset = self.dataset
        identity: list[str | int] = [
            json.dumps(dataset.describe(), default=str),
            self.measure,
            self.runner.inputs.depth,
        ]
        path = trial_path(self.runner.folder, specification, signature(create(specification)), identity)
        if (kept := read_trial(path)) is None:
            kept = self._values(specification)
            write_trial(path, *kept)
        values, error = kept
        if error:
            self.runner.note_trial(specification, error)
        return Trial(specification, parameters, None if error else values, error)

    def _values(self, specification: str) -> tuple[NDArray[np.float64], str]:
        """Its values by the answerable queries, or why it has none."""
        dataset, depth = self.dataset, self.runner.inputs.depth
        try:
            ranking = self._rank(specification, depth + dropped_hits(dataset))
        except (WorkerError, RetrieverError) as error:
            self.close()  # what is left of the process cannot be trusted
            self.runner.log_trial(specification, error)
            return np.zeros(0), str(error)
        ranking = without_own(ranking, dataset, depth) if dropped_hits(dataset) else ranking
        return evaluate(dataset, ranking, self._measures)[self.measure][dataset.answerable], ""

    def _rank(self, specification: str, depth: int) -> Ranking:
        if self._worker is None:
            self._worker = self.runner.start_worker(specification)
            self._worker.open(self.texts)
        return self._worker.try_out(specification, depth).ranking

    def close(self) -> None:
        """End the process that tries."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None


class _TuningRunner(Runner):
    """The tuned ones are cells like others; the last pass says what was chosen as well, and what that is worth."""

    def __init__(
        self,
        config: RunConfig,
        inputs: Inputs,
        listener: Listener,
        search: _Search,
        spaces: Sequence[SearchSpace],
        *,
        commands: dict[str, Any],
    ) -> None:
        super().__init__(config, inputs, listener)
        self._search, self._spaces, self._commands = search, [space for space in spaces if space.is_open], commands
        search.runner = self

    def resuming(self) -> str:
        """What goes on with it."""
        return resuming_same_command(self.folder)

    def describe(self) -> dict[str, Any]:
        """run.json as it is before anything was measured, and what is tuned."""
        tuning = {
            "given": [space.given for space in self._spaces],
            "trials": self._search.plan.trials,
            "folds": self._search.plan.folds,
            "measure": self._search.measure,
        }
        return {**super().describe(), "tuning": tuning}

    def commands(self) -> dict[str, Any]:
        """What makes it again."""
        return self._commands

    def _dataset(self, dataset: Dataset) -> None:
        """The trials first, all in one process; what they need of the set is there until the tuned ones are ranked."""
        self._search.texts = self.folder / "work" / "trials"
        dataset.write_texts(self._search.texts)
        try:
            for space in self._spaces:
                with contextlib.suppress(WorkerError):  # which is raised again where its cell is made
                    self._search.tuned(space)
            super()._dataset(dataset)
        finally:
            self._search.close()

    def start_worker(self, specification: str) -> ProcessWorker:
        """A process that tries settings, with the limits of all others."""

        def progress(phase: str, done: int, total: int | None) -> None:
            self.tell(Event("progress", "", specification, phase, done, total))

        return start(specification, self._worker_settings(), progress)

    def step_of(self, label: str, text: str, done: int, total: int) -> None:
        """Say how far the trials are."""
        self._step(self.inputs.datasets[0], label, text, done, total)

    def log_trial(self, specification: str, error: Exception) -> None:
        """Keep all of why a trial failed."""
        self._log(f"trial {specification}", getattr(error, "trace", "") or str(error))

    def note_trial(self, specification: str, reason: str) -> None:
        """Say that a trial failed."""
        self._warn([f"The trial {specification} failed and is left out: {reason}"])

    def conclude(
        self, run: Run, cells: Mapping[str, Mapping[str, Cell]], guard: Guard, terms: Mapping[str, Terms]
    ) -> None:
        """The last pass of any run, then tuning.csv, trials.csv and the fragment of a configuration."""
        super().conclude(run, cells, guard, terms)
        ((name, its_cells),) = cells.items()
        done = [space for space in self._spaces if space.label + TUNED in its_cells]
        tuned = [self._search.tuned(space) for space in done]
        margin = self.config.margins.get(self._search.measure, MARGIN)
        write_tuning(run, name, self._search.measure, tuned, margin)
        write_atomic(self.folder / FRAGMENT, _fragment(self.config, tuned, self._search).encode())


def _fragment(config: RunConfig, tuned: Sequence[Tuned], search: _Search) -> str:
    """The lines of a bench.toml that run what was chosen, each beside its defaults."""
    queries = int(search.dataset.answerable.sum())
    retrievers = []
    for its in tuned:
        chosen = its.trials[its.best].specification
        retrievers += [next(given for given in config.retrievers if split_label(given)[0] == its.default)]
        retrievers += [f"{its.label}={chosen}"] * bool(its.best)
    lines = ",\n".join(f"    {json.dumps(one, ensure_ascii=False)}" for one in dict.fromkeys(retrievers))
    return (
        f"# Chosen by {search.measure} on all {queries:,} queries of {search.dataset.name}, on which it is flattered:\n"
        "# tuning.csv has what the choice is worth on queries that it has not seen.\n"
        f"datasets = [{json.dumps(config.datasets[0], ensure_ascii=False)}]\nretrievers = [\n{lines},\n]\n"
    )
