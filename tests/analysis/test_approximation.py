"""Approximate against exact: the figures of approximate.csv and the table that shows them."""

from __future__ import annotations

import numpy as np
import pytest
from made import made
from numbered import Keyed, Numbered, clustered

import bench
from bench.analysis.approximation import recall_of_exact
from bench.experiment.cell import Build
from bench.report.run.approximate import approximate
from bench.report.run.cost import cost, cost_shown, costs_of
from bench.report.run.kinds import tables
from bench.report.table import interval, signed_interval
from bench.storage.costs import COSTS
from retrievers.base import LOAD, SET_ASIDE, Ranking
from retrievers.indexes.ann import Ann
from retrievers.lexical.bm25 import BM25

ROWS = clustered(320, dimensions=16)


def ranking(*rows):
    hits = np.array(rows)
    return Ranking(hits, np.where(hits >= 0, -np.arange(hits.shape[1]), -np.inf).astype(np.float32))


def test_recall_is_of_the_first_ten_of_exact():
    exact = ranking([*range(12)], [3, 1, *[-1] * 10], [-1] * 12)
    own = ranking([*range(4, 10), 20, 21, 22, 23, 0, 1], [1, 7, *[-1] * 10], [5, *[-1] * 11])
    assert recall_of_exact(own, exact).tolist() == [0.6, 0.5, 1.0]
    assert recall_of_exact(exact, exact).tolist() == [1.0, 1.0, 1.0]


def dataset():
    """20 queries that are judged by their nearest documents."""
    documents = {f"{number:03}": str(number) for number in range(300)}
    queries = {f"q{number}": str(number) for number in range(300, 320)}
    nearest = np.argsort(-(ROWS[300:] @ ROWS[:300].T), axis=1)[:, :3].tolist()
    judged = [(query, f"{hit:03}", 1) for query, hits in zip(queries, nearest, strict=True) for hit in hits]
    return made(documents, queries, judged)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The exact search and two indexes over it."""
    retrievers = {
        "exact": Numbered(ROWS),
        "whole": Ann((Numbered(ROWS),), index_type="flat"),
        "few bits": Ann((Numbered(ROWS),), index_type="binary", rescore=0),
    }
    results = tmp_path_factory.mktemp("results")
    return bench.run(dataset(), retrievers, results=results, latency=False)


def figures(run, label):
    return {(row["quantity"], row["measure"]): row for row in run.rows("approximate") if row["retriever"] == label}


def test_exact_search_in_an_index_loses_nothing(run):
    its = figures(run, "whole")
    assert its["recall", ""]["value"] == 1
    assert {row["value"] for (quantity, _), row in its.items() if quantity == "loss"} == {0}
    assert its["bytes_a_document", ""]["value"] == 16 * 4
    assert its["index_bytes", ""]["value"] == 300 * 16 * 4


def test_what_an_index_loses_is_the_difference_from_its_part(run):
    its = figures(run, "few bits")
    assert 0 < its["recall", ""]["value"] < 1
    pairs = [row for row in run.rows("comparisons") if (row["a"], row["b"]) == ("exact", "few bits")]
    assert len(pairs) == len(run.info["measures"])
    for row in pairs:
        loss = its["loss", row["measure"]]
        assert loss["value"] == pytest.approx(row["difference"])
        assert loss["queries"] == 20
        mean = next(
            one
            for one in run.rows("measures")
            if (one["retriever"], one["measure"], one["slice"]) == ("exact", row["measure"], "all")
        )
        exact = its["exact", row["measure"]]
        assert [exact[name] for name in ("value", "low", "high")] == [mean[name] for name in ("value", "low", "high")]


def test_nothing_is_said_of_who_is_exact(run):
    assert not figures(run, "exact")


def test_the_table_has_a_row_for_each_index(run):
    (stored,) = run.datasets
    table = approximate(run, stored)
    assert [row[0] for row in table.rows] == ["whole", "few bits"]
    its = figures(run, "few bits")
    assert table.rows[1][1] == interval(its["recall", ""])
    assert table.rows[1][3] == signed_interval(its["loss", "nDCG@10"])
    assert "p50 ms" not in table.header, "nothing was timed"
    assert table.rows[0][-1] == "64"
    assert table in list(tables(run, stored))


def test_the_table_has_times_and_marks_who_was_trained_on_too_few(tmp_path):
    retrievers = {name: Ann((Numbered(ROWS),), index_type=name) for name in ("binary", "pq")}
    run = bench.run(dataset(), retrievers, results=tmp_path, samples=140, seconds=30)
    (stored,) = run.datasets
    table = approximate(run, stored)
    assert table.header[4:] == ("p50 ms", "p95 ms", "batch queries/s", "build s", "index MB", "bytes a document")
    costs = costs_of(run, stored)["binary"]
    row = dict(zip(table.header, table.rows[0], strict=True))
    for name in ("p50", "p95", "batch"):
        assert row[COSTS[name].heading] == cost_shown(costs, name)
        assert costs[name]["value"] > 0
    assert row["build s"] == f"{figures(run, 'binary')['build_seconds', '']['value']:.2f}"
    assert figures(run, "binary")["build_seconds", ""]["value"] > 0
    note = "§ all documents are compared: the index of pq needs 624 of them to be trained on, and there are fewer."
    for its in (table, cost(run, stored)):
        assert [row[0].startswith("pq §") for row in its.rows] == [False, True]
        assert note in its.notes


def test_no_build_time_comes_from_an_index_that_was_opened(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache.sqlite"))
    runs = [bench.run(dataset(), Ann((Keyed(ROWS),)), results=tmp_path, latency=False, fresh=True) for _ in range(2)]
    built, opened = (approximate(run, run.datasets[0]) for run in runs)
    assert not any(note.startswith("No build time") for note in built.notes)
    assert "build s" in built.header
    assert "build s" not in opened.header
    assert opened.notes[1] == "No build time of Ann: its index was opened and not built."
    assert opened.rows[0][1:4] == built.rows[0][1:4]


def test_a_run_without_one_has_neither_table_nor_file(tmp_path, write_set):
    from bench.data.formats import load_dataset

    run = bench.run(load_dataset(write_set()), {"bm25": BM25()}, results=tmp_path / "results", latency=False)
    assert approximate(run, run.datasets[0]) is None
    assert not (run.folder / "approximate.csv").exists()
    assert run.approximate.empty


def test_the_peak_of_memory_is_taken_before_exact_search_which_encodes_nothing_again(tmp_path, monkeypatch, write_set):
    from bench.data.formats import load_dataset
    from bench.experiment.workers import worker as module

    load_dataset(write_set()).write_texts(tmp_path / "texts")
    asked = []
    encoder = Numbered(ROWS)
    worker = module.Worker(Ann((encoder,), index_type="binary", rescore=0), own_process=True)
    monkeypatch.setattr(module.memory, "peak", lambda: asked.append("peak"))
    monkeypatch.setattr(module.memory, "reset_peak", lambda: None)
    search_exact = Ann.search_exact
    monkeypatch.setattr(Ann, "search_exact", lambda *its: asked.append("exact") or search_exact(*its))
    worker.open(tmp_path / "texts")
    built = worker.build()
    ranked = worker.rank(3)
    worker.close()
    assert asked == ["peak", "exact"]
    assert encoder.encoded == 1
    assert 0 < built.phases[SET_ASIDE] < built.seconds
    assert Build([built], None).seconds == [built.seconds - built.phases[LOAD] - built.phases[SET_ASIDE]]
    assert ranked.exact.documents.shape == ranked.ranking.documents.shape
