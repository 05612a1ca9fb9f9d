"""What a notebook or a script calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from bench.config import RunConfig, load_config, setting
from bench.data.dataset import Dataset
from bench.data.formats import load_dataset
from bench.data.formats.options import Options
from bench.errors import BenchError, unknown
from bench.experiment import runner
from bench.experiment.events import Listener
from bench.experiment.labels import split_label
from bench.storage.run import Run, load_run
from retrievers import Retriever
from retrievers.masking import masked, secrets_of


def _as_html(run: Run) -> str:
    from bench.report.run import notebook

    return notebook.render(run)


Run.as_html = staticmethod(_as_html)

__all__ = ["load_dataset", "load_run", "run"]


def run(
    datasets: str | Path | Dataset | Iterable[str | Path | Dataset] | None = None,
    retrievers: str | Retriever | Iterable[str | Retriever] | Mapping[str, str | Retriever] | None = None,
    *,
    config: str | Path | None = None,
    listener: Listener = lambda event: None,
    resume: bool = False,
    fresh: bool = False,
    **settings: Any,
) -> Run:
    """Run retrievers on datasets and store what comes out.

    Args:
        datasets: Names, paths or loaded Datasets, one or several; none: the shipped sets.
        retrievers: Names with parameters ("bm25:k1=0.9"), with a label of their own where wanted
            ("tuned=bm25:k1=0.9"), or objects with `index` and `search`, which run in this process under the name of
            their class, or label -> one of these; none: the config's, else tfidf, bm25 and minilm.
        config: A bench.toml. What is given here comes before what it says.
        listener: Is told of each step (`bench.experiment.events.Event`).
        resume: Go on with the run of that name where it stopped.
        fresh: Begin the run of that name anew.
        **settings: The other fields of `bench.config.RunConfig`: measures, depth, latency, limit, name, …

    Returns:
        The stored run, whose tables are DataFrames. A retriever that fails is a row of its `failures`.

    Raises:
        BenchError: For bad input, before anything is written, and for a full disk, with what is done so far kept.
    """
    known = [field.name for field in fields(RunConfig) if field.name not in ("datasets", "retrievers")]
    for key in settings:
        if key not in known:
            raise unknown("setting", key, known)
    settings = {key: setting(key, value) for key, value in settings.items()}
    named, instances = (None, {}) if retrievers is None else _split(retrievers)
    given = [datasets] if isinstance(datasets, str | Path | Dataset) else list(() if datasets is None else datasets)
    # Paths stay paths, so that the command which goes on with an interrupted run finds them.
    names = tuple(dataset.name if isinstance(dataset, Dataset) else str(dataset) for dataset in given) or None
    chosen = load_config(Path(config) if config is not None else None, datasets=names, retrievers=named, **settings)
    loaded = None
    if any(isinstance(dataset, Dataset) for dataset in given):
        options = Options.of(chosen)
        loaded = [dataset if isinstance(dataset, Dataset) else load_dataset(dataset, options) for dataset in given]
    return runner.run(chosen, instances, listener, loaded, resume=resume, fresh=fresh)


def _split(
    retrievers: str | Retriever | Iterable[str | Retriever] | Mapping[str, str | Retriever],
) -> tuple[tuple[str, ...], dict[str, Retriever]]:
    names: list[str] = []
    labels: set[str] = set()
    instances: dict[str, Retriever] = {}
    for wanted, retriever in _labelled(retrievers):
        if isinstance(retriever, str):
            names.append(retriever if wanted is None else f"{wanted}={retriever}")
            labels.add(split_label(names[-1])[0])
            continue
        if isinstance(retriever, type):
            raise BenchError(
                f"{retriever.__name__} is a class, not a retriever.", f"Hand over an object: {retriever.__name__}()."
            )
        if not isinstance(retriever, Retriever):
            raise BenchError(
                f"{masked(repr(retriever), secrets_of(retriever))} is no retriever.",
                "It needs the methods index(documents) and search(queries, k).",
            )
        label, number = wanted or type(retriever).__name__, 2
        while wanted is None and (label in instances or label in labels):
            label, number = f"{type(retriever).__name__}-{number}", number + 1
        instances[label] = retriever
    return tuple(names), instances


def _labelled(retrievers: object) -> Iterator[tuple[str | None, object]]:
    """(label, where one is given, retriever) of each."""
    if isinstance(retrievers, Mapping):
        yield from retrievers.items()
    elif isinstance(retrievers, str | Retriever) or not isinstance(retrievers, Iterable):
        yield None, retrievers
    else:
        yield from ((None, retriever) for retriever in retrievers)
