"""The commands that make a run's figures again."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any

from bench.config import RunConfig
from bench.experiment.inputs import Inputs
from bench.experiment.labels import split_label

if TYPE_CHECKING:
    from bench.experiment.variants import Grid

# Of a configuration: where and within what it is made, and by whom, which changes no figure.
_ELSEWHERE = {"name", "results", "timeout", "memory_mb", "cache_mb", "rebuild", "actor"}
_SWITCHES = {
    "latency": {False: "--no-latency"},
    "cache": {False: "--no-cache"},
    "controls": {True: "--controls"},
    "keep_self": {True: "--keep-self", False: "--drop-self"},
}
_SINGULAR = {"measures": "--measure", "retrievers": "--retriever"}
# What `bench score` takes; a run with other settings is told by a call from Python.
_OF_SCORE = {
    *("datasets", "qrels", "runs", "retrievers", "measures", "depth", "against", "latency"),
    *("split", "columns", "known_item", "unanswerable", "by", "keep_self"),
}


def commands(config: RunConfig, inputs: Inputs) -> dict[str, Any]:
    """What run.json says of it: `run` makes all of it again, `cells`, set -> label, the measures of one alone.

    A command of a shell. Where objects took part, whose place no command can name, a call of bench.run with them as
    they print themselves; such runs, and those of stored runs, have no command by cell.
    """
    names = tuple(dataset.name for dataset in inputs.datasets)
    if not inputs.by_name:
        return {"run": _call(replace(config, datasets=names), inputs), "cells": {}}
    whole = config if config.qrels else replace(config, datasets=config.datasets or names)
    if config.runs:
        return {"run": _score(whole, inputs), "cells": {}}
    measures = config.measures if config.measures != RunConfig.measures else tuple(inputs.measures)
    alone = replace(whole, measures=measures, against=None, margin=(), noise=(), controls=False)
    cells = {
        name: {
            split_label(given)[0]: _run(replace(alone, datasets=(source,), retrievers=(given,)))
            for given in config.retrievers
        }
        for name, source in zip(names, whole.datasets, strict=True)
    }
    return {"run": _run(whole), "cells": cells}


def of_curve(config: RunConfig, sweeps: Sequence[str]) -> dict[str, Any]:
    """The same of a curve. config: as it was asked for, before its sweeps made points of it."""
    swept = (argument for sweep in sweeps for argument in ("--sweep", sweep))
    depth = ("--depth", str(config.depth))
    others = _flags(config, skip={"datasets", "retrievers", "measures", "depth"})
    retrievers = _flag("retrievers", config.retrievers)
    return {"run": shlex.join([*_CURVE, *config.datasets, *retrievers, *swept, *depth, *others]), "cells": {}}


def of_tuning(config: RunConfig, trials: int, folds: int) -> dict[str, Any]:
    """The same of a tuning. config: as it was asked for, with brackets in its retrievers."""
    others = _flags(config, skip={"datasets", "retrievers", "latency", "map"})
    retrievers = _flag("retrievers", config.retrievers)
    how = ("--trials", str(trials), "--folds", str(folds))
    return {"run": shlex.join([*_BENCH, "tune", *config.datasets, *retrievers, *how, *others]), "cells": {}}


def of_growth(config: RunConfig, distractors: str, sizes: str | None) -> dict[str, Any]:
    """The same of a set that grows. config: as it was asked for. sizes: as the command takes them."""
    others = _flags(config, skip={"datasets", "retrievers", "measures", "map"})
    retrievers = _flag("retrievers", config.retrievers)
    drawn = (f"--distractors={distractors}", *([] if sizes is None else [f"--sizes={sizes}"]))
    return {"run": shlex.join([*_BENCH, "grow", *config.datasets, *drawn, *retrievers, *others]), "cells": {}}


def of_noise(config: RunConfig, grid: Grid, documents: int | None) -> dict[str, Any]:
    """The same of a noise floor. config: as it was asked for."""
    given, usual = (asdict(one) for one in (grid, type(grid)()))
    changed = {key: value for key, value in given.items() if value != usual[key]}
    flags = [f"--{key.replace('_', '-')}={_listed(value)}" for key, value in changed.items()]
    flags += [f"--documents={documents}"] * (documents is not None)
    retrievers = _flag("retrievers", config.retrievers)
    others = _flags(config, skip={"datasets", "retrievers", "threads"})
    return {"run": shlex.join([*_NOISE, *config.datasets, *retrievers, *flags, *others]), "cells": {}}


def _listed(value: Any) -> str:
    return ",".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)


_CODE = re.compile(r" \[[\w.]+ [0-9a-f]+\]")  # the module of a class and its digest, in a signature
_BENCH = ("python", "-m", "bench")
_CURVE = (*_BENCH, "curve")
_NOISE = (*_BENCH, "noise")


def _run(config: RunConfig) -> str:
    retrievers = _flag("retrievers", config.retrievers)
    return shlex.join([*_BENCH, "run", *config.datasets, *retrievers, *_flags(config, skip={"datasets", "retrievers"})])


def _score(config: RunConfig, inputs: Inputs) -> str:
    if len(config.datasets) > 1 or config.latency or not _OF_SCORE.issuperset(_changed(config)):
        return _call(config, inputs)
    sets = [f"--dataset={name}" for name in config.datasets]
    flags = _flags(config, skip={"datasets", "retrievers", "runs", "latency"})
    return shlex.join([*_BENCH, "score", *config.runs, *sets, *_flag("retrievers", config.retrievers), *flags])


def _call(config: RunConfig, inputs: Inputs) -> str:
    """A call from Python."""
    taking_part = [participant for participant in inputs.participants if participant.instance is not None]
    objects = {participant.label: _CODE.sub("", participant.signature) for participant in taking_part}
    named = {split_label(given)[0]: repr(split_label(given)[1]) for given in config.retrievers}
    retrievers = ", ".join(f"{label!r}: {made}" for label, made in {**named, **objects}.items())
    settings = {key: value for key, value in _changed(config).items() if key not in ("datasets", "retrievers")}
    given = "".join(
        f", {key}={list(value) if isinstance(value, tuple) else value!r}" for key, value in settings.items()
    )
    return f"bench.run({list(config.datasets)}, {{{retrievers}}}{given})"


def _changed(config: RunConfig) -> dict[str, Any]:
    """The settings that are not as by default."""
    default = RunConfig()
    values = {field.name: getattr(config, field.name) for field in fields(config) if field.name not in _ELSEWHERE}
    return {key: value for key, value in values.items() if value != getattr(default, key)}


def _flags(config: RunConfig, skip: set[str]) -> Iterator[str]:
    for key, value in _changed(config).items():
        if key not in skip:
            yield from _flag(key, value)


def _flag(key: str, value: Any) -> Iterator[str]:
    if key in _SWITCHES:
        yield _SWITCHES[key][value]
        return
    flag = _SINGULAR.get(key, f"--{key.replace('_', '-')}")
    for one in value if isinstance(value, tuple) else (value,):
        yield f"{flag}={one}"
