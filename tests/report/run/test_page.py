"""The page of a run: what its first screen says, and that every place in it is one."""

from __future__ import annotations

import re

import pytest
from made import CORPUS, QRELS, QUERIES, write_beir

import bench
from bench.data.formats import load_dataset
from bench.report.run.page import render

# Beginnings of ids, a part, views, and one that is no name of a file.
NAMES = ("figure", "set", "quality", "map", "queries", "report", "a b")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    queries, qrels = [*QUERIES, {"_id": "unknown", "text": "qwertz"}], [*QRELS, ("unknown", CORPUS[0]["_id"], 1)]
    sets = [load_dataset(write_beir(folder / name, CORPUS, queries, qrels)) for name in NAMES]
    return render(bench.run(sets, ["bm25", "tfidf"], results=str(folder / "results"), name="page", latency=False))


def test_whatever_sets_are_called_no_two_places_are_one(page):
    places = re.findall(r'\sid="([^"]*)"', page)
    assert len(places) == len(set(places))


def test_every_link_leads_to_a_place(page):
    places = set(re.findall(r'\sid="([^"]*)"', page))
    links = {link.partition("?")[0] for link in re.findall(r'href="#([^"]*)"', page)}
    assert links
    assert links <= places


def test_the_first_screen_explains_its_marks_and_says_what_to_look_at(page):
    first = page[: page.index('<nav class="contents')]
    assert "beaten by no other on quality and all costs at once" in first
    assert "of the queries have a word that no document has" in first


def test_headings_of_a_part_are_below_its_own(page):
    about = page[page.index('id="about"') :]
    assert "<h3>Signatures</h3>" in about
