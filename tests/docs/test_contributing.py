"""CONTRIBUTING.md: its table names the rooms, and what it says of adding one is carried out in a copy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest
from places import ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
# The words before a block of code: a new file, an entry of a table, or a definition at the end.
STEP = re.compile(
    r"^(?:`(?P<new>[\w/]+\.py)`"
    r"|In `(?P<table>\w+)` of `(?P<in>[\w/]+\.py)`"
    r"|[^\n]*at the end of `(?P<end>[\w/]+\.py)`):"
    r"\n\n```\w+\n(?P<code>.*?)```$",
    re.MULTILINE | re.DOTALL,
)


def placed(text, table, code):
    """A module's text with code at the beginning of a table, or at its end."""
    at = re.search(rf"^{table}\b.*[{{(]\n", text, re.MULTILINE).end() if table else len(text)
    return text[:at] + ("" if table else "\n\n") + code + text[at:]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A copy of the code in which every step was taken."""
    copy = tmp_path_factory.mktemp("house")
    for folder in ("bench", "retrievers", "datasets"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for step in STEP.finditer(PAGE):
        path = copy / (step["new"] or step["in"] or step["end"])
        assert path.exists() != bool(step["new"]), path
        if step["new"]:
            path.write_text(step["code"], "utf-8")
        else:
            path.write_text(placed(path.read_text("utf-8"), step["table"], step["code"]), "utf-8")
    return copy


def bench(house, *arguments):
    command = [sys.executable, "-P", "-m", "bench", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(house)}
    done = subprocess.run(command, cwd=house, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_each_kind_is_shown_with_its_file_and_its_line():
    assert len(STEP.findall(PAGE)) == 8
    assert 2 * len(STEP.findall(PAGE)) == PAGE.count("\n```")


@pytest.mark.slow
def test_a_retriever_a_format_a_measure_and_a_form_work_after_their_file_and_their_line(house):
    (house / "help.faq").write_text(
        "Q: when are you open\nA: We are open from nine.\nQ: how to pay\nA: We take cards to pay.\n"
    )
    shown = bench(
        house, *("run", "help.faq", "-r", "overlap", "-r", "bm25", "-m", "AllFound@1", "--name", "x", "--no-latency")
    )
    assert "AllFound@1" in shown
    measures = (house / "results" / "x" / "measures.csv").read_text("utf-8")
    assert "help,overlap,all,AllFound@1,1.0," in measures
    outline = (house / "results" / "x" / "outline.txt").read_text("utf-8")
    assert outline.startswith("x\n  Verdict: ")
    assert "overlap" in bench(house, "retrievers")


def test_what_it_adds_is_clean(house):
    """As everything here is, by the linters' rules."""
    for step in STEP.finditer(PAGE):
        if step["new"]:
            done = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "ruff",
                    "check",
                    "--config",
                    str(ROOT / "pyproject.toml"),
                    str(house / step["new"]),
                ],
                capture_output=True,
                text=True,
                check=False,
            )
            if "No module named ruff" in done.stderr:
                pytest.skip("ruff is not installed")
            assert done.returncode == 0, done.stdout


def test_the_added_retriever_keeps_the_contract(house):
    code = "from retrievers.testing import check_retriever; check_retriever('overlap')"
    subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=house, env={**os.environ, "PYTHONPATH": str(house)}, check=True
    )


def test_the_rooms_are_those_that_are_there():
    table = PAGE.partition("| room |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`(bench/\w+)/`", table)) | {"bench/pytest_plugin.py"}
    there = {f"bench/{path.name}" for path in (ROOT / "bench").iterdir() if (path / "__init__.py").is_file()}
    assert named - {"bench/pytest_plugin.py"} == there
