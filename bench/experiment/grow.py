"""A set that grows: a run whose sets are its sizes, asked of the same retrievers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import count, pairwise, takewhile
from typing import Any

from bench.analysis.growth import write_growth
from bench.analysis.guard import Guard
from bench.analysis.last_pass import write_conclusions
from bench.analysis.terms import Terms
from bench.config import RunConfig
from bench.data.dataset import Dataset
from bench.data.formats import load_dataset
from bench.data.formats.options import Options
from bench.data.growth import Grown, Growth, Size, by_corpus, by_itself
from bench.errors import BenchError, counted
from bench.evaluation.streams import Purpose, stream
from bench.experiment.commands import of_growth
from bench.experiment.events import Listener
from bench.experiment.inputs import Inputs, read_inputs
from bench.experiment.runner import Runner
from bench.storage.cell import Cell
from bench.storage.folder import resuming_same_command
from bench.storage.run import Run

ITSELF = "self"
# A step of 1, 3, 10, … gives way to the whole where that is less than so many times as large.
NEARLY = 1.1


def run_growth(
    config: RunConfig,
    distractors: str,
    sizes: str | None,
    listener: Listener,
    *,
    resume: bool = False,
    fresh: bool = False,
) -> Run:
    """Run a configuration's retrievers on its one set at each size, and store it as a run.

    distractors: what a set is loaded by, or ITSELF. sizes: as "1,3,10"; None: as far as there are distractors. The
    measures are the set's main one and the recall at the depth. Its growth.csv has a row a size, retriever and measure
    (bench.analysis.growth). Raises BenchError for bad input, before anything is written.
    """
    (name,) = config.datasets
    growth = _growth(load_dataset(name, Options.of(config)), distractors, config.seed)
    chosen = _sizes(growth, sizes)
    asked = config
    measures = tuple(dict.fromkeys((growth.base.card.measure, f"R@{config.depth}")))
    config = replace(config, measures=measures, map="none")
    inputs = read_inputs(config, {}, [growth.base])
    (base,) = inputs.datasets
    grown = [growth.at(size, base) for size in chosen]
    inputs = replace(
        inputs, datasets=[at_size.dataset for at_size in grown], cautions=[*inputs.cautions, *_copies(growth)]
    )
    runner = _GrowthRunner(
        config,
        inputs,
        listener,
        grown,
        described=_described(growth, distractors, chosen),
        commands=of_growth(asked, distractors, sizes),
    )
    return runner.run(resume, fresh)


def parse_sizes(text: str) -> list[float]:
    """Of "1,3,10": how many times the documents at 1×. Raises BenchError for what is none, or does not ascend."""
    try:
        times = [round(float(part), 2) for part in text.split(",")]
    except ValueError:
        times = []
    rises = all(before < after for before, after in pairwise(times))
    if not times or not all(map(math.isfinite, times)) or times[0] < 1 or not rises:
        raise BenchError(
            f"Sizes {text!r} are no ascending list of numbers from 1 on.",
            "Write how many times as large: --sizes 1,3,10.",
        )
    return times


def usual_sizes(whole: float) -> list[float]:
    """1, 3, 10, 30, … and the whole. whole: above 1."""
    steps = (digit * 10.0**power for power in count() for digit in (1, 3))
    return [1.0, *(takewhile(lambda step: step * NEARLY <= whole, (step for step in steps if step > 1))), whole]


def _growth(dataset: Dataset, distractors: str, seed: int) -> Growth:
    rng = stream(seed, Purpose.DISTRACTORS)
    if distractors == ITSELF:
        return by_itself(dataset, rng)
    return by_corpus(dataset, load_dataset(distractors, Options(unlabelled=True)), rng)


def _sizes(growth: Growth, text: str | None) -> list[Size]:
    whole, least = growth.whole, len(growth.base.documents)
    if whole.times <= 1:
        raise BenchError(
            f"{growth.source} has {counted(len(growth.pool), 'distractor')}: too few for {least:,} documents to grow.",
            "Name a larger corpus.",
        )
    if text is None:
        return [*map(growth.size, usual_sizes(whole.times)[:-1]), whole]
    sizes = [growth.size(times) for times in parse_sizes(text)]
    for before, after in pairwise(sizes):
        if before.documents == after.documents:
            raise BenchError(f"{before.shown} and {after.shown} are {before.documents:,} documents both.", "Give one.")
    if sizes[-1].documents > whole.documents:
        most = math.floor(100 * whole.documents / least) / 100
        raise BenchError(
            f"{sizes[-1].shown} is {sizes[-1].documents:,} documents, and there are {whole.documents:,}: {least:,} at "
            f"x1 and {counted(len(growth.pool), 'distractor')} of {growth.source}.",
            f"Give sizes up to {most:.10g}, or a larger corpus.",
        )
    return sizes


def _copies(growth: Growth) -> list[str]:
    if not growth.copies:
        return []
    left = counted(growth.copies, "document")
    return [f"{left} of {growth.source} left out of the distractors: the text is that of a document at x1."]


def _described(growth: Growth, distractors: str, sizes: Sequence[Size]) -> dict[str, Any]:
    """What run.json says of it."""
    return {
        "set": growth.base.name,
        "distractors": distractors,
        "own": growth.own,
        "sizes": [size.times for size in sizes],
        "documents": len(growth.base.documents),
        "pool": len(growth.pool),
        "source": growth.source,
        "copies": growth.copies,
    }


class _GrowthRunner(Runner):
    """Its sets are the sizes of one: their last pass holds them against one another."""

    def __init__(
        self,
        config: RunConfig,
        inputs: Inputs,
        listener: Listener,
        sizes: Sequence[Grown],
        *,
        described: dict[str, Any],
        commands: dict[str, Any],
    ) -> None:
        super().__init__(config, inputs, listener)
        self._sizes, self._described, self._commands = sizes, described, commands

    def resuming(self) -> str:
        """What goes on with it."""
        return resuming_same_command(self.folder)

    def describe(self) -> dict[str, Any]:
        """run.json as it is before anything was measured, and what the set grows by."""
        return {**super().describe(), "growth": self._described}

    def commands(self) -> dict[str, Any]:
        """The one that was asked for, of which the sizes were made."""
        return self._commands

    def terms(self) -> dict[str, Terms]:
        """None: no size is looked into by itself, and the largest may be very large."""
        return {}

    def conclude(
        self, run: Run, cells: Mapping[str, Mapping[str, Cell]], guard: Guard, terms: Mapping[str, Terms]
    ) -> None:
        """Write growth.csv and growth_pairs.csv, and conclusions of nothing."""
        write = partial(write_growth, run, self._sizes, cells, self.config.measures[0], self.config.seed)
        guard("growth", write, None)
        write_conclusions(run, (), cells, self.config, guard, terms=terms)
