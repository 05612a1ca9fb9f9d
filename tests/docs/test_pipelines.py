"""docs/pipelines.md: each retriever that it writes can be made, its table is read, its fusions are all."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise

import pytest
from places import ROOT

from bench.config import load_config
from bench.experiment.labels import split_label
from retrievers import create
from retrievers.fusion import METHODS, RRF_K
from retrievers.pipelines.hybrid import Hybrid

PAGE = (ROOT / "docs" / "pipelines.md").read_text("utf-8")
COMMANDS = re.findall(r"^python -m bench run .*$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_the_commands_name_can_be_made(command):
    words = shlex.split(command)
    named = [after for word, after in pairwise(words) if word == "-r"]
    assert named
    for given in named:
        create(split_label(given)[1])


def test_the_table_is_read(tmp_path):
    path = tmp_path / "bench.toml"
    path.write_text(re.search(r"<!-- toml -->\n```toml\n(.*?)```", PAGE, re.DOTALL)[1], "utf-8")
    made = [create(split_label(given)[1]) for given in load_config(path).retrievers]
    assert made[-1].weights == (1.0, 2.0)


def test_the_fusions_are_those_that_there_are():
    named = re.findall(r"^\| `(\w+)`[^|]*\| [^|]*\| [^|]*\d{4} \|$", PAGE, re.MULTILINE)
    assert sorted(named) == sorted(METHODS)
    assert f"`{Hybrid.fusion}` (default)" in PAGE
    assert f"`depth` ({Hybrid.depth})" in PAGE
    assert f"`rrf_k` = {RRF_K}" in PAGE
