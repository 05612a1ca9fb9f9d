"""The page as a whole: its views, and what a browser is allowed to do with it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from bench.report.page import scripts
from bench.report.page.markup import render


@dataclass(frozen=True)
class View:
    """A part of the page that is shown alone. name: its place in the address, after #. title: in the navigation.

    scripted: it is empty without scripts, and says so.
    """

    name: str
    title: str
    content: Markup
    scripted: bool = False


def document(
    title: str,
    views: Sequence[View],
    data: Sequence[Markup] = (),
    modules: Sequence[str] = (),
    *,
    asks_server: bool = False,
) -> str:
    """One HTML file.

    Args:
        title: Of the window, and the page's first heading.
        views: In the order of the navigation; the first is shown first, and a page without scripts shows them all.
        data: What the scripts read (`data_block`).
        modules: The scripts of the views, by their names in static/.
        asks_server: May it ask the server that it came from? A file may ask nobody.
    """
    script, style = Markup(scripts.script(["page", *modules])), Markup(scripts.style(modules))  # noqa: S704 - our own files
    policy = _policy(script, style) + ("; connect-src 'self'" if asks_server else "")
    return render("page", title=title, views=views, data=data, script=script, style=style, policy=policy)


def _policy(script: str, style: str) -> str:
    """No request at all, and no script and style but these two."""
    return (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
