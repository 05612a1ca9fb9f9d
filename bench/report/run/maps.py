"""What is said of maps, and the page that shows them alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench.report.page.document import document
from bench.report.page.map_view import MODULE, map_view
from bench.report.page.sets import blocks
from bench.report.run.explored import shown_sets
from bench.report.run.names import analysis
from bench.storage.run import Run

METHODS = {"pca": "principal components", "tsne": "t-SNE", "umap": "UMAP"}


def maps_of(run: Run, dataset: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Retriever -> method and shares of its map of a set."""
    maps: dict[str, dict[str, Any]] = analysis(run, dataset).get("maps", {})
    return maps


def shares(described: dict[str, Any]) -> list[str]:
    """How far a map can be trusted, in a line or two. described: of `maps_of`."""
    variance, neighbours = described["variance"], described["neighbours"]
    first = METHODS[described["method"]] + (f": {variance:.1%} of the variance" if variance is not None else "")
    sample = f", a sample of {described['documents']:,} documents" if described["sampled"] else ""
    lines = [first + sample]
    if neighbours is not None:
        lines.append(f"{neighbours:.1%} of the nearest texts are nearest here too")
    return lines


def sentences(run: Run) -> Iterator[str]:
    """A line a map."""
    for dataset in run.datasets:
        for label, its in maps_of(run, dataset).items():
            yield f"{dataset['name']} to {label}, {'; '.join(shares(its))}."


def render(run: Run) -> str:
    """The page of the maps alone."""
    sets = [shown for shown in shown_sets(run, explored=False) if shown.mapped]
    return document(f"Map: {run.folder.name}", [map_view()], blocks(sets), [MODULE])
