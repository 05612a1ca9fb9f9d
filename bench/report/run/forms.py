"""The forms of a stored run: those that are kept as files in its folder, and those that somebody asks for.

To add one: its file here, and its line.
"""

from __future__ import annotations

from importlib import import_module

from bench.report.run import charts
from bench.storage.files import write_atomic
from bench.storage.run import Run

# File -> module:function of this package that makes its text of a run. They show the charts that lie in the folder,
# and name the page where it was written before them.
FORMS = {
    "report.html": "page:render",
    "report.md": "markdown:render",
}


# Option of `report` -> module:function of this package that makes its text, for those who ask for it.
ASKED = {
    "latex": "latex:render",
    "csv": "tidy_csv:render",
}


def asked(name: str, run: Run, **options: bool) -> str:
    """A run in one of the forms that are asked for. options: of the form."""
    return _text(ASKED[name], run, **options)


def write(run: Run) -> None:
    """Draw the charts, and write every form beside them."""
    charts.write(run)
    for name, form in FORMS.items():
        write_atomic(run.folder / name, _text(form, run).encode())


def _text(form: str, run: Run, **options: bool) -> str:
    module, _, function = form.partition(":")
    text: str = getattr(import_module(f"{__package__}.{module}"), function)(run, **options)
    return text
