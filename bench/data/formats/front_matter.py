"""Front matter: what a Markdown file says of itself above its text, in YAML (between ---) or in TOML (between +++)."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from bench.data.formats.json_files import Record
from bench.errors import BenchError

LONGEST = 1 << 15  # characters; PyYAML's time grows with the square of what is nested
MOST_ALIASES = 16  # merged into each other (<<: [*a, *a]), twice as many would make a hundred thousand entries
_BLOCK = re.compile(
    r"(?ms)\A(?:---[ \t]*\n(?P<yaml>.*?)^(?:---|\.\.\.)|\+\+\+[ \t]*\n(?P<toml>.*?)^\+\+\+)[ \t]*(?:\n|\Z)"
)
_KEY = re.compile(r"(?:#.*\n)*[\"']?[\w.-]+[\"']?[ \t]*:(?:\s|\Z)")


def front_matter(content: str, path: Path) -> tuple[Record, str]:
    """The plain values (texts, numbers, switches) of a file's front matter as texts, and the text below it.

    A --- that nothing ends, or that is followed by anything but a key, is a horizontal rule, and all of it is text.
    Raises BenchError with file and line for front matter that is broken.
    """
    content = content.replace("\r\n", "\n")
    block = _BLOCK.match(content)
    if not block or not _is_meant(block):
        return {}, content
    try:
        fields = _yaml(block["yaml"]) if block["toml"] is None else tomllib.loads(block["toml"])
        plain = {str(key): str(value) for key, value in fields.items() if isinstance(value, str | int | float)}
    except (ValueError, RecursionError) as error:
        last = block[0].rstrip("\n").count("\n") + 1
        raise BenchError(
            f"{path}:{_line(error) or last}: broken front matter: {_reason(error)}.",
            "Mend it; where the first line is no front matter but a horizontal rule, put an empty line below it.",
        ) from None
    return plain, content[block.end() :]


def _is_meant(block: re.Match[str]) -> bool:
    """Is it front matter, and no text between two horizontal rules?"""
    return block["toml"] is not None or not block["yaml"].strip() or _KEY.match(block["yaml"]) is not None


class _BrokenError(ValueError):
    """With the line of the file, 0 where it is not known."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.line = line


def _yaml(text: str) -> dict[Any, Any]:
    import yaml

    if len(text) > LONGEST:
        raise _BrokenError(f"longer than {LONGEST:,} characters")
    try:
        if "*" in text and sum(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text)) > MOST_ALIASES:
            raise _BrokenError(f"more than {MOST_ALIASES} aliases")
        fields = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _BrokenError(error.problem or error.context or "no YAML", mark.line + 2 if mark else 0) from None
    except yaml.YAMLError as error:  # a character that YAML does not have
        raise _BrokenError(" ".join(str(error).split())) from None
    if not isinstance(fields, dict | None):
        raise _BrokenError("no keys and values", 2)
    return fields or {}


def _line(error: Exception) -> int:
    """The line of the file; tomllib tells in words that of the block, which begins below the first."""
    if isinstance(error, _BrokenError):
        return error.line
    place = re.search(r"at line (\d+)", str(error))
    return int(place[1]) + 1 if place else 0


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return re.sub(r" \(at .*\)$", "", str(error)).rstrip(".")
