"""A stored run -> charts/*.svg and *.png, one panel a dataset.

Colours are Okabe and Ito's, which the colour-blind tell apart, and each retriever has a marker of its own.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.report import figures
from bench.store import Run, write_atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
COLUMNS = 3

# file name -> (heading, alternative text)
CHARTS = {
    "measures": ("Measures by retriever", "Mean of each measure by retriever, with 95% bootstrap intervals."),
    "recall": ("Recall by depth", "Share of relevant documents found among the first k hits, by k."),
    "slices": ("Quality by kind of query", "Main measure by metadata field, with 95% bootstrap intervals."),
    "pareto": (
        "Quality against latency",
        "Main measure against the median time of a warm single query, 95% intervals.",
    ),
    "latency": ("Latency distribution", "Share of warm single queries answered within a time."),
}


def write(run: Run) -> None:
    """Draw every chart that the run has figures for."""
    import matplotlib as mpl

    drawings: dict[str, Callable[[Run], Figure | None]] = {
        "measures": _measures,
        "recall": _recall,
        "slices": _slices,
        "pareto": _pareto,
        "latency": _latency,
    }
    settings = {"svg.hashsalt": "bench", "svg.fonttype": "none", "font.size": 9, "axes.grid": True, "grid.alpha": 0.25}
    with mpl.rc_context({**settings, "axes.spines.top": False, "axes.spines.right": False}):
        for name, draw in drawings.items():
            figure = draw(run)
            if figure is None:
                continue
            figure.draw_without_rendering()
            figure.set_layout_engine("none")  # laid out once, for both forms
            for form in ("svg", "png"):
                buffer = io.BytesIO()
                # Without a date, so that the same run gives the same bytes.
                metadata = {"Date": None} if form == "svg" else {"Software": None}
                figure.savefig(buffer, format=form, dpi=110, metadata=metadata)
                write_atomic(run.folder / "charts" / f"{name}.{form}", buffer.getvalue())


def _panels(names: list[str], width: float = 4.2, height: float = 3.4) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    columns = min(COLUMNS, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(width * columns, height * rows + 0.5), layout="constrained")
    axes = [figure.add_subplot(rows, columns, number + 1) for number in range(len(names))]
    for panel, name in zip(axes, names, strict=True):
        panel.set_title(_plain(name), loc="left")
    return figure, axes


def _plain(name: str) -> str:
    """matplotlib reads dollar signs as mathematics."""
    return name.replace("$", r"\$")


def _style(run: Run) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, retriever in enumerate(run.retrievers):
        yield (
            retriever,
            {
                "color": COLOURS[number % len(COLOURS)],
                "marker": MARKERS[number % len(MARKERS)],
                "label": _plain(retriever),
            },
        )


def _legend(figure: Figure, axes: list[Axes]) -> None:
    entries: dict[str, Any] = {}
    for panel in axes:
        handles, labels = panel.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
    if entries:
        figure.legend(
            entries.values(), entries.keys(), loc="outside lower center", ncols=min(4, len(entries)), frameon=False
        )


def _plain_log_axis(panel: Axes) -> None:
    panel.xaxis.set_major_formatter("{x:g}")
    panel.minorticks_off()  # a tenth of the drawing time, and nobody reads them


def _names(run: Run) -> list[str]:
    return [dataset["name"] for dataset in run.datasets]


def _measures(run: Run) -> Figure | None:
    measures = run.info["measures"]
    figure, axes = _panels(_names(run), height=0.4 * len(measures) + 1.2)
    for panel, dataset in zip(axes, _names(run), strict=True):
        frame = run.measures
        frame = frame[(frame["dataset"] == dataset) & (frame["slice"] == figures.ALL)]
        _intervals(run, panel, frame, "measure", measures)
        panel.set_xlim(0, 1.02)
    _legend(figure, axes)
    return figure


def _intervals(run: Run, panel: Axes, frame: Any, key: str, order: list[str]) -> None:
    """One line a value of `key`, a mark with its interval for each retriever."""
    step = 0.7 / max(1, len(run.retrievers))
    for number, (retriever, style) in enumerate(_style(run)):
        rows = frame[frame["retriever"] == retriever].set_index(key)
        found = [each for each in order if each in rows.index]
        if not found:
            continue
        rows = rows.loc[found]
        heights = np.array([order.index(each) for each in found]) + (number - (len(run.retrievers) - 1) / 2) * step
        spread = np.nan_to_num([rows["value"] - rows["low"], rows["high"] - rows["value"]]).clip(min=0)
        panel.errorbar(rows["value"], heights, xerr=spread, linestyle="", markersize=4.5, elinewidth=1.1, **style)
    panel.set_yticks(range(len(order)), [_plain(each.partition("=")[2] or each) for each in order])
    panel.set_ylim(len(order) - 0.5, -0.5)


def _recall(run: Run) -> Figure | None:
    figure, axes = _panels(_names(run))
    for panel, dataset in zip(axes, _names(run), strict=True):
        for retriever, style in _style(run):
            frame = run.recall
            rows = frame[(frame["dataset"] == dataset) & (frame["retriever"] == retriever)]
            if len(rows):
                marks = [int(k) - 1 for k in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if k <= len(rows)]
                panel.plot(rows["k"], rows["value"], markevery=marks, markersize=4.5, linewidth=1.4, **style)
        panel.set(xscale="log", xlabel="k (hits looked at)", ylabel="recall@k", ylim=(0, 1.02))
        _plain_log_axis(panel)
    _legend(figure, axes)
    return figure


def _slices(run: Run) -> Figure | None:
    wanted = [(dataset, name) for dataset in run.datasets for name in dataset["slices"]]
    longest = 0
    frames = []
    for dataset, name in wanted:
        main = figures.main_measure(run, dataset)
        frame = run.measures
        chosen = (frame["dataset"] == dataset["name"]) & (frame["measure"] == main)
        frame = frame[chosen & frame["slice"].str.startswith(f"{name}=")]
        if len(frame):
            order = sorted(frame["slice"].unique())
            frames.append((f"{dataset['name']}: {main} by {name}", frame, order))
            longest = max(longest, len(order))
    if not frames:
        return None
    figure, axes = _panels([heading for heading, _, _ in frames], width=6.0, height=0.33 * longest + 1.0)
    for panel, (_, frame, order) in zip(axes, frames, strict=True):
        _intervals(run, panel, frame, "slice", order)
        panel.set_xlim(-0.02, 1.02)
    _legend(figure, axes)
    return figure


def _pareto(run: Run) -> Figure | None:
    times = run.latency[run.latency["quantity"] == "p50"].set_index(["dataset", "retriever"])
    if not times["value"].notna().any():
        return None
    figure, axes = _panels(_names(run))
    for panel, dataset in zip(axes, run.datasets, strict=True):
        main = figures.main_measure(run, dataset)
        frame = run.measures
        frame = frame[
            (frame["dataset"] == dataset["name"]) & (frame["slice"] == figures.ALL) & (frame["measure"] == main)
        ]
        frame = frame.set_index("retriever")
        for retriever, style in _style(run):
            if (dataset["name"], retriever) not in times.index or retriever not in frame.index:
                continue
            time, quality = times.loc[(dataset["name"], retriever)], frame.loc[retriever]
            if math.isnan(time["value"]):
                continue
            panel.errorbar(
                [time["value"]],
                [quality["value"]],
                xerr=_spread(time),
                yerr=_spread(quality),
                linestyle="",
                markersize=7,
                elinewidth=1.1,
                **style,
            )
        panel.set(xscale="log", xlabel="p50 of a warm single query, ms", ylabel=main, ylim=(0, 1.02))
        _plain_log_axis(panel)
    _legend(figure, axes)
    return figure


def _spread(row: Any) -> Any:
    return np.nan_to_num([[row["value"] - row["low"]], [row["high"] - row["value"]]]).clip(min=0)


def _latency(run: Run) -> Figure | None:
    figure, axes = _panels(_names(run))
    drawn = False
    for panel, dataset in zip(axes, _names(run), strict=True):
        for retriever, style in _style(run):
            cell = run.cell(dataset, retriever)
            if cell is None or not len(cell.samples):
                continue
            milliseconds = np.sort(cell.samples) / 1e6
            share = np.arange(1, len(milliseconds) + 1) / len(milliseconds)
            every = max(1, len(milliseconds) // 8)
            panel.step(milliseconds, share, where="post", markevery=every, markersize=4.5, linewidth=1.4, **style)
            drawn = True
        panel.set(xscale="log", xlabel="warm single query, ms", ylabel="share answered within", ylim=(0, 1.02))
        _plain_log_axis(panel)
    _legend(figure, axes)
    return figure if drawn else None
