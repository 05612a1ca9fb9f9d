"""Plain text: title and text of a file whose first line is underlined, as manuals in .txt have it.

So do Django's and Python's sources (reStructuredText) and git's (AsciiDoc). Their marks within the text stay: a file
that calls itself plain text may be anything.
"""

from __future__ import annotations

import re
from pathlib import Path

from bench.data.formats.json_files import Record
from bench.data.formats.lines import text_of

# A heading has a line below it, perhaps one above it too, each of one mark. Before it stand only lines of
# reStructuredText that show nothing (.. _target:).
_HEADING = re.compile(
    r"(?P<before>(?:[ \t]*\n|\.\.[ \t].*\n)*)"
    r"(?:(?P<over>(?P<mark>[=~^\"*+#-])(?P=mark){2,})[ \t]*\n[ \t]*)?"
    r"(?P<title>\S.*+)\n"
    r"(?P<under>(?P<line>[=~^\"*+#-])(?P=line){2,})[ \t]*(?:\n|\Z)"
)
SHORTER = 2  # characters that the line may be shorter than the heading: AsciiDoc allows as many


def read(path: Path) -> tuple[Record, str]:
    """The title, where the file begins with a heading, which is then no part of the text; and the text."""
    content = text_of(path).replace("\r\n", "\n")
    heading = _HEADING.match(content)
    if heading is None or not _is_meant(heading):
        return {}, content.strip()
    title = " ".join(heading["title"].split())
    return {"title": title}, (heading["before"] + content[heading.end() :]).strip()


def _is_meant(heading: re.Match[str]) -> bool:
    title = heading["title"].strip()
    alike = heading["over"] is None or heading["over"] == heading["under"]
    return alike and any(map(str.isalnum, title)) and len(heading["under"]) >= len(title) - SHORTER
