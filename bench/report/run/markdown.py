"""A stored run -> report.md."""

from __future__ import annotations

from bench.report import markdown
from bench.report.run.labels import short_labels
from bench.report.run.sections import sections
from bench.storage.run import Run


def render(run: Run) -> str:
    """The report as GitHub-flavoured markdown, with the charts that lie in the run's folder."""
    return markdown.render(sections(run), short_labels(run))
