"""A stored run -> charts/*.svg and *.png, one panel a dataset.

Colours are Okabe and Ito's, which the colour-blind tell apart, with grey for their yellow, which fades on white. Each
retriever has a marker of its own as well.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.data.slices import ALL
from bench.report.run.cost import timed
from bench.report.run.names import (
    analysis,
    contenders,
    display_name,
    main_as_shown,
    main_measure,
    short_labels,
    shown_measure,
)
from bench.report.table import head, inert
from bench.storage.files import write_atomic
from bench.storage.run import Row, Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7F7F7F")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
COLUMNS = 3

# Inches: a panel's width, the room right of it, for its title, for its axis, for the legend, for a line of marks.
WIDTH, GAP, TITLE, AXIS, LEGEND, LINE = 3.6, 0.25, 0.4, 0.75, 0.35, 0.33
# Inches, on average or at least: a character, one of a title, a mark among others, what stands before a legend's entry,
# a line of the legend. Its first two lines have room below the axis.
CHARACTER, TITLE_CHARACTER, MARK, HANDLE, ENTRY = 0.075, 0.09, 0.075, 0.65, 0.21
LONGEST_LABEL = 40
BESIDE, ASIDE = 0.012, 0.04  # of the axis of overlaps: between two retrievers, and between all of them
MOST_SLICES = 60  # in a chart; the table has all

# file name -> (heading, alternative text)
CHARTS = {
    "measures": ("Measures by retriever", "Mean of each measure by retriever, with 95% intervals."),
    "recall": ("Recall by depth", "Share of relevant documents found among the first k hits, by k."),
    "slices": ("Quality by kind of query", "Main measure by metadata field, with 95% intervals."),
    "crossover": (
        "Quality by lexical overlap",
        "Main measure by the share of a query's words that stand in its best relevant document, 95% intervals. "
        "Grey: from the last bin that shows a dense or a lexical retriever ahead to the first that shows the other so.",
    ),
    "pareto": (
        "Quality against latency",
        "Main measure against the median time of a warm single query, 95% intervals. Ringed: beaten by no other "
        "on quality and all costs at once. Below: how many queries were timed, and whether the machine was noisy.",
    ),
    "latency": (
        "Latency distribution",
        "Share of warm single queries answered within a time. Below: how many, and whether the machine was noisy.",
    ),
}


def import_libraries() -> None:
    """Import what drawing needs; a run has time for it while its retrievers load."""
    import matplotlib.backends.backend_agg
    import matplotlib.backends.backend_svg
    import matplotlib.figure

    del matplotlib


def write(run: Run) -> None:
    """Draw every chart that the run has figures for."""
    import matplotlib as mpl

    drawings: dict[str, Callable[[Run], Figure | None]] = {
        "measures": _measures,
        "recall": _recall,
        "slices": _slices,
        "crossover": _crossover,
        "pareto": _pareto,
        "latency": _latency,
    }
    settings = {"svg.hashsalt": "bench", "svg.fonttype": "none", "font.size": 9, "axes.grid": True, "grid.alpha": 0.25}
    with mpl.rc_context({**settings, "axes.spines.top": False, "axes.spines.right": False}):
        for name, draw in drawings.items():
            figure = draw(run)
            if figure is None:
                continue
            for form in ("svg", "png"):
                buffer = io.BytesIO()
                # Without a date, so that the same run gives the same bytes.
                metadata = {"Date": None} if form == "svg" else {"Software": None}
                figure.savefig(buffer, format=form, dpi=110, metadata=metadata)
                write_atomic(run.folder / "charts" / f"{name}.{form}", buffer.getvalue())


def _panels(
    names: list[str], rows: list[float], left: float = 0.65, columns: int = COLUMNS
) -> tuple[Figure, list[Axes]]:
    """A figure with one panel a name. rows: the panels' heights; left: room for their labels; both in inches.

    Placed by hand: what there is to place is known, and matplotlib's layout engines take half of the drawing time.
    """
    from matplotlib.figure import Figure

    columns = min(columns, len(names))
    width = WIDTH if columns > 1 else 1.7 * WIDTH
    lines = [rows[start : start + columns] for start in range(0, len(names), columns)]
    heights = [max(line) for line in lines]
    whole_width = columns * (left + width + GAP)
    whole_height = sum(heights) + len(lines) * (TITLE + AXIS) + LEGEND
    figure = Figure(figsize=(whole_width, whole_height))
    axes = []
    for number, name in enumerate(names):
        line, column = divmod(number, columns)
        above = sum(heights[: line + 1]) + (line + 1) * TITLE + line * AXIS
        corner = (column * (left + width + GAP) + left, whole_height - above)
        size = (width, heights[line])
        panel = figure.add_axes(
            (corner[0] / whole_width, corner[1] / whole_height, size[0] / whole_width, size[1] / whole_height)
        )
        panel.set_title(_plain(_shortened(inert(name), int(width / TITLE_CHARACTER))), loc="left")
        axes.append(panel)
    return figure, axes


def _plain(name: str) -> str:
    """A stranger's text on one line; matplotlib reads dollar signs as mathematics."""
    return inert(name).replace("$", r"\$")


def _style(run: Run, shown: Collection[str] | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """shown: these alone; a retriever looks the same in every chart."""
    short = short_labels(run)
    for number, retriever in enumerate(run.retrievers):
        if shown is not None and retriever not in shown:
            continue
        colours_used_up = number // len(COLOURS)  # the next round has its markers shifted, so that no pair comes twice
        yield (
            retriever,
            {
                "color": COLOURS[number % len(COLOURS)],
                "marker": MARKERS[(number + colours_used_up) % len(MARKERS)],
                "label": _plain(short(retriever)),
            },
        )


def _legend(figure: Figure, axes: list[Axes]) -> None:
    entries: dict[str, Any] = {}
    for panel in axes:
        handles, labels = panel.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
    if not entries:
        return
    room = figure.get_figwidth()
    labels = [_shortened(label, int((room - HANDLE) / CHARACTER)) for label in entries]
    columns = _legend_columns(labels, room)
    _grow(figure, ENTRY * max(0, math.ceil(len(labels) / columns) - 2))
    figure.legend(entries.values(), labels, loc="lower center", ncols=columns, frameon=False)


def _legend_columns(labels: list[str], room: float) -> int:
    """The most columns, up to four, that have room; matplotlib fills them one after the other."""
    for columns in range(min(4, len(labels)), 1, -1):
        lines = math.ceil(len(labels) / columns)
        longest = [max(map(len, labels[start : start + lines])) for start in range(0, len(labels), lines)]
        if sum(HANDLE + CHARACTER * each for each in longest) <= room:
            return columns
    return 1


def _shortened(label: str, characters: int) -> str:
    """The label without its middle where it is too long: names of sets and models differ at their ends."""
    half = (characters - 1) // 2
    return label if len(label) <= characters else f"{label[:half]}…{label[-half:]}"


def _grow(figure: Figure, inches: float) -> None:
    """Room at the foot of a figure; its panels keep their sizes."""
    before = figure.get_figheight()
    after = before + inches
    for panel in figure.axes:
        left, bottom, width, height = panel.get_position().bounds
        panel.set_position((left, (bottom * before + inches) / after, width, height * before / after))
    figure.set_figheight(after)


def _label_room(labels: list[str]) -> float:
    return 0.35 + CHARACTER * max((len(_tick(label)) for label in labels), default=0)


def _tick(label: str) -> str:
    """What stands beside a line: a measure, or the value of a slice."""
    return head(label, LONGEST_LABEL)


def _line(shown: Sequence[str]) -> float:
    """The height of a line with a mark for each of these."""
    return max(LINE, MARK * len(shown))


def _plain_log_axis(panel: Axes) -> None:
    from matplotlib.ticker import LogLocator

    low, high = panel.get_xlim()
    panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 1000 else (1,)))
    panel.xaxis.set_major_formatter("{x:g}")
    panel.minorticks_off()  # a tenth of the drawing time, and nobody reads them


def _titles(run: Run) -> list[str]:
    return [display_name(dataset) for dataset in run.datasets]


def _names(run: Run) -> list[str]:
    return [dataset["name"] for dataset in run.datasets]


def _measures(run: Run) -> Figure | None:
    measures = run.info["measures"]
    heights = [_line(run.retrievers) * len(measures)] * len(run.datasets)
    labels = {each["name"]: [shown_measure(run, each, name) for name in measures] for each in run.datasets}
    room = _label_room([label for each in labels.values() for label in each])
    figure, axes = _panels(_titles(run), heights, room)
    for panel, dataset in zip(axes, _names(run), strict=True):
        rows = [row for row in run.rows("measures") if row["dataset"] == dataset and row["slice"] == ALL]
        _intervals(run, panel, rows, "measure", dict(zip(measures, labels[dataset], strict=True)), shown=run.retrievers)
        panel.set_xlim(-0.02, 1.02)
    _legend(figure, axes)
    return figure


def _intervals(run: Run, panel: Axes, rows: list[Row], key: str, lines: dict[str, str], *, shown: list[str]) -> None:
    """One line a value of `key`, a mark with its interval for each retriever shown. lines: value -> its label."""
    step, order = 0.7 / max(1, len(shown)), list(lines)
    for number, (retriever, style) in enumerate(_style(run, shown)):
        found = [row for row in rows if row["retriever"] == retriever and row[key] in order]
        if not found:
            continue
        middle = (number - (len(shown) - 1) / 2) * step
        heights = [order.index(row[key]) + middle for row in found]
        spread = np.hstack([_spread(row) for row in found])
        values = [row["value"] for row in found]
        panel.errorbar(values, heights, xerr=spread, linestyle="", markersize=4.5, elinewidth=1.1, **style)
    panel.set_yticks(range(len(order)), [_plain(_tick(each)) for each in lines.values()])
    panel.set_ylim(len(order) - 0.5, -0.5)


def _recall(run: Run) -> Figure | None:
    figure, axes = _panels(_titles(run), [2.6] * len(run.datasets))
    for panel, dataset in zip(axes, _names(run), strict=True):
        for retriever, style in _style(run):
            rows = [row for row in run.rows("recall") if (row["dataset"], row["retriever"]) == (dataset, retriever)]
            if rows:
                marks = [k - 1 for k in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if k <= len(rows)]
                depths, values = [row["k"] for row in rows], [row["value"] for row in rows]
                panel.plot(depths, values, markevery=marks, markersize=4.5, linewidth=1.4, **style)
        panel.set(xscale="log", xlabel="k (hits looked at)", ylabel="recall@k", ylim=(-0.02, 1.02))
        _plain_log_axis(panel)
    _legend(figure, axes)
    return figure


def _slices(run: Run) -> Figure | None:
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
                heading = f"{display_name(dataset)}: {shown_measure(run, dataset, main)} by {name}{cut}"
                frames.append((heading, rows, lines))
    if not frames:
        return None
    labels = [each for _, _, lines in frames for each in lines.values()]
    heights = [_line(contenders(run)) * len(lines) for _, _, lines in frames]
    figure, axes = _panels([heading for heading, _, _ in frames], heights, _label_room(labels), columns=1)
    for panel, (_, rows, lines) in zip(axes, frames, strict=True):
        _intervals(run, panel, rows, "slice", lines, shown=contenders(run))
        panel.set_xlim(-0.02, 1.02)
    _legend(figure, axes)
    return figure


def _crossover(run: Run) -> Figure | None:
    datasets = [each for each in run.datasets if len(analysis(run, each).get("crossover", {"bins": []})["bins"]) > 1]
    if not datasets:
        return None
    figure, axes = _panels([display_name(each) for each in datasets], [2.6] * len(datasets))
    for panel, dataset in zip(axes, datasets, strict=True):
        found = analysis(run, dataset)["crossover"]
        for low, high in {tuple(each) for contest in found["contests"] for each in contest["crossings"]}:
            # The stored bounds are the ends of bins. The lines go from middle to middle, and cross between them.
            before = next(_middle(each) for each in found["bins"] if each["high"] == low)
            after = next(_middle(each) for each in found["bins"] if each["low"] == high)
            panel.axvspan(before, after, color="grey", alpha=0.25, linewidth=0, label="the lead changes")
        shown = [each for each in contenders(run) if each in found["bins"][0]["quality"]]
        for number, (retriever, style) in enumerate(_style(run, shown)):
            quality = [each["quality"][retriever] for each in found["bins"]]
            # Side by side, so that no interval hides another, and within 0 and 1, where every overlap lies.
            step = min(BESIDE, ASIDE / len(shown))
            half = (len(shown) - 1) / 2 * step
            aside = number * step - half
            middles = [min(max(_middle(each), half), 1 - half) + aside for each in found["bins"]]
            spread = np.hstack([_spread(each) for each in quality])
            values = [each["value"] for each in quality]
            panel.errorbar(middles, values, yerr=spread, markersize=4.5, linewidth=1.4, elinewidth=1.1, **style)
        panel.set(xlabel="lexical overlap (middle of the bin; side by side)", ylabel=main_as_shown(run, dataset))
        panel.set(xlim=(-0.03, 1.03), ylim=(-0.02, 1.02))
    _legend(figure, axes)
    return figure


def _middle(each: Mapping[str, Any]) -> float:
    return float(each["low"] + each["high"]) / 2


def _pareto(run: Run) -> Figure | None:
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
    figure, axes = _panels(_titles(run), [2.6] * len(run.datasets))
    for panel, dataset in zip(axes, run.datasets, strict=True):
        main = main_measure(run, dataset)
        front = analysis(run, dataset).get("pareto", {}).get("retrievers", ())
        for retriever, style in _style(run, contenders(run)):
            time = times.get((dataset["name"], retriever))
            quality = measured.get((dataset["name"], retriever, main))
            if time is None or quality is None:
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
            if retriever in front:
                panel.plot([time["value"]], [quality["value"]], "o", markersize=13, color="black", fillstyle="none")
        label = f"p50 of a warm single query, ms\n{timed(run, dataset)}"
        panel.set(xscale="log", xlabel=label, ylabel=main_as_shown(run, dataset), ylim=(-0.04, 1.04))
        _plain_log_axis(panel)
    _legend(figure, axes)
    return figure


def _spread(row: Mapping[str, Any]) -> Any:
    return np.nan_to_num([[row["value"] - row["low"]], [row["high"] - row["value"]]]).clip(min=0)


def _latency(run: Run) -> Figure | None:
    figure, axes = _panels(_titles(run), [2.6] * len(run.datasets))
    drawn = False
    for panel, dataset in zip(axes, run.datasets, strict=True):
        for retriever, style in _style(run):
            cell = run.cell(dataset["name"], retriever)
            if cell is None or not len(cell.samples):
                continue
            milliseconds = np.sort(cell.samples) / 1e6
            share = np.arange(1, len(milliseconds) + 1) / len(milliseconds)
            every = max(1, len(milliseconds) // 8)
            panel.step(milliseconds, share, where="post", markevery=every, markersize=4.5, linewidth=1.4, **style)
            drawn = True
        label = f"warm single query, ms\n{timed(run, dataset)}"
        panel.set(xscale="log", xlabel=label, ylabel="share answered within", ylim=(0, 1.02))
        _plain_log_axis(panel)
    _legend(figure, axes)
    return figure if drawn else None
