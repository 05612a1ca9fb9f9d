"""matplotlib's SVG as a part of a page: its colours follow the page's, and nothing in it acts or asks for anything.

What is no shape or text is left out. Styles become attributes, since a page that allows no inline style ignores them.
Black is the page's ink and white its paper; coordinates are rounded to a tenth of a point.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from xml.etree import ElementTree

from markupsafe import Markup, escape

_NAMESPACE = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_SHAPES = {
    "svg",
    "g",
    "defs",
    "path",
    "use",
    "text",
    "tspan",
    "clipPath",
    "rect",
    "circle",
    "line",
    "polyline",
    "polygon",
}
_ATTRIBUTES = {
    *("d", "x", "y", "width", "height", "transform", "clip-path", "fill", "fill-opacity", "stroke", "stroke-width"),
    *("stroke-opacity", "stroke-dasharray", "stroke-dashoffset", "stroke-linecap", "stroke-linejoin", "opacity"),
    *("font-size", "font-weight", "font-style", "text-anchor", "points", "cx", "cy", "r", "x1", "x2", "y1", "y2"),
}
_INK = {"#000000": "currentColor", "#ffffff": "var(--paper)"}
_USUAL = {("font-size", "9px"), ("stroke-linejoin", "round"), ("stroke-linecap", "butt")}
_NUMBER = re.compile(r"-?\d+\.\d+")
_REFERENCE = re.compile(r"^url\(#([\w.-]+)\)$")


def inline(svg: bytes, name: str, text: str) -> Markup:
    """A drawing for the inside of a page.

    Args:
        svg: What matplotlib wrote, with text as text (`svg.fonttype` none).
        name: Of the drawing on the page; what is referred to in it is called by it, so that two drawings never mix.
        text: What it shows, for who cannot see it.
    """
    root = ElementTree.fromstring(svg)  # noqa: S314 - our own file, and of it only what is listed above
    referred = dict.fromkeys(_referred(root))
    ids = {own: f"{name}-{number}" for number, own in enumerate(referred)}
    parts = _joined(part for child in root for part in _element(child, ids))
    box = escape(root.get("viewBox", ""))
    opening = (
        '<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" viewBox="{}" width="{}" fill="currentColor" '
        'font-size="9px" aria-label="{}">'
    )
    width = round(float(root.get("viewBox", "0 0 0 0").split()[2]) * 4 / 3)  # points as pixels
    return Markup(opening).format(box, width, text) + Markup(parts) + Markup("</svg>")  # noqa: S704


def _referred(root: ElementTree.Element) -> Iterator[str]:
    """The ids that something refers to."""
    for element in root.iter():
        if _LINK in element.attrib:
            yield element.attrib[_LINK].removeprefix("#")
        if match := _REFERENCE.match(element.get("clip-path", "")):
            yield match[1]


class _Drawn(NamedTuple):
    """A piece of markup; of a path what it draws (d) and all else that it says (attributes)."""

    markup: str
    d: str = ""
    attributes: str = ""


def _element(element: ElementTree.Element, ids: Mapping[str, str]) -> Iterator[_Drawn]:
    """An element as markup; a group that says nothing gives what is in it."""
    tag = element.tag.removeprefix(_NAMESPACE)
    if tag not in _SHAPES or not element.get(_LINK, "#").startswith("#"):
        return
    attributes = dict(_attributes(element, ids))
    parts = [part for child in element for part in _element(child, ids)]
    if tag == "g" and not attributes:
        yield from parts
        return
    inside = _joined(parts)
    content = str(escape((element.text or "").strip())) + inside if tag in ("text", "tspan") else inside
    if tag in ("g", "defs") and not content:
        return
    d = attributes.pop("d", "")
    listed = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())
    drawn = f' d="{d}"' if d else ""
    opening = f"<{tag}{listed}{drawn}"
    yield _Drawn(f"{opening}>{content}</{tag}>" if content else f"{opening}/>", d, listed)


def _joined(parts: Iterable[_Drawn]) -> str:
    """The pieces; lines in a row that look alike are one path, since charts have many."""
    joined: list[_Drawn] = []
    for part in parts:
        before = joined[-1] if joined else None
        alike = before and before.d and part.d and before.attributes == part.attributes
        if before and alike and 'fill="none"' in part.attributes and " id=" not in part.attributes:
            d = f"{before.d} {part.d}"
            joined[-1] = _Drawn(f'<path{part.attributes} d="{d}"/>', d, part.attributes)
        else:
            joined.append(part)
    return "".join(part.markup for part in joined)


def _attributes(element: ElementTree.Element, ids: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if (own := element.get("id", "")) in ids:
        yield "id", ids[own]
    if target := element.get(_LINK):
        yield "href", f"#{ids[target.removeprefix('#')]}"
    for key, value in {**element.attrib, **_styles(element.get("style", ""))}.items():
        if key not in _ATTRIBUTES or (key, value) in _USUAL:
            continue
        if match := _REFERENCE.match(value):
            yield key, f"url(#{ids[match[1]]})"
        elif "(" in value and key != "transform":
            continue
        elif not (key == "transform" and value.startswith("rotate(-0 ")):
            yield key, _INK.get(value, _short(value))


def _styles(style: str) -> Mapping[str, str]:
    pairs = (part.partition(":") for part in style.split(";") if ":" in part)
    return {key.strip(): value.strip() for key, _, value in pairs}


def _short(value: str) -> str:
    """Numbers to a tenth, white space once."""
    return " ".join(_NUMBER.sub(lambda match: f"{float(match[0]):.1f}".removesuffix(".0"), value).split())
