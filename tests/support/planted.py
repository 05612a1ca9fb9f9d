"""A set of any size and a retriever with a planted quality, so that a comparison's answer is known beforehand."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

import bench
from bench.data.formats import load_dataset
from retrievers.base import Ranking

FILLERS = 12
# Where the one relevant document stands (0: nowhere), and how often.
RANKS = np.array([0, 1, 2, 3, 4, 5, 6])
ODDS = np.array([22, 44, 12, 8, 6, 5, 3]) / 100


@dataclass
class Planted:
    """Query 7's relevant document is document 7. Its rank is drawn from the odds by `seed`; then anew for the share
    `redrawn` of the queries, which harms and helps alike; then the share `lost` of them loses it."""

    redrawn: float = 0.0
    lost: float = 0.0
    seed: int = 0
    _position: dict = field(init=False, repr=False, compare=False, default_factory=dict)

    def index(self, documents):
        self._position = {text.partition(".")[0]: position for position, text in enumerate(documents)}

    def search(self, queries, k):
        ranking = Ranking.empty(len(queries), k)
        fillers = [self._position[f"filler {number}"] for number in range(FILLERS)]
        for row, text in enumerate(queries):
            number = re.search(r"\d+", text).group()
            rng = np.random.default_rng([self.seed, int(number)])
            rank, other = rng.choice(RANKS, 2, p=ODDS)
            redraw, lose = rng.random(2)
            rank = other if redraw < self.redrawn else rank
            hits = list(fillers)
            if rank and lose >= self.lost:
                hits.insert(rank - 1, self._position[f"document {number}"])
            hits = np.array(hits[: min(k, 10)])
            ranking.put(row, hits, np.arange(len(hits), 0, -1).astype(np.float32))
        return ranking


@dataclass
class Unsteady(Planted):
    """Loses a further share of them where its batch size is 1, which should not matter."""

    by_batch: float = 0.0
    batch_size: int = 32

    def search(self, queries, k):
        loses = self.lost + self.by_batch * (self.batch_size == 1)
        steady = Planted(self.redrawn, loses, self.seed)
        steady._position = self._position
        return steady.search(queries, k)


def write_planted(write_set, queries, name="planted", card="", text="query {}", document="document {}."):
    """A set of so many queries; each has metadata kind (even, odd) and group (tens)."""
    corpus = [{"_id": f"d{n}", "text": document.format(n)} for n in range(queries)]
    corpus += [{"_id": f"f{n}", "text": f"filler {n}."} for n in range(FILLERS)]
    asked = [
        {
            "_id": f"q{n}",
            "text": text.format(n),
            "metadata": {"kind": "odd" if n % 2 else "even", "group": f"g{n // 10}"},
        }
        for n in range(queries)
    ]
    qrels = [(f"q{n}", f"d{n}", 1) for n in range(queries)]
    return write_set(name, corpus, asked, qrels, card or 'slices = ["kind"]\n')


def run(folder, results, name, *retrievers, **settings):
    """A stored run, quality only unless told."""
    settings = {"latency": False, "results": str(results), "name": name, **settings}
    return bench.run(
        [load_dataset(each) for each in ([folder] if not isinstance(folder, list) else folder)],
        list(retrievers),
        **settings,
    )
