"""docs/indexes.md: each retriever that it writes can be made, and its table is of the indexes that there are."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise

import pytest
from places import ROOT

from bench.cli import parser
from bench.experiment.labels import split_label
from bench.experiment.sweeps import MOST_POINTS, curve_points, parse_sweep
from retrievers import create
from retrievers.indexes.ann import Ann
from retrievers.indexes.faiss_indexes import A_CENTRE, CENTRES, FEWEST_LISTS, INDEXES, RESCORED

PAGE = (ROOT / "docs" / "indexes.md").read_text("utf-8")
COMMANDS = re.findall(r"^python -m bench run .*$", PAGE, re.MULTILINE)
MEASURED = re.findall(r"^\| `([a-z0-9]+(?:, [^`]*)?)` \| [.\d]", PAGE, re.MULTILINE)


@pytest.mark.parametrize("command", re.findall(r"^python -m bench (curve .*)$", PAGE, re.MULTILINE))
def test_the_curves_have_points(command):
    asked = parser().parse_args(shlex.split(command))
    sweeps = [parse_sweep(sweep) for sweep in asked.sweep]
    points = curve_points(asked.retrievers, sweeps)
    assert {sweep.parameter for sweep in sweeps} == {name for point in points for name in point.values}


@pytest.mark.parametrize("command", COMMANDS)
def test_what_the_commands_name_can_be_made(command):
    words = shlex.split(command)
    named = [after for word, after in pairwise(words) if word == "-r"]
    assert named
    for given in named:
        create(split_label(given)[1])


def test_what_was_measured_can_be_made():
    assert len(MEASURED) > 10
    for index in MEASURED:
        create(f"ann(lsa, index={index})")


def test_its_table_has_each_index_with_its_defaults():
    table = PAGE.partition("| `index` |")[2].partition("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    listed = {name: text for names, *_, text in rows for name in re.findall(r"`(\w+)`", names)}
    assert set(listed) == set(INDEXES)
    for name, its in INDEXES.items():
        assert set(re.findall(r"`(\w+)`", listed[name])) == set(its.parameters)
        for parameter, default in its.parameters.items():
            if default is not None and name != "ivfpq":
                assert f"`{parameter}` ({default})" in listed[name]


def test_the_numbers_of_its_text():
    assert f"`rescore` ({RESCORED} for `pq`, `ivfpq` and `binary`, 0 for the others)" in PAGE
    assert {name for name, its in INDEXES.items() if its.rescore} == {"pq", "ivfpq", "binary"}
    assert (
        f"{A_CENTRE} documents a list, at least {A_CENTRE * FEWEST_LISTS}; `pq`, `ivfpq`: {A_CENTRE * CENTRES}" in PAGE
    )
    assert f"`{create('ann(lsa)').index_type}` (default)" in PAGE
    assert ", ".join(f"`{name}`" for name in Ann.search_parameters) in PAGE
    assert f"of {MOST_POINTS} points at most" in PAGE
