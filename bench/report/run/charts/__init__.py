"""A stored run -> charts/*.svg and *.png, one panel a dataset."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from bench.report.run.charts import cost, curve, growth, overlap, quality, tuning
from bench.storage.files import write_atomic
from bench.storage.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Drawing(NamedTuple):
    """heading, text: what a report says of it. draw: gives None where the run has no figures for it."""

    heading: str
    text: str
    draw: Callable[[Run], Figure | None]


CHARTS = {
    "measures": Drawing(
        "Measures by retriever", "Mean of each measure by retriever, with 95% intervals.", quality.measures
    ),
    "recall": Drawing(
        "Recall by depth", "Share of relevant documents found among the first k hits, by k.", quality.recall
    ),
    "budgets": Drawing(
        "Recall by prompt budget",
        "Share of relevant documents in the whole passages that fit the first word pieces of what is returned.",
        quality.budgets,
    ),
    "slices": Drawing(
        "Quality by kind of query", "Main measure by metadata field, with 95% intervals.", quality.slices
    ),
    "crossover": Drawing(
        "Quality by lexical overlap",
        "Main measure by the share of a query's words that stand in its best relevant document, 95% intervals. "
        "Grey: from the last bin that shows a dense or a lexical retriever ahead to the first that shows the other so.",
        overlap.crossover,
    ),
    "pareto": Drawing(
        "Quality against latency",
        "Main measure against the median time of a warm single query, 95% intervals. Ringed: beaten by no other "
        "on quality and all costs at once. Below: how many queries were timed, and whether the machine was noisy.",
        cost.pareto,
    ),
    "curve": Drawing(
        "Recall and quality against latency",
        "Share of exact search's first 10 hits, and main measure, against the median time of a warm single query, 95% "
        "intervals. A line is one index, a number beside a point what it is searched with. Ringed: no point is quicker "
        "and finds as much.",
        curve.curve,
    ),
    "tuning": Drawing(
        "Trials of a tuning",
        "Main measure of each trial against the parameters that were tuned; where two are numbers, over both. Ringed: "
        "chosen by a fold. Lines: the defaults, and what the choice is worth on queries that it has not seen.",
        tuning.tuning,
    ),
    "growth": Drawing(
        "Quality and cost by documents",
        "Measures, with 95% intervals, and costs of one set at its sizes. Points of one size stand beside each other.",
        growth.growth,
    ),
    "latency": Drawing(
        "Latency distribution",
        "Share of warm single queries answered within a time. Below: how many, and whether the machine was noisy.",
        cost.latency,
    ),
}


def import_libraries() -> None:
    """Import what drawing needs; a run has time for it while its retrievers load."""
    import matplotlib.backends.backend_agg
    import matplotlib.backends.backend_svg
    import matplotlib.figure

    del matplotlib


def write(run: Run, names: Collection[str] = ()) -> None:
    """Draw the charts that the run has figures for. names: of those that are wanted, none: all."""
    for name in names or CHARTS:
        for form, content in drawn(run, name, ("svg", "png")).items():
            write_atomic(run.folder / "charts" / f"{name}.{form}", content)


def drawn(run: Run, name: str, forms: Collection[str] = ("svg",)) -> dict[str, bytes]:
    """A chart in the forms that are wanted; empty where the run has no figures for it."""
    return in_forms(partial(CHARTS[name].draw, run), forms)


def in_forms(draw: Callable[[], Figure | None], forms: Collection[str]) -> dict[str, bytes]:
    """A figure in the forms that are wanted, in the style of all charts; empty where there is none."""
    import matplotlib as mpl

    settings = {
        "svg.hashsalt": "bench",
        "svg.fonttype": "none",
        "font.size": 9,
        "axes.grid": True,
        "grid.alpha": 0.25,
    }
    with mpl.rc_context({**settings, "axes.spines.top": False, "axes.spines.right": False}):
        figure = draw()
        return {form: _saved(figure, form) for form in forms} if figure is not None else {}


def _saved(figure: Figure, form: str) -> bytes:
    buffer = io.BytesIO()
    # Without a date, so that the same run gives the same bytes.
    metadata = {"Date": None} if form == "svg" else {"Software": None}
    figure.savefig(buffer, format=form, dpi=110, metadata=metadata)
    return buffer.getvalue()
