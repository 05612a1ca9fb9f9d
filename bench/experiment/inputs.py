"""What a run is made of: all that can be refused is refused here, before a folder is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.analysis import controls
from bench.analysis.budgets import check_budgets
from bench.analysis.noise_floors import noise_floors
from bench.analysis.values import check_grades
from bench.config import RunConfig
from bench.data.dataset import Dataset
from bench.data.formats import load_dataset, qrels, shipped
from bench.data.formats.options import Options
from bench.data.formats.traps import read_traps
from bench.errors import BenchError, unknown
from bench.evaluation.main_measure import fitting
from bench.evaluation.measures import cutoff, resolve
from bench.evaluation.projection import require
from bench.experiment import cautions
from bench.experiment.participants import Participant, participants
from bench.storage.schema import USUAL, choose_measure
from retrievers import Retriever

if TYPE_CHECKING:
    import ir_measures


@dataclass(frozen=True)
class Inputs:
    """Datasets as they are asked (sliced, sampled), who takes part, the measures by name, and the ranking depth.

    by_name: can all that takes part be named in a command? cautions: what a reader must know of the sets.
    """

    datasets: list[Dataset]
    participants: list[Participant]
    measures: dict[str, ir_measures.Measure]
    depth: int
    by_name: bool
    cautions: list[str]


def read_inputs(config: RunConfig, instances: Mapping[str, Retriever], given: Sequence[Dataset] | None) -> Inputs:
    """The inputs of a run. given: loaded datasets, in place of the configured names.

    Raises BenchError for unknown names, sets that cannot be read, measures that do not fit, runs of another set.
    """
    require(config.map)
    measures = resolve(config.measures)
    taking_part = participants(config.retrievers, instances, config.runs, config.seed if config.controls else None)
    if config.against is not None:
        _refuse_other_baseline(config.against, taking_part)
    datasets = list(given) if given is not None else _read(config)
    if config.qrels:
        _refuse_without_texts(config.qrels, taking_part)
    datasets = _as_asked(datasets, config)
    warnings = list(cautions.of_sets(datasets))
    if config.measures == RunConfig.measures:  # those that somebody chose stay as they are
        measures |= resolve([dataset.card.measure for dataset in datasets])
    for place, dataset in enumerate(datasets):
        datasets[place] = judged = _judged_by(dataset, list(measures))
        warnings += cautions.of_main(list(measures), judged, fitted=judged is not dataset)
    for name in config.margins:
        if name not in measures:
            raise unknown("measure to set a margin for:", name, measures)
    warnings += cautions.of_margins(config, list(measures), datasets)
    if config.limit is not None:
        datasets = [dataset.sample(config.limit, config.seed) for dataset in datasets]
    for dataset in datasets:
        check_grades(measures, dataset)
        check_budgets(measures, dataset)
    for participant in taking_part:
        _refuse_runs_of_other_sets(participant, datasets)
    datasets = [_with_hits(dataset, taking_part) if dataset.judgements_alone else dataset for dataset in datasets]
    if config.traps:
        read_traps(Path(config.traps), datasets[0])
    floors = noise_floors(
        config.noise,
        {
            "datasets": [{"name": dataset.name, "fingerprint": dataset.fingerprint} for dataset in datasets],
            "retrievers": [participant.describe() for participant in taking_part],
        }
        if config.noise
        else {},
    )
    warnings += cautions.of_noise(floors)
    by_name = given is None and all(participant.instance is None for participant in taking_part)
    depth = max([config.depth, *map(cutoff, measures)])
    return Inputs(datasets, taking_part, measures, depth, by_name, warnings)


def _read(config: RunConfig) -> list[Dataset]:
    options = Options.of(config)
    if config.qrels:
        return [qrels.load(config.qrels, options)]
    return [load_dataset(name, options) for name in config.datasets or shipped()]


def _as_asked(datasets: Sequence[Dataset], config: RunConfig) -> list[Dataset]:
    """Named apart, by the flags on queries that are documents, and sliced."""
    _refuse_same_names(datasets)
    datasets = [dataset.keeping_itself(config.keep_self) for dataset in datasets]
    return _sliced(datasets, config.by) if config.by else list(datasets)


def _refuse_runs_of_other_sets(participant: Participant, datasets: Sequence[Dataset]) -> None:
    if participant.ranked is not None:
        for dataset in datasets:
            participant.ranked(dataset, 1)


def _judged_by(dataset: Dataset, names: Sequence[str]) -> Dataset:
    """The set with a main measure that fits its judgements, where the run has neither the card's nor the usual one."""
    chosen = choose_measure(names, dataset.card.measure)
    fitted = fitting(names, dataset.median_relevant)
    if chosen in (dataset.card.measure, USUAL, fitted):
        return dataset
    return replace(dataset, card=replace(dataset.card, measure=fitted))


def _refuse_other_baseline(label: str, taking_part: Sequence[Participant]) -> None:
    known = [participant.label for participant in taking_part if participant.kind != controls.KIND]
    if label not in known:
        raise unknown("retriever or run to compare against:", label, known)


def _refuse_without_texts(path: str, taking_part: Sequence[Participant]) -> None:
    searching = [participant.label for participant in taking_part if participant.stored is None]
    if searching:
        raise BenchError(
            f"{path} holds judgements alone, and {', '.join(searching)} cannot search without documents.",
            "Score runs alone with it, or name the set itself in place of qrels: -d SET.",
        )


def _with_hits(dataset: Dataset, taking_part: Sequence[Participant]) -> Dataset:
    """With what the runs have found, which nobody judged."""
    ids = {name for participant in taking_part for name in participant.unknown_documents(dataset)}
    return dataset.with_documents(ids)


def _sliced(datasets: Sequence[Dataset], fields: Sequence[str]) -> list[Dataset]:
    """By these metadata fields; a field that no set has is a mistake."""
    sliced = [dataset.sliced_by(fields) for dataset in datasets]
    for name in fields:
        if not any(name in dataset.card.slices for dataset in sliced):
            known = sorted({key for dataset in datasets for metadata in dataset.metadata for key in metadata})
            if not known:
                sets = ", ".join(dataset.name for dataset in datasets)
                if any(dataset.judgements_alone for dataset in datasets):
                    raise BenchError(
                        f"Judgements alone have no metadata, and so no field {name!r} to slice by.",
                        "Name the set itself, whose queries have metadata, in place of qrels: -d SET.",
                    )
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
