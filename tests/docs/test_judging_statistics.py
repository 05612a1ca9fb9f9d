"""docs/judging-statistics.md: its commands are ones, and its constants are those of the code."""

from __future__ import annotations

import re
import shlex

import pytest
from places import ROOT

from bench.cli import parser
from bench.judging.design import RANDOM_SHARE, VALUE_SHARE
from bench.judging.estimate import FOLDS
from bench.judging.intervals import FEWEST_RELEVANT
from bench.judging.plan import plan, shipped_pilots
from bench.judging.pool import rank_weights
from bench.judging.stopping import ALPHA, LOOKS, STEP
from bench.report.plan import rounded

TEXT = (ROOT / "docs" / "judging-statistics.md").read_text("utf-8")
COMMANDS = re.findall(r"^python -m bench ([^#\n]+)", TEXT, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_one(command):
    assert callable(parser().parse_args(shlex.split(command)).command)


def test_constants():
    assert f"{1 - VALUE_SHARE - RANDOM_SHARE:.1f} |weight in the differences|" in TEXT
    assert f"{VALUE_SHARE} |weight in the values| √(c (1 - c)) + {RANDOM_SHARE}" in TEXT
    assert (FOLDS, FEWEST_RELEVANT, LOOKS, STEP, ALPHA) == (5, 10, 8, 1.5, 0.05)  # four fifths, ten, eight, two thirds
    assert f"down to {STEP ** (1 - LOOKS):.0%}" in TEXT
    first = rank_weights("nDCG@10")[0]
    assert f"{1 / first:.2f}" in TEXT
    assert f"is {first:.2f}.".replace("0.", ".") in TEXT


def test_the_range_of_a_plan():
    planned = plan(shipped_pilots(), 0.03)
    counts = [rounded(row.queries) for row in planned]
    assert f"from {min(counts)} to {max(counts):,} queries" in TEXT
    spreads = [row.pilot.spread for row in planned]
    assert f"from .{min(spreads):.2f}".replace(".0.", ".") in TEXT
    assert f"to .{max(spreads):.2f}".replace(".0.", ".") in TEXT
