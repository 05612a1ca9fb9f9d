"""The forms of a stored run that are kept as files in its folder. To add one: its file here, and its line."""

from __future__ import annotations

from collections.abc import Callable

from bench.report.run import charts, markdown
from bench.storage.files import write_atomic
from bench.storage.run import Run

# File -> what renders a run as its text. They show the charts that lie in the folder.
FORMS: dict[str, Callable[[Run], str]] = {"report.md": markdown.render}


def write(run: Run) -> None:
    """Draw the charts, and write every form beside them."""
    charts.write(run)
    for name, render in FORMS.items():
        write_atomic(run.folder / name, render(run).encode())
