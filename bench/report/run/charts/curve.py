"""Chart of a curve: recall and quality against the time of a query, a line an index."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bench.report.run.charts.layout import legend, mark, panels, plain, plain_log_axis
from bench.report.run.cost import timed
from bench.report.run.curve import points_of, values
from bench.report.run.labels import shortened
from bench.report.run.names import display_name, on_axis
from bench.storage.run import Row, Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def curve(run: Run) -> Figure | None:
    """A panel for recall and one for quality, by set; those points that were timed."""
    points = {dataset["name"]: list(_timed(points_of(run, dataset))) for dataset in run.datasets}
    shown = [dataset for dataset in run.datasets if points[dataset["name"]]]
    if not shown:
        return None
    quantities = ("recall", "quality")
    names = [display_name(dataset) for dataset in shown for _ in quantities]
    figure, axes = panels(names, [2.9] * len(names), columns=len(quantities))
    for number, panel in enumerate(axes):
        dataset, quantity = shown[number // len(quantities)], quantities[number % len(quantities)]
        its = points[dataset["name"]]
        for style, line in _lines(its):
            _draw(panel, line, quantity, style)
        heading = "recall@10 of exact" if quantity == "recall" else on_axis(run, dataset, its[0]["measure"])
        label = f"p50 of a warm single query, ms\n{timed(run, dataset)}"
        panel.set(xscale="log", xlabel=label, ylabel=heading)
        plain_log_axis(panel)
        _more_ticks(panel)
    legend(figure, axes)
    return figure


def _more_ticks(panel: Axes) -> None:
    """Where times are near one another a scale of 1, 2, 5 has a tick or none."""
    from matplotlib.ticker import MaxNLocator

    low, high = panel.get_xlim()
    if high < 4 * low:
        panel.xaxis.set_major_locator(MaxNLocator(5))


def _timed(points: list[Row]) -> Iterator[Row]:
    return (row for row in points if not math.isnan(row["p50_ms"]))


def _lines(points: list[Row]) -> Iterator[tuple[dict[str, Any], list[Row]]]:
    """The points of each index, with colour, marker and label: what was swept, and values that all its points have."""
    lines: dict[tuple[str, int], list[Row]] = {}
    for row in points:
        lines.setdefault((row["line"], row["build"]), []).append(row)
    short = shortened(list(dict.fromkeys(row["line"] for row in points)))
    for number, line in enumerate(lines.values()):
        label = ", ".join([short[line[0]["line"]], *_in_common(line)])
        yield {**mark(number), "label": plain(label)}, line


def _in_common(line: list[Row]) -> list[str]:
    pairs = [[f"{name}={value}" for name, value in values(row).items()] for row in line]
    return [pair for pair in pairs[0] if all(pair in other for other in pairs)]


def _draw(panel: Axes, line: list[Row], quantity: str, style: dict[str, Any]) -> None:
    """Points with intervals, the front ringed, and beside each what only it has."""
    common = _in_common(line)
    times, heights = [row["p50_ms"] for row in line], [row[quantity] for row in line]
    bars = [
        [max(0.0, row[quantity] - row[f"{quantity}_low"]) for row in line],
        [max(0.0, row[f"{quantity}_high"] - row[quantity]) for row in line],
    ]
    panel.errorbar(times, heights, yerr=bars, markersize=5, linewidth=1.2, elinewidth=0.6, **style)
    for row in line:
        place = (row["p50_ms"], row[quantity])
        if row[f"front_{quantity}"]:
            panel.plot(*place, "o", markersize=10, color="black", fillstyle="none", markeredgewidth=0.8)
        own = [value for name, value in values(row).items() if f"{name}={value}" not in common]
        panel.annotate(plain(", ".join(own)), place, (4, -10), textcoords="offset points", fontsize=7)
