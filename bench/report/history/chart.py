"""The main measure of a set over all runs: a line a retriever, steps marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from bench.regression.history import Point
from bench.report.run.charts.layout import error_bar, legend, mark, panels, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STEPS = {"better": "▲", "worse": "▼", "not comparable": "≠"}


def chart(dataset: str, points: Mapping[str, Sequence[Point]], numbers: Mapping[str, int]) -> Figure:
    """points: by retriever, in the order of time. numbers: of the runs, on the axis."""
    from matplotlib.ticker import MaxNLocator

    figure, (panel,) = panels([dataset], [2.6])
    for place, (label, its) in enumerate(points.items()):
        style = {**mark(place), "markersize": 5, "linewidth": 1.2, "elinewidth": 0.8}
        for number, part in enumerate(_comparable(its)):
            bars = [error_bar({"value": point.value, "low": point.low, "high": point.high}) for point in part]
            panel.errorbar(
                [numbers[point.run] for point in part],
                [point.value for point in part],
                yerr=[[bar[side][0] for bar in bars] for side in (0, 1)],
                label=plain(label) if not number else None,
                **style,
            )
        for point in its:
            if point.step:
                where = (numbers[point.run], point.value)
                panel.annotate(STEPS[point.step], where, (0, 9), textcoords="offset points", ha="center", fontsize=9)
    measures = list(dict.fromkeys(point.measure for its in points.values() for point in its))
    panel.set(xlabel="run, the oldest first", ylabel=", ".join(measures))
    shown = [numbers[point.run] for its in points.values() for point in its]
    panel.set_xlim(min(shown) - 0.5, max(shown) + 0.5)
    panel.margins(y=0.15)
    panel.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    legend(figure, [panel])
    return figure


def _comparable(points: Sequence[Point]) -> Iterator[list[Point]]:
    """The points of a line, which breaks where two runs cannot be compared."""
    part: list[Point] = []
    for point in points:
        if point.step == "not comparable" and part:
            yield part
            part = []
        part.append(point)
    yield part
