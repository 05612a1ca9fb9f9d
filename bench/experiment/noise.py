"""The noise floor: a run of the variants of a retriever that should all give the same figures."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bench.analysis.guard import Guard
from bench.analysis.last_pass import write_conclusions
from bench.analysis.noise import BATCH_SIZE, Variation, write_noise
from bench.analysis.terms import Terms
from bench.config import RunConfig
from bench.data.dataset import Dataset
from bench.data.formats import load_dataset
from bench.data.formats.options import Options
from bench.errors import BenchError, counted
from bench.evaluation.streams import Purpose, stream
from bench.experiment.commands import of_noise
from bench.experiment.events import Event, Listener
from bench.experiment.inputs import Inputs, read_inputs
from bench.experiment.labels import refuse_same
from bench.experiment.participants import Participant, participants
from bench.experiment.runner import Runner
from bench.experiment.variants import Grid, Variant, variants
from bench.experiment.workers.circumstances import Circumstances
from bench.machine.environment import default_threads
from bench.storage.cell import Cell
from bench.storage.folder import resuming_same_command
from bench.storage.run import Run

# What lasts so long is announced.
LONG_SECONDS = 60


def run_noise(
    config: RunConfig,
    grid: Grid,
    listener: Listener,
    *,
    documents: int | None = None,
    resume: bool = False,
    fresh: bool = False,
) -> Run:
    """Run each of a configuration's retrievers in all its variants, on its one set, and store it as a run.

    documents: of a sample that holds all judged ones, None for all. Nothing comes from a cache, and nothing is timed.
    Its noise.csv has a row a variant and quantity (bench.analysis.noise). Raises BenchError for bad input, before
    anything is written.
    """
    if documents is not None and documents < 1:
        raise BenchError(f"documents is {documents}.", "Give at least 1.")
    made: list[Variant] = []
    left_out: list[str] = []
    for given in config.retrievers:
        its, without = variants(given, grid, config.threads or default_threads())
        made, left_out = made + its, left_out + without
    refuse_same((variant.variation.label, variant.text) for variant in made)
    asked = config
    config = replace(config, latency=False, cache=False, rebuild=False, map="none")
    inputs = read_inputs(config, {}, [load_dataset(config.datasets[0], Options.of(config))])
    (dataset,) = inputs.datasets
    if documents is not None:
        dataset = dataset.sample_documents(documents, config.seed)
    if not dataset.answerable.any():
        raise BenchError(f"{dataset.name} has no query with a relevant document.", "A floor is of means over such.")
    inputs = replace(
        inputs,
        datasets=[dataset],
        participants=[_participant(variant, dataset, config.seed) for variant in made],
        cautions=[*inputs.cautions, *left_out],
    )
    listener = _Announcing(listener, [variant.variation for variant in made])
    command = of_noise(asked, grid, documents)
    return _NoiseRunner(config, inputs, listener, made, command).run(resume, fresh)


def _participant(variant: Variant, dataset: Dataset, seed: int) -> Participant:
    (its,) = participants([variant.text], {}, (), None)
    order = None
    if variant.order:
        order = stream(seed, Purpose.DOCUMENT_ORDER, variant.order).permutation(len(dataset.documents))
    circumstances = Circumstances("own process", its.source, variant.threads, order)
    return replace(its, label=variant.variation.label, circumstances=circumstances)


class _Announcing:
    """Says, when the base of a retriever is done, how long its variants will take."""

    def __init__(self, listener: Listener, variations: Sequence[Variation]) -> None:
        self._listener = listener
        self._variations = {variation.label: variation for variation in variations}
        self._since = time.perf_counter()

    def __call__(self, event: Event) -> None:
        self._listener(event)
        if event.kind not in ("start", "cell"):
            return
        seconds, self._since = time.perf_counter() - self._since, time.perf_counter()
        variation = self._variations.get(event.retriever)
        if event.kind == "cell" and variation is not None and not variation.changed:
            more = [other for other in self._variations.values() if other.line == variation.line and other.changed]
            if seconds * len(more) >= LONG_SECONDS:
                its, minutes = counted(len(more), "variant"), counted(round(seconds * len(more) / 60), "minute")
                text = f"{variation.line} took {seconds:.0f} s; {its} of it: about {minutes} more."
                slower = " Small batches take longer." if any(one.changed == BATCH_SIZE for one in more) else ""
                self._listener(Event("note", text=text + slower))


class _NoiseRunner(Runner):
    """Variants are held against their base, one at a time is there, and their last pass is the floor."""

    at_once = False

    def __init__(
        self, config: RunConfig, inputs: Inputs, listener: Listener, made: Sequence[Variant], command: dict[str, Any]
    ) -> None:
        super().__init__(config, inputs, listener)
        self._variations = {variant.variation.label: variant.variation for variant in made}
        self._command = command

    def resuming(self) -> str:
        """What goes on with it."""
        return resuming_same_command(self.folder)

    def commands(self) -> dict[str, Any]:
        """What makes it again."""
        return self._command

    def terms(self) -> dict[str, Terms]:
        """None: nothing is concluded."""
        return {}

    def conclude(
        self, run: Run, cells: Mapping[str, Mapping[str, Cell]], guard: Guard, terms: Mapping[str, Terms]
    ) -> None:
        """Write noise.csv, and conclusions of nothing."""
        (dataset,) = self.inputs.datasets
        write_noise(run, dataset, cells[dataset.name], self._variations, self.inputs.measures)
        write_conclusions(run, (), cells, self.config, guard, terms=terms)
