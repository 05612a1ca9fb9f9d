"""Curves of indexes over 100,000 real vectors: sentences and overlapping windows of labelled sets.

    BENCH_DATA=… python tests/benchmarks/curve_100k.py FOLDER [options of bench curve]

writes a set of more than 100,000 documents into FOLDER, where there is none, and runs `bench curve` on it, by word
vectors.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

SETS = ("scifact", "cranfield", "medical-questions")
WINDOW, STEP = 30, 15  # words
SENTENCE = re.compile(r"(?<=[.?!]) +(?=[A-Z(])")
RETRIEVERS = (
    "ann(static, index=hnsw, rescore=0)",
    "ann(static, index=ivf, rescore=0)",
    "ann(static, index=sq8, rescore=0)",
    "ann(static, index=pq)",
    "ann(static, index=binary)",
)
SWEEPS = ("ef=16..512", "probes=1..128", "rescore=16..512")


def pieces(text: str) -> Iterator[str]:
    """Sentences, then windows that overlap by half; no text twice."""
    words = text.split()
    windows = (" ".join(words[start : start + WINDOW]) for start in range(0, max(1, len(words) - STEP), STEP))
    yield from dict.fromkeys([*SENTENCE.split(text), *windows])


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def write(data: Path, folder: Path) -> int:
    """A set in BEIR's layout; how many documents. A piece has its document's id and a number, and its judgements."""
    (folder / "qrels").mkdir(parents=True)
    count = 0
    with (
        (folder / "corpus.jsonl").open("w", encoding="utf-8") as corpus,
        (folder / "queries.jsonl").open("w", encoding="utf-8") as queries,
        (folder / "qrels" / "test.tsv").open("w", encoding="utf-8") as judgements,
    ):
        judgements.write("query-id\tcorpus-id\tscore\n")
        for name in SETS:
            ids: dict[str, list[str]] = {}
            for document in rows(data / name / "corpus.jsonl"):
                whole = f"{document.get('title', '')} {document['text']}".strip()
                for number, text in enumerate(pieces(whole)):
                    ids.setdefault(document["_id"], []).append(f"{name}-{document['_id']}#{number}")
                    corpus.write(json.dumps({"_id": ids[document["_id"]][-1], "text": text}) + "\n")
            count += sum(map(len, ids.values()))
            for query in rows(data / name / "queries.jsonl"):
                queries.write(json.dumps({"_id": f"{name}-{query['_id']}", "text": query["text"]}) + "\n")
            for line in (data / name / "qrels" / "test.tsv").read_text("utf-8").splitlines()[1:]:
                query, document, grade = line.split("\t")
                judgements.writelines(f"{name}-{query}\t{piece}\t{grade}\n" for piece in ids[document])
    return count


def main(place: str, *options: str) -> None:
    """Write the set, and run the curves."""
    from bench.cli import main as bench

    folder = Path(place)
    if not folder.exists():
        print(f"{write(Path(os.environ['BENCH_DATA']), folder):,} documents in {folder}")
    named = [part for retriever in RETRIEVERS for part in ("-r", retriever)]
    swept = [part for sweep in SWEEPS for part in ("--sweep", sweep)]
    bench(["curve", place, *named, *swept, *options])


if __name__ == "__main__":
    main(*sys.argv[1:])
