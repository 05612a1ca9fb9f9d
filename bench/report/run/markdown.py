"""A stored run -> report.md: what a pull request needs. The long tables stand on the page and in the CSV files."""

from __future__ import annotations

from collections.abc import Iterator

from bench.report import markdown
from bench.report.blocks import Block, Code
from bench.report.run import parts
from bench.report.run.labels import short_labels
from bench.report.run.tuning import about_tuning
from bench.storage.folder import LOG
from bench.storage.run import Run

# Its figures stand in no table; those of the others do.
CHARTS = ("pareto", "curve", "tuning", "growth")


def render(run: Run) -> str:
    """The report as GitHub-flavoured markdown, with the charts that lie in the run's folder."""
    return markdown.render(_blocks(run), short_labels(run))


def _blocks(run: Run) -> Iterator[Block]:
    for part in (parts.provenance, parts.verdict, parts.labels, parts.summary):
        yield from part(run)
    yield from parts.troubles(run, (Code(LOG), " beside this report"))
    for dataset in run.datasets:
        yield from parts.overviews(run, dataset)[:1]
        yield from about_tuning(run, dataset)
        yield from parts.noise_floors(run, dataset)
        yield from parts.slices(run, dataset)
        yield from parts.attention(run, dataset)
    yield from parts.grown(run)
    yield from parts.legend(run)
    yield from parts.charts(run, CHARTS)
    yield from parts.files(run)
