"""One cell: a participant on a dataset, from its texts to what is stored of it, its times apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bench.analysis.budgets import budgeted
from bench.analysis.own_document import dropped_hits, without_own
from bench.analysis.values import budget_curve, evaluate, recall_curve
from bench.data.dataset import Dataset
from bench.data.formats.run_rankings import trec_run
from bench.experiment.participants import Participant
from bench.experiment.workers.messages import Ranked, Work, WorkerLike
from bench.machine.gauge import Reading, SpeedGauge
from bench.storage.cell import Cell, cell_folder, ends_of, per_query_bytes, ranking_bytes, stages_bytes, write_cell
from bench.storage.files import slug, write_atomic
from retrievers.base import LOAD, SET_ASIDE, Ranking
from retrievers.stages import Stages

if TYPE_CHECKING:
    import ir_measures


class Step(Protocol):
    """Is told what is done next, and how far it is."""

    def __call__(self, text: str, done: int = 0, total: int | None = None) -> None: ...


@dataclass(frozen=True)
class CellSettings:
    """What a run asks of each of its cells.

    depth: hits of a ranking. builds: how often documents are indexed. times: are they wanted? Then the first query
    after the index is timed too.
    """

    measures: dict[str, ir_measures.Measure]
    depth: int
    builds: int
    times: bool
    gauge: SpeedGauge


@dataclass(frozen=True)
class CellResult:
    """What came of a cell. values: measure -> float64 [queries]. recall: float64 [depth], mean recall@k.

    budgets: recall by budget of word pieces, as `budget_curve` gives it, where a measure is over one. stages: what the
    ranking was made of, where it was in two. exact: what it approximates, where it does. cost:
    what indexing and ranking took, as cell.json has it; empty where that was done elsewhere. seconds: that the
    retriever worked. own_seconds: those of them that went into loading libraries and models.
    """

    ranking: Ranking
    values: dict[str, NDArray[np.float64]]
    recall: NDArray[np.float64]
    budgets: list[tuple[int, float, int]] = field(default_factory=list)
    stages: Stages | None = None
    exact: Ranking | None = None
    cost: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    own_seconds: float = 0.0


@dataclass(frozen=True)
class Build:
    """The documents of a dataset, indexed. works: of each build. reading: of the gauge before it."""

    works: list[Work]
    reading: Reading

    @property
    def seconds(self) -> list[float]:
        """What each build took, less the loading of libraries and models and what was set aside for later."""
        return [work.seconds - _load(work) - work.phases.get(SET_ASIDE, 0.0) for work in self.works]

    @property
    def own_seconds(self) -> float:
        """What that loading took."""
        return sum(map(_load, self.works))

    @property
    def shared(self) -> bool:
        """Was it another's build, whose index is searched here too?"""
        return any(work.shared for work in self.works)


def build(worker: WorkerLike, texts: Path, settings: CellSettings, step: Step) -> Build:
    """Open a dataset and index it. texts: as workers map them.

    Raises WorkerError or RetrieverError where the retriever fails.
    """
    reading, works = settings.gauge.read(), []
    worker.open(texts)
    for number in range(settings.builds):
        step("index", number, settings.builds)
        # Repeated builds are all built in full: one from the cache would say nothing of the spread. Where times are
        # wanted no index is opened that was built before.
        cached = settings.builds == 1
        works.append(worker.build(cached, cached and not settings.times))
    return Build(works, reading)


def make_cell(
    worker: WorkerLike, texts: Path, dataset: Dataset, settings: CellSettings, *, loaded: float, step: Step
) -> CellResult:
    """Index, ask for the first query where that is wanted, rank all, and measure.

    texts: the dataset's, as workers map them. loaded: seconds that libraries and models took before (the worker's
    rehearsal, other sets). Raises WorkerError or RetrieverError where the retriever fails.
    """
    built = build(worker, texts, settings, step)
    # A shared index has a first query once, and its process a peak of memory.
    first, waited = _first_query(worker) if settings.times and not built.shared else (None, 0.0)
    own_seconds = built.own_seconds + waited
    step("search")
    dropped = dropped_hits(dataset)
    ranked = worker.rank(settings.depth + dropped)
    ranking = without_own(ranked.ranking, dataset, settings.depth) if dropped else ranked.ranking
    exact = without_own(ranked.exact, dataset, settings.depth) if dropped and ranked.exact else ranked.exact
    indexing, searching = built.works[-1], ranked.work
    readings = [built.reading, settings.gauge.read()]
    cost = {
        **stored_readings(readings),
        "index_seconds": built.seconds,
        "load_seconds": max(loaded, own_seconds),
        "first_query_seconds": first,
        "phases": {"index": indexing.phases, "search": searching.phases},
        "quantities": _quantities(indexing, ranked),
        "warnings": list(dict.fromkeys((*indexing.warnings, *searching.warnings))),
        "peak_bytes": None if built.shared else ranked.peak_bytes,
        **({"columns": dataset.column_digests(ranked.columns)} if ranked.columns else {}),
    }
    builds = 0.0 if built.shared else sum(work.seconds for work in built.works)
    seconds = builds + searching.seconds + (first or 0.0)
    measured = _measured(dataset, ranking, settings, settings.depth)
    return replace(measured, stages=ranked.stages, exact=exact, cost=cost, seconds=seconds, own_seconds=own_seconds)


def score_cell(participant: Participant, dataset: Dataset, settings: CellSettings) -> CellResult:
    """The cell of a stored run or a control: its quality, and nothing of the work that it took elsewhere."""
    assert participant.ranked is not None
    depth, dropped = max(settings.depth, participant.longest(dataset) or 0), dropped_hits(dataset)
    ranking = participant.ranked(dataset, depth + dropped)
    ranking = without_own(ranking, dataset, depth) if dropped else ranking
    return _measured(dataset, ranking, settings, ends_of(ranking) if participant.stored is not None else depth)


def store_cell(run: Path, dataset: Dataset, participant: Participant, result: CellResult) -> Cell:
    """Store a cell and its TREC run in the folder of a run."""
    name, unknown = slug(participant.label), participant.unknown_documents(dataset)
    run_file = run / "runs" / slug(dataset.name) / f"{name}.run.gz"
    write_atomic(run_file, trec_run(dataset, result.ranking, name, unknown))
    info = {
        **_identity(dataset, participant),
        **result.cost,
        "recall": result.recall.tolist(),
        **({"budgets": result.budgets} if result.budgets else {}),
        "timing": None,
        "error": None,
    }
    files = {
        "ranking.npz": ranking_bytes(result.ranking),
        "per_query.parquet": per_query_bytes(dataset.query_ids, result.values),
    }
    if result.stages is not None:
        files["stages.npz"] = stages_bytes(result.stages)
    if result.exact is not None:
        files["exact.npz"] = ranking_bytes(result.exact)
    return write_cell(folder_of(run, dataset, participant), info, files)


def store_failure(run: Path, dataset: Dataset, participant: Participant, error: Exception) -> None:
    """Store that a cell failed, and with what words."""
    write_cell(folder_of(run, dataset, participant), {**_identity(dataset, participant), "error": str(error)}, {})


def store_untimed(cell: Cell, error: Exception) -> Cell:
    """Store that a cell could not be timed, and with what words; its quality stands."""
    return write_cell(cell.folder, {**cell.info, "timing": {"error": str(error)}}, {})


def folder_of(run: Path, dataset: Dataset, participant: Participant) -> Path:
    """Where a cell lies in the folder of a run."""
    return cell_folder(run, dataset.name, participant.label, participant.signature)


def _measured(dataset: Dataset, ranking: Ranking, settings: CellSettings, cut_at: int) -> CellResult:
    """cut_at: the rank at which rankings were cut, 0 where none was."""
    values = evaluate(dataset, ranking, settings.measures)
    budgets = budget_curve(dataset, ranking, settings.measures, cut_at) if budgeted(settings.measures) else []
    return CellResult(ranking, values, recall_curve(dataset, ranking), budgets)


def stored_readings(readings: Sequence[Reading]) -> dict[str, list[float]]:
    """What is stored of the gauge beside the times that it was read for."""
    return {
        "gauge_seconds": [reading.seconds for reading in readings],
        "gauge_waited": [reading.waited for reading in readings],
    }


def _first_query(worker: WorkerLike) -> tuple[float, float]:
    """Seconds of the first query after the build, and apart from them of a model load that it had to wait for."""
    timed = worker.time([0])
    load = float(timed.phases[LOAD][0]) / 1e9 if LOAD in timed.phases else 0.0
    return float(timed.nanoseconds[0]) / 1e9 - load, load


def _load(work: Work) -> float:
    return work.phases.get(LOAD, 0.0)


def _identity(dataset: Dataset, participant: Participant) -> dict[str, Any]:
    """Whose figures a cell holds."""
    return {
        "dataset": dataset.name,
        "fingerprint": dataset.fingerprint,
        "retriever": participant.label,
        "signature": participant.signature,
        "parameters": participant.parameters,
    }


def _quantities(work: Work, ranked: Ranked) -> dict[str, float]:
    """What was recorded while indexing and while ranking, added up."""
    names: Sequence[str] = [*work.quantities, *(name for name in ranked.work.quantities if name not in work.quantities)]
    return {name: work.quantities.get(name, 0) + ranked.work.quantities.get(name, 0) for name in names}
