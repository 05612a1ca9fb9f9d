"""A small set of which every other likely document is judged, to run on and to judge the rest of."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

WORDS = [f"w{number}" for number in range(60)]


def write_partly_judged(folder: Path, *, highest: int = 1, queries: int = 25) -> Path:
    """The folder, in BEIR's layout; the last document that is judged of each query has the grade -1."""
    rng = np.random.default_rng(0)
    documents = {f"d{number}": " ".join(rng.choice(WORDS, 14)) for number in range(150)}
    asked = {f"q{number}": " ".join(rng.choice(WORDS, 3)) for number in range(queries)}
    (folder / "qrels").mkdir(parents=True)
    corpus = [json.dumps({"_id": name, "title": "", "text": text}) for name, text in documents.items()]
    (folder / "corpus.jsonl").write_text("\n".join(corpus), "utf-8")
    log = [json.dumps({"_id": name, "text": text}) for name, text in asked.items()]
    (folder / "queries.jsonl").write_text("\n".join(log), "utf-8")
    lines = ["query-id\tcorpus-id\tscore"]
    for name, text in asked.items():
        likely = sorted(documents, key=lambda document: (-shared(text, documents[document]), document))[:6:2]
        lines += [f"{name}\t{document}\t{grade}" for document, grade in zip(likely, (highest, 1, -1), strict=True)]
    (folder / "qrels" / "test.tsv").write_text("\n".join(lines), "utf-8")
    return folder


def shared(query: str, document: str) -> int:
    """How many words they share."""
    return len(set(query.split()) & set(document.split()))
