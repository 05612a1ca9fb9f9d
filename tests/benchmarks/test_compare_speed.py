"""`bench compare` at the size of a large project: 10 retrievers, 5 sets, 5,000 queries each. Making the two runs takes
minutes; the comparison is what is timed, as a whole process."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from clock import seconds

import bench
from bench.data.formats import load_dataset
from retrievers.base import Ranking

SETS, RETRIEVERS, QUERIES, FILLERS = 5, 10, 5_000, 400


@dataclass
class Simulated:
    """Each query's one relevant document stands at a rank drawn by `seed`, anew for the share `redrawn` of queries."""

    seed: int
    redrawn: float
    _place: dict[str, int] = field(init=False, repr=False, compare=False, default_factory=dict)

    def index(self, documents):
        self._place = {text.split(".")[0]: place for place, text in enumerate(documents)}

    def search(self, queries, k):
        fillers = np.array([self._place[f"filler {number}"] for number in range(FILLERS)])
        first, second = (np.random.default_rng([self.seed, stream]) for stream in (0, 1))
        hits = fillers[np.argsort(first.random((len(queries), FILLERS)), axis=1)[:, :k]]
        ease = 0.06 + 0.015 * self.seed
        ranks = first.geometric(ease, len(queries)) - 1
        ranks = np.where(second.random(len(queries)) < self.redrawn, second.geometric(ease, len(queries)) - 1, ranks)
        shown = np.flatnonzero(ranks < k)
        own = np.array([self._place[text.replace("query", "document")] for text in queries])
        hits[shown, ranks[shown]] = own[shown]
        return Ranking(hits, np.tile(np.arange(k, 0, -1, dtype=np.float32), (len(queries), 1)))


def write_set(folder: Path) -> Path:
    names = [f"document {number}" for number in range(QUERIES)] + [f"filler {number}" for number in range(FILLERS)]
    corpus = [{"_id": f"d{n}", "text": f"{name}. Some words that a document has."} for n, name in enumerate(names)]
    queries = [{"_id": f"q{number}", "text": f"query {number}"} for number in range(QUERIES)]
    (folder / "qrels").mkdir(parents=True)
    for name, rows in (("corpus", corpus), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    lines = ["query-id\tcorpus-id\tscore", *(f"q{number}\td{number}\t1" for number in range(QUERIES))]
    (folder / "qrels" / "test.tsv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.benchmark(group="process")
def test_compare_two_large_runs(benchmark, tell, tmp_path):
    sets = [load_dataset(str(write_set(tmp_path / f"set{number}"))) for number in range(SETS)]
    for name, redrawn in (("base", 0.0), ("head", 0.2)):
        retrievers = [Simulated(seed, redrawn) for seed in range(RETRIEVERS)]
        bench.run(sets, retrievers, latency=False, results=str(tmp_path), name=name)
    command = [sys.executable, "-m", "bench", "compare", "base", "head", "--markdown", "report.md"]

    def compare() -> None:
        found = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True)
        assert found.returncode == 0, found.stderr

    taken: list[float] = []
    benchmark.pedantic(lambda: taken.append(seconds(compare)), rounds=3)
    tell(f"compare {RETRIEVERS} x {SETS} x {QUERIES:,} queries: {', '.join(f'{each:.1f}' for each in taken)} s")
