"""Two rankings that know the labels or nothing at all: between them every figure of a set must lie.

The oracle shows what a measure can reach on these judgements (precision at 10 stays far below 1 where a query has one
relevant document), the random ranking what luck alone is worth.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bench import measures
from bench.analysis.closed import LINEAR, closed, divided
from bench.analysis.ties import by_first
from bench.dataset import Dataset
from bench.streams import Purpose, stream
from retrievers.base import Ranking

RANDOM, ORACLE = "random", "oracle"
KIND = "control"
SEEDS = 20  # rankings that a random expectation is the mean of, where it has no formula
LEVEL = 0.05

Values = NDArray[np.float64]
# Values of two retrievers, paired by query -> p.
Test = Callable[[Values, Values], float]


def control_rankings(dataset: Dataset, depth: int, seed: int) -> dict[str, Ranking]:
    """The rankings "random" and "oracle", arrays [queries, min(depth, documents)].

    random: documents in an order drawn anew for each query. oracle: the relevant documents by descending grade, then
    the others; by position within each. Where the query itself is left out of the hits, so it is here.
    """
    return {RANDOM: _random(dataset, depth, stream(seed, Purpose.RANDOM_RANKING)), ORACLE: _oracle(dataset, depth)}


def expected_random(dataset: Dataset, measure: str, seed: int, depth: int | None = None) -> Values:
    """[queries]: what a random ranking is worth on average.

    By formula for nDCG, P, R, RR and Success with a cutoff (all documents are one tie, see bench.analysis.ties), else
    the mean of SEEDS random rankings down to the measure's cutoff. depth: where rankings end for a measure that has
    none, so that luck looks no deeper than what is held against it; None is the whole corpus.
    """
    depth = measures.cutoff(measure) or min(depth or len(dataset.documents), len(dataset.documents))
    form = closed(measure, depth)
    if form is None or (dataset.left_out >= 0).any():
        resolved = measures.resolve([measure])
        # One at a time: a ranking of the whole corpus for each query is large.
        drawn = (_random(dataset, depth, stream(seed, Purpose.RANDOM_RANKING, each)) for each in range(SEEDS))
        average: Values = np.mean([measures.evaluate(dataset, each, resolved)[measure] for each in drawn], axis=0)
        return average
    size, queries = len(dataset.documents), len(dataset.queries)
    gain = form.gain(dataset.grade)
    if form.name in LINEAR:
        mean_gain = np.bincount(dataset.judged_query, gain, minlength=queries) / size
        reached = mean_gain * form.discount[:size].sum()
        return divided(reached, form.worth(dataset))
    relevant = np.bincount(dataset.judged_query, gain > 0, minlength=queries).astype(int)
    by_count = {count: by_first(form, size, count, 0) if count else 0.0 for count in set(relevant.tolist())}
    return np.array([by_count[count] for count in relevant.tolist()])


def beats_random(values: Values, random: Values, test: Test, level: float = LEVEL) -> bool:
    """Is a retriever better than luck? values, random: [queries], of the same measure; test: a paired one, giving p.

    False where there is no query, and where p is not below the level: not shown is not the same as not so.
    """
    return bool(len(values) and values.mean() > random.mean() and test(values, random) < level)


def _random(dataset: Dataset, depth: int, rng: np.random.Generator) -> Ranking:
    size = len(dataset.documents)
    drawn = min(size, depth + int((dataset.left_out >= 0).any()))
    rows = [rng.choice(size, drawn, replace=False) for _ in range(len(dataset.queries))]
    return _ranking(dataset, rows, min(depth, size))


def _oracle(dataset: Dataset, depth: int) -> Ranking:
    size = len(dataset.documents)
    rows = []
    for judged in dataset.judgements:
        relevant = sorted((document for document, grade in judged.items() if grade > 0), key=lambda d: (-judged[d], d))
        wanted = min(size, depth + len(relevant) + 1)
        rest = np.setdiff1d(np.arange(wanted), relevant)
        rows.append(np.concatenate([np.array(relevant, dtype=np.int64), rest]))
    return _ranking(dataset, rows, min(depth, size))


def _ranking(dataset: Dataset, rows: list[NDArray[np.int64]], depth: int) -> Ranking:
    """Rows of positions, best first, as a ranking with scores depth, depth - 1, …"""
    ranking = Ranking.empty(len(rows), depth)
    for row, documents in enumerate(rows):
        kept = documents[documents != dataset.left_out[row]][:depth]
        ranking.put(row, kept, np.arange(depth, depth - len(kept), -1, dtype=np.float32))
    return ranking
