"""A file of judgements alone (qrels): enough to score the runs of other systems, with no document and no query text.

TREC's four columns, BEIR's .tsv, or any other form of `judgements`; {query: {document: grade}} in JSON, as ranx and
pytrec_eval write it; or the records of `hub`, as .json, .jsonl, .parquet or .arrow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from bench.data.dataset import Dataset
from bench.data.formats import hub, trec, trec_runs
from bench.data.formats.arrow_files import ARROW
from bench.data.formats.judgements import WRITTEN
from bench.data.formats.lines import checked_id, first_line, grade
from bench.data.formats.options import Options
from bench.data.formats.records import dataset_of
from bench.errors import BenchError

SUFFIXES = (".gz", ".tsv", ".txt", ".csv", ".json", ".jsonl", ".qrels", ".qrel", *ARROW)
NOTHING_KNOWN: hub.Known = {"query": (), "document": ()}


def load(source: str, options: Options) -> Dataset:
    """Read a file of judgements as a set without texts, called after the file. Raises BenchError with file and line."""
    options.only("qrels")
    path = Path(source).expanduser()
    grades: dict[tuple[str, str], int] = {}
    for query, document, value in _judged(path):
        pair = checked_id(query, str(path)), checked_id(document, str(path))
        if pair in grades:
            raise BenchError(f"{path}: {query!r} and {document!r} are judged twice.", "Keep one of the judgements.")
        grades[pair] = value
    if not grades:
        raise BenchError(f"{path} holds no judgement.", WRITTEN)
    documents = dict.fromkeys((document for _, document in grades), "")
    queries = dict.fromkeys((query for query, _ in grades), ("", dict[str, str]()))
    return replace(dataset_of(_called(path), documents, queries, grades), judgements_alone=True)


def _judged(path: Path) -> Iterable[tuple[str, str, int]]:
    """(query, document, grade), by the reader of the file's form."""
    name = path.name.casefold().removesuffix(".gz")
    if not path.is_file():
        what = "is a folder, not a file of judgements" if path.is_dir() else "is not there"
        raise BenchError(f"{path} {what}.", "Name a file of judgements: --qrels FILE.")
    if name.endswith((".jsonl", *ARROW)) or (name.endswith(".json") and first_line(path).startswith(b"[")):
        return (
            (query, document, value)
            for _, query, document, value in hub.read_judgements(path, NOTHING_KNOWN, Counter())
        )
    if name.endswith(".json") or first_line(path).startswith(b"{"):
        rows = trec_runs.read_json(path)
        return ((query, document, grade(f"{value:g}", where)) for where, query, document, value in rows)
    judged = trec.read_qrels(path)
    return ((query, document, value) for query, row in judged.items() for document, value in row.items())


def _called(path: Path) -> str:
    name = path.name
    while name.casefold().endswith(SUFFIXES) and Path(name).stem != name:
        name = Path(name).stem
    return name
