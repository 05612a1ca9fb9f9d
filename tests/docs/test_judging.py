"""docs/judging.md: its commands are ones."""

from __future__ import annotations

import re
import shlex

import pytest
from places import ROOT

from bench.cli import parser

COMMANDS = [
    command
    for page in ("README.md", "docs/judging.md")
    for command in re.findall(
        r"^python -m bench ((?:judge|plan) [^#\n]+)", (ROOT / page).read_text("utf-8"), re.MULTILINE
    )
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_one(command):
    assert callable(parser().parse_args(shlex.split(command)).command)
