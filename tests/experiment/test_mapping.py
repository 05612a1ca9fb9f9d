"""The maps of a run: made last, stored whole, and never at the cost of a figure."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from fakes import Fixed, Placed

from bench.analysis.maps import mapped_positions
from bench.config import RunConfig
from bench.data.formats import load_dataset
from bench.errors import BenchError
from bench.evaluation import projection
from bench.experiment import mapping, runner
from bench.experiment.workers.worker import Worker
from bench.regression import baseline
from bench.storage.cell import write_cell
from bench.storage.run import load_run
from retrievers.dense.lsa import Lsa
from retrievers.lexical.bm25 import BM25

pytestmark = pytest.mark.slow

BOTH = {"bm25": BM25, "lsa": Lsa}


def run(folder, results, instances=BOTH, *, resume=False, **settings):
    folders = folder if isinstance(folder, tuple) else (folder,)
    settings = {"latency": False, "name": "r", "results": str(results), **settings}
    config = RunConfig(tuple(map(str, folders)), (), **settings)
    return runner.run(config, {label: make() for label, make in instances.items()}, resume=resume)


def table(stored):
    return pq.read_table(stored.folder / "map.parquet")


def map_bytes(stored):
    return {
        path.name: path.read_bytes() for path in [*stored.folder.glob("map.parquet"), *stored.folder.glob("map/*/*")]
    }


def test_what_is_stored_of_a_map(write_set, tmp_path):
    folder = write_set()
    stored = run(folder, tmp_path)
    dataset, rows = load_dataset(str(folder)), table(stored).to_pylist()
    ids = [*dataset.documents["id"].to_pylist(), *dataset.query_ids]
    assert [row["id"] for row in rows] == [*ids, *ids]
    assert [row["kind"] for row in rows[: len(ids)]] == ["document"] * 5 + ["query"] * 3
    assert [row["retriever"] for row in rows] == ["bm25"] * 8 + ["lsa"] * 8
    # Once a set, and not again with its second retriever.
    assert rows[0]["text"] == dataset.texts[0]
    assert json.loads(rows[5]["fields"]) == {"kind": "words"}
    assert {row["text"] for row in rows[8:]} == {row["fields"] for row in rows[8:]} == {None}
    for label, start in (("bm25", 0), ("lsa", 8)):
        points = np.load(stored.folder / "map" / "small" / f"{label}.npy")
        assert points.dtype == np.float32
        assert points.tolist() == [[row["x"], row["y"]] for row in rows[start : start + 8]]
    maps = stored.analysis["sets"]["small"]["maps"]
    assert list(maps) == ["bm25", "lsa"]
    assert maps["lsa"]["method"] == "pca"
    assert 0 < maps["lsa"]["variance"] <= 1
    assert 0 <= maps["lsa"]["neighbours"] <= 1
    assert (maps["lsa"]["documents"], maps["lsa"]["queries"], maps["lsa"]["sampled"]) == (5, 3, False)
    assert "map.parquet" in stored.info["checksums"]


def test_the_same_run_stores_the_same_bytes(write_set, tmp_path):
    folder = write_set()
    one, other = run(folder, tmp_path / "one"), run(folder, tmp_path / "other")
    assert len(map_bytes(one)) == 3
    assert map_bytes(one) == map_bytes(other)


def test_a_map_that_is_damaged_is_refused(write_set, tmp_path):
    stored = run(write_set(), tmp_path)
    (stored.folder / "map.parquet").write_bytes(b"other")
    with pytest.raises(BenchError, match=r"map\.parquet is missing or damaged"):
        load_run(stored.folder)


def noted(name, answer, got):
    def call(self, *arguments, **more):
        got.append((name, type(self._retriever).__name__))
        return answer(self, *arguments, **more)

    return call


@pytest.fixture
def messages(monkeypatch):
    """(message, retriever's class) in order, as workers got them."""
    got = []
    for name in ("open", "build", "rank", "time", "vectors"):
        monkeypatch.setattr(Worker, name, noted(name, getattr(Worker, name), got))
    return got


def test_vectors_are_asked_for_when_all_of_a_set_is_timed_and_before_the_next_is_opened(write_set, tmp_path, messages):
    sets = (write_set("one"), write_set("two"))
    run(sets, tmp_path, latency=True, samples=20)
    names = [name for name, _ in messages]
    second = [place for place, name in enumerate(names) if name == "open"][2]
    for part in (messages[:second], messages[second:]):
        assert [name for name, _ in part].count("vectors") == 2
        last_time = max(place for place, (name, _) in enumerate(part) if name == "time")
        assert [name for name, _ in part[last_time + 1 :]] == ["vectors", "vectors"]
        assert [whose for name, whose in part if name == "vectors"] == ["BM25", "Lsa"]


def test_a_run_without_maps_asks_for_no_vectors(write_set, tmp_path, messages):
    stored = run(write_set(), tmp_path, map="none")
    assert "vectors" not in [name for name, _ in messages]
    assert not map_bytes(stored)
    assert "maps" not in stored.analysis["sets"]["small"]
    assert "map.parquet" not in stored.info["checksums"]


@pytest.mark.parametrize(
    ("fails", "reason"),
    [("raises", "RuntimeError: no vectors today"), ("nan", "not all finite"), ("narrow", "ValueError")],
)
def test_a_map_that_fails_costs_itself_alone(write_set, tmp_path, fails, reason):
    stored = run(write_set(), tmp_path, {"bm25": BM25, "fake": lambda: Placed(fails=fails)})
    assert stored.failures == []
    (warning,) = stored.warnings
    assert warning.startswith("fake on small has no map: ")
    assert reason in warning
    assert set(stored.per_query["retriever"]) == {"bm25", "fake"}
    assert list(stored.analysis["sets"]["small"]["maps"]) == ["bm25"]
    assert "fake on small" in (stored.folder / "log.txt").read_text()


def test_a_process_that_dies_over_its_vectors_keeps_its_figures_and_takes_the_next_set(write_set, tmp_path):
    sets = (write_set("one"), write_set("two"))
    config = RunConfig(
        tuple(map(str, sets)), ("fakes:Placed(fails=dies)",), latency=False, name="r", results=str(tmp_path)
    )
    stored = runner.run(config)
    assert stored.failures == []
    assert len(stored.warnings) == 2
    assert "has no map: its process was killed (SIGKILL)" in stored.warnings[0]
    assert set(stored.measures["dataset"]) == {"one", "two"}
    assert not map_bytes(stored)


def test_a_run_that_stops_before_its_maps_makes_them_when_it_goes_on_and_times_nothing_again(
    write_set, tmp_path, monkeypatch, messages
):
    folder = write_set()
    whole = run(folder, tmp_path / "whole", latency=True, samples=20)
    with monkeypatch.context() as patch:
        patch.setattr(mapping, "project", lambda *arguments: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run(folder, tmp_path, latency=True, samples=20)
    messages.clear()
    stored = run(folder, tmp_path, latency=True, samples=20, resume=True)
    assert {name for name, _ in messages} == {"open", "build", "vectors"}
    assert map_bytes(stored) == map_bytes(whole)


def test_who_has_no_vectors_has_no_map_and_is_not_asked_again(write_set, tmp_path, messages):
    folder = write_set()
    stored = run(folder, tmp_path, {"fixed": Fixed})
    assert stored.warnings == []
    assert not map_bytes(stored)
    messages.clear()
    run(folder, tmp_path, {"fixed": Fixed}, resume=True)
    assert messages == []


def test_an_index_that_cannot_be_built_again_for_its_map_loses_no_times(write_set, tmp_path, monkeypatch):
    folder = write_set()
    stored = run(folder, tmp_path, {"fake": Placed}, latency=True, samples=20, map="none")
    monkeypatch.setattr(Fixed, "index", lambda self, documents: 1 / 0)
    again = run(folder, tmp_path, {"fake": Placed}, latency=True, samples=20, resume=True)
    assert again.failures == []
    assert "fake on small has no map" in again.warnings[-1]
    assert again.cell("small", "fake").info["timing"] == stored.cell("small", "fake").info["timing"]


def test_another_method_replaces_the_maps_of_a_run(write_set, tmp_path):
    folder = write_set()
    before = map_bytes(run(folder, tmp_path))
    again = run(folder, tmp_path, resume=True, map="tsne")
    assert again.analysis["sets"]["small"]["maps"]["lsa"]["method"] == "tsne"
    assert again.analysis["sets"]["small"]["maps"]["lsa"]["variance"] is None
    assert map_bytes(again) != before
    assert not map_bytes(run(folder, tmp_path, resume=True, map="none"))


def test_a_large_set_shows_a_sample(write_set, tmp_path, monkeypatch):
    monkeypatch.setitem(projection.MOST, "pca", 4)
    folder = write_set()
    stored = run(folder, tmp_path)
    dataset = load_dataset(str(folder))
    documents, queries = mapped_positions(dataset, "pca", 0)
    assert set(dataset.judged_document[dataset.relevant].tolist()) == set(documents.tolist())
    assert len(table(stored)) == 2 * (len(documents) + len(queries))
    assert stored.analysis["sets"]["small"]["maps"]["lsa"]["sampled"] is True


def test_umap_without_its_library_is_refused_before_a_folder_is_made(write_set, tmp_path, monkeypatch):
    monkeypatch.setattr(projection.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BenchError, match="needs umap-learn"):
        run(write_set(), tmp_path, map="umap")
    assert not (tmp_path / "r").exists()


def test_a_method_that_is_none(write_set, tmp_path):
    with pytest.raises(BenchError, match=r"map is pac\. Give pca, tsne, umap or none\."):
        run(write_set(), tmp_path, map="pac")


def test_the_baseline_leaves_maps_out(write_set, tmp_path):
    stored = run(write_set(), tmp_path)
    baseline.update(stored, tmp_path / "baseline")
    kept = load_run(tmp_path / "baseline")
    assert "map.parquet" not in kept.info["checksums"]
    assert not map_bytes(kept)


def test_a_cell_that_is_stored_anew_keeps_its_map(write_set, tmp_path):
    cell = run(write_set(), tmp_path).cell("small", "lsa")
    again = write_cell(cell.folder, {**cell.info, "timing": None}, {})
    assert again.points.tolist() == cell.points.tolist()
    assert again.info["checksums"]["map.npy"] == hashlib.sha256((cell.folder / "map.npy").read_bytes()).hexdigest()
