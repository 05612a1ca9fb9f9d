"""Plain text: corpus.txt with one paragraph a line, and, beside it, corpus_metadata.json and queries.csv.

corpus_metadata.json: a list of {"id", …}, one for each paragraph, in their order. queries.csv (or
another table): the columns query and relevant, with ids separated by white space, commas, semicolons or bars, as a
list, or in rows of their own; grade and id where wanted; all other columns become the query's metadata. Blank lines are
no paragraphs. CORPUS_PATH and CORPUS_META_PATH in the environment name other files than those of the folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from bench.data.dataset import Dataset, joined
from bench.data.formats.arrow_columns import string_table
from bench.data.formats.beir import read_card
from bench.data.formats.cells import listed
from bench.data.formats.document_columns import columns_of, document_table, without
from bench.data.formats.ids import Canonical, UnknownIds, known_as
from bench.data.formats.json_files import BROKEN, parsed
from bench.data.formats.known_item import asked_by, known_item
from bench.data.formats.lines import checked_id, decoded, id_text, lines, text_of
from bench.data.formats.named import SEVERAL, named_documents
from bench.data.formats.options import Options
from bench.data.formats.records import (
    SUFFIXES,
    Record,
    dataset_of,
    field_for,
    grade_of,
    left_out_note,
    records,
    text_field,
    unjudged,
)
from bench.data.formats.unlabelled import unlabelled
from bench.errors import BenchError

AMBIGUOUS = ""  # in place of an id
CORPUS, METADATA = "CORPUS_PATH", "CORPUS_META_PATH"
NEEDED = "Give corpus.txt with one paragraph a line, in the folder or by CORPUS_PATH."
LABELS = "Write queries.csv with the columns query and relevant, or make known-item queries with --known-item FIELD"
USUAL = {
    "query": ("query", "text", "question"),
    "relevant": ("relevant", "relevant_ids", "relevant_id", "corpus_id", "document", "doc_id"),
    "grade": ("grade", "score", "relevance"),
    "id": ("id", "_id", "query_id", "qid"),
}


@dataclass(frozen=True)
class Corpus:
    """The documents of a folder.

    documents: (id, text, columns). entries: what is known of each, its id at least. names: what labels may call a
    document -> its id, or AMBIGUOUS. notes: on how they were read; those on the labels are added.
    """

    documents: pa.Table
    entries: list[Record]
    names: Mapping[str, str]
    notes: list[str]


def claims(path: Path, _: Options) -> str | None:
    """A folder with corpus.txt, or with labels for the paragraphs that CORPUS_PATH names."""
    if (path / "corpus.jsonl").exists():
        return None
    if (path / "corpus.txt").is_file():
        return "it has corpus.txt"
    return f"{CORPUS} is set, and it has labels" if os.environ.get(CORPUS) and labels(path) else None


def load(source: str, options: Options = Options()) -> Dataset:  # noqa: B008 - frozen
    """Read and check a folder. Raises BenchError with file and line, and where there are no labels."""
    folder = Path(source).expanduser()
    corpus = Path(os.environ.get(CORPUS) or folder / "corpus.txt").expanduser()
    paragraphs = string_table(_paragraphs(corpus), "text")["text"]
    if not len(paragraphs):
        raise BenchError(f"{corpus} holds no paragraph.", "Write one paragraph a line.")
    entries, notes = _metadata(folder, len(paragraphs))
    if os.environ.get(CORPUS):
        notes.insert(0, f"paragraphs from {CORPUS}")
    names = Canonical({entry["id"]: entry["id"] for entry in entries})
    texts = (text for chunk in paragraphs.chunks for text in chunk.to_pylist())
    documents = document_table(
        (entry["id"], text, columns_of("", without(entry, "id"))) for entry, text in zip(entries, texts, strict=True)
    )
    return labelled("plain", folder, Corpus(documents, entries, names, notes), options)


def labelled(form: str, folder: Path, corpus: Corpus, options: Options) -> Dataset:
    """A folder's documents with its labels, or with known-item queries.

    Raises BenchError with file and line, and where there are no labels.
    """
    documents, entries, notes = corpus.documents, corpus.entries, corpus.notes
    name, card = folder.resolve().name, read_card(folder / "dataset.toml")
    if options.known_item:
        options.only("known-item", "known_item")
        asked = (asked_by(entry, options.known_item) if options.known_item != "id" else "" for entry in entries)
        column = pa.chunked_array([pa.array(asked, pa.large_string())])
        documents = documents.select(["id", "text"]).append_column("asked", column)
        return known_item(name, options.known_item, documents, card, joined(*notes))
    if options.unlabelled and not labels(folder):
        return unlabelled(name, documents, card, options)
    options.only(form, "columns")
    queries, judgements = _queries(_one_file(folder, entries, notes), corpus.names, options, notes)
    return dataset_of(name, documents, queries, judgements, card=card, note=joined(*notes))


def _paragraphs(path: Path) -> Iterator[tuple[str]]:
    for number, line in lines(path, NEEDED):
        if text := decoded(line, f"{path}:{number}").strip():
            yield (text,)


def _metadata(folder: Path, paragraphs: int) -> tuple[list[Record], list[str]]:
    """One entry with an id for each paragraph. Where the file does not fit, they are numbered, and a note says why.

    A list that is shorter or longer could belong to any of the paragraphs: none of it is used.
    """
    path = Path(os.environ.get(METADATA) or folder / "corpus_metadata.json").expanduser()
    try:
        entries = _entries(path, paragraphs)
    except BenchError as error:
        # Six digits, so that a paragraph keeps its id when the corpus grows.
        return [{"id": f"p{number:06}"} for number in range(1, paragraphs + 1)], [
            f"paragraphs are numbered from p000001: {error.message.rstrip('.')}"
        ]
    return entries, []


def _entries(path: Path, paragraphs: int) -> list[Record]:
    if not path.is_file():
        raise BenchError(f"there is no {path.name}")
    try:
        entries = parsed(text_of(path))
    except BROKEN as error:
        raise BenchError(f"{path.name} is not valid JSON ({error})") from None
    if not isinstance(entries, list):
        raise BenchError(f"{path.name} is not a list")
    if len(entries) != paragraphs:
        raise BenchError(f"{path.name} has {len(entries):,} entries for {paragraphs:,} paragraphs")
    seen: set[str] = set()
    for number, entry in enumerate(entries, 1):
        where = f"{path.name}, entry {number}"
        value = id_text(entry.get("id")) if isinstance(entry, dict) else ""
        if not value:
            raise BenchError(f"{where}: no id")
        if checked_id(value, where) in seen:
            raise BenchError(f"{where}: the id {value!r} stands twice")
        seen.add(value)
        entry["id"] = value
    return entries


def labels(folder: Path) -> list[Path]:
    """The files of labels that the folder has."""
    return [path for suffix in SUFFIXES if (path := folder / f"queries{suffix}").is_file()]


def _queries(
    path: Path, names: Mapping[str, str], options: Options, notes: list[str]
) -> tuple[dict[str, tuple[str, Record]], dict[tuple[str, str], int]]:
    """Queries by id and grades by pair. Rows of one query, or of one id where there are ids, belong together."""
    queries: dict[str, tuple[str, Record]] = {}
    judgements: dict[tuple[str, str], int] = {}
    by_text: dict[str, str] = {}
    fields: dict[str, str | None] = {}
    unknown = UnknownIds({"document": names})
    repeated = lists = 0
    for where, record in records(path, LABELS):
        if not fields or path.suffix.startswith(".json"):  # objects need not have the same fields
            fields = {role: field_for(role, list(record), usual, options) for role, usual in USUAL.items()}
        if fields["query"] is None:
            raise BenchError(f"{where}: no column query among {', '.join(record)}.", "Name it: --columns query=NAME.")
        text = _text(record, fields["query"], where)
        query = _id(record, fields["id"], where) or by_text.setdefault(text, f"q{len(by_text) + 1:06}")
        rest = {key: value for key, value in record.items() if key not in fields.values()}
        repeated += query in queries
        if queries.setdefault(query, (text, rest))[0] != text:
            raise BenchError(f"{where}: the id {query!r} has another query already.", "Give each query its own id.")
        value = _grade(record, fields["grade"], where)
        relevant, is_list = named_documents(record.get(fields["relevant"] or ""), names, where)
        lists += is_list
        for named in relevant:
            document = names.get(known_as(named, names) or "")
            if document is None:
                unknown.add("document", named, where)
                continue
            if document == AMBIGUOUS:
                raise BenchError(f"{where}: several files are called {named!r}.", "Give its path within the folder.")
            if (query, document) in judgements:
                raise BenchError(f"{where}: {text!r} and {document!r} are judged already.", "Keep one of them.")
            judgements[query, document] = value
    if unknown:
        raise unknown.error(path, f" ({joined(*notes)})" if any(notes) else "", f" {SEVERAL}")
    if not judgements and queries and not fields["relevant"]:
        raise BenchError(f"{where}: no column relevant among {', '.join(record)}.", "Name it: --columns relevant=NAME.")
    if not judgements:
        raise BenchError(f"{path} holds no labels: no query names a relevant paragraph.", f"{LABELS}.")
    notes += [
        left_out_note(lists, "list of ids taken apart", "lists of ids taken apart"),
        left_out_note(
            repeated,
            "row with the query of an earlier one, merged with it",
            "rows with the query of an earlier one, merged with it",
        ),
        unjudged(len(queries), len({query for query, _ in judgements})),
    ]
    return queries, judgements


def _one_file(folder: Path, entries: list[Record], notes: list[str]) -> Path:
    files = labels(folder)
    if len(files) > 1:
        raise BenchError(f"{folder} has {' and '.join(path.name for path in files)}.", "Keep one of them.")
    if not files:
        fields = sorted({key for entry in entries for key in entry} - {"id"})
        known = f": {', '.join(fields)}" if fields else " of corpus_metadata.json"
        reason = f" ({joined(*notes)})" if any(notes) else ""
        raise BenchError(f"{folder} has no labels: no queries{', '.join(SUFFIXES)}{reason}.", f"{LABELS}{known}.")
    return files[0]


def _id(record: Record, field: str | None, where: str) -> str:
    value = record.get(field) if field else None
    if value is None or value == "":
        return ""
    return checked_id(id_text(value).strip(), where)


def _text(record: Record, field: str, where: str) -> str:
    if listed(record.get(field), field, where) is not None:
        raise BenchError(f"{where}: the query is a list.", "Write a line for each query.")
    text = text_field(record, field, where)
    if not text:
        raise BenchError(f"{where}: the query is empty.", "Mend the line.")
    return text


def _grade(record: Record, field: str | None, where: str) -> int:
    value: Any = record.get(field) if field else None
    return 1 if value is None or value == "" else grade_of(value, where)
