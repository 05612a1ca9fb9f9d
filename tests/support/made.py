"""Sets and rankings that tests of the analysis write down in full."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa

from bench.analysis.values import evaluate
from bench.data.dataset import Card, Dataset
from bench.evaluation.measures import resolve
from retrievers.base import Ranking

# A small right set.
CORPUS = [
    {"_id": "d1", "title": "Cats", "text": "The cat sat on the mat and slept."},
    {"_id": "d2", "title": "Carpets", "text": "A feline was resting on the carpet."},
    {"_id": "d3", "title": "Errors", "text": "Error E-4012 means that the pump is blocked."},
    {"_id": "d4", "title": "", "text": "Error E-4013 means that the filter is full."},
    {"_id": "d10", "title": "Films", "text": "The movie was shown in every cinema of the town."},
]
QUERIES = [
    {"_id": "q1", "text": "cat on a mat", "metadata": {"kind": "words"}},
    {"_id": "q2", "text": "what does E-4012 mean", "metadata": {"kind": "code"}},
    {"_id": "q3", "text": "film in the cinema", "metadata": {"kind": "words"}},
]
QRELS = [("q1", "d1", 2), ("q1", "d2", 1), ("q2", "d3", 1), ("q2", "d4", 0), ("q3", "d10", 1)]


def write_beir(folder, corpus, queries, qrels, card=""):
    """A folder in BEIR's layout. Returns it."""
    (folder / "qrels").mkdir(parents=True)
    for file, rows in (("corpus", corpus), ("queries", queries)):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{file}.jsonl").write_text(text, "utf-8")
    lines = ["query-id\tcorpus-id\tscore", *("\t".join(map(str, row)) for row in qrels)]
    (folder / "qrels" / "test.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    if card:
        (folder / "dataset.toml").write_text(card, "utf-8")
    return folder


def made(documents, queries, judgements, unanswerable=()):
    """documents, queries: id -> text. judgements: (query, document, grade). Documents stand by descending id."""
    text = pa.large_string()
    return Dataset.build(
        "made",
        pa.table({"id": pa.array(list(documents), text), "text": pa.array(list(documents.values()), text)}),
        pa.table(
            {
                "id": pa.array(list(queries), text),
                "text": pa.array(list(queries.values()), text),
                "metadata": ["{}"] * len(queries),
            }
        ),
        pa.table(
            {
                "query": pa.array([each[0] for each in judgements], text),
                "document": pa.array([each[1] for each in judgements], text),
                "grade": pa.array([each[2] for each in judgements], pa.int64()),
            }
        ),
        unanswerable=unanswerable,
    )


def plain_set(size, judgements, queries=1):
    """`size` documents d0, d1, … of one word each, queries q0, …; judgements by number (query, document, grade)."""
    return made(
        {f"d{number:03}": f"word{number}" for number in range(size)},
        {f"q{number:03}": f"word{number}" for number in range(queries)},
        [(f"q{query:03}", f"d{document:03}", grade) for query, document, grade in judgements],
    )


def ranked(dataset, rows, scores=None):
    """A ranking from rows of document ids, best first; scores descend by 1 unless given."""
    depth = max(map(len, rows))
    ranking = Ranking.empty(len(rows), depth)
    position = {name: place for place, name in enumerate(dataset.documents["id"].to_pylist())}
    for row, names in enumerate(rows):
        descending = np.arange(len(names), 0, -1) if scores is None else np.array(scores[row])
        ranking.put(row, np.array([position[name] for name in names], dtype=np.int64), descending.astype(np.float32))
    return ranking


def values_of(dataset, rankings, measure):
    """label -> measure by query, as a run takes it."""
    resolved = resolve([measure])
    return {label: evaluate(dataset, each, resolved)[measure] for label, each in rankings.items()}


def sliced(kinds, group=None, **more):
    """A set whose query n has kinds[n], and groups of as many wordings in order."""
    n = len(kinds)
    alone = plain_set(n, [(q, q, 1) for q in range(n)], queries=n)
    told = [{"kind": kind} | ({"question": str(q // group)} if group else {}) for q, kind in enumerate(kinds)]
    queries = alone.queries.set_column(2, "metadata", pa.array(list(map(json.dumps, told))))
    return replace(alone, queries=queries, card=Card(slices=("kind",), group="question" if group else "", **more))
