"""What takes part in a run: a retriever by name, a retriever object, or rankings that another system stored."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.dataset import Dataset
from bench.errors import BenchError
from bench.formats import trec
from bench.worker import WorkerLike
from retrievers import Retriever, RetrieverError, create, parameters, signature
from retrievers.base import Ranking

# What file names of TREC runs end in; the rest is what the run is called.
SUFFIXES = (".gz", ".trec", ".run", ".txt")


@dataclass
class Entrant:
    """A label and a signature, and where rankings come from.

    instance: a retriever object that runs in this process. stored: the hits of a TREC run, which is scored and neither
    built nor timed. worker: what the retriever lives in while that is alive.
    """

    label: str
    signature: str
    parameters: dict[str, Any]
    instance: Retriever | None = None
    stored: Mapping[str, Mapping[str, float]] | None = None
    worker: WorkerLike | None = None
    load_seconds: float = field(default=0.0)

    @property
    def in_process(self) -> bool:
        """Does it live in this process?"""
        return self.instance is not None or self.stored is not None

    def ranking(self, dataset: Dataset, depth: int) -> Ranking:
        """The stored rankings in the dataset's positions. Raises BenchError for a document that it does not have."""
        assert self.stored is not None
        return trec.to_ranking(self.stored, dataset, depth)

    def close(self) -> None:
        """End the worker, if there is one."""
        if self.worker is not None:
            self.worker.close()
            self.worker = None


def entrants(
    specifications: Sequence[str], instances: Mapping[str, Retriever], runs: Sequence[str | Path]
) -> list[Entrant]:
    """All of a run. Raises BenchError for an unknown one, for two of one label, and where there is none."""
    found = [_named(each) for each in specifications]
    found += [Entrant(label, signature(each), parameters(each), each) for label, each in instances.items()]
    found += [_stored(Path(path)) for path in runs]
    if not found:
        raise BenchError("There is no retriever.", "Name at least one; `python -m bench retrievers` lists them.")
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
    return Entrant(specification, signature(retriever), parameters(retriever))


def _stored(path: Path) -> Entrant:
    hits = trec.read_run(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Entrant(_called(path), f"trec run sha256:{digest}", {"run": path.name}, stored=hits)


def _called(path: Path) -> str:
    name = path.name
    while name.endswith(SUFFIXES) and Path(name).stem:
        name = Path(name).stem
    return name


def missing(entrant: Entrant, dataset: Dataset) -> str | None:
    """A warning where a stored run does not have every judged query: each of those counts as 0."""
    assert entrant.stored is not None
    absent = [query for query in dataset.query_ids if query not in entrant.stored]
    if not absent:
        return None
    return (
        f"{entrant.label} has no hits for {len(absent):,} of the {len(dataset.queries):,} judged queries of "
        f"{dataset.name} ({', '.join(absent[:3])}{', …' * (len(absent) > 3)}); each counts as 0."
    )
