"""Datasets of the Hugging Face hub in MTEB's and BEIR's layouts: hf:mteb/scifact, hf:mteb/scifact@revision.

Files are fetched and read, nothing else: code of the hub is never run. The corpus is corpus.jsonl, corpus/… or
data/corpus-…, the queries alike; the judgements of a split are in qrels/, default/ or data/, as <split>.tsv, .jsonl or
.parquet, or in parts of it (<split>-00000-of-00002.parquet, <split>/0000.parquet).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bench.dataset import Card, Dataset
from bench.errors import BenchError, unknown
from bench.formats.beir import DEFAULT_SPLIT, document_row, query_row
from bench.formats.columns import string_table
from bench.formats.judgements import usable
from bench.formats.lines import grade
from bench.formats.options import Options
from bench.formats.records import Record, dataset_of, field_for, json_records, records

SOURCE = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")
SUFFIXES = (".parquet", ".jsonl", ".jsonl.gz", ".tsv")  # of one thing in several forms the first is read
LABELS = ("qrels", "default", "data", "")
FETCHED = [
    "README.md",
    *(f"{start}*{suffix}" for start in ("corpus", "queries", "qrels", "default/", "data/") for suffix in SUFFIXES),
]
PART = re.compile(r"-\d{5}-of-\d{5}(-[0-9a-f]+)?$")
COLUMNS = ("_id", "id", "title", "text", "metadata", "query-id", "corpus-id", "score")
ROWS = 10_000
PATIENCE = 15.0  # seconds without an answer
LAYOUT = "It must be in MTEB's or BEIR's layout: corpus, queries and qrels, as Parquet or JSON lines."


def load(source: str, options: Options = Options()) -> Dataset:  # noqa: B008 - frozen
    """Fetch what is not here yet, and read it; the card's source names the commit.

    Raises BenchError where it cannot be fetched, has another layout, or holds what cannot be used.
    """
    options.only("hf", "split")
    match = SOURCE.fullmatch(source)
    if not match:
        raise BenchError(f"{source!r} names no dataset of the hub.", "Write hf:owner/name, or hf:owner/name@revision.")
    repo, split = match["repo"], options.split or DEFAULT_SPLIT
    folder = _fetched(repo, match["revision"], split)
    groups = _groups(folder)
    labels = _labels(repo, groups, split)
    documents = string_table(_rows(_texts(repo, groups, "corpus", split), document_row), "id", "text")
    queries = string_table(_rows(_texts(repo, groups, "queries", split), query_row), "id", "text", "metadata")
    for table, what in ((documents, "documents"), (queries, "queries")):
        if pc.count_distinct(table["id"]).as_py() < len(table):
            raise BenchError(f"hf:{repo} has {what} with the same id.", "Tell its owner; it cannot be evaluated.")
    judged = (_judgement(where, record) for path in labels for where, record in _records(path))
    judgements, note = usable(judged, set(queries["id"].to_pylist()), set(documents["id"].to_pylist()))
    card = Card(source=f"hf:{repo}@{folder.name}", licence=_licence(folder / "README.md"))
    return dataset_of(repo, documents, queries, judgements, card=card, note=note)


def _fetched(repo: str, revision: str | None, split: str) -> Path:
    """The folder of a commit, named by its hash. Without a network, what was fetched before."""
    try:
        import huggingface_hub as hub
        from huggingface_hub import errors
    except ImportError:
        raise BenchError("huggingface_hub is not installed.", "Install it: pip install -e '.[hub]'") from None
    patterns = [*FETCHED, *(f"{split}{suffix}" for suffix in SUFFIXES)]
    try:
        return Path(_snapshot(hub, repo, revision, patterns))
    except errors.GatedRepoError:
        message = f"hf:{repo} asks to accept its terms."
        hint = f"Do so at https://huggingface.co/datasets/{repo}, then: hf auth login."
    except errors.RepositoryNotFoundError:
        message = f"The hub has no dataset {repo!r}, or it is private."
        hint = "Check the name at https://huggingface.co/datasets; for a private one: hf auth login."
    except errors.RevisionNotFoundError:
        message, hint = f"hf:{repo} has no revision {revision!r}.", "Name a branch, a tag or a commit, or none."
    except Exception as error:  # noqa: BLE001 - httpx', OSError, ValueError for a path that leads out of the folder …
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        message, hint = f"hf:{repo} cannot be fetched: {reason}.", "Check the network and the disk, and try again."
    raise BenchError(message, hint)


def _snapshot(hub: Any, repo: str, revision: str | None, patterns: list[str]) -> str:
    """snapshot_download with an end: by itself it waits without limit for a hub that accepts and never answers."""
    from huggingface_hub.utils import get_session

    fetch = partial(hub.snapshot_download, repo, repo_type="dataset", revision=revision, allow_patterns=patterns)
    get_session().timeout = PATIENCE
    try:
        hub.HfApi().dataset_info(repo, revision=revision, timeout=PATIENCE)
    except (hub.errors.RepositoryNotFoundError, hub.errors.RevisionNotFoundError):
        raise
    except Exception as error:  # noqa: BLE001 - no network, or a hub in trouble: what was fetched before will do
        try:
            return str(fetch(local_files_only=True))
        except hub.errors.LocalEntryNotFoundError:
            raise error from None
    return str(fetch())


def _groups(folder: Path) -> dict[tuple[str, str], list[Path]]:
    """(folder, name without part numbers) -> files: corpus/test-00000-of-00002.parquet is of ("corpus", "test")."""
    found: dict[tuple[str, str], list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        head, *rest = path.relative_to(folder).parts
        if path.name.endswith(SUFFIXES) and path.is_file():
            name = rest[0] if rest else head
            for suffix in SUFFIXES:
                name = name.removesuffix(suffix)
            found.setdefault((head if rest else "", PART.sub("", name)), []).append(path)
    return {key: _first_form(paths) for key, paths in found.items()}


def _first_form(paths: list[Path]) -> list[Path]:
    forms = ([path for path in paths if path.name.endswith(suffix)] for suffix in SUFFIXES)
    return next(form for form in forms if form)


def _texts(repo: str, groups: dict[tuple[str, str], list[Path]], role: str, split: str) -> list[Path]:
    """The files of "corpus" or "queries": of the split where they have splits."""
    own = [key for key in groups if key[0] == role]
    for key in ((role, split), (role, role), ("", role), ("data", role), *(own if len(own) == 1 else ())):
        if key in groups:
            return groups[key]
    if own:
        raise unknown(f"split of the {role} of hf:{repo}:", split, sorted(name for _, name in own))
    raise BenchError(f"hf:{repo} has no {role}.", LAYOUT)


def _labels(repo: str, groups: dict[tuple[str, str], list[Path]], split: str) -> list[Path]:
    for head in LABELS:
        if (head, split) in groups:
            return groups[head, split]
    splits = {name for head, name in groups if head in LABELS} - {"corpus", "queries"}
    if splits:
        raise unknown(f"split of hf:{repo}:", split, sorted(splits))
    raise BenchError(f"hf:{repo} has no judgements.", LAYOUT)


def _records(path: Path) -> Iterator[tuple[str, Record]]:
    if path.suffix == ".parquet":
        yield from _parquet(path)
    elif path.suffix == ".tsv":
        yield from records(path, LAYOUT)
    else:
        for number, record in json_records(path, LAYOUT):
            yield f"{path}:{number}", record


def _parquet(path: Path) -> Iterator[tuple[str, Record]]:
    """Some rows at a time, and of the columns those that are used: a set may carry vectors as well."""
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            columns = [name for name in file.schema_arrow.names if name in COLUMNS]
            number = 0
            for batch in file.iter_batches(ROWS, columns=columns):
                for record in batch.to_pylist():
                    number += 1
                    yield f"{path}, row {number}", record
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise BenchError(f"{path} cannot be read: {reason}.", "Remove it, so that it is fetched anew.") from None


def _rows(paths: Iterable[Path], row: Any) -> Iterator[tuple[str, ...]]:
    for path in paths:
        for where, record in _records(path):
            if "_id" not in record and "id" in record:
                record["_id"] = record["id"]
            yield row(record, where)


def _judgement(where: str, record: Record) -> tuple[str, str, int]:
    names = list(record)
    usual = (("query_id",), ("corpus_id",), ("score",))
    query, document, score = (field_for(each[0], names, each, Options()) for each in usual)
    if query is None or document is None or score is None:
        raise BenchError(f"{where}: no query-id, corpus-id and score among {', '.join(names)}.", LAYOUT)
    value = record[score]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(record[query]), str(record[document]), grade(str(value), where)


def _licence(card: Path) -> str:
    """What the dataset's card says; "" where it says nothing or cannot be read."""
    from huggingface_hub.repocard import metadata_load

    try:
        content = metadata_load(card) or {}
    except Exception:  # noqa: BLE001 - a broken card, YAML of any kind: the licence is then not known
        return ""
    found = content.get("license", "")
    return ", ".join(map(str, found)) if isinstance(found, list) else str(found or "")
