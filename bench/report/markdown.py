"""Tables and texts in GitHub's markdown, safe from what users call their things."""

from __future__ import annotations

import re

from bench.report.table import Table, inert

# What GitHub would make a link of without being asked: addresses of pages, of mails, and of people.
_LINK = re.compile(r"(?i)\b(?:https?|ftp)(?=://)|\bwww(?=\.)|(?<!\w)(?=@\w)|(?=@[\w-]+\.\w)")

# What would make a list, a rule or a heading at the beginning of a line; a signed number does not.
_BLOCK = re.compile(r"^(\d*)([-+.)=])(?=\s|$|[-=\s]+$)")


def escape(text: str) -> str:
    """Text that stays text, in a table and at the beginning of a line: no markup, formula, link, border or line end."""
    text = inert(text)
    for character in "\\`*_{}[]<>#|~&!$":
        text = text.replace(character, "\\" + character)
    text = _BLOCK.sub(r"\1\\\2", text)
    return _LINK.sub(lambda found: found.group() + "\\", text)


def table_block(table: Table, level: int = 2) -> str:
    """A table under its title, with its notes."""
    lines = [f"{'#' * level} {escape(table.title)}", "", _line([escape(each) for each in table.header])]
    right = len(table.header) - table.columns_left
    lines.append(_line([*["---"] * table.columns_left, *["---:"] * right]))
    for number, row in enumerate(table.rows):
        cells = [f"**{escape(each)}**" if (number, i) in table.best else escape(each) for i, each in enumerate(row)]
        lines.append(_line(cells))
    return "\n".join([*lines, *(f"\n{escape(note)}" for note in table.notes)])


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
