"""What a page carries of maps, and of the texts that the map shares with the query explorer."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from fakes import Fixed
from made import CORPUS, QUERIES
from page_data import blocks

import bench
from bench.report.page import map_data as map_data_module
from bench.report.page.map_data import heads, map_data, map_table
from bench.report.run import maps, page
from retrievers.dense.lsa import Lsa
from retrievers.lexical.bm25 import BM25


@pytest.fixture
def run(write_set, tmp_path):
    corpus = [{**row, "metadata": {"shelf": "ab"[place % 2]}} for place, row in enumerate(CORPUS)]
    queries = [{**query, "text": f"{query['text']}\x1b[31m </script>"} for query in QUERIES]
    retrievers = {"bm25": BM25(), "lsa": Lsa(dimensions=3), "fixed": Fixed()}
    return bench.run(write_set(corpus=corpus, queries=queries), retrievers, latency=False, results=str(tmp_path / "r"))


def test_the_map_alone_carries_texts_hits_and_points_and_nothing_of_the_explorer(run):
    carried = blocks(maps.render(run))
    assert [*carried] == ["map", "texts-small", "map-small"]
    assert carried["map"] == {"sets": [{"slug": "small", "name": "small"}]}
    texts, points = carried["texts-small"], carried["map-small"]
    assert (points["documents"], points["queries"]) == (5, None)
    assert texts["documents"][:5] == ["d4", "d3", "d2", "d10", "d1"]
    assert texts["queries"]["id"] == ["q1", "q2", "q3"]
    assert texts["queries"]["text"][0].endswith("\N{REPLACEMENT CHARACTER}[31m </script>")
    assert points["without"] == ["fixed"]
    assert [texts["retrievers"][retriever["number"]] for retriever in points["retrievers"]] == ["bm25", "lsa"]
    assert points["retrievers"][1]["variance"] == run.analysis["sets"]["small"]["maps"]["lsa"]["variance"]


def test_the_page_of_a_run_carries_each_text_once_for_both_views(run):
    carried = blocks(page.render(run))
    assert [*carried] == ["drawings", "map", "texts-small", "explorer-small", "map-small"]
    texts = carried["texts-small"]
    assert texts["passages"]["counts"] == [1] * 5
    assert sorted(texts["passages"]["text"]) == sorted(f"{row['title']} {row['text']}".strip() for row in CORPUS)


def test_coordinates_lose_less_than_a_step(run):
    table = pq.read_table(run.folder / "map.parquet")
    for retriever, label in zip(blocks(maps.render(run))["map-small"]["retrievers"], ("bm25", "lsa"), strict=True):
        its = table.filter(pc.equal(table["retriever"], label))
        for axis in ("x", "y"):
            stored, drawn = its[axis].to_numpy(), np.array(retriever[axis]) * retriever["step"]
            assert np.allclose(drawn - drawn[0], stored - stored[0], atol=retriever["step"])


def test_a_sample_of_the_queries_is_named_by_their_numbers(run):
    table = map_table(run, "small")
    table = table.filter(pc.invert(pc.equal(table["id"], "q2")))
    made = map_data(run, "small", table, {"fixed": "fixed", "lsa": "lsa", "bm25": "bm25"}, ["q1", "q2", "q3"])
    assert made["queries"] == [0, 2]
    assert [retriever["number"] for retriever in made["retrievers"]] == [2, 1]


def test_of_many_documents_the_heads_are_shorter(run, monkeypatch):
    table = map_table(run, "small")
    whole = heads(table).texts
    assert max(map(len, whole)) > 20
    monkeypatch.setattr(map_data_module, "SHORTEST_HEAD", 10)
    monkeypatch.setattr(map_data_module, "CHARACTERS", 100)
    assert heads(table).texts == [text[:20] for text in whole]


def test_fields_that_group_can_colour(run):
    groupings = blocks(maps.render(run))["map-small"]["groupings"]
    by_name = {(grouping["of"], grouping["name"]): grouping for grouping in groupings}
    assert list(by_name) == [("documents", "shelf"), ("queries", "kind")]  # five documents have no topics
    kind = by_name["queries", "kind"]
    assert kind["groups"] == ["words", "code", "other"]
    assert kind["codes"] == [0, 1, 0]


def test_a_run_without_maps_has_no_view_of_them(write_set, tmp_path):
    stored = bench.run(write_set(), {"bm25": BM25()}, latency=False, map="none", results=str(tmp_path / "r"))
    html = page.render(stored)
    assert 'id="map-root"' not in html
    assert [*blocks(html)] == ["drawings", "texts-small", "explorer-small"]


def test_the_page_of_a_run_and_that_of_the_map_alone_have_the_view(run):
    for html in (page.render(run), maps.render(run)):
        assert 'id="map-root"' in html
        assert "stampMarks" in html
