"""A set as large as a page is made for: python tests/support/large_explorer.py CORPUS.jsonl QUERIES.jsonl OUT.html

10,000 queries, 5 retrievers, 10 hits each over 20,000 documents, and their maps; texts are stretches of real ones.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import numpy as np
import pyarrow as pa

from bench.analysis.shown_hits import SHOWN_CHARACTERS, SHOWN_HITS
from bench.report.page import explorer
from bench.report.page.document import document
from bench.report.page.explorer_data import explorer_data
from bench.report.page.map_data import heads, map_data
from bench.report.page.map_view import MODULE, map_view
from bench.report.page.sets import ShownSet, blocks
from bench.report.page.texts import Explored, texts_of

if TYPE_CHECKING:
    from bench.storage.run import Run

QUERIES, DOCUMENTS, RETRIEVERS = 10_000, 20_000, 5
LABELS = [f"r{number}" for number in range(RETRIEVERS)]
MEASURES = ("R@1", "R@5", "R@10", "R@100", "RR@10", "nDCG@10", "AP@100")
SHARES = {"method": "pca", "variance": 0.2, "neighbours": 0.1, "sampled": False}
TOPICS = [f"topic {number}" for number in range(8)]
RUN = cast(
    "Run",
    SimpleNamespace(
        analysis={"sets": {"large": {"maps": dict.fromkeys(LABELS, SHARES), "topics": TOPICS}}}, info={"retrievers": []}
    ),
)


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
    points = _map(table, texts, rng)
    content = texts_of(table, retrievers, heads(points))
    explored = explorer_data(
        table, retrievers, content, measures=MEASURES, main="nDCG@10", solved_at=10, slices=["kind"]
    )
    mapped = map_data(RUN, "large", points, {name: name for name in LABELS}, table["query"].to_pylist())
    sets = [ShownSet("large", "large", content.content, explored, mapped)]
    return document("large", [explorer.view(sets), map_view()], blocks(sets), [explorer.MODULE, MODULE])


def _map(queries: pa.Table, texts: Sequence[str], rng: np.random.Generator) -> pa.Table:
    """What map.parquet holds of the set."""
    size = DOCUMENTS + QUERIES
    ids = [f"doc-{number}" for number in range(DOCUMENTS)] + queries["query"].to_pylist()
    shown = {
        "kind": ["document"] * DOCUMENTS + ["query"] * QUERIES,
        "id": ids,
        "text": [*texts, *queries["text"].to_pylist()],
        "topic": pa.array([*rng.integers(8, size=DOCUMENTS).tolist(), *[None] * QUERIES], pa.int8()),
        "fields": ["{}"] * size,
    }
    tables = [
        pa.table({"retriever": [name] * size, "x": rng.normal(size=size), "y": rng.normal(size=size), **shown})
        for name in LABELS
    ]
    return pa.concat_tables(tables)


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


if __name__ == "__main__":
    Path(sys.argv[3]).write_text(page(Path(sys.argv[1]), Path(sys.argv[2])), "utf-8")
