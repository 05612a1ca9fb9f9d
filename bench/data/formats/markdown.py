"""Markdown and MDX: title and text of a file, without what is there for machines.

Cut are front matter (see there), the marks of headings (#, a line of === below them) and attribute lists ({#anchor},
{: .class}); of MDX also the lines of import and export, comments and the tags of JSX. Code stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from bench.data.formats.front_matter import front_matter
from bench.data.formats.json_files import Record
from bench.data.formats.known_item import asked_by
from bench.data.formats.lines import text_of

MDX = ".mdx"
LONGEST_EXPORT = 100  # lines
_FENCE = re.compile(r"`{3,}(?=[^`]*$)|~{3,}")
_HEADING = re.compile(r" {0,3}#{1,6}(?=[ \t]|$)")
_UNDERLINE, _UNDERLINED = re.compile(r" {0,3}(?:=+|-+)[ \t]*"), re.compile(r" {0,3}(?!\d+[.)]\s)[^\s>|#`~+*=-]")
_ATTRIBUTES, _CLOSING = re.compile(r"\{:?[ \t]*[#.][^{}]*\}$"), re.compile(r"(?:^|(?<=[ \t]))#+$")
_ATTRIBUTES_OF_BLOCK = re.compile(r"\s*\{:[^{}]*\}\s*")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_IMPORT = re.compile(
    r"import\s*(?:[\"'{*]|[\w$]+\s*(?:,|\bfrom\b))|export\s+(?:(?:default|const|let|var|function|class|async|type)\b|[{*])"
)
_BRACES = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*+\})*+\})*+\}"
# A span of code, which stays; a comment (one without an end hides the rest, as in MDX); a tag.
_JSX = re.compile(
    r"(?P<code>(?<!`)(?P<ticks>`+)(?!`).{1,1000}?(?<!`)(?P=ticks)(?!`))|\{/\*(?:.*?\*/\}|.*+)|</?>"
    rf"|</?[A-Za-z][\w.:-]*+(?:\s(?:\"[^\"]*+\"|'[^']*+'|{_BRACES}|[^<>\"'{{}}])*+)?/?>",
    re.DOTALL,
)


def read(path: Path) -> tuple[Record, str]:
    """Fields of the front matter, with the title where there is one, and the text.

    The title is that of the front matter, else the first heading, which is then no part of the text; nor is a first
    heading that says the title again. Raises BenchError with file and line.
    """
    fields, content = front_matter(text_of(path), path)
    lines = content.splitlines()
    title, text = _titled(_without_jsx(lines) if path.suffix.lower() == MDX else lines, asked_by(fields, "title"))
    return fields | ({"title": title} if title else {}), text


def _in_code(lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Lines, and whether each belongs to a fenced block of code."""
    fence = ""
    for line in lines:
        bare = line.strip()
        opening = _FENCE.match(bare)
        if fence:
            yield line, True
            fence = "" if len(bare) >= len(fence) and not bare.strip(fence[0]) else fence
        else:
            fence = opening[0] if opening else ""
            yield line, bool(fence)


def _titled(lines: Iterable[str], title: str) -> tuple[str, str]:
    """Title and text. title: the one that is known already, "" for none."""
    kept: list[str] = []
    first = True  # until a heading has come
    for line, code in _in_code(lines):
        heading = None if code else _heading(line, kept)
        if heading is None:
            kept += [] if not code and _ATTRIBUTES_OF_BLOCK.fullmatch(line) else [line]
        elif heading and first and heading.casefold() == (title or heading).casefold():
            title = title or heading
        else:
            kept.append(heading)
        first = first and not heading
    return title, "\n".join(kept).strip()


def _heading(line: str, above: list[str]) -> str | None:
    """The heading of a line, of one that is underlined the line above, which is taken away; None where it is none."""
    if mark := _HEADING.match(line):
        return _clean(line[mark.end() :])
    alone = above and _UNDERLINED.match(above[-1]) and not any(map(str.strip, above[-2:-1]))
    return _clean(above.pop()) if alone and _UNDERLINE.fullmatch(line) else None


def _clean(heading: str) -> str:
    """A heading without marks: attribute lists, closing #, the targets of links, what makes it bold or code."""
    for mark in (_ATTRIBUTES, _CLOSING, _ATTRIBUTES):
        heading = mark.sub("", heading.strip())
    return " ".join(_LINK.sub(r"\1", heading).replace("`", "").replace("**", "").split())


def _without_jsx(lines: list[str]) -> list[str]:
    kept: list[str] = []
    for code, block in groupby(_in_code(_without_imports(lines)), key=lambda pair: pair[1]):
        text = "\n".join(line for line, _ in block)
        kept += (text if code else _JSX.sub(lambda match: match["code"] or "", text)).split("\n")
    return kept


def _without_imports(lines: list[str]) -> Iterator[str]:
    stop, above = 0, ""
    for place, (line, code) in enumerate(_in_code(lines)):
        if place < stop:
            continue
        if not code and not above.strip() and _IMPORT.match(line):
            stop = _end_of_imports(lines, place)
            continue
        above = line
        yield line


def _end_of_imports(lines: list[str], start: int) -> int:
    """The first blank line outside of brackets; where they are never closed, the first one."""
    depth, blank = 0, None
    stop = min(start + LONGEST_EXPORT, len(lines))
    for place in range(start, stop):
        if not lines[place].strip():
            if depth <= 0:
                return place
            blank = place if blank is None else blank
        depth += sum(map(lines[place].count, "{[(")) - sum(map(lines[place].count, "}])"))
    return stop if depth <= 0 or blank is None else blank
