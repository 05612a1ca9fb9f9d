"""What a page carries of maps: a block a set, from which a script draws."""

from __future__ import annotations

import base64
import json
import zlib

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from fakes import Fixed
from made import CORPUS, QUERIES

import bench
from bench.report.page.map_data import HITS, map_blocks
from bench.report.run import maps, page
from retrievers.dense.lsa import Lsa
from retrievers.lexical.bm25 import BM25


def unpacked(block):
    packed = str(block).partition(">")[2].partition("<")[0]
    return json.loads(zlib.decompress(base64.b64decode(packed)))


def array(text, kind):
    return np.frombuffer(base64.b64decode(text), kind)


@pytest.fixture
def run(write_set, tmp_path):
    corpus = [{**row, "metadata": {"shelf": "ab"[place % 2]}} for place, row in enumerate(CORPUS)]
    queries = [{**query, "text": f"{query['text']}\x1b[31m </script>"} for query in QUERIES]
    retrievers = {"bm25": BM25(), "lsa": Lsa(dimensions=3), "fixed": Fixed()}
    return bench.run(write_set(corpus=corpus, queries=queries), retrievers, latency=False, results=str(tmp_path / "r"))


def test_what_is_drawn_of_a_set(run):
    listed, block = map_blocks(run)
    assert unpacked(listed) == {"sets": ["small"]}
    content = unpacked(block)
    assert (content["documents"], content["queries"]) == (5, 3)
    assert content["ids"] == ["d4", "d3", "d2", "d10", "d1", "q1", "q2", "q3"]
    assert content["texts"][5].endswith("\N{REPLACEMENT CHARACTER}[31m </script>")
    assert "</script>" not in str(block).removesuffix("</script>")
    assert content["without"] == ["fixed"]
    assert [retriever["label"] for retriever in content["retrievers"]] == ["bm25", "lsa"]
    assert content["retrievers"][1]["variance"] == run.analysis["sets"]["small"]["maps"]["lsa"]["variance"]


def test_coordinates_lose_less_than_a_step(run):
    table = pq.read_table(run.folder / "map.parquet")
    for retriever in unpacked(map_blocks(run)[1])["retrievers"]:
        its = table.filter(pc.equal(table["retriever"], retriever["label"]))
        for axis in ("x", "y"):
            stored, drawn = its[axis].to_numpy(), array(retriever[axis], "<u2") * retriever["step"]
            assert np.allclose(drawn - drawn[0], stored - stored[0], atol=retriever["step"])


def test_hits_and_relevant_documents_are_positions(run):
    content = unpacked(map_blocks(run)[1])
    ids = content["ids"]
    hits = array(content["hits"][0], "<u2").reshape(-1, HITS).astype(int) - 1
    shown = {row["query"]: row for row in pq.read_table(run.folder / "queries.parquet").to_pylist()}
    for query, row in enumerate(hits):
        expected = [hit["document"] for hit in shown[ids[5 + query]]["hits"] if hit["retriever"] == "bm25"]
        assert [ids[place] for place in row if place >= 0] == expected
    assert [sorted(ids[place] for place in its) for its in content["relevant"]] == [["d1", "d2"], ["d3"], ["d10"]]


def test_fields_that_group_can_colour(run):
    groupings = unpacked(map_blocks(run)[1])["groupings"]
    by_name = {(grouping["of"], grouping["name"]): grouping for grouping in groupings}
    assert list(by_name) == [("documents", "shelf"), ("queries", "kind")]  # five documents have no topics
    kind = by_name["queries", "kind"]
    assert kind["groups"] == ["words", "code", "other"]
    assert array(kind["codes"], np.uint8).tolist() == [0, 1, 0]


def test_a_run_without_maps_has_no_view_of_them(write_set, tmp_path):
    stored = bench.run(write_set(), {"bm25": BM25()}, latency=False, map="none", results=str(tmp_path / "r"))
    assert map_blocks(stored) == []
    assert 'id="map-root"' not in page.render(stored)


def test_the_page_of_a_run_and_that_of_the_map_alone_have_the_view(run):
    for html in (page.render(run), maps.render(run)):
        assert 'id="map-root"' in html
        assert 'id="data-map-0"' in html
        assert "stampMarks" in html
