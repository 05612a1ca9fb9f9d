"""How deep to rerank: each row is what a run of its own would give."""

from __future__ import annotations

import numpy as np
import pytest
from made import plain_set

from bench.analysis.rerank_depths import rerank_depths
from bench.analysis.values import evaluate
from bench.evaluation.intervals import mean_interval
from bench.evaluation.measures import resolve
from bench.evaluation.pairs import compare_pairs
from bench.evaluation.streams import Purpose, stream
from retrievers.base import Ranking
from retrievers.stages import Stages, reranked


def stages(seed, queries, documents, depth):
    rng = np.random.default_rng(seed)
    hits = np.stack([rng.permutation(documents) for _ in range(queries)])
    first = Ranking(hits, np.tile(np.arange(documents, 0, -1, dtype=np.float32), (queries, 1)))
    rescored = rng.normal(size=(queries, depth)).astype(np.float32)
    return Stages(reranked(first, rescored), first, rescored)


def test_a_row_is_what_so_many_candidates_give():
    rng = np.random.default_rng(1)
    judged = [(query, document, 1) for query in range(12) for document in rng.permutation(40)[:3].tolist()]
    dataset = plain_set(40, judged, queries=12)
    its = stages(0, 12, 40, 30)
    times = {"it": {"0": {"p50": 1e6, "p95": 2e6}, "5": {"p50": 3e6, "p95": float("nan")}}}
    rows = rerank_depths(dataset, {"it": its}, times, measure="RR@10", seed=0)["it"]
    assert [row.depth for row in rows] == [0, 5, 10, 20, 30]
    asked = dataset.answerable
    for row in rows:
        alone = its.first if not row.depth else reranked(its.first, its.rescored[:, : row.depth])
        values = evaluate(dataset, alone, resolve(["RR@10"]))["RR@10"][asked]
        before = evaluate(dataset, its.first, resolve(["RR@10"]))["RR@10"][asked]
        assert row.value.value == pytest.approx(values.mean())
        if row.depth:
            assert row.gain.value == pytest.approx((values - before).mean())
            recall = evaluate(dataset, its.first, resolve([f"R@{row.depth}"]))[f"R@{row.depth}"][asked].mean()
            assert row.ceiling == pytest.approx(recall)
    assert (rows[0].p50_ms, rows[0].p95_ms, rows[0].gain, rows[0].ceiling) == (1.0, 2.0, None, None)
    assert (rows[1].p50_ms, rows[1].p95_ms, rows[2].p50_ms) == (3.0, None, None)


def test_the_query_itself_takes_the_place_of_a_candidate():
    dataset = plain_set(8, [(0, 2, 1)], queries=1)  # which stands at position 5
    vars(dataset)["left_out"] = np.array([0])  # which is computed once
    first = Ranking(np.arange(8)[None], np.arange(8, 0, -1, dtype=np.float32)[None])
    its = Stages(first, first, np.arange(6, 0, -1, dtype=np.float32)[None])
    rows = rerank_depths(dataset, {"it": its}, {}, measure="RR@10", seed=0)["it"]
    assert [(row.depth, row.ceiling) for row in rows] == [(0, None), (5, 0.0), (6, 1.0)]


def test_intervals_are_those_of_the_same_figures_in_the_other_tables():
    rng = np.random.default_rng(2)
    dataset = plain_set(40, [(query, int(rng.integers(40)), 1) for query in range(12)], queries=12)
    its = stages(0, 12, 40, 20)
    rows = rerank_depths(dataset, {"it": its}, {}, measure="RR@10", seed=3)["it"]
    first, last = (evaluate(dataset, ranking, resolve(["RR@10"]))["RR@10"] for ranking in (its.first, its.ranking))
    values = {"last": {"RR@10": last}, "first": {"RR@10": first}}
    (pair,) = compare_pairs("made", values, dataset.answerable, seed=3, main="RR@10")
    mean = mean_interval(np.column_stack([first, last])[dataset.answerable], stream(3, Purpose.MEAN))
    assert [(row.value.low, row.value.high) for row in (rows[0], rows[-1])] == list(
        zip(mean.low, mean.high, strict=True)
    )
    assert (rows[-1].gain.low, rows[-1].gain.high) == (pair.low, pair.high)
