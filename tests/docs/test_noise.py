"""docs/noise.md: its commands can be read, and the figures of its example are those that the command gives."""

from __future__ import annotations

import re
import shlex

import pytest
from places import ROOT

from bench.cli import main, parser

PAGE = (ROOT / "docs" / "noise.md").read_text("utf-8")
EXAMPLE = "python -m bench noise vector-notes -r bm25"


@pytest.mark.parametrize("command", re.findall(r"^python -m bench (.*)$", PAGE, re.MULTILINE))
def test_its_commands_can_be_read(command):
    assert parser().parse_args(shlex.split(command))


@pytest.mark.slow
def test_the_example_gives_the_figures_that_are_shown(tmp_path, capsys):
    after = PAGE.partition(f"\n{EXAMPLE}\n")[2].partition("\n## ")[0]
    shown = [line for line in after.splitlines() if line.startswith("|")]
    assert len(shown) > 10
    with pytest.raises(SystemExit) as ended:
        main([*shlex.split(EXAMPLE)[3:], "--results", str(tmp_path), "--name", "n"])
    assert ended.value.code == 0
    report = (tmp_path / "n" / "report.md").read_text("utf-8").splitlines()
    assert [line for line in shown if line not in report] == []
