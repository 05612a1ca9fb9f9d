"""What takes part in a run: a retriever by name, a retriever object, or rankings that another system stored."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from bench import controls
from bench.dataset import Dataset
from bench.errors import BenchError
from bench.formats import trec
from bench.worker import WorkerLike
from retrievers import Retriever, RetrieverError, create, kind, parameters, signature
from retrievers.base import Ranking

# What file names of TREC runs end in; the rest is what the run is called.
SUFFIXES = (".gz", ".trec", ".run", ".txt")


@dataclass
class Entrant:
    """A label, a signature, a kind ("lexical", "dense", "other", "control"), and where rankings come from.

    instance: a retriever object that runs in this process. ranked: gives the rankings of what is neither built nor
    timed, a TREC run or a control, in the dataset's positions. stored: the hits of a TREC run.
    worker: what the retriever lives in while that is alive. rehearsal_seconds, own_seconds: what libraries and models
    took to load in its rehearsal, and since its worker was started. refused: how it breaks the contract of `index`.
    """

    label: str
    signature: str
    parameters: dict[str, Any]
    kind: str = "other"
    instance: Retriever | None = None
    ranked: Callable[[Dataset, int], Ranking] | None = None
    stored: Mapping[str, Mapping[str, float]] | None = None
    worker: WorkerLike | None = None
    rehearsal_seconds: float = 0.0
    own_seconds: float = 0.0
    refused: str = ""

    @property
    def load_seconds(self) -> float:
        """What libraries and models took to load, once: a model that two objects do not share is loaded twice."""
        return max(self.rehearsal_seconds, self.own_seconds)

    @property
    def in_process(self) -> bool:
        """Does it live in this process?"""
        return self.instance is not None or self.ranked is not None

    def close(self) -> None:
        """End the worker, if there is one."""
        if self.worker is not None:
            self.worker.close()
            self.worker, self.own_seconds = None, 0.0


def entrants(
    specifications: Sequence[str], instances: Mapping[str, Retriever], runs: Sequence[str], with_controls: int | None
) -> list[Entrant]:
    """All of a run. with_controls: the seed of the random rankings, None for no controls.

    Raises BenchError for an unknown one, for two of one label, and where there is none.
    """
    found = [_named(each) for each in specifications]
    found += [_described(label, each, instance=each) for label, each in instances.items()]
    found += [_stored(Path(path)) for path in runs]
    if not found:
        raise BenchError("There is no retriever.", "Name at least one; `python -m bench retrievers` lists them.")
    if with_controls is not None:
        found += [_control(name, with_controls) for name in (controls.RANDOM, controls.ORACLE)]
    labels = [each.label for each in found]
    for label in labels:
        if labels.count(label) > 1:
            raise BenchError(f"Two are called {label!r}.", "Rename the run's file.")
    return found


def _named(specification: str) -> Entrant:
    try:
        retriever = create(specification)
    except RetrieverError as error:
        raise BenchError(error.message, error.hint) from None
    return _described(specification, retriever)


def _described(label: str, retriever: Retriever, instance: Retriever | None = None) -> Entrant:
    try:
        return Entrant(label, signature(retriever), parameters(retriever), kind(retriever), instance=instance)
    except Exception as error:  # a field of a plug-in's may raise anything where it is read or printed
        raise BenchError(
            f"{label} cannot be described: {type(error).__name__}: {error}", "Mend its fields, or what they print."
        ) from error


def twin(retriever: Any) -> Retriever:
    """Another object with the same parameters, and nothing in common with the first. Raises what copying raises."""
    if not is_dataclass(retriever):
        return cast("Retriever", copy.deepcopy(retriever))
    # Without what it indexed before.
    settings = {each.name: getattr(retriever, each.name) for each in fields(retriever) if each.init}
    make: Any = type(retriever)
    return cast("Retriever", make(**copy.deepcopy(settings)))


def _stored(path: Path) -> Entrant:
    hits = trec.read_run(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Entrant(
        _called(path),
        f"trec run sha256:{digest}",
        {"run": path.name},
        ranked=partial(trec.to_ranking, hits),
        stored=hits,
    )


def _control(name: str, seed: int) -> Entrant:
    def ranked(dataset: Dataset, depth: int) -> Ranking:
        return controls.control_rankings(dataset, depth, seed)[name]

    return Entrant(name, f"control {name}, seed {seed}", {"seed": seed}, controls.KIND, ranked=ranked)


def _called(path: Path) -> str:
    name = path.name
    while name.endswith(SUFFIXES) and Path(name).stem != name:
        name = Path(name).stem
    return name


def absent_queries(entrant: Entrant, dataset: Dataset) -> str | None:
    """A warning where a stored run does not have every judged query: each of those counts as 0."""
    stored = entrant.stored
    absent = [query for query in dataset.query_ids if query not in stored] if stored is not None else []
    if not absent:
        return None
    return (
        f"{entrant.label} has no hits for {len(absent):,} of the {len(dataset.queries):,} judged queries of "
        f"{dataset.name} ({', '.join(absent[:3])}{', …' * (len(absent) > 3)}); each counts as 0."
    )
