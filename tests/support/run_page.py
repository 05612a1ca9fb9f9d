"""A page of the docs as a reader works through it: its blocks in order, and what each prints.

A block ```sh holds commands of bench, a line each (NAME=value before one is its environment); ```python is run in one
namespace for the whole page. The block ```text behind either is what it prints: to standard output, and of a command
that ends with an error to standard error. A block behind `<!-- file: NAME -->` is a file. In what is printed "…" stands
for anything: times, paths, and what is left out.
"""

from __future__ import annotations

import io
import os
import re
import shlex
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.cli import main

_BLOCK = re.compile(r"(?:<!-- file: (?P<file>\S+) -->\n)?```(?P<language>\w*)\n(?P<content>.*?)```", re.DOTALL)
_BENCH = ["python", "-m", "bench"]
_SETTING = re.compile(r"[A-Z_]+=")
COLUMNS = "100"


@dataclass
class Block:
    """One that is run. printed: what the page says that it prints, None where it says nothing."""

    language: str
    content: str
    printed: str | None = None


def blocks(page: str) -> list[Block]:
    """Those of a page that are run, in order, and its files as blocks of the language "file NAME"."""
    listed: list[Block] = []
    for match in _BLOCK.finditer(page):
        language, content = match["language"], match["content"]
        if match["file"]:
            listed.append(Block(f"file {match['file']}", content))
        elif language in ("sh", "python"):
            listed.append(Block(language, content))
        elif language == "text" and listed:
            listed[-1].printed = content
        else:
            raise AssertionError(f"a block that nobody runs: {content}")
    return listed


class Reader:
    """Works through a page in the current folder."""

    def __init__(self) -> None:
        self._names: dict[str, object] = {"__name__": "page"}

    def run(self, block: Block) -> str:
        """Run it; what it prints, without blanks at ends of lines."""
        kind, _, name = block.language.partition(" ")
        if kind == "file":
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text(block.content, "utf-8")
            return ""
        printed = "".join(map(_command, _lines(block.content))) if kind == "sh" else self._python(block.content)
        return "\n".join(line.rstrip() for line in printed.strip("\n").split("\n")) + "\n"

    def _python(self, code: str) -> str:
        with redirect_stdout(io.StringIO()) as printed:
            exec(compile(code, "page", "exec"), self._names)
        return printed.getvalue()


def matches(printed: str, shown: str) -> bool:
    """Is what was printed what the page shows?"""
    pattern = ".*?".join(map(re.escape, shown.strip("\n").split("…")))
    return re.fullmatch(pattern, printed.strip("\n"), re.DOTALL) is not None


def _lines(content: str) -> list[str]:
    return content.replace("\\\n", " ").splitlines()


def _command(line: str) -> str:
    words = shlex.split(line, comments=True)
    settings = [words.pop(0) for _ in range(len(words)) if _SETTING.match(words[0])]
    assert words[:3] == _BENCH, line
    out, error = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(error):
        for name, value in [("COLUMNS", COLUMNS), *(setting.split("=", 1) for setting in settings)]:
            patch.setitem(os.environ, name, value)
        with pytest.raises(SystemExit) as ended:
            main(words[3:])
    return out.getvalue() if ended.value.code == 0 else error.getvalue()
