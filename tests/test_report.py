"""Reports show what is stored, and keep hostile text inert."""

from __future__ import annotations

import re

import pytest
from fakes import Fixed

import bench
from bench.formats import load_dataset
from bench.report import charts, figures, markdown, terminal


@pytest.fixture
def found(write_set, tmp_path):
    dataset = load_dataset(write_set(card='slices = ["kind"]\nmeasure = "R@5"'))
    return bench.run([dataset], ["bm25", Fixed()], results=str(tmp_path / "out"), latency=False)


def test_the_best_of_a_column_is_marked(found):
    table = figures.quality(found, found.datasets[0])
    assert table.header[0] == "retriever"
    assert "R@5 [95%]" in table.header  # the card's main measure
    column = table.header.index("RR@10")
    assert (0, column) in table.best
    assert (1, column) not in table.best


def test_shown_figures_are_the_stored_ones(found):
    table = figures.quality(found, found.datasets[0])
    frame = found.measures[(found.measures["slice"] == "all") & (found.measures["retriever"] == "Fixed")]
    for name, value in zip(frame["measure"], frame["value"], strict=True):
        cell = next(c for h, c in zip(table.header, table.rows[1], strict=True) if h.split(" ")[0] == name)
        assert cell.split(" ")[0].rstrip(figures.DAGGER) == f"{value:.4f}"


def test_slices_have_their_counts(found):
    table = figures.by_slice(found, found.datasets[0], "kind")
    assert [(row[0], row[1]) for row in table.rows] == [("code", "1"), ("words", "2")]


HOSTILE = "<script>alert(1)</script> | **x** [a](b) `c` $x^2$\n# title"


def test_hostile_names_stay_text(write_set, tmp_path):
    from dataclasses import replace

    dataset = replace(load_dataset(write_set()), name=HOSTILE)
    found = bench.run([dataset], [Fixed()], results=str(tmp_path / "out"), latency=False)
    charts.write(found)
    text = markdown.render(found)
    assert "<script>" not in text
    pipes = [len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines() if line.startswith("|")]
    for table in (figures.summary(found), figures.quality(found, found.datasets[0])):
        assert len(table.header) + 1 in pipes
    assert all(line.endswith("|") for line in text.splitlines() if line.startswith("|"))
    assert not any(line.startswith("# title") for line in text.splitlines())
    list(terminal.render(found))


def test_charts_are_the_same_bytes_again(found):
    charts.write(found)
    first = {path.name: path.read_bytes() for path in (found.folder / "charts").iterdir()}
    charts.write(found)
    assert {path.name: path.read_bytes() for path in (found.folder / "charts").iterdir()} == first
