"""Every part of a run's report in one form: what the page has, as markdown."""

from __future__ import annotations

from itertools import chain

from bench.report import markdown
from bench.report.run import parts
from bench.report.run.labels import short_labels


def whole_report(run):
    """All parts, from the most important one on."""
    first = (parts.provenance, parts.verdict, parts.labels, parts.summary)
    of_sets = (part(run, dataset) for dataset in run.datasets for part in (parts.tables, parts.audited, parts.lost))
    last = (parts.charts(run), parts.signatures(run))
    blocks = chain(*(part(run) for part in first), parts.troubles(run, ("the log",)), *of_sets, *last)
    return markdown.render(blocks, short_labels(run))
