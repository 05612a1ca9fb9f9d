"""docs/tuning.md: its commands can be run, its example says what it says, its table is of the simulation."""

from __future__ import annotations

import re
import shlex

import pytest
from places import ROOT

from bench.cli import main, parser
from bench.experiment.search_space import search_space

PAGE = (ROOT / "docs" / "tuning.md").read_text("utf-8")
COMMANDS = re.findall(r"^python -m bench (tune .*)$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_its_retrievers_can_be_read(command):
    asked = parser().parse_args(shlex.split(command))
    assert any(search_space(given).is_open for given in asked.retrievers)


@pytest.mark.parametrize("written", re.findall(r"^\| `([^`]*\[[^`]*)` \|", PAGE, re.MULTILINE))
def test_its_brackets_are_read(written):
    within = {"k1": "bm25:", "b": "bm25:", "stemmer": "bm25:", "weights": "hybrid(bm25, tfidf, "}
    start = within.get(written.split("=")[0], "")
    assert search_space(f"{start}{written}{')' * start.startswith('hybrid')}").is_open


@pytest.mark.slow
def test_its_example(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "250")
    shown = PAGE.partition("## An example")[2].split("```")
    command, lines = shown[1].strip().splitlines()[-1], shown[3].strip().splitlines()
    with pytest.raises(SystemExit) as ended:
        main(shlex.split(command)[3:])
    out = " ".join(re.sub("┃", "│", capsys.readouterr().out).split())
    assert ended.value.code == 0
    for line in lines:
        assert " ".join(line.split()) in out
