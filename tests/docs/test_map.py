"""docs/map.md: its commands are ones, and what it says of limits and names holds."""

from __future__ import annotations

import re
import shlex

import pytest
from places import ROOT

from bench.cli import parser
from bench.evaluation.projection import DRAWN, METHODS, MOST
from bench.storage.schema import MAP

TEXT = (ROOT / "docs" / "map.md").read_text("utf-8")
COMMANDS = re.findall(r"^python -m bench ([^#\n]+)", TEXT, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_one(command):
    assert callable(parser().parse_args(shlex.split(command)).command)


def test_limits_and_names():
    assert f"more than {MOST['pca']:,} documents" in TEXT
    assert f"more than {MOST['tsne']:,} for t-SNE" in TEXT
    assert f"a\n  sample of {DRAWN} texts" in TEXT
    assert f"`{MAP}`" in TEXT
    for method in METHODS:
        assert f"**{method}**" in TEXT
