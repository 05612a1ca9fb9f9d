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
from retrievers.pipelines.chunks import USUAL_WORDS, Chunks
from retrievers.pipelines.expand import Expand
from retrievers.pipelines.hybrid import Hybrid
from retrievers.pipelines.rerank import SCORERS, Rerank

PAGE = (ROOT / "docs" / "pipelines.md").read_text("utf-8")
COMMANDS = re.findall(r"^python -m bench run .*$", PAGE, re.MULTILINE)


@pytest.fixture(autouse=True)
def own_files(tmp_path, monkeypatch):
    """The reader stands in a folder with the files that the page writes."""
    for name, text in re.findall(r"<!-- file: (\S+) -->\n```python\n(.*?)```", PAGE, re.DOTALL):
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))


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


def test_the_defaults_are_those_that_the_page_names():
    assert (Rerank.by, Rerank.depth) == ("maxsim", 50)
    assert "`maxsim` (default)" in PAGE
    assert f"the first `depth` ({Rerank.depth}) hits" in PAGE
    assert f"`documents` ({Expand.documents})" in PAGE
    assert f"`terms` ({Expand.terms})" in PAGE
    assert f"`weight` ({Expand.weight})" in PAGE
    assert f"`depth` ({Chunks.depth})" in PAGE
    assert f"{USUAL_WORDS} words" in PAGE
    assert {name for name in SCORERS if f"| `{name}`" in PAGE} == set(SCORERS)
