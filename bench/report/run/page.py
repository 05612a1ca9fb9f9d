"""A stored run -> report.html: verdict, summary and Pareto chart of each set first, then everything else."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any

from markupsafe import Markup

from bench.report.blocks import Block, Code, Heading
from bench.report.page import explorer
from bench.report.page.addresses import query_address
from bench.report.page.blocks import rendered
from bench.report.page.data_block import data_block
from bench.report.page.definitions import anchor, definitions
from bench.report.page.document import View, document
from bench.report.page.inline_svg import inline
from bench.report.page.map_view import MODULE, map_view
from bench.report.page.markup import render as template
from bench.report.page.sets import blocks as set_blocks
from bench.report.run import parts
from bench.report.run.charts import CHARTS, drawn
from bench.report.run.explored import shown_sets
from bench.report.run.kinds import KINDS, Dataset, Kind
from bench.report.run.labels import short_labels
from bench.report.run.names import display_name, title
from bench.report.run.overview import marks_explained
from bench.report.run.verdict import conclusion
from bench.report.table import Table
from bench.storage.files import slug
from bench.storage.folder import LOG
from bench.storage.run import Run

PARETO, GROWTH = "pareto", "growth"
IN_A_LARGER_CORPUS = "In a larger corpus"  # a heading of docs/reading-the-figures.md


def render(run: Run) -> str:
    """The page as one HTML file."""
    sets = shown_sets(run)
    explored = {shown.slug for shown in sets if shown.explored}
    report = _Report(run, explored)
    views, modules = [View("report", "Report", report.content())], []
    if explored:
        views.append(explorer.view(sets))
        modules.append(explorer.MODULE)
    if any(shown.mapped for shown in sets):
        views.append(map_view())
        modules.append(MODULE)
    views.append(View("meanings", "What figures mean", definitions()))
    shown = [view for view in views if view.content]
    data = [data_block("drawings", report.drawings), *set_blocks(sets)]
    return document(run.folder.name, shown, data, modules)


class _Report:
    """The view of what needs no scripts."""

    def __init__(self, run: Run, explored: Collection[str]) -> None:
        """explored: slugs of the sets whose queries another view shows."""
        self.run, self.change, self.conclusion, self.explored = run, short_labels(run), conclusion(run), explored
        self.drawings: dict[str, str] = {}

    def content(self) -> Markup:
        """All of it."""
        run = self.run
        about = (*parts.provenance(run), *parts.labels(run), *parts.signatures(run))
        return template(
            "run",
            grown=self.grown(),
            grown_anchor=anchor(IN_A_LARGER_CORPUS),
            overall=self.shown(self.conclusion.overall if self.conclusion else ()),
            troubles=self.shown(parts.troubles(run, (Code(LOG), " beside this page"))),
            sets=[self.of_set(dataset) for dataset in run.datasets],
            about=self.shown(_a_level_lower(about)),
        )

    def grown(self) -> Markup:
        """What holds over the sizes of a set that grows, the tables last; empty of other runs."""
        blocks = list(parts.grown(self.run))
        sentences, tables = (
            [block for block in blocks if isinstance(block, Table) is is_table] for is_table in (False, True)
        )
        return self.shown(sentences) + (self.drawn_over_all(GROWTH) if tables else Markup()) + self.shown(tables)

    def of_set(self, dataset: Dataset) -> dict[str, Any]:
        """What the template shows of a set: first the summary, then a part a kind of table."""
        name, place = dataset["name"], slug(dataset["name"])
        return {
            "slug": place,
            "queries": query_address(place) if place in self.explored else None,
            "name": display_name(dataset),
            "title": title(dataset),
            "verdict": self.verdict(name),
            "summary": self.shown(self.summary(dataset)),
            "attention": self.shown(parts.attention(self.run, dataset)),
            "pareto": self.chart(dataset, PARETO, place),
            "parts": [part for kind in KINDS if (part := self.of_kind(dataset, kind, place))],
        }

    def summary(self, dataset: Dataset) -> Iterator[Table]:
        """The table of the first screen, with what its marks mean."""
        for table in parts.overviews(self.run, dataset)[:1]:
            marks = marks_explained(self.run, [table])
            yield replace(table, notes=(*table.notes, *([f"{marks}."] if marks else ())))

    def verdict(self, name: str) -> Markup:
        """The sentence that decides; the others are unfolded on request."""
        paragraph = self.conclusion.of_sets.get(name) if self.conclusion else None
        return template("verdict", paragraph=paragraph.relabelled(self.change)) if paragraph else Markup()

    def of_kind(self, dataset: Dataset, kind: Kind, place: str) -> dict[str, Any] | None:
        """What there is of a kind, None where that is nothing."""
        content = self.shown(kind.blocks(self.run, dataset))
        if pictures := [chart for name in kind.charts if (chart := self.chart(dataset, name, place))]:
            alone = " alone" * (len(pictures) == 1)
            content += Markup('<div class="pictures{}">{}</div>').format(alone, Markup().join(pictures))
        if not content:
            return None
        name = kind.name.replace(" ", "-")  # behind a / , which no slug has: sets may be called "set" or "figure"
        return {"id": f"{place}/{name}", "kind": kind, "anchor": anchor(kind.definition), "content": content}

    def drawn_over_all(self, name: str) -> Markup:
        """A chart of all sets together."""
        svg = drawn(self.run, name).get("svg")
        if svg is None:
            return Markup()
        chart = CHARTS[name]
        drawing = inline(svg, name, f"{chart.heading}. {chart.text}")
        return template("chart", drawing=drawing, heading=chart.heading, text=chart.text)

    def chart(self, dataset: Dataset, name: str, place: str) -> Markup:
        """A chart of one set: on the first screen as it is, elsewhere by a script, since charts compress to a fifth."""
        svg = drawn(self.run.only(dataset["name"]), name).get("svg")
        if svg is None:
            return Markup()
        chart, own = CHARTS[name], f"{place}-{name}"
        drawing = inline(svg, own, f"{chart.heading}: {display_name(dataset)}. {chart.text}")
        if name != PARETO:
            self.drawings[own] = str(drawing)
            drawing = Markup('<p class="about" data-drawing="{}">Pictures need scripts.</p>').format(own)
        return template("chart", drawing=drawing, heading=chart.heading, text=chart.text)

    def shown(self, blocks: Iterable[Block]) -> Markup:
        """Blocks as markup, with labels as every form shortens them."""
        return rendered(block.relabelled(self.change) for block in blocks)


def _a_level_lower(blocks: Iterable[Block]) -> Iterator[Block]:
    """Without the run's name, which stands on top of the page, and with headings below one of the page."""
    for block in blocks:
        if not isinstance(block, Heading):
            yield block
        elif block.level > 1:
            yield replace(block, level=block.level + 1)
