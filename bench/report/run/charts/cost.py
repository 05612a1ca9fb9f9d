"""Charts of times: quality against latency, and how latencies are spread."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from bench.data.slices import ALL
from bench.report.run.charts.layout import error_bar, legend, panels, plain_log_axis, set_names, styles
from bench.report.run.cost import timed, too_busy
from bench.report.run.names import analysis, contenders, main_measure, on_axis
from bench.storage.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

MOST_STEPS = 100  # of a line


def pareto(run: Run) -> Figure | None:
    """The main measure against the time of a query."""
    times = {
        (row["dataset"], row["retriever"]): row
        for row in run.rows("latency")
        if row["quantity"] == "p50" and not math.isnan(row["value"])
    }
    if not times:
        return None
    measured = {
        (row["dataset"], row["retriever"], row["measure"]): row for row in run.rows("measures") if row["slice"] == ALL
    }
    figure, axes = panels(set_names(run), [2.6] * len(run.datasets))
    for panel, dataset in zip(axes, run.datasets, strict=True):
        main = main_measure(run, dataset)
        front = analysis(run, dataset).get("pareto", {}).get("retrievers", ())
        for retriever, style in styles(run, contenders(run)):
            time = times.get((dataset["name"], retriever))
            quality = measured.get((dataset["name"], retriever, main))
            if time is None or quality is None:
                continue
            panel.errorbar(
                [time["value"]],
                [quality["value"]],
                xerr=error_bar(time),
                yerr=error_bar(quality),
                linestyle="",
                markersize=7,
                elinewidth=1.1,
                **style,
            )
            if retriever in front:
                panel.plot([time["value"]], [quality["value"]], "o", markersize=13, color="black", fillstyle="none")
        label = f"p50 of a warm single query, ms\n{timed(run, dataset)}"
        panel.set(xscale="log", xlabel=label, ylabel=on_axis(run, dataset, main), ylim=(-0.04, 1.04))
        plain_log_axis(panel)
    legend(figure, axes)
    return figure


def latency(run: Run) -> Figure | None:
    """The share of queries answered within a time."""
    figure, axes = panels(set_names(run), [2.6] * len(run.datasets))
    drawn = False
    for panel, dataset in zip(axes, run.datasets, strict=True):
        for retriever, style in styles(run):
            cell = run.cell(dataset["name"], retriever)
            if cell is None or not len(cell.samples) or too_busy(run, dataset, retriever):
                continue
            milliseconds = np.sort(cell.samples) / 1e6
            share = np.arange(1, len(milliseconds) + 1) / len(milliseconds)
            kept = _evenly(len(milliseconds), MOST_STEPS)
            every = max(1, len(kept) // 8)
            line = {"where": "post", "markevery": every, "markersize": 4.5, "linewidth": 1.4}
            panel.step(milliseconds[kept], share[kept], **line, **style)
            drawn = True
        label = f"warm single query, ms\n{timed(run, dataset)}"
        panel.set(xscale="log", xlabel=label, ylabel="share answered within", ylim=(0, 1.02))
        plain_log_axis(panel)
    legend(figure, axes)
    return figure if drawn else None


def _evenly(count: int, most: int) -> NDArray[np.int64]:
    """At most so many of a line's points, with the first and the last: no eye tells more of them apart."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))
