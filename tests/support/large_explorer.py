"""A set as large as a page is made for: python tests/support/large_explorer.py CORPUS.jsonl QUERIES.jsonl OUT.html

10,000 queries, 5 retrievers, 10 hits each over 20,000 documents; texts are stretches of real ones.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

from bench.analysis.shown_hits import SHOWN_CHARACTERS, SHOWN_HITS
from bench.report.page import explorer
from bench.report.page.document import document
from bench.report.page.explorer_data import Explored, explorer_data

QUERIES, DOCUMENTS, RETRIEVERS = 10_000, 20_000, 5
MEASURES = ("R@1", "R@5", "R@10", "R@100", "RR@10", "nDCG@10", "AP@100")


def page(corpus: Path, queries: Path, seed: int = 0) -> str:
    """The page; retrievers agree on about half of their hits."""
    rng = np.random.default_rng(seed)
    words = " ".join(row["text"] for row in _rows(corpus)).split()
    asked = [row["text"] for row in _rows(queries)]
    starts = rng.integers(len(words) - 60, size=DOCUMENTS)
    texts = [" ".join(words[start : start + 60])[:SHOWN_CHARACTERS] for start in starts]
    common = rng.integers(DOCUMENTS, size=(QUERIES, SHOWN_HITS))
    hits, relevant = [], []
    for query in range(QUERIES):
        rows = []
        for number in range(RETRIEVERS):
            own = np.where(rng.random(SHOWN_HITS) < 0.5, common[query], rng.integers(DOCUMENTS, size=SHOWN_HITS))
            scores = np.sort(rng.gamma(2.0, 8.0, SHOWN_HITS))[::-1]
            shared = rng.integers(6, size=SHOWN_HITS)
            for rank, (place, score, count) in enumerate(zip(own, scores, shared, strict=True), 1):
                text = texts[place][rng.integers(40) :]  # passages of a document differ by query
                hit = {"retriever": f"r{number}", "rank": rank, "document": f"doc-{place}", "score": score}
                rows.append({**hit, "grade": 1 if place == common[query, 0] else None, "text": text, "shared": count})
        ranks = [{"retriever": f"r{number}", "rank": int(rng.integers(1, 100))} for number in range(RETRIEVERS)]
        place = common[query, 0]
        answer = {"document": f"doc-{place}", "grade": 1, "text": texts[place], "shared": texts[place].split()[:3]}
        hits.append(rows)
        relevant.append([{**answer, "ranks": ranks}])
    table = pa.table(
        {
            "query": [f"query-{number}" for number in range(QUERIES)],
            "text": [asked[number % len(asked)] + f" {number}" for number in range(QUERIES)],
            "metadata": [json.dumps({"kind": f"kind {number % 20}"}) for number in range(QUERIES)],
            "answerable": [True] * QUERIES,
            "terms": rng.integers(3, 12, size=QUERIES),
            "relevant": relevant,
            "hits": hits,
            "overlap": rng.random(QUERIES),
            "unknown": pa.array([[]] * QUERIES, pa.list_(pa.string())),
        }
    )
    retrievers = [
        Explored(f"r{number}", "lexical", 100, f"r{number}", table, {name: rng.random(QUERIES) for name in MEASURES})
        for number in range(RETRIEVERS)
    ]
    content = explorer_data(table, retrievers, measures=MEASURES, main="nDCG@10", solved_at=10, slices=["kind"])
    sets = [explorer.ExploredSet("large", "large", content)]
    return document("large", [explorer.view(sets)], explorer.blocks(sets), [explorer.MODULE])


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


if __name__ == "__main__":
    Path(sys.argv[3]).write_text(page(Path(sys.argv[1]), Path(sys.argv[2])), "utf-8")
