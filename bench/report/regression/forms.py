"""The forms of a comparison that are kept as files. To add one: its file here, and its entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from bench.regression import Regression
    from bench.storage.run import Run


@dataclass(frozen=True)
class ComparisonForm:
    """render: module:function of this package, imported where it is used. of: what it is given; all: the comparison,
    base and head."""

    render: str
    of: Literal["comparison", "head", "all"] = "comparison"
    help: str = "write the comparison to a file"


# The option of `compare` -> what it writes.
FORMS = {
    "html": ComparisonForm("page:render", "all", "write the comparison as a page: gates, and what moved side by side"),
    "json": ComparisonForm("as_json:render"),
    "junit": ComparisonForm("junit:render"),
    "markdown": ComparisonForm("markdown:comment"),
    "benchmark-json": ComparisonForm("pytest_benchmark:render", "head", "HEAD's latencies for pytest-benchmark"),
}


def render(name: str, comparison: Regression, base: Run, head: Run) -> bytes:
    """A comparison in one of the forms."""
    form = FORMS[name]
    module, _, function = form.render.partition(":")
    renderer: Callable[..., bytes] = getattr(import_module(f"{__package__}.{module}"), function)
    given = {"comparison": (comparison,), "head": (head,), "all": (comparison, base, head)}
    return renderer(*given[form.of])
