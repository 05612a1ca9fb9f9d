"""The noise floors that were measured of a run's retrievers on its sets: below them a difference decides nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.storage.run import Run, load_run


@dataclass(frozen=True)
class NoiseFloors:
    """folders: where they were measured, as given. by_set: set -> label -> measure -> the largest that applies."""

    folders: tuple[str, ...] = ()
    by_set: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)
    unused: tuple[str, ...] = ()

    def of(self, dataset: str, measure: str, *labels: str) -> float:
        """The largest of these retrievers, NaN where none of them has one."""
        floors = self.by_set.get(dataset, {})
        known = [floors[label][measure] for label in labels if measure in floors.get(label, {})]
        return max(known, default=math.nan)

    def stored(self, dataset: str) -> dict[str, Any]:
        """What analysis.json keeps of a set, empty where nothing applies."""
        floors = self.by_set.get(dataset)
        return {"folders": list(self.folders), "floors": floors} if floors else {}


def noise_floors(folders: Sequence[str], info: Mapping[str, Any]) -> NoiseFloors:
    """What `bench noise` measured in these folders, for the sets and retrievers of a run.json.

    A set is the same by its fingerprint or its name: the floor of a part of it, or of another version, is the best
    that is known. A retriever has the floors of its own signature; where none was measured, those of its class with the
    same parts and models, the largest of each measure.

    Raises BenchError for a folder that is no such run, or has none of the sets.
    """
    by_set: dict[str, dict[str, dict[str, float]]] = {}
    unused = []
    for folder in folders:
        noise = _measured(Path(folder))
        (of,) = noise.datasets
        sets = [
            entry["name"]
            for entry in info["datasets"]
            if entry["name"] == of["name"] or entry["fingerprint"] == of["fingerprint"]
        ]
        if not sets:
            raise BenchError(
                f"{folder} is the noise of {of['name']}, which is not among the sets of this run: "
                f"{', '.join(entry['name'] for entry in info['datasets'])}.",
                "Leave it out, or measure the noise of one of these: python -m bench noise SET -r RETRIEVER",
            )
        applying = {entry["label"]: _of_retriever(noise, entry) for entry in info["retrievers"]}
        if not any(applying.values()):
            unused.append(folder)
        for name in sets:
            for label, floors in applying.items():
                held = by_set.setdefault(name, {}).setdefault(label, {})
                for measure, floor in floors:
                    held[measure] = max(floor, held.get(measure, 0.0))
    known = {name: {label: held for label, held in floors.items() if held} for name, floors in by_set.items()}
    return NoiseFloors(tuple(folders), {name: floors for name, floors in known.items() if floors}, tuple(unused))


def _measured(folder: Path) -> Run:
    run = load_run(folder)
    if not run.complete:
        raise BenchError(f"{folder} is not complete: it was interrupted.", "Go on with it: --name and --resume.")
    if not run.rows("noise"):
        raise BenchError(f"{folder} holds no noise floor.", "Measure one: python -m bench noise SET -r RETRIEVER")
    return run


def _of_retriever(noise: Run, entry: Mapping[str, Any]) -> list[tuple[str, float]]:
    """(measure, floor) of those of its own signature, else of its make."""
    measured = {other["label"]: other for other in noise.info["retrievers"]}
    lines = list(dict.fromkeys(row["retriever"] for row in noise.rows("noise")))
    own = [line for line in lines if measured[line]["signature"] == entry["signature"]]
    alike = own or [line for line in lines if _make(measured[line]) == _make(entry)]
    return list(_floors(noise, alike))


def _floors(noise: Run, lines: Sequence[str]) -> Iterator[tuple[str, float]]:
    for row in noise.rows("noise"):
        if row["retriever"] in lines and row["quantity"] == "floor":
            yield row["measure"], row["value"]


def _make(entry: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The class of a retriever of run.json, with the classes of its parts and their models."""
    settings = entry["parameters"].items()
    return re.split(r"[( ]", entry["signature"])[0], {
        name: value for name, value in settings if re.search(r"(^|\.)(model|parts\.\d+)$", name)
    }
