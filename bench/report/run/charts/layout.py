"""What all charts share: panels, colours, axes, the legend.

Colours are Okabe and Ito's, which the colour-blind tell apart, with grey for their yellow, which fades on white. Each
retriever has a marker of its own as well.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.cells import cell_len

from bench.report.run.labels import short_labels
from bench.report.run.names import display_name
from bench.report.table import head, inert
from bench.storage.run import Run

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
CHARACTER, TITLE_CHARACTER, MARK, HANDLE, ENTRY = 0.075, 0.09, 0.075, 0.8, 0.21
LONGEST_LABEL = 40


def panels(
    names: list[str], rows: list[float], left: float = 0.65, columns: int = COLUMNS
) -> tuple[Figure, list[Axes]]:
    """A figure with one panel a name. rows: the panels' heights; left: room for their labels; both in inches.

    Placed by hand: matplotlib's constrained layout looks the same, takes 1.8 times as long, and fits no legend either.
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
        panel.set_title(plain(_shortened(inert(name), int(width / TITLE_CHARACTER))), loc="left")
        axes.append(panel)
    return figure, axes


def plain(name: str) -> str:
    """A stranger's text on one line; matplotlib reads dollar signs as mathematics."""
    return inert(name).replace("$", r"\$")


def styles(run: Run, shown: Collection[str] | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each retriever with its colour, marker and label. shown: these alone; one looks the same in every chart."""
    short = short_labels(run)
    for number, retriever in enumerate(run.retrievers):
        if shown is not None and retriever not in shown:
            continue
        yield retriever, {**mark(number), "label": plain(short(retriever))}


def mark(number: int) -> dict[str, str]:
    """Colour and marker of what stands at that place; a further round of colours has its markers shifted, so that no
    pair comes twice.
    """
    return {
        "color": COLOURS[number % len(COLOURS)],
        "marker": MARKERS[(number + number // len(COLOURS)) % len(MARKERS)],
    }


def legend(figure: Figure, axes: list[Axes]) -> None:
    """One for all panels, at the foot."""
    entries: dict[str, Any] = {}
    for panel in axes:
        handles, labels = panel.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
    if not entries:
        return
    room = figure.get_figwidth()
    labels = list(entries)
    columns = _legend_columns(labels, room)
    _grow(figure, ENTRY * max(0, math.ceil(len(labels) / columns) - 2))
    figure.legend(entries.values(), labels, loc="lower center", ncols=columns, frameon=False)


def _legend_columns(labels: list[str], room: float) -> int:
    """The most columns, up to four, that have room; matplotlib fills them one after the other."""
    for columns in range(min(4, len(labels)), 1, -1):
        lines = math.ceil(len(labels) / columns)
        widest = [max(map(_width, labels[start : start + lines])) for start in range(0, len(labels), lines)]
        if sum(HANDLE + width for width in widest) <= room:
            return columns
    return 1


def _width(label: str) -> float:
    """Inches that a label of the legend takes; letters of some scripts are twice as wide."""
    return CHARACTER * cell_len(label)


def _shortened(label: str, characters: int) -> str:
    """A title without its middle where it is too long: names of sets differ at their ends."""
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


def label_room(labels: list[str]) -> float:
    """Inches that the longest label of a line takes."""
    return 0.35 + CHARACTER * max((len(line_label(label)) for label in labels), default=0)


def line_label(label: str) -> str:
    """What stands beside a line: a measure, or the value of a slice."""
    return head(label, LONGEST_LABEL)


def line_height(shown: Sequence[str]) -> float:
    """The height of a line with a mark for each of these."""
    return max(LINE, MARK * len(shown))


def plain_log_axis(panel: Axes) -> None:
    """Ticks as plain numbers, few enough to be read."""
    from matplotlib.ticker import LogLocator

    low, high = panel.get_xlim()
    panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 1000 else (1,)))
    panel.xaxis.set_major_formatter("{x:g}")
    panel.minorticks_off()  # a tenth of the drawing time, and nobody reads them


def error_bar(row: Mapping[str, Any]) -> Any:
    """How far a figure's interval goes below and above it: [2, 1], 0 where it is not known."""
    return np.nan_to_num([[row["value"] - row["low"]], [row["high"] - row["value"]]]).clip(min=0)


def set_names(run: Run) -> list[str]:
    """What the sets are called, for a panel each."""
    return [display_name(dataset) for dataset in run.datasets]
