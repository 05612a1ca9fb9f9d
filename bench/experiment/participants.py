"""What takes part in a run: a retriever by name, a retriever object, or rankings that another system stored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from bench.analysis import controls
from bench.data.dataset import Dataset
from bench.data.formats import run_rankings, trec_runs
from bench.data.formats.ids import some, why_unknown
from bench.data.formats.run_rankings import hits_by_query, to_ranking
from bench.errors import BenchError
from bench.experiment.labels import refuse_same, split_label
from bench.experiment.workers import start_worker
from bench.experiment.workers.circumstances import Circumstances
from bench.experiment.workers.messages import Progress, WorkerLike, WorkerSettings
from bench.experiment.workers.shared_index import IndexSearch
from retrievers import Retriever, RetrieverError, create, kind, parameters, signature
from retrievers.base import Ranking
from retrievers.masking import masked, secrets_of

# What file names of TREC runs end in; the rest is what the run is called.
SUFFIXES = (".gz", ".trec", ".run", ".txt", ".tsv", ".csv", ".json")


@dataclass(frozen=True)
class Participant:
    """A label, a signature, a kind (one of `retrievers.KINDS`, or "control"), and where rankings come from.

    source: what it was given as: the specification that makes it, a file, a class. instance: a retriever object that
    runs in this process. ranked: gives the rankings of what is neither built nor
    timed, a TREC run or a control, in the dataset's positions. stored, path: the hits of a TREC run, which are scored
    whole, and its file. shared: the index that others search too, with parameters of their own. circumstances: other
    ones than the run's.
    """

    label: str
    signature: str
    parameters: dict[str, Any]
    kind: str = "other"
    source: str = ""
    instance: Retriever | None = None
    ranked: Callable[[Dataset, int], Ranking] | None = None
    stored: Mapping[str, Mapping[str, float]] | None = None
    path: Path | None = None
    shared: IndexSearch | None = None
    circumstances: Circumstances | None = None

    def describe(self) -> dict[str, Any]:
        """What run.json says of it."""
        entry = {
            "label": self.label,
            "kind": self.kind,
            "signature": self.signature,
            "parameters": self.parameters,
        }
        named = self.instance is None and self.ranked is None
        return entry | ({"specification": self.source} if named else {})

    def longest(self, dataset: Dataset) -> int | None:
        """The most hits that a stored run has for a query of the set; None for what is ranked here."""
        if self.stored is None:
            return None
        return max(map(len, hits_by_query(self.stored, dataset)), default=0)

    def unknown_documents(self, dataset: Dataset) -> list[str]:
        """The hits of a stored run that the dataset does not have, as its ranking numbers them."""
        return [] if self.stored is None else run_rankings.unknown_documents(self.stored, dataset)


@dataclass
class RunningParticipant:
    """A participant whose retriever lives in a worker, while that is alive.

    rehearsal_seconds, own_seconds: what libraries and models took to load in its rehearsal, and at most on a set since
    its worker was started. refused: how it breaks the contract of `index`.
    """

    participant: Participant
    worker: WorkerLike | None = None
    rehearsal_seconds: float = 0.0
    own_seconds: float = 0.0
    refused: str = ""

    @property
    def label(self) -> str:
        return self.participant.label

    @property
    def load_seconds(self) -> float:
        """What libraries and models took to load, once: a model that two objects do not share is loaded twice."""
        return max(self.rehearsal_seconds, self.own_seconds)

    def start(self, settings: WorkerSettings, progress: Progress) -> WorkerLike:
        """Its worker, started anew where it has none. Raises WorkerError."""
        if self.worker is None:
            self.worker = start_worker(*self._kind_and_source(), settings, progress)
        return self.worker

    def _kind_and_source(self) -> tuple[str, str | Retriever | IndexSearch | Circumstances]:
        its = self.participant
        if its.circumstances is not None:
            return "other circumstances", its.circumstances
        if its.shared is not None:
            return "shared index", its.shared
        return ("own process", its.source) if its.instance is None else ("this process", its.instance)

    def close(self) -> None:
        """End the worker, if there is one."""
        if self.worker is not None:
            self.worker.close()
            self.worker, self.own_seconds = None, 0.0


def participants(
    specifications: Sequence[str], instances: Mapping[str, Retriever], runs: Sequence[str], with_controls: int | None
) -> list[Participant]:
    """All of a run. with_controls: the seed of the random rankings, None for no controls.

    Raises BenchError for an unknown one, for two of one label, and where there is none.
    """
    members = [_named(specification) for specification in specifications]
    members += [_described(label, given, f"an object {label}", given) for label, given in instances.items()]
    members += [_stored(Path(path)) for path in runs]
    if not members:
        raise BenchError("There is no retriever.", "Name at least one; `python -m bench retrievers` lists them.")
    if with_controls is not None:
        members += [_control(name, with_controls) for name in (controls.RANDOM, controls.ORACLE)]
    refuse_same((participant.label, participant.source) for participant in members)
    return members


def _named(given: str) -> Participant:
    label, specification = split_label(given)
    try:
        retriever = create(specification)
    except RetrieverError as error:
        ranges = " Ranges, as [0.4..2.4], are chosen from by: python -m bench tune" * (".." in specification)
        raise BenchError(error.message, error.hint + ranges) from None
    return _described(label, retriever, specification)


def _described(label: str, retriever: Retriever, source: str, instance: Retriever | None = None) -> Participant:
    try:
        return Participant(label, signature(retriever), parameters(retriever), kind(retriever), source, instance)
    except Exception as error:  # a field of a plug-in's may raise anything where it is read or printed
        reason = masked(f"{type(error).__name__}: {error}", secrets_of(retriever))
        raise BenchError(f"{label} cannot be described: {reason}", "Mend its fields, or what they print.") from error


def _stored(path: Path) -> Participant:
    hits = trec_runs.read_run(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Participant(
        _called(path),
        f"trec run sha256:{digest}",
        {"run": path.name},
        source=str(path),
        ranked=partial(_ranked, path, hits),
        stored=hits,
        path=path,
    )


def _ranked(path: Path, hits: Mapping[str, Mapping[str, float]], dataset: Dataset, depth: int) -> Ranking:
    """A stored run's rankings. Raises BenchError where it has none of the set's queries, or none of its documents."""
    asked = hits_by_query(hits, dataset)
    if not any(asked) and dataset.outside.isdisjoint(hits):
        raise _other_set(path, dataset, "queries", hits, dataset.query_ids)
    unknown = run_rankings.unknown_documents(hits, dataset)
    if unknown and len(unknown) == len(set(chain.from_iterable(asked))):
        raise _other_set(path, dataset, "documents", unknown, dataset.documents["id"].to_pylist())
    return to_ranking(hits, dataset, depth)


def _other_set(path: Path, dataset: Dataset, what: str, theirs: Collection[str], ours: Collection[str]) -> BenchError:
    return BenchError(
        f"{path} has none of the {what} of {dataset.name}: it has {some(theirs)}; the set has {some(ours)}.",
        why_unknown(theirs, ours) or "Check that the run was made on this set.",
    )


def _control(name: str, seed: int) -> Participant:
    def ranked(dataset: Dataset, depth: int) -> Ranking:
        return controls.control_rankings(dataset, depth, seed)[name]

    mark = f"control {name}, seed {seed}"
    return Participant(name, mark, {"seed": seed}, controls.KIND, f"the control {name}", ranked=ranked)


def _called(path: Path) -> str:
    name = path.name
    while name.endswith(SUFFIXES) and Path(name).stem != name:
        name = Path(name).stem
    return name
