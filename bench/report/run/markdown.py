"""A stored run -> report.md."""

from __future__ import annotations

from collections.abc import Iterator

from bench.report import markdown
from bench.report.blocks import Block, Code
from bench.report.run import parts
from bench.report.run.labels import short_labels
from bench.storage.folder import LOG
from bench.storage.run import Run


def render(run: Run) -> str:
    """The report as GitHub-flavoured markdown, with the charts that lie in the run's folder."""
    return markdown.render(_blocks(run), short_labels(run))


def _blocks(run: Run) -> Iterator[Block]:
    for part in (parts.provenance, parts.verdict, parts.labels, parts.summary):
        yield from part(run)
    yield from parts.troubles(run, (Code(LOG), " beside this report"))
    for dataset in run.datasets:
        for part_of_set in (parts.tables, parts.audited, parts.lost):
            yield from part_of_set(run, dataset)
    for part in (parts.charts, parts.signatures):
        yield from part(run)
