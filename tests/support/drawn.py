"""Sets, rankings and values drawn at random."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from made import plain_set

from retrievers.base import Ranking

SIZE = 8


@st.composite
def judged_rankings(draw, ties=False):
    """A set of one to three queries, grades 0 to 2 and d000 always relevant, and a ranking of part of its documents."""
    queries = draw(st.integers(1, 3))
    row = st.lists(st.sampled_from([None, 0, 1, 2]), min_size=SIZE, max_size=SIZE)
    grades = draw(st.lists(row, min_size=queries, max_size=queries))
    judgements = [(q, d, g) for q, row in enumerate(grades) for d, g in enumerate(row) if d and g is not None]
    dataset = plain_set(SIZE, [(q, 0, row[0] or 1) for q, row in enumerate(grades)] + judgements, queries)
    ranking = Ranking.empty(queries, SIZE)
    for row in range(queries):
        found = draw(st.permutations(range(SIZE)))[: draw(st.integers(0, SIZE))]
        level = st.integers(0, 3 if ties else 10**6)
        levels = draw(st.lists(level, min_size=len(found), max_size=len(found), unique=not ties))
        ranking.put(row, np.array(found, dtype=np.int64), np.array(sorted(levels)[::-1], dtype=np.float32))
    return dataset, ranking


def drawn(rng, queries=60, size=30, depth=12, highest=4):
    """Rankings with unjudged hits, negative grades, short rows and a query without a hit."""
    judgements, rows = [], []
    for query in range(queries):
        judged = rng.choice(size, int(rng.integers(1, size)), replace=False)
        judgements.append({int(each): int(rng.integers(-2, highest + 1)) for each in judged})
        row = rng.permutation(size)[:depth]
        row[int(rng.integers(0, depth + 1)) if query else 0 :] = -1
        rows.append(row)
    return judgements, np.array(rows)


SEED = 1


def rng(seed=SEED):
    return np.random.default_rng(seed)


def ndcg(n, columns, seed=0):
    """Values as nDCG@10 with one relevant document has them: many 0 and 1, a few between."""
    return rng(seed).choice([0, 1, 0.6309, 0.5, 0.4307, 0.3869], (n, columns), p=[0.25, 0.45, 0.12, 0.08, 0.05, 0.05])
