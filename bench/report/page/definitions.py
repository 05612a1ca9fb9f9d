"""docs/reading-the-figures.md as a part of a page, so that what a figure means can be read without a network."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache, partial
from pathlib import Path

from markupsafe import Markup

SOURCE = "reading-the-figures.md"
END = (
    "\n## Do intervals and tests keep their word?"  # from there on it is about the harness, not about figures of a run
)
_SCROLLED = '<div class="scroll" tabindex="0" role="group" aria-label="Table">'  # a narrow window holds no wide table
_HEADING = re.compile(r"<h([1-6])>(.*?)</h\1>")
_ELSEWHERE = re.compile(r'<a href="(?!https://|#)[^"]*">(.*?)</a>')  # another page of the docs
_WITHIN = re.compile(r'<a href="#([^"]*)">(.*?)</a>')


@cache
def definitions() -> Markup:
    """The whole text; its headings have the ids of `anchor`. Empty where the text was not installed."""
    path = _path()
    if path is None:
        return Markup()
    from markdown_it import MarkdownIt

    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(path.read_text("utf-8").partition(END)[0])
    html = html.replace(' style="text-align:right"', ' class="number"').replace(' style="text-align:left"', "")
    html = html.replace("<table>", f"{_SCROLLED}<table>").replace("</table>", "</table></div>")
    html = _ELSEWHERE.sub(r"\1", html)
    anchors = {anchor(heading) for _, heading in _HEADING.findall(html)}
    html = _WITHIN.sub(partial(_linked, anchors), html)
    return Markup(_HEADING.sub(_numbered, html))  # noqa: S704 - our own text, in which no HTML is read


def anchor(heading: str) -> str:
    """The id of a heading: as GitHub makes it, with a beginning that no other id of the page has."""
    return "figure-" + re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _linked(anchors: Collection[str], match: re.Match[str]) -> str:
    """A link to one of these, else its text alone."""
    target = f"figure-{match[1]}"
    return f'<a href="#{target}">{match[2]}</a>' if target in anchors else match[2]


def _numbered(match: re.Match[str]) -> str:
    """A heading a level lower, as the page has its own first one, with its id."""
    level = min(6, int(match[1]) + 1)
    return f'<h{level} id="{anchor(match[2])}">{match[2]}</h{level}>'


def _path() -> Path | None:
    package = Path(__file__).resolve().parents[2]
    places = (package / "docs" / SOURCE, package.parent / "docs" / SOURCE)  # in a wheel; in a checkout
    return next((path for path in places if path.is_file()), None)
