"""Pools whose gains are all known, to judge in part and hold against the whole."""

from dataclasses import replace

import numpy as np

from bench.judging.estimate import estimate
from bench.judging.pool import Pool, pool_hits, rank_weights
from retrievers.base import Ranking


def made_pool(rng, queries=40, retrievers=2, documents=60, better=0.0, *, relevant_share=0.08, clearness=1.5):
    """A pool and its gains: each retriever ranks by relevance and noise, of which the first has less by `better`."""
    relevant = rng.random((queries, documents)) < relevant_share
    clear = np.full(retrievers, clearness)
    clear[0] += better
    rankings = []
    for each in range(retrievers):
        score = relevant * clear[each] + rng.normal(0, 1, relevant.shape)
        order = np.argsort(-score, axis=1)[:, :10]
        scores = np.take_along_axis(score, order, axis=1).astype(np.float32)
        rankings.append(Ranking(order.astype(np.int64), scores))
    pool = pool_hits(rankings, rank_weights("nDCG@10"))
    return pool, relevant[pool.query, pool.document].astype(float)


def judge(order, gain, count):
    """The gains as they are after so many judgements."""
    known = np.full(len(gain), np.nan)
    known[order.order[:count]] = gain[order.order[:count]]
    return known


def estimate_after(pool, order, gain, count):
    return estimate(pool, order, judge(order, gain, count))


def drawn(pool, gain, rows, groups=None):
    """The pool of some queries, each as often as it stands in rows. groups: of the rows."""
    start = np.searchsorted(pool.query, np.arange(pool.queries + 1))
    at = np.concatenate([np.arange(start[row], start[row + 1]) for row in rows])
    query = np.repeat(np.arange(len(rows)), start[rows + 1] - start[rows])
    return Pool(query, pool.document[at], pool.rank[at], pool.weight[at], len(rows), groups), gain[at]


def drawn_groups(pool, gain, groups, count, rng):
    """The pool of so many groups of queries, drawn with replacement, and all their queries."""
    members = [np.flatnonzero(groups == group) for group in rng.integers(0, groups.max() + 1, count)]
    return drawn(pool, gain, np.concatenate(members), np.repeat(np.arange(count), list(map(len, members))))


def exchanged(pool, rng):
    """The same pool with the first two retrievers exchanged in each query (group) by a coin: an exact null."""
    unit = np.arange(pool.queries) if pool.groups is None else pool.groups
    sides = np.tile(np.arange(pool.retrievers), (len(pool), 1))
    sides[(rng.random(unit.max() + 1) < 0.5)[unit[pool.query]], :2] = [1, 0]
    rank, weight = (np.take_along_axis(array, sides, axis=1) for array in (pool.rank, pool.weight))
    return replace(pool, rank=rank, weight=weight)
