"""Any dataset as a folder in BEIR's layout, which `beir` reads back to an equal fingerprint."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from bench.data.dataset import TEXT, TITLE, Card, Dataset, Texts
from bench.data.formats.document_columns import METADATA
from bench.errors import BenchError

CARD, UNANSWERABLE = "dataset.toml", "unanswerable.jsonl"


def write(dataset: Dataset, folder: Path, origin: str) -> None:
    """Write corpus.jsonl, queries.jsonl, qrels/test.tsv, the card and, where there are any, unanswerable.jsonl.

    origin: what it was imported from, for the card. All of the folder appears at once or none of it. Raises BenchError
    where something is there already or the disk refuses.
    """
    folder = folder.expanduser().resolve()
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    try:
        if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
            raise BenchError(f"{folder} is there already.", "Name a folder that does not exist, or an empty one.")
        (temporary / "qrels").mkdir(parents=True)
        sums = {name: write_lines(temporary / name, lines) for name, lines in _files(dataset).items()}
        card = _card(dataset, origin, UNANSWERABLE if UNANSWERABLE in sums else "")
        write_lines(temporary / CARD, card_lines(card, sums))
        if folder.exists():
            folder.rmdir()
        temporary.rename(folder)
    except OSError as error:
        raise BenchError(f"{folder} cannot be written: {error.strerror or error}.", "Name another folder.") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _files(dataset: Dataset) -> dict[str, Iterator[bytes]]:
    judged = np.zeros(len(dataset.queries), dtype=bool)
    judged[dataset.judged_query] = True
    files = {
        "corpus.jsonl": corpus_lines(dataset),
        "queries.jsonl": _queries(dataset, np.flatnonzero(judged)),
        "qrels/test.tsv": _qrels(dataset),
    }
    # A query that is judged, if only by grade 0, is known to have no answer without being named.
    if not judged.all():
        files[UNANSWERABLE] = _queries(dataset, np.flatnonzero(~judged))
    return files


def corpus_lines(dataset: Dataset) -> Iterator[bytes]:
    """corpus.jsonl, a line each."""
    columns = {name: dataset.texts.column(name) for name in dataset.texts.columns}
    for document, *values in zip(Texts(dataset.documents["id"]), *columns.values(), strict=True):
        known = dict(zip(columns, values, strict=True))
        line = {"_id": document, "title": known.pop(TITLE, ""), "text": known.pop(TEXT)}
        metadata = {name.removeprefix(f"{METADATA}."): value for name, value in known.items() if value}
        yield orjson.dumps(line | ({METADATA: metadata} if metadata else {})) + b"\n"


def _queries(dataset: Dataset, positions: NDArray[np.int64]) -> Iterator[bytes]:
    for row in dataset.queries.take(positions).to_pylist():
        metadata = orjson.loads(row["metadata"])
        yield (
            orjson.dumps({"_id": row["id"], "text": row["text"]} | ({"metadata": metadata} if metadata else {})) + b"\n"
        )


def _qrels(dataset: Dataset) -> Iterator[bytes]:
    queries = map(dataset.query_ids.__getitem__, dataset.judged_query.tolist())
    documents = dataset.document_ids(dataset.judged_document)
    return qrels_lines(zip(queries, documents, dataset.grade.tolist(), strict=True))


def qrels_lines(judgements: Iterable[tuple[str, str, int]]) -> Iterator[bytes]:
    """qrels/test.tsv, a line each. judgements: ids of query and document, grade."""
    yield b"query-id\tcorpus-id\tscore\n"
    for query, document, grade in judgements:
        yield f"{_cell(query)}\t{_cell(document)}\t{grade}\n".encode()


def _cell(name: str) -> str:
    """An id as it is read back: one that begins with a quote would be taken for a quoted one that has no end."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"' if name.startswith('"') else name


def _card(dataset: Dataset, origin: str, unanswerable: str) -> Card:
    card, imported = dataset.card, f"imported from {origin}"
    description = card.description or f"{dataset.name}, {imported}"
    return replace(
        card,
        description=f"{description} ({dataset.note})" if dataset.note else description,
        source=f"{card.source}; {imported}" if card.source else imported,
        unanswerable=unanswerable,
    )


def card_lines(card: Card, sums: dict[str, str]) -> Iterator[bytes]:
    """dataset.toml, a line each. sums: file -> sha256."""
    for item in fields(card):
        value = getattr(card, item.name)
        if value == item.default and not value:  # what the card need not say; drop_self = false is no default
            continue
        text = ("false", "true")[value] if isinstance(value, bool) else _string(value)
        yield f"{item.name} = {text}\n".encode()
    yield b"\n[sha256]\n"
    for name, digest in sums.items():
        yield f"{_string(name)} = {_string(digest)}\n".encode()


def _string(value: str | tuple[str, ...]) -> str:
    """A string or a list of strings in TOML, which is JSON but for one control character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def write_lines(path: Path, lines: Iterable[bytes]) -> str:
    """Write and flush to the disk; the sha256 of it."""
    digest = hashlib.sha256()
    with path.open("xb") as stream:
        for line in lines:
            stream.write(line)
            digest.update(line)
        stream.flush()
        os.fsync(stream.fileno())
    return digest.hexdigest()
