"""docs/growing.md: its example prints what stands there, its commands are ones, its figures are of one another."""

from __future__ import annotations

import re
import shlex

import pytest
from places import ROOT
from run_page import Reader, blocks, matches

from bench.cli import parser
from bench.data.formats import shipped

PAGE = (ROOT / "docs" / "growing.md").read_text("utf-8")


def test_the_example_prints_what_the_page_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (block,) = blocks(PAGE)
    printed = Reader().run(block)
    assert matches(printed, block.printed), printed


@pytest.mark.parametrize("command", re.findall(r"python -m bench (grow [^`\n]+)", PAGE))
def test_a_command_is_one(command):
    asked = parser().parse_args(shlex.split(command))
    assert asked.distractors == "self" or asked.distractors in shipped() or asked.distractors.startswith("path/to/")


def test_the_differences_are_those_of_the_figures_beside_them():
    """To a unit of the last digit, of which both sides are rounded."""
    rows = re.findall(
        r"^\|.*?\(x[\d.]+\) \| (\.\d{3}).*?\| (\.\d{3}).*?\| \.\d{3}.*?\| \**([+-]\.\d{3}) ", PAGE, re.MULTILINE
    )
    assert len(rows) == 8
    for a, b, difference in rows:
        assert float(a) - float(b) == pytest.approx(float(difference), abs=0.0016)
