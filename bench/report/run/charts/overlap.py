"""The chart of quality by lexical overlap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.report.run.charts.layout import error_bar, legend, panels, styles
from bench.report.run.names import analysis, contenders, display_name, main_measure, on_axis
from bench.storage.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BESIDE, ASIDE = 0.012, 0.04  # of the axis of overlaps: between two retrievers, and between all of them


def crossover(run: Run) -> Figure | None:
    """The main measure by bins of lexical overlap, and where the lead changes."""
    datasets = [
        dataset for dataset in run.datasets if len(analysis(run, dataset).get("crossover", {"bins": []})["bins"]) > 1
    ]
    if not datasets:
        return None
    figure, axes = panels([display_name(dataset) for dataset in datasets], [2.6] * len(datasets))
    for panel, dataset in zip(axes, datasets, strict=True):
        by_overlap = analysis(run, dataset)["crossover"]
        for low, high in {tuple(crossing) for contest in by_overlap["contests"] for crossing in contest["crossings"]}:
            # The stored bounds are the ends of bins. The lines go from middle to middle, and cross between them.
            before = next(_middle(bin_) for bin_ in by_overlap["bins"] if bin_["high"] == low)
            after = next(_middle(bin_) for bin_ in by_overlap["bins"] if bin_["low"] == high)
            panel.axvspan(before, after, color="grey", alpha=0.25, linewidth=0, label="the lead changes")
        shown = [label for label in contenders(run) if label in by_overlap["bins"][0]["quality"]]
        for number, (retriever, style) in enumerate(styles(run, shown)):
            quality = [bin_["quality"][retriever] for bin_ in by_overlap["bins"]]
            # Side by side, so that no interval hides another, and within 0 and 1, where every overlap lies.
            step = min(BESIDE, ASIDE / len(shown))
            half = (len(shown) - 1) / 2 * step
            aside = number * step - half
            middles = [min(max(_middle(bin_), half), 1 - half) + aside for bin_ in by_overlap["bins"]]
            bars = np.hstack([error_bar(row) for row in quality])
            values = [row["value"] for row in quality]
            panel.errorbar(middles, values, yerr=bars, markersize=4.5, linewidth=1.4, elinewidth=1.1, **style)
        panel.set(
            xlabel="lexical overlap (middle of the bin; side by side)",
            ylabel=on_axis(run, dataset, main_measure(run, dataset)),
        )
        panel.set(xlim=(-0.03, 1.03), ylim=(-0.02, 1.02))
    legend(figure, axes)
    return figure


def _middle(bin_: Mapping[str, Any]) -> float:
    return float(bin_["low"] + bin_["high"]) / 2
