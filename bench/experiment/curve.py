"""A curve: a run of one retriever at many points, where points that differ in their search alone share an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bench.analysis.curve import Place, write_curve
from bench.analysis.guard import Guard
from bench.analysis.last_pass import write_conclusions
from bench.analysis.terms import Terms
from bench.config import RunConfig
from bench.data.formats import load_dataset
from bench.data.formats.options import Options
from bench.experiment.commands import of_curve
from bench.experiment.events import Listener
from bench.experiment.inputs import Inputs, read_inputs
from bench.experiment.participants import Participant
from bench.experiment.runner import Runner
from bench.experiment.sweeps import CurvePoint, curve_points, parse_sweep
from bench.experiment.workers.shared_index import IndexSearch, SharedIndex
from bench.storage.cell import Cell
from bench.storage.folder import resuming_same_command
from bench.storage.run import Run


def run_curve(
    config: RunConfig, sweeps: Sequence[str], listener: Listener, *, resume: bool = False, fresh: bool = False
) -> Run:
    """Run each of a configuration's retrievers at all points of its sweeps, on its one set, and store it as a run.

    The measure is the set's main one. Its curve.csv has a row a point (bench.analysis.curve). Raises BenchError for bad
    input, before anything is written.
    """
    points = curve_points(config.retrievers, [parse_sweep(sweep) for sweep in sweeps])
    (name,) = config.datasets
    dataset = load_dataset(name, Options.of(config))
    asked = config
    config = replace(
        config, retrievers=tuple(point.given for point in points), measures=(dataset.card.measure,), map="none"
    )
    inputs = read_inputs(config, {}, [dataset])
    inputs = replace(inputs, participants=sharing(inputs.participants, points))
    return _CurveRunner(config, inputs, listener, sweeps, points, asked=asked).run(resume, fresh)


def sharing(participants: Sequence[Participant], points: Sequence[CurvePoint]) -> list[Participant]:
    """The participants of points, of which those of one build share an index."""
    indexes: dict[str, SharedIndex] = {}
    shared = []
    for participant, point in zip(participants, points, strict=True):
        index = indexes.setdefault(point.build, SharedIndex("own process", participant.source))
        shared.append(replace(participant, shared=IndexSearch(index, point.search)))
    return shared


class _CurveRunner(Runner):
    """Points are not held against one another: their last pass is the curve."""

    def __init__(
        self,
        config: RunConfig,
        inputs: Inputs,
        listener: Listener,
        sweeps: Sequence[str],
        points: Sequence[CurvePoint],
        *,
        asked: RunConfig,
    ) -> None:
        super().__init__(config, inputs, listener)
        self._sweeps, self._asked = list(sweeps), asked
        builds = list(dict.fromkeys(point.build for point in points))
        self._places = {
            participant.label: Place(point.line, 1 + builds.index(point.build), point.values)
            for participant, point in zip(inputs.participants, points, strict=True)
        }

    def resuming(self) -> str:
        """What goes on with it."""
        return resuming_same_command(self.folder)

    def describe(self) -> dict[str, Any]:
        """run.json as it is before anything was measured, and what is swept."""
        return {**super().describe(), "sweeps": self._sweeps}

    def commands(self) -> dict[str, Any]:
        """The one that was asked for, of which the points were made."""
        return of_curve(self._asked, self._sweeps)

    def terms(self) -> dict[str, Terms]:
        """None: nothing is concluded, and the corpus may be large."""
        return {}

    def conclude(
        self, run: Run, cells: Mapping[str, Mapping[str, Cell]], guard: Guard, terms: Mapping[str, Terms]
    ) -> None:
        """Write curve.csv, and conclusions of nothing."""
        write_curve(run, self._places)
        write_conclusions(run, (), cells, self.config, guard, terms=terms)
