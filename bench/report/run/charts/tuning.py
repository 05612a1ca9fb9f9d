"""Chart of a tuning: each trial's mean against each parameter, and over two numbers of one retriever as a surface."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING, Any

from bench.report.run.charts.layout import COLOURS, legend, panels, plain
from bench.report.run.names import on_axis
from bench.report.run.tuning import parameters_of, rows_of, trials_of
from bench.storage.run import Row, Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_VALUES = 12  # of a parameter whose values are no numbers
LONGEST_VALUE = 18
STEPS = 9  # of the colours of a surface
ROOM = 1.0  # inches left of a panel: its own labels, and those of the colours of the one before


def tuning(run: Run) -> Figure | None:
    """A panel a parameter of each tuned retriever, and one a pair of numbers where it has two."""
    drawn = [
        (dataset, row, names)
        for dataset in run.datasets
        for row in rows_of(run, dataset)
        for names in _panels(run, row)
    ]
    if not drawn:
        return None
    figure, axes = panels([row["retriever"] for _, row, _ in drawn], [2.6] * len(drawn), left=ROOM)
    for panel, (dataset, row, names) in zip(axes, drawn, strict=True):
        trials = [trial for trial in trials_of(run, row) if not math.isnan(trial["value"])]
        measure = on_axis(run, dataset, row["measure"])
        if len(names) == 2:
            _surface(figure, panel, trials, names, measure)
        else:
            _one(panel, trials, names[0], measure, row)
    legend(figure, axes)
    return figure


def _panels(run: Run, row: Row) -> Iterator[tuple[str, ...]]:
    trials = trials_of(run, row)
    names = list(dict.fromkeys(name for trial in trials for name in parameters_of(trial)))
    shown = [name for name in names if _numbers(trials, name) or len(_values(trials, name)) <= MOST_VALUES]
    yield from ((name,) for name in shown)
    numbers = [name for name in names if _numbers(trials, name)]
    if len(numbers) == 2:  # of more, no pair of them is the surface
        yield from combinations(numbers, 2)


def _values(trials: list[Row], name: str) -> list[str]:
    return list(dict.fromkeys(its[name] for trial in trials if name in (its := parameters_of(trial))))


def _numbers(trials: list[Row], name: str) -> bool:
    try:
        return all(math.isfinite(float(value)) for value in _values(trials, name))
    except ValueError:
        return False


def _one(panel: Axes, trials: list[Row], name: str, measure: str, row: Row) -> None:
    values = _values(trials, name)
    places = {value: float(value) if _numbers(trials, name) else float(at) for at, value in enumerate(values)}
    having = [trial for trial in trials if name in parameters_of(trial)]
    x = [places[parameters_of(trial)[name]] for trial in having]
    panel.plot(x, [trial["value"] for trial in having], "o", markersize=3.5, color=COLOURS[0], label="a trial")
    _ring(panel, [(at, trial["value"], trial) for at, trial in zip(x, having, strict=True)])
    panel.axhline(row["default_value"], color="black", linewidth=0.9, linestyle=":", label="by its defaults")
    panel.axhline(row["value"], color=COLOURS[1], linewidth=1.2, label="tuned, out of fold")
    panel.set(xlabel=plain(name), ylabel=measure)
    if not _numbers(trials, name):
        panel.set_xlim(-0.5, len(values) - 0.5)
        panel.set_xticks(list(places.values()), [plain(repr(value)[:LONGEST_VALUE]) for value in values])


def _surface(figure: Figure, panel: Axes, trials: list[Row], names: tuple[str, ...], measure: str) -> None:
    having = [trial for trial in trials if all(name in parameters_of(trial) for name in names)]
    x, y = ([float(parameters_of(trial)[name]) for trial in having] for name in names)
    import matplotlib as mpl

    # Few steps: a scale of many is drawn as a picture, which no page takes over.
    steps = mpl.colormaps["viridis"].resampled(STEPS)
    shown: Any = panel.scatter(x, y, c=[trial["value"] for trial in having], s=26, cmap=steps)
    _ring(panel, list(zip(x, y, having, strict=True)))
    scale = figure.colorbar(shown, ax=panel, fraction=0.2, aspect=25, pad=0.03)
    scale.ax.set_title(measure, fontsize=8, loc="left")
    panel.set(xlabel=plain(names[0]), ylabel=plain(names[1]))


def _ring(panel: Axes, points: list[tuple[float, float, Row]]) -> None:
    """Those that a fold chose, and the one that all queries choose."""
    chosen = [(x, y) for x, y, trial in points if trial["scores_folds"]]
    if chosen:
        panel.plot(
            *zip(*chosen, strict=True), "o", markersize=9, color="black", fillstyle="none", label="chosen by a fold"
        )
    best = [(x, y) for x, y, trial in points if trial["best"]]
    if best:
        panel.plot(
            *zip(*best, strict=True), "D", markersize=6, color=COLOURS[1], fillstyle="none", label="by all queries"
        )
