"""TREC's files: qrels (query, iteration, document, grade) and runs (query, Q0, document, rank, score, tag).

A folder of them is a set: docs.tsv (id, text, or id, title, text; no header) or docs.jsonl; topics.tsv (id, text) or
TREC's tagged topics; qrels, or qrels/<split>.tsv. Every file may be packed, with a name that ends in .gz.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.dataset import Dataset
from bench.errors import BenchError
from bench.formats.beir import read_card
from bench.formats.columns import string_table
from bench.formats.json_files import json_records
from bench.formats.lines import checked_id, decoded, grade, lines
from bench.formats.options import Options
from bench.formats.records import dataset_of, dotted, field_for, text_field, unjudged
from bench.formats.topics import read_topics
from bench.formats.unlabelled import unlabelled
from retrievers.base import Ranking, top_k

DOCUMENTS = ("docs.tsv", "docs.jsonl")
TOPICS = ("topics.tsv", "topics.txt", "topics.sgml", "topics")
ENDINGS = (".tsv", ".txt", ".qrels", "")
NEEDED = "A TREC folder needs docs.tsv or docs.jsonl, topics.tsv or topics.txt, and qrels."
USUAL = {
    "id": ("id", "_id", "docid", "doc_id", "docno", "id_"),
    "title": ("title",),
    "text": ("text", "contents", "content", "body", "page_content"),
}


def recognises(path: Path, _: Options = Options()) -> bool:  # noqa: B008 - frozen
    """Is this a folder with TREC's documents?"""
    found = any((path / f"{name}{packed}").is_file() for name in DOCUMENTS for packed in ("", ".gz"))
    return found and not (path / "corpus.jsonl").exists()


def load(source: str, options: Options = Options()) -> Dataset:  # noqa: B008 - frozen
    """Read and check a folder. Raises BenchError with file and line.

    The queries are the topics' titles; `--columns query=desc` asks by another of their tags.
    """
    options.only("trec", "split", "columns")
    folder = Path(source).expanduser()
    documents = _documents(_one(folder, DOCUMENTS), options)
    card = read_card(folder / "dataset.toml")
    if options.unlabelled and not any(folder.glob("qrels*")):
        return unlabelled(folder.resolve().name, documents, card, options)
    topics = _one(folder, TOPICS)
    queries = read_topics(topics, dict(options.columns).get("query", "title"))
    known = set(documents["id"].to_pylist())
    judgements: dict[tuple[str, str], int] = {}
    path = _qrels(folder, options.split)
    for where, query, document, value in _judgements(path):
        if query not in queries:
            raise BenchError(f"{where}: there is no topic {query!r}.", f"Add it to {topics.name} or drop the line.")
        if document not in known:
            raise BenchError(f"{where}: there is no document {document!r}.", "Add the document or drop the line.")
        judgements[query, document] = value
    if not judgements:
        raise BenchError(f"{path} holds no judgement.", "Add lines: query iteration document grade.")
    note = unjudged(len(queries), len({query for query, _ in judgements}))
    return dataset_of(folder.resolve().name, documents, queries, judgements, card=card, note=note)


def _one(folder: Path, names: Sequence[str]) -> Path:
    """The one file of these names, packed or not; the first name where there is none, so that reading it says so."""
    found = [path for name in names for packed in ("", ".gz") if (path := folder / f"{name}{packed}").is_file()]
    if len(found) > 1:
        raise BenchError(f"{folder} has {' and '.join(path.name for path in found)}.", "Keep one of them.")
    return found[0] if found else folder / names[0]


def _qrels(folder: Path, split: str | None) -> Path:
    """qrels.* of the folder, else the split's file in its folder qrels."""
    single = _one(folder, [f"qrels{ending}" for ending in ENDINGS])
    if not single.is_file():
        if (folder / "qrels").is_dir():
            return _one(folder / "qrels", [f"{split or 'test'}{ending}" for ending in ENDINGS])
        return folder / "qrels"
    if split:
        raise BenchError(f"{single} has no splits.", f"Leave --split out, or move them to qrels/{split}.tsv.")
    return single


def _documents(path: Path, options: Options) -> pa.Table:
    first: dict[str, str] = {}

    def rows() -> Iterator[tuple[str, ...]]:
        found = _json_documents(path, options) if ".jsonl" in path.suffixes else _tabbed(path)
        for where, document, text in found:
            checked_id(document, where)
            if document in first:
                raise BenchError(
                    f"{where}: the id {document!r} stands already in line {first[document]}.", "Ids must be unique."
                )
            first[document] = where.rpartition(":")[2]
            yield document, text

    table = string_table(rows(), "id", "text")
    if not len(table):
        raise BenchError(f"{path} is empty.", "It needs lines: id <tab> text.")
    return table


def _tabbed(path: Path) -> Iterator[tuple[str, str, str]]:
    for number, line in lines(path, NEEDED):
        where = f"{path}:{number}"
        document, *texts = decoded(line, where).split("\t")
        if len(texts) not in (1, 2):
            raise BenchError(
                f"{where}: {len(texts) + 1} columns, not 2 or 3.",
                "A line is: id, text; or: id, title, text.",
            )
        yield where, document.strip(), " ".join(texts).strip()


def _json_documents(path: Path, options: Options) -> Iterator[tuple[str, str, str]]:
    for number, record in json_records(path, NEEDED):
        where, record = f"{path}:{number}", dotted(record)
        fields = {role: field_for(role, list(record), usual, options) for role, usual in USUAL.items()}
        for role in ("id", "text"):
            if fields[role] is None:
                raise BenchError(f"{where}: no field for the {role}.", f"Name it: --columns {role}=NAME.")
        value = record[str(fields["id"])]
        if isinstance(value, int) and not isinstance(value, bool):
            record[str(fields["id"])] = str(value)
        texts = [
            text_field(record, name, where)
            for role in ("title", "text")
            if (name := fields[role]) is not None and (role == "text" or record[name] is not None)
        ]
        yield where, text_field(record, str(fields["id"]), where), " ".join(texts).strip()


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """query -> document -> grade. Raises BenchError with file and line, also for a pair that is judged twice."""
    judged: dict[str, dict[str, int]] = {}
    for _, query, document, value in _judgements(path):
        judged.setdefault(query, {})[document] = value
    return judged


def _judgements(path: Path) -> Iterator[tuple[str, str, str, int]]:
    """(file:line, query, document, grade) of a qrels file, no pair twice."""
    seen: set[tuple[str, str]] = set()
    for number, line in lines(path, "Give a qrels file."):
        where = f"{path}:{number}"
        columns = decoded(line, where).split()
        if len(columns) != 4:
            raise BenchError(
                f"{where}: {len(columns)} columns, not 4.", "A qrels line is: query iteration document grade."
            )
        query, _, document, value = columns
        if (query, document) in seen:
            raise BenchError(f"{where}: {query!r} and {document!r} are judged already.", "Keep one of the lines.")
        seen.add((query, document))
        yield where, query, document, grade(value, where)


def read_run(path: Path) -> dict[str, dict[str, float]]:
    """query -> document -> score. The rank column is ignored, as trec_eval ignores it.

    Raises BenchError with file and line, also for a document that a query has twice and a score that is not finite.
    """
    run: dict[str, dict[str, float]] = {}
    for number, line in lines(path, "Give a TREC run file."):
        where = f"{path}:{number}"
        columns = decoded(line, where).split()
        if len(columns) < 6:  # trec_eval reads on over words after the tag
            raise BenchError(
                f"{where}: {len(columns)} columns, not 6.", "A run line is: query Q0 document rank score tag."
            )
        query, _, document, _, text = columns[:5]
        try:
            score = float(text)
        except ValueError:
            score = math.nan
        if not math.isfinite(score):
            raise BenchError(f"{where}: the score {text!r} is not a finite number.", "Mend the run.")
        if document in run.setdefault(query, {}):
            raise BenchError(f"{where}: {query!r} has {document!r} twice.", "Keep one of the lines.")
        run[query][document] = score
    return run


def to_ranking(run: Mapping[str, Mapping[str, float]], dataset: Dataset, depth: int) -> Ranking:
    """A run's hits in the dataset's positions, ordered by the one tie rule; queries without judgements are left out.

    Raises BenchError for a document that the dataset does not have.
    """
    ranking = Ranking.empty(len(dataset.queries), depth)
    position = _positions(
        dict.fromkeys(chain.from_iterable(run.get(query, ()) for query in dataset.query_ids)), dataset
    )
    for row, query in enumerate(dataset.query_ids):
        hits = run.get(query, {})
        found = np.fromiter(map(position.__getitem__, hits), np.int64, len(hits))
        order = np.argsort(found)
        scores = np.array(list(hits.values()), dtype=np.float64)[order]
        ranking.put(row, *top_k(scores, depth, found[order]))
    return ranking


def _positions(names: Iterable[str], dataset: Dataset) -> dict[str, int]:
    """Of documents by name; looked up all at once, since each look-up reads the names of the whole corpus."""
    wanted = pa.array(names, pa.large_string())
    positions = pc.index_in(wanted, value_set=dataset.documents["id"].combine_chunks())
    if positions.null_count:
        absent = wanted.filter(pc.is_null(positions))[0].as_py()
        raise BenchError(f"The run has the document {absent!r}, which {dataset.name} does not have.", "Check the pair.")
    return dict(zip(wanted.to_pylist(), positions.to_pylist(), strict=True))
