"""A drop of .03 nDCG@10 planted into BM25's ranking of real queries: what a comparison says of it, and how often.

Both sides shake BM25's scores, head more than base, so that single queries gain and lose as they do when an analyser
or a model is changed. How much it takes for a drop of .03 on average was found by trying, as were seeds
with which it is .03.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

import bench
from bench.analysis.values import evaluate
from bench.data.formats import load_dataset
from bench.evaluation.measures import resolve
from bench.evaluation.significance import randomisation_test
from bench.regression import changes
from bench.regression.result import ALPHA
from retrievers.base import Ranking, top_k
from retrievers.lexical.bm25 import BM25

GATE, TOLERANCE = "nDCG@10 >= -0.01", 0.01
BASE, SCIFACT, CLINC = 0.2, 0.245, 0.26
DEEP = 1_000
SEEDS = (6, 7)


def shaken(ranking, k, spread, seed):
    """The top k after each score was multiplied by exp(spread z), z normal."""
    found = Ranking.empty(len(ranking.documents), k)
    for row, (hits, scores) in enumerate(zip(ranking.documents, ranking.scores, strict=True)):
        held = hits >= 0
        noise = np.random.default_rng([seed, row]).standard_normal(held.sum())
        found.put(row, *top_k((scores[held] * np.exp(spread * noise)).astype(np.float32), k, hits[held]))
    return found


@dataclass
class Shaken:
    """BM25 with shaken scores."""

    spread: float
    seed: int
    _bm25: BM25 = field(init=False, repr=False, compare=False, default_factory=BM25)

    def index(self, documents):
        self._bm25.index(documents)

    def search(self, queries, k):
        return shaken(self._bm25.search(queries, DEEP), k, self.spread, self.seed)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "limit", "spread", "outcome"),
    [("scifact", None, SCIFACT, "inconclusive"), ("clinc150", 3_000, CLINC, "regression")],
)
def test_a_drop_of_three_hundredths_is_reported_with_what_the_queries_could_show(
    data, tmp_path, name, limit, spread, outcome
):
    settings = {"measures": ["nDCG@10"], "latency": False, "limit": limit, "results": str(tmp_path)}
    base, head = (
        bench.run(data / name, [Shaken(each, seed)], name=str(seed), **settings)
        for seed, each in zip(SEEDS, (BASE, spread), strict=True)
    )
    found = bench.compare(base, head, [GATE])
    (row,) = found.changes
    assert row.difference == pytest.approx(-0.03, abs=0.005)
    assert row.queries == (limit or 300)
    assert (row.detectable > 0.03) == (outcome == "inconclusive")
    said = f"with {row.queries:,} queries a true difference of {row.detectable:.3f} would be found 4 times of 5"
    shown = said in found.judged[0].checks[0].reason
    assert shown == (outcome == "inconclusive")
    assert found.outcome == outcome


@pytest.fixture(scope="module")
def alarms(data):
    """The share of pairs that the gate fails, and the mean difference; spread: head's."""

    def share(name, limit, spread, trials):
        dataset = load_dataset(str(data / name))
        dataset = dataset if limit is None else dataset.sample(limit, 0)
        retriever, measure = BM25(), resolve(["nDCG@10"])
        retriever.index(dataset.documents["text"].to_pylist())
        ranking = retriever.search(dataset.query_texts, DEEP)

        def values(spread, seed):
            return evaluate(dataset, shaken(ranking, 10, spread, seed), measure)["nDCG@10"][dataset.answerable]

        drops = [values(spread, 2 * trial + 1) - values(BASE, 2 * trial) for trial in range(trials)]
        highs = [changes.tested(each[:, None], None, 1_000)[0][1] for each in drops]
        rng = np.random.default_rng(0)
        p = [randomisation_test(each[:, None] + TOLERANCE, rng, flips=10_000)[0] for each in drops]
        fails = [high < -TOLERANCE and each < ALPHA for high, each in zip(highs, p, strict=True)]
        return np.mean(fails), np.mean(drops)

    return share


@pytest.mark.statistics
@pytest.mark.parametrize(
    ("name", "limit", "spread", "drop", "least", "most"),
    [
        ("scifact", None, SCIFACT, 0.03, 0.12, 0.34),
        ("clinc150", 3_000, CLINC, 0.03, 1.0, 1.0),
        ("scifact", None, BASE, 0.0, 0.0, 0.04),
    ],
)
def test_how_often_the_gate_fails(alarms, capsys, name, limit, spread, drop, least, most):
    trials = 20 if limit else 200
    share, difference = alarms(name, limit, spread, trials)
    with capsys.disabled():
        print(f"\n  {name}: mean difference {difference:+.4f}, {GATE} failed in {share:.1%} of {trials}")
    assert difference == pytest.approx(-drop, abs=0.003)
    assert least <= share <= most
