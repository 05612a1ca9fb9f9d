"""Two rankings that know the labels or nothing at all: between them every figure of a set must lie.

The oracle shows what a measure can reach on these judgements (precision at 10 stays far below 1 where a query has one
relevant document), the random ranking what luck alone is worth.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bench.analysis import budgets
from bench.data.dataset import Dataset, is_relevant
from bench.evaluation.budget_measures import budget_of
from bench.evaluation.measure_names import parse
from bench.evaluation.measures import cutoff, evaluate_positions, resolve
from bench.evaluation.streams import Purpose, stream
from bench.evaluation.units import TIE
from retrievers.base import NO_HIT, Ranking

RANDOM, ORACLE = "random", "oracle"
KIND = "control"
LEVEL = 0.05
DRAWS = 2_000  # random means that a retriever is held against
# Random rankings that are looked at: for each query, in all at least and at most (as many hits), and of queries of like
# judgements at least. What many queries are held against has to be known more closely.
FOR_EACH, FEWEST_RANKINGS, MOST_HITS, FEWEST_OF_A_PROFILE = 20, 2_000, 200_000, 20

Values = NDArray[np.float64]
# The grades of a query's judged documents, and whether it is left out of its own hits.
_Profile = tuple[tuple[int, ...], bool]


def control_rankings(dataset: Dataset, depth: int, seed: int) -> dict[str, Ranking]:
    """The rankings "random" and "oracle", arrays [queries, min(depth, documents)].

    random: documents in an order drawn anew for each query. oracle: the relevant documents by descending grade, then
    the others; by position within each. Where the query itself is left out of the hits, so it is here.
    """
    return {RANDOM: _random(dataset, depth, stream(seed, Purpose.RANDOM_RANKING)), ORACLE: oracle(dataset, depth)}


def random_means(dataset: Dataset, measure: str, seed: int, depth: int | None = None, draws: int = DRAWS) -> Values:
    """Means over the answerable queries of so many random rankings of the documents, [draws].

    depth: where rankings end for a measure without a cutoff, so that luck looks no deeper than what is held against it;
    None is the whole corpus. Queries of like judgements share a pool of values, from which each draws its own. Queries
    of one group draw alike: whoever answers one wording by luck answers the others by the same luck.
    """
    depth = cutoff(measure) or min(depth or len(dataset.documents), len(dataset.documents))
    rng = stream(seed, Purpose.LUCK)
    by_query = (_by_texts if budget_of(parse(measure)) else _by_grades)(dataset, measure, depth, rng)
    rows, size = np.arange(len(by_query)), by_query.shape[1]
    groups = rows if dataset.groups is None else np.unique(dataset.groups[dataset.answerable], return_inverse=True)[1]
    return np.array([by_query[rows, rng.integers(0, size, len(rows))[groups]].mean() for _ in range(draws)])


def _by_texts(dataset: Dataset, measure: str, depth: int, rng: np.random.Generator) -> Values:
    """For each answerable query its values by random rankings, ascending: what fits depends on the documents' texts."""
    queries = len(dataset.queries)
    size = max(FEWEST_OF_A_PROFILE, FEWEST_RANKINGS // queries)
    documents = np.vstack([_random(dataset, depth, rng).documents for _ in range(size)])
    ranking = Ranking(documents, np.zeros(documents.shape, dtype=np.float32))
    values = budgets.evaluate(dataset, ranking, resolve([measure]), np.tile(np.arange(queries), size))[measure]
    by_query: Values = np.sort(values.reshape(size, queries)[:, dataset.answerable], axis=0).T
    return by_query


def _by_grades(dataset: Dataset, measure: str, depth: int, rng: np.random.Generator) -> Values:
    """The same of a measure that looks at grades alone: queries whose judgements are alike share their rankings."""
    asked = np.flatnonzero(dataset.answerable)
    profiles: dict[_Profile, int] = {}
    own = [profiles.setdefault(_profile(dataset, query), len(profiles)) for query in asked.tolist()]
    rankings = min(max(FEWEST_RANKINGS, FOR_EACH * len(asked)), MOST_HITS // min(depth, len(dataset.documents)))
    size = max(FEWEST_OF_A_PROFILE, rankings // max(1, len(profiles)))
    pools = _pools(list(profiles), len(dataset.documents), measure, depth=depth, size=size, rng=rng)
    by_query: Values = np.sort(pools, axis=1)[own]
    return by_query


def luck_p(mean: float, luck: Values) -> float:
    """How often luck is as good: the share of random means not below, of those and itself (never 0)."""
    return float((1 + (luck >= mean - TIE).sum()) / (1 + len(luck)))


def _profile(dataset: Dataset, query: int) -> _Profile:
    return tuple(sorted(dataset.judgements[query].values(), reverse=True)), bool(dataset.left_out[query] >= 0)


def _pools(
    profiles: Sequence[_Profile], documents: int, measure: str, *, depth: int, size: int, rng: np.random.Generator
) -> Values:
    """The measure's values of `size` random rankings of each profile, [profiles, size]."""
    judgements: list[dict[int, int]] = []
    rows = np.full((len(profiles) * size, depth), NO_HIT, dtype=np.int64)
    for number, (grades, without_itself) in enumerate(profiles):
        judgements += [dict(enumerate(grades))] * size
        choice = documents - without_itself
        for row in range(number * size, (number + 1) * size):
            drawn = rng.choice(choice, min(depth, choice), replace=False)
            # The judged ones come first; what is not judged needs no more than a number of its own.
            rows[row, : len(drawn)] = np.where(drawn < len(grades), drawn, len(grades) + np.arange(len(drawn)))
    values = evaluate_positions(resolve([measure]), judgements, rows)[measure]
    return values.reshape(len(profiles), size)


def _random(dataset: Dataset, depth: int, rng: np.random.Generator) -> Ranking:
    size = len(dataset.documents)
    drawn = min(size, depth + int((dataset.left_out >= 0).any()))
    rows = [rng.choice(size, drawn, replace=False) for _ in range(len(dataset.queries))]
    return _ranking(dataset, rows, min(depth, size))


def oracle(dataset: Dataset, depth: int) -> Ranking:
    """The ranking "oracle" alone."""
    size = len(dataset.documents)
    rows = []
    for judged in dataset.judgements:
        relevant = sorted(
            (document for document, grade in judged.items() if is_relevant(grade)), key=lambda d: (-judged[d], d)
        )
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
