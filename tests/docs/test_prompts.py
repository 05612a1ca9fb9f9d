"""docs/prompts.md: its command prints what it shows, and its measures are all that there are."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise

import pytest
from places import ROOT

from bench.analysis.budgets import BUDGETS
from bench.cli import main
from bench.evaluation.budget_measures import BUDGETED
from bench.evaluation.measures import resolve

PAGE = (ROOT / "docs" / "prompts.md").read_text("utf-8")


def test_the_command_prints_the_prompt_that_is_shown(capsys):
    command = re.search(r"^python -m bench (context .*)$", PAGE, re.MULTILINE)[1]
    with pytest.raises(SystemExit) as ended:
        main(shlex.split(command))
    assert ended.value.code == 0
    assert capsys.readouterr().out == re.search(r"```text\n(.*?)```", PAGE, re.DOTALL)[1]


def test_its_measures_are_those_that_there_are():
    command = shlex.split(re.search(r"^python -m bench (run .*)$", PAGE, re.MULTILINE)[1])
    assert resolve([after for word, after in pairwise(command) if word == "-m"])
    assert re.findall(r"^\| (\w+)@800t \|", PAGE, re.MULTILINE) == ["R", "Success", "nDCG", "Answer"]
    assert set(BUDGETED) == {"R", "Success", "nDCG", "Answer"}
    assert re.search(r"^\| word pieces \| (.*?) \|$", PAGE, re.MULTILINE)[1].split(" | ") == [f"{n:,}" for n in BUDGETS]
