"""The page of a run: what its first screen says, and that every place in it is one."""

from __future__ import annotations

import re

import numpy as np
import pytest
from made import CORPUS, QRELS, QUERIES, write_beir

import bench
from bench.data.formats import load_dataset
from bench.report.run.explored import shown_sets
from bench.report.run.page import render

# Beginnings of ids, a part, views, and one that is no name of a file.
NAMES = ("figure", "set", "quality", "map", "queries", "report", "a b")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    queries, qrels = [*QUERIES, {"_id": "unknown", "text": "qwertz"}], [*QRELS, ("unknown", CORPUS[0]["_id"], 1)]
    sets = [load_dataset(write_beir(folder / name, CORPUS, queries, qrels)) for name in NAMES]
    return bench.run(sets, ["bm25", "tfidf"], results=str(folder / "results"), name="page", latency=False)


@pytest.fixture(scope="module")
def page(run):
    return render(run)


@pytest.mark.slow
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


def test_the_explorer_shows_the_values_of_each_query(run):
    for dataset, shown in zip(run.datasets, shown_sets(run), strict=True):
        stored = run.per_query[run.per_query["dataset"] == dataset["name"]].set_index(["retriever", "query"])
        for label, values in zip(shown.texts["retrievers"], shown.explored["values"], strict=True):
            expected = stored.loc[[(label, query) for query in shown.texts["queries"]["id"]], run.info["measures"]]
            assert np.transpose(values) == pytest.approx(expected.to_numpy(), abs=1e-4)


def test_headings_of_a_part_are_below_its_own(page):
    about = page[page.index('id="about"') :]
    assert "<h3>Signatures</h3>" in about
