"""The second half of docs/bring-your-data.md, from plain text on: its files are written and its commands run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys

import ir_datasets
import pytest
from places import ROOT

from bench.cli import parser
from bench.data.formats import hf

TEXT = (ROOT / "docs" / "bring-your-data.md").read_text("utf-8").partition("## Plain text")[2]
FILES = re.findall(r"<!-- file: (.+?) -->\n```\w*\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = [
    shlex.split(line)[3:]
    for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("python -m bench ")
]
REMOTE = ("irds:", "hf:")
SIZES = {"trec": "3 documents, 2 queries", "cisi": "2 documents, 2 queries"}
LOCAL = [each for each in COMMANDS if not each[1].startswith(REMOTE)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("docs")
    for name, content in FILES:
        path = made / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    return made


def test_each_section_has_an_example():
    shown = {each[1].partition(":")[0] if each[1].startswith(REMOTE) else each[1] for each in COMMANDS}
    assert shown == {"notes", "handbook", "manual", "articles", "trec", "cisi", "irds", "hf"}
    assert {name.partition("/")[0] for name, _ in FILES} == {"notes", "handbook", "manual", "articles", "trec", "cisi"}


@pytest.mark.slow
@pytest.mark.parametrize("command", LOCAL, ids=" ".join)
def test_a_local_example_runs(folder, command):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CORPUS_")}
    found = subprocess.run(
        [sys.executable, "-m", "bench", *command, "--name", "example", "--fresh"],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    report = (folder / "results" / "example" / "report.md").read_text("utf-8")
    name = command[1]
    if "--known-item" in command:
        assert f"{name} (known-item: title)" in report
        assert "known-item queries made from title" in report
    else:
        assert f"{name}: {SIZES.get(name, '3 documents, 3 queries')}" in report
        assert "sample of" not in report


@pytest.mark.parametrize("command", [each for each in COMMANDS if each not in LOCAL], ids=" ".join)
def test_a_remote_example_is_well_formed(command):
    """Whether it is there is not asked, since tests do without a network; the library lists what it knows."""
    options = parser().parse_args(command)
    scheme, _, source = options.datasets[0].partition(":")
    if scheme == "irds":
        collection = ir_datasets.registry[f"{source}/{options.split}" if options.split else source]
        assert all(collection.has(each) for each in ("docs", "queries", "qrels"))
    else:
        assert hf.SOURCE.fullmatch(source)
