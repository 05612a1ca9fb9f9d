"""HTML: title and text of a page, without what surrounds it on every page of a site."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from bench.data.formats.json_files import Record
from bench.data.formats.lines import as_text, content_of

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag
    from bs4.element import PageElement

LONGEST = 1 << 24  # bytes; a tree takes fifty times as much
NOT_TEXT = frozenset("button nav noscript script style svg template title".split())
# What begins no line of its own; every other tag does.
INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q s samp small span strike strong"
    " sub sup time tt u var wbr".split()
)


def read(path: Path) -> tuple[Record, str]:
    """The title, where there is one, and the text: that of <main> or of the one <article>, else of the body.

    The title is the first <h1> of that part, of the body only where <title> has it in it, since a site may begin all
    of its pages alike; else <title>, which often names the site as well; else the first <h1>. A page that only leads
    to another one has no text. Raises BenchError for what is too long or no text.
    """
    from bs4 import BeautifulSoup

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of XHTML, and of what looks like the name of a file
        page = BeautifulSoup(_closed(_markup(path)), "html.parser")
    if page.find("meta", attrs={"http-equiv": lambda value: value is not None and value.lower() == "refresh"}):
        return {}, ""
    title = " ".join(page.title.get_text().split()) if page.title else ""
    main = _main(page)
    root = main or _without_chrome(page)
    heading = root.find("h1")
    name = _text(heading) if heading else ""
    if heading and name and (main or not title or name.casefold() in title.casefold()):
        title = " ".join(name.split())
        heading.extract()
    return {"title": title} if title else {}, _text(root)


def _markup(path: Path) -> str:
    """In the encoding that the page says it is in, else in UTF-8."""
    from bs4.dammit import EncodingDetector

    content = content_of(path, longest=LONGEST)
    declared = EncodingDetector.find_declared_encoding(content, is_html=True) or ""
    if declared.startswith("utf-"):  # in UTF-16 the word could not have been read
        return as_text(content, path)
    try:
        return content.decode(declared)
    except (LookupError, ValueError):
        return as_text(content, path)


def _closed(markup: str) -> str:
    """Without marks of comments and tags that nothing closes: Python's parser looks for the end of each of them through
    all of the page."""
    for opening, closing in (("<!--", "-->"), ("<", ">")):
        end = markup.rfind(closing) + 1
        markup = markup[:end] + markup[end:].replace(opening, " ")
    return markup


def _main(page: BeautifulSoup) -> Tag | None:
    main = page.find("main") or page.find(role="main")
    articles = page.find_all("article", limit=2)
    return main or (articles[0] if len(articles) == 1 else None)


def _without_chrome(page: BeautifulSoup) -> Tag:
    body = page.body or page
    for tag in body.find_all(("header", "footer"), recursive=False):
        tag.extract()
    return body


def _text(root: Tag) -> str:
    """A line for what stands on lines of its own; within, white space is a space. No recursion: trees may be deep."""
    from bs4.element import CData, NavigableString, Tag

    parts: list[str] = []
    stack: list[PageElement | str] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Tag):
            edge = [] if node.name in INLINE else ["\n"]
            stack += [] if _says_nothing(node) else [*edge, *reversed(node.contents), *edge]
        elif type(node) in (str, NavigableString, CData):
            parts.append(str(node))
    lines = (" ".join(line.split()) for line in "".join(parts).splitlines())
    return "\n".join(filter(None, lines))


def _says_nothing(tag: Tag) -> bool:
    """Is it never text, or a link that is a mark alone, as ¶ beside a heading?"""
    texts = [node for node in tag.contents if isinstance(node, str)] if tag.name == "a" else []
    mark = bool(texts) and len(texts) == len(tag.contents) and not any(map(str.isalnum, "".join(texts)))
    return mark or tag.name in NOT_TEXT
