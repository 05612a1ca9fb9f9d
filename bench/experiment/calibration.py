"""Does this harness measure what others measured? Published figures beside its own, on the same public set."""

from __future__ import annotations

import re
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.config import RunConfig
from bench.data.dataset import Dataset
from bench.data.slices import ALL
from bench.errors import BenchError
from bench.experiment import runner
from bench.experiment.events import Listener

RETRIEVERS = ("bm25", "minilm")
_FILE = Path(__file__).with_name("published.toml")


@dataclass(frozen=True)
class CalibratedFigure:
    """One published figure and ours; agrees: they differ by at most the tolerance, for which `why` has the reason.

    kind: "published", or "reference" where the other system was run on the same files and the figure is not published.
    """

    dataset: str
    retriever: str
    measure: str
    published: float
    measured: float
    tolerance: float
    agrees: bool
    kind: str
    source: str
    why: str


@dataclass(frozen=True)
class Calibration:
    """rows: what could be compared. failures: (retriever, reason) of each that failed, and so agrees with nothing."""

    rows: list[CalibratedFigure]
    failures: list[tuple[str, str]]

    @property
    def agrees(self) -> bool:
        return not self.failures and all(row.agrees for row in self.rows)


def published_beside_ours(dataset: str, retriever: str, measured: Mapping[str, float]) -> list[CalibratedFigure]:
    """The published figures of a set and a retriever with its defaults, beside ours; empty where there are none.

    dataset: its name, which may be part of a path or of an address ("irds:beir/scifact/test"). measured: measure ->
    mean; figures of other measures are left out.
    """
    entry = _published(dataset)
    return [
        CalibratedFigure(
            dataset=entry["name"],
            retriever=retriever,
            measure=measure,
            published=value,
            measured=measured[measure],
            tolerance=figure["tolerance"],
            agrees=abs(measured[measure] - value) <= figure["tolerance"],
            kind=figure["kind"],
            source=figure["source"],
            why=figure["why"],
        )
        for figure in entry.get("figure", ())
        if figure["retriever"] == retriever
        for measure, value in figure["values"].items()
        if measure in measured
    ]


def calibrate(
    dataset: Dataset, retrievers: tuple[str, ...] = RETRIEVERS, listener: Listener = lambda event: None
) -> Calibration:
    """Run the retrievers on a set, quality only, and compare with what is published.

    Raises BenchError where no figure is known of the set and these retrievers, or it is another version (by the number
    of its documents or judged queries).
    """
    entry = _published(dataset.name)
    if not entry:
        names = ", ".join(published_set["name"] for published_set in _sets())
        raise BenchError(f"No figure is known for {dataset.name}.", f"There are figures for: {names}.")
    counts = {"documents": len(dataset.documents), "queries": len(dataset.queries)}
    for what, count in counts.items():
        if count != entry[what]:
            raise BenchError(
                f"{dataset.name} has {count:,} {what}; the figures are for {entry[what]:,}.",
                "Calibrate on the whole set, in the version that is published.",
            )
    asked = tuple(
        retriever for retriever in retrievers if any(figure["retriever"] == retriever for figure in entry["figure"])
    )
    if not asked:
        raise BenchError(
            f"No figure is known for {', '.join(retrievers)} on {dataset.name}.", "Name another retriever."
        )
    wanted = {name for figure in entry["figure"] for name in figure["values"]}
    with tempfile.TemporaryDirectory(prefix="bench-calibrate-") as results:
        config = RunConfig(
            datasets=(dataset.name,),
            retrievers=asked,
            measures=tuple(sorted(wanted)),
            latency=False,
            map="none",
            results=results,
            name="calibration",
        )
        run = runner.run(config, listener=listener, datasets=[dataset])
        failures = [(retriever, reason) for _, retriever, reason in run.failures]
        means: dict[str, dict[str, float]] = {label: {} for label in asked}
        for row in run.measures.to_dict("records"):
            if row["slice"] == ALL:
                means[row["retriever"]][row["measure"]] = row["value"]
    return Calibration(
        [row for label in asked for row in published_beside_ours(dataset.name, label, means[label])], failures
    )


def _published(dataset: str) -> dict[str, Any]:
    parts = set(re.split(r"[/\\:]", dataset.casefold()))
    return next((published_set for published_set in _sets() if published_set["name"] in parts), {})


def _sets() -> list[dict[str, Any]]:
    sets: list[dict[str, Any]] = tomllib.loads(_FILE.read_text("utf-8"))["set"]
    return sets
