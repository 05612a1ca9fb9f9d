"""matplotlib's SVG as a part of a page: its colours follow the page's, and nothing in it acts or asks for anything.

What is no shape or text is left out. Styles become attributes, since a page that allows no inline style ignores them.
Black is the page's ink and white its paper; coordinates are rounded to a hundredth of a point.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
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
    used = set(_referred(root))
    parts = [part for child in root for part in _element(child, name, used)]
    box = escape(root.get("viewBox", ""))
    opening = '<svg class="chart" role="img" viewBox="{}" width="{}" fill="currentColor" aria-label="{}">'
    width = round(float(root.get("viewBox", "0 0 0 0").split()[2]) * 4 / 3)  # points as pixels
    return Markup(opening).format(box, width, text) + Markup("".join(parts)) + Markup("</svg>")  # noqa: S704


def _referred(root: ElementTree.Element) -> Iterator[str]:
    """The ids that something refers to."""
    for element in root.iter():
        if _LINK in element.attrib:
            yield element.attrib[_LINK].removeprefix("#")
        if match := _REFERENCE.match(element.get("clip-path", "")):
            yield match[1]


def _element(element: ElementTree.Element, name: str, used: set[str]) -> Iterator[str]:
    """An element as markup; a group that says nothing gives what is in it."""
    tag = element.tag.removeprefix(_NAMESPACE)
    if tag not in _SHAPES or not element.get(_LINK, "#").startswith("#"):
        return
    attributes = dict(_attributes(element, name, used))
    inside = "".join(part for child in element for part in _element(child, name, used))
    content = str(escape((element.text or "").strip())) + inside if tag in ("text", "tspan") else inside
    if tag in ("g", "defs") and not (attributes and content):
        yield content if tag == "g" or not content else f"<defs>{content}</defs>"
        return
    listed = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())
    yield f"<{tag}{listed}>{content}</{tag}>" if content else f"<{tag}{listed}/>"


def _attributes(element: ElementTree.Element, name: str, used: set[str]) -> Iterator[tuple[str, str]]:
    if (own := element.get("id")) in used:
        yield "id", f"{name}-{own}"
    if target := element.get(_LINK):
        yield "href", f"#{name}-{target.removeprefix('#')}"
    for key, value in {**element.attrib, **_styles(element.get("style", ""))}.items():
        if key not in _ATTRIBUTES:
            continue
        if match := _REFERENCE.match(value):
            yield key, f"url(#{name}-{match[1]})"
        elif "(" in value and key != "transform":
            continue
        elif not (key == "transform" and value.startswith("rotate(-0 ")):
            yield key, _INK.get(value, _short(value))


def _styles(style: str) -> Mapping[str, str]:
    pairs = (part.partition(":") for part in style.split(";") if ":" in part)
    return {key.strip(): value.strip() for key, _, value in pairs}


def _short(value: str) -> str:
    """Numbers to a hundredth, white space once."""
    return " ".join(_NUMBER.sub(lambda match: f"{float(match[0]):.2f}".rstrip("0").rstrip("."), value).split())
