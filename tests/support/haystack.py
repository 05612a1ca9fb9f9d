"""Retrievers whose order changes as a set grows, and a set that they are made for."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import numpy as np
from made import write_beir

from retrievers.base import Ranking

QUERIES = 20


def write_needles(folder):
    """A set of so many queries, each with the one document of its text."""
    names = [f"{number:02}" for number in range(QUERIES)]
    corpus = [{"_id": f"d{name}", "title": "", "text": f"needle {name}"} for name in names]
    queries = [{"_id": f"q{name}", "text": f"needle {name}"} for name in names]
    return write_beir(folder / "needles", corpus, queries, [(f"q{name}", f"d{name}", 1) for name in names])


def write_hay(folder, straws, copies=()):
    """Documents alone: so many that are no needle, and copies of documents of the set."""
    texts = [*(f"straw {number}" for number in range(straws)), *copies]
    (folder / "hay").mkdir()
    lines = (
        json.dumps({"_id": f"d{number:02}", "title": "", "text": text}) + "\n" for number, text in enumerate(texts)
    )
    (folder / "hay" / "corpus.jsonl").write_text("".join(lines), "utf-8")
    return folder / "hay"


@dataclass
class Second:
    """Has the right document at rank 2, among however many."""

    _texts: list = field(init=False, repr=False, compare=False, default_factory=list)

    def index(self, documents):
        self._texts = list(documents)

    def order(self, query):
        right = self._texts.index(query)
        wrong = next(place for place, text in enumerate(self._texts) if text.startswith("needle") and text != query)
        return [wrong, right]

    def search(self, queries, k):
        ranking = Ranking.empty(len(queries), k)
        for row, query in enumerate(queries):
            hits = np.array(self.order(query)[:k], dtype=np.int64)
            ranking.put(row, hits, np.arange(len(hits), 0, -1, dtype=np.float32))
        return ranking


@dataclass
class Distracted(Second):
    """Has it behind all straws."""

    def order(self, query):
        straws = [place for place, text in enumerate(self._texts) if text.startswith("straw")]
        return [*straws, self._texts.index(query)]
