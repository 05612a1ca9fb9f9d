"""The templates, in which every text is escaped that is not markup already."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from bench.report.table import inert

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def environment() -> Environment:
    """Of the templates of this package."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("bench.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["inert"] = inert
    return made


def render(template: str, **values: Any) -> Markup:
    """A template with values, as markup. template: its name without the end."""
    return Markup(environment().get_template(f"{template}.html").render(**values))  # noqa: S704 - escaped there
