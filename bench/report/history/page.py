"""All stored runs -> results/index.html."""

from __future__ import annotations

from functools import partial
from typing import Any

from markupsafe import Markup

from bench.errors import counted
from bench.regression.history import History
from bench.report.history import content
from bench.report.history.chart import chart
from bench.report.page.blocks import rendered
from bench.report.page.document import View, document
from bench.report.page.inline_svg import inline
from bench.report.page.markup import render as template
from bench.report.run.charts import in_forms
from bench.storage.files import slug

ABOUT = "The main measure by run, with 95% intervals. ▲ ▼: a step up or down. ≠: not comparable with the run before."


def render(history: History) -> str:
    """The page as one HTML file, to lie beside the folders of the runs, to which it links."""
    view = template(
        "history",
        count=counted(len(history.runs), "run"),
        sets=[_set(history, dataset) for dataset in content.sets(history)],
        runs=rendered(filter(None, (content.runs(history), content.unreadable(history)))),
        pages=[run.folder.name for run in history.runs if (run.folder / "report.html").is_file()],
    )
    return document("All runs", [View("runs", "Runs", view)])


def _set(history: History, dataset: str) -> dict[str, Any]:
    points, numbers = content.of_set(history, dataset), content.numbers(history)
    svg = in_forms(partial(chart, dataset, points, numbers), ["svg"])["svg"]
    text = f"{dataset}: the main measure by run, with 95% intervals. The table has the figures."
    drawing = inline(svg, f"{slug(dataset)}-history", text)
    steps = content.steps(history, dataset)
    return {
        "slug": slug(dataset),
        "name": dataset,
        "chart": template("chart", drawing=drawing, heading="Over time", text=ABOUT),
        "figures": rendered([content.figures(history, dataset)]),
        "steps": rendered([steps]) if steps else Markup("<p>No step.</p>"),
    }
