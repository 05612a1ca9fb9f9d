"""Charts of quality: by measure, by depth, by kind of query."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bench.data.slices import ALL
from bench.report.run.charts.layout import (
    error_bar,
    label_room,
    legend,
    line_height,
    line_label,
    panels,
    plain,
    plain_log_axis,
    set_names,
    styles,
)
from bench.report.run.names import contenders, display_name, main_measure, on_axis
from bench.storage.run import Row, Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_SLICES = 60  # in a chart; the table has all


def measures(run: Run) -> Figure | None:
    """Every measure by retriever."""
    names = run.info["measures"]
    heights = [line_height(run.retrievers) * len(names)] * len(run.datasets)
    labels = [{name: on_axis(run, dataset, name) for name in names} for dataset in run.datasets]
    room = label_room([label for lines in labels for label in lines.values()])
    figure, axes = panels(set_names(run), heights, room)
    for panel, dataset, lines in zip(axes, run.datasets, labels, strict=True):
        rows = [row for row in run.rows("measures") if row["dataset"] == dataset["name"] and row["slice"] == ALL]
        _intervals(run, panel, rows, "measure", lines, shown=run.retrievers)
        panel.set_xlim(-0.02, 1.02)
    legend(figure, axes)
    return figure


def slices(run: Run) -> Figure | None:
    """The main measure by the values of each metadata field."""
    frames = []
    for dataset in run.datasets:
        main = main_measure(run, dataset)
        measured = [row for row in run.rows("measures") if (row["dataset"], row["measure"]) == (dataset["name"], main)]
        for name in dataset["slices"]:
            rows = [row for row in measured if row["slice"].startswith(f"{name}=")]
            if rows:
                sizes = {row["slice"]: row["queries"] for row in rows}
                largest = sorted(sizes, key=lambda value: (-sizes[value], value))[:MOST_SLICES]
                cut = f", the {MOST_SLICES} largest of {len(sizes):,}" if len(sizes) > MOST_SLICES else ""
                lines = {value: value.partition("=")[2] for value in sorted(largest)}
                heading = f"{display_name(dataset)}: {on_axis(run, dataset, main)} by {name}{cut}"
                frames.append((heading, rows, lines))
    if not frames:
        return None
    labels = [label for _, _, lines in frames for label in lines.values()]
    heights = [line_height(contenders(run)) * len(lines) for _, _, lines in frames]
    figure, axes = panels([heading for heading, _, _ in frames], heights, label_room(labels), columns=1)
    for panel, (_, rows, lines) in zip(axes, frames, strict=True):
        _intervals(run, panel, rows, "slice", lines, shown=contenders(run))
        panel.set_xlim(-0.02, 1.02)
    legend(figure, axes)
    return figure


def _intervals(run: Run, panel: Axes, rows: list[Row], key: str, lines: dict[str, str], *, shown: list[str]) -> None:
    """One line a value of `key`, a mark with its interval for each retriever shown. lines: value -> its label."""
    step, order = 0.7 / max(1, len(shown)), list(lines)
    for number, (retriever, style) in enumerate(styles(run, shown)):
        marks = [row for row in rows if row["retriever"] == retriever and row[key] in order]
        if not marks:
            continue
        middle = (number - (len(shown) - 1) / 2) * step
        heights = [order.index(row[key]) + middle for row in marks]
        bars = np.hstack([error_bar(row) for row in marks])
        values = [row["value"] for row in marks]
        panel.errorbar(values, heights, xerr=bars, linestyle="", markersize=4.5, elinewidth=1.1, **style)
    panel.set_yticks(range(len(order)), [plain(line_label(label)) for label in lines.values()])
    panel.set_ylim(len(order) - 0.5, -0.5)


def budgets(run: Run) -> Figure | None:
    """Recall by budget of word pieces."""
    rows = run.rows("budgets")
    if not rows:
        return None
    figure, axes = panels(set_names(run), [2.6] * len(run.datasets))
    for panel, dataset in zip(axes, run.datasets, strict=True):
        for retriever, style in styles(run):
            points = [row for row in rows if (row["dataset"], row["retriever"]) == (dataset["name"], retriever)]
            if points:
                pieces, values = [row["budget"] for row in points], [row["value"] for row in points]
                panel.plot(pieces, values, markersize=4.5, linewidth=1.4, **style)
        panel.set(xscale="log", xlabel="word pieces of whole passages", ylabel="recall", ylim=(-0.02, 1.02))
        plain_log_axis(panel)
        panel.set_xticks(sorted({row["budget"] for row in rows}))
    legend(figure, axes)
    return figure


def recall(run: Run) -> Figure | None:
    """Recall by depth."""
    figure, axes = panels(set_names(run), [2.6] * len(run.datasets))
    for panel, dataset in zip(axes, run.datasets, strict=True):
        for retriever, style in styles(run):
            cell = (dataset["name"], retriever)
            rows = [row for row in run.rows("recall") if (row["dataset"], row["retriever"]) == cell]
            if rows:
                marks = [k - 1 for k in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if k <= len(rows)]
                depths, values = [row["k"] for row in rows], [row["value"] for row in rows]
                panel.plot(depths, values, markevery=marks, markersize=4.5, linewidth=1.4, **style)
        panel.set(xscale="log", xlabel="k (hits looked at)", ylabel="recall@k", ylim=(-0.02, 1.02))
        plain_log_axis(panel)
    legend(figure, axes)
    return figure
