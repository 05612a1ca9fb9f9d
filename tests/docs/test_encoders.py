"""docs/encoders.md: each retriever that it writes can be made, and its table has them all."""

from __future__ import annotations

import dataclasses
import re
import shlex
from itertools import pairwise

import pytest
from places import ROOT
from tiny import tiny_colbert, tiny_encoder, tiny_splade

from bench.experiment.labels import split_label
from retrievers import create, load
from retrievers.services.api import Api

PAGE = (ROOT / "docs" / "encoders.md").read_text("utf-8")
COMMANDS = re.findall(r"^python -m bench \w+ .*$", PAGE, re.MULTILINE)
NAMES = re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`[^|]*) \| [^|]* \| \w+ \|", PAGE, re.MULTILINE)))


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    tiny_encoder(folder)
    tiny_splade(folder)
    tiny_colbert(folder)
    return folder


@pytest.fixture(autouse=True)
def own_files(models, tmp_path, monkeypatch):
    """The reader stands in a folder with the word vectors and models that the page names."""
    (tmp_path / "path" / "to").mkdir(parents=True)
    for name in ("plain", "splade", "colbert"):
        (tmp_path / "path" / "to" / name.replace("plain", "bert")).symlink_to(models / name)
    (tmp_path / "glove.6B.300d.txt").write_text("cat 1 2\nmat 2 1\n", "utf-8")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_the_commands_name_can_be_made(command):
    words = shlex.split(command, comments=True)
    named = [after for word, after in pairwise(words) if word == "-r"]
    assert named
    for given in named:
        create(split_label(given)[1])


def test_every_encoder_of_the_table_is_there():
    assert {"lsa", "static", "contextual", "sparse", "late", "api", "minilm", "dense"} <= set(NAMES)
    for name in NAMES:
        load(name)


def test_all_parameters_of_the_endpoint_are_told():
    explained = set(re.findall(r"`(\w+)`", PAGE[PAGE.index("| parameter |") :]))
    assert {field.name for field in dataclasses.fields(Api) if field.init} <= explained
