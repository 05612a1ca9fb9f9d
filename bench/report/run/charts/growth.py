"""Chart of a set that grows: each measure, and each cost that is known, against its documents."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.report.run.charts.layout import error_bar, legend, panels, styles
from bench.report.run.cost import noisy_mark
from bench.report.run.growth import measures_of
from bench.storage.costs import MEGABYTE
from bench.storage.run import Row, Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Column of growth.csv -> its quantity, what it is called, and how many of it are one of what is shown.
_COSTS = {
    "p50_ms": ("p50", "p50 of a warm single query, ms", 1),
    "build_seconds": ("index", "index, s", 1),
    "index_bytes": ("index_size", "index, MB", MEGABYTE),
}
# By this share of the documents the points of two retrievers stand apart, which would lie over each other.
_APART = 0.015
# What is left free beside the first and the last size, as a factor; of the axis, what a size takes that is named on it.
_MARGIN, _NAMED = 1.15, 0.15


def growth(run: Run) -> Figure | None:
    """A panel a measure, then one a cost."""
    rows = run.rows("growth")
    if not rows:
        return None
    measures = measures_of(run)
    costs = [name for name in _COSTS if any(not math.isnan(row[name]) for row in rows)]
    names = [*measures, *(_COSTS[name][1] for name in costs)]
    figure, axes = panels(names, [2.6] * len(names), columns=2)
    labels = list(dict.fromkeys(row["retriever"] for row in rows))
    for place, (label, style) in enumerate(styles(run, labels)):
        shift = (1 + _APART) ** (place - (len(labels) - 1) / 2)
        its = [row for row in rows if row["retriever"] == label]
        for panel, measure in zip(axes, measures, strict=False):
            _quality(panel, [row for row in its if row["measure"] == measure], shift, style)
        for panel, name in zip(axes[len(measures) :], costs, strict=True):
            of_main = [row for row in its if row["measure"] == measures[0]]
            heights = [row[name] / _COSTS[name][2] for row in of_main]
            panel.plot([row["documents"] for row in of_main], heights, markersize=5, linewidth=1.2, **style)
    documents = sorted({row["documents"] for row in rows})
    for panel in axes:
        panel.set(xscale="log", xlabel="documents", xlim=(documents[0] / _MARGIN, documents[-1] * _MARGIN))
        panel.minorticks_off()
        panel.set_xticks(ticks := _ticks(documents), [f"{size:,}" for size in ticks])
    for panel, name in zip(axes[len(measures) :], costs, strict=True):
        panel.set_ylim(bottom=0)
        quantity = _COSTS[name][0]
        noisy = any(noisy_mark(run, dataset, label, quantity) for dataset in run.datasets for label in labels)
        panel.set_xlabel("documents" + "\non a noisy machine (~)" * noisy)
    legend(figure, axes)
    return figure


def _ticks(documents: list[int]) -> list[int]:
    """The sizes, without those that stand too near before a larger one to be named too."""
    named = documents[-1:]
    for size in reversed(documents[:-1]):
        if math.log(named[0] / size) >= _NAMED * math.log(documents[-1] / documents[0]):
            named.insert(0, size)
    return named


def _quality(panel: Axes, rows: list[Row], shift: float, style: dict[str, Any]) -> None:
    documents, values = [row["documents"] * shift for row in rows], [row["value"] for row in rows]
    bars = np.hstack([error_bar(row) for row in rows])
    panel.errorbar(documents, values, yerr=bars, markersize=5, linewidth=1.2, elinewidth=0.8, capsize=2, **style)
