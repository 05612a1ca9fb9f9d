"""The chart of maps: documents by topic and queries where they lie to each retriever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.report.run.charts.layout import legend, mark, panels, plain
from bench.report.run.labels import short_labels
from bench.report.run.maps import maps_of, shares
from bench.report.run.names import display_name
from bench.storage.run import Run
from bench.storage.schema import MAP

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT, FAINT = 3.6, "#9aa1a9"


def maps(run: Run) -> Figure | None:
    """A panel a set and retriever. Points are an image within the SVG, which would else hold thousands of shapes."""
    drawn = [(dataset, label, its) for dataset in run.datasets for label, its in maps_of(run, dataset).items()]
    if not drawn:
        return None
    short, table = short_labels(run), pq.read_table(run.folder / MAP)
    names = [f"{display_name(dataset)}: {short(label)}" for dataset, label, _ in drawn]
    figure, axes = panels(names, [HEIGHT] * len(drawn), left=0.2)
    for panel, (dataset, label, its) in zip(axes, drawn, strict=True):
        of_set = table.filter(pc.equal(table["dataset"], dataset["name"]))
        _draw(panel, of_set, label, run.analysis["sets"][dataset["name"]]["topics"])
        panel.set(xticks=[], yticks=[], xlabel="\n".join(shares(its)), aspect="equal", adjustable="datalim")
        panel.grid(visible=False)
    legend(figure, axes)
    return figure


def _draw(panel: Axes, table: pa.Table, label: str, topics: list[str]) -> None:
    """table: of the set. Topics stand with its first retriever, and are those of all."""
    its = table.filter(pc.equal(table["retriever"], label))
    is_document = np.array(its["kind"].to_pylist()) == "document"
    x, y = (its[axis].to_numpy() for axis in ("x", "y"))
    topic = table["topic"].slice(0, len(its)).fill_null(len(topics)).to_numpy()
    style: dict[str, Any] = {"s": 5 if is_document.sum() > 500 else 12, "linewidths": 0, "rasterized": True}
    for number, name in enumerate([*topics, "other documents" if topics else "documents"]):
        chosen = is_document & (topic == number)
        colours = mark(number) if number < len(topics) else {"color": FAINT, "marker": "."}
        if chosen.any():
            panel.scatter(x[chosen], y[chosen], label=plain(name), **colours, **style)
    if not is_document.all():
        hollow = {"facecolors": "none", "edgecolors": "black", "linewidths": 0.6, "rasterized": True}
        panel.scatter(x[~is_document], y[~is_document], s=14, marker="D", label="queries", **hollow)
