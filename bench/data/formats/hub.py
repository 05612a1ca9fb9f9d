"""A folder in the layout of the hub's retrieval sets (MTEB, BEIR, NanoBEIR, ViDoRe), fetched or the user's own.

The corpus is corpus.jsonl, corpus/… or data/corpus-…, the queries alike; the judgements of a split are in qrels/,
relevance/, default/ or data/, as <split>.tsv, .jsonl or .parquet, or in parts of it (<split>-00000-of-00002.parquet,
<split>/0000.parquet). A file may be Parquet, Arrow, JSON, CSV or TSV: columns are found by their names in any of them.

Judgements are pairs of ids with a grade (a pair without one is relevant), or a query's id with a list of those of its
relevant documents. Nobody can mend a collection of others: documents and queries whose text is null, and judgements of
what is not there, are left out and counted in the note.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bench.data.dataset import Card, Dataset, joined
from bench.data.formats import plain
from bench.data.formats.arrow_columns import string_table
from bench.data.formats.arrow_files import ARROW, arrow_columns, arrow_records
from bench.data.formats.beir import (
    ALONE,
    CORPUS,
    DEFAULT_SPLIT,
    QRELS,
    document_columns,
    document_row,
    query_row,
    read_card,
)
from bench.data.formats.document_columns import document_table
from bench.data.formats.ids import known_as
from bench.data.formats.json_files import Record, json_located
from bench.data.formats.judgements import GRADE, Judgement, refuse_other_grade, usable
from bench.data.formats.lines import id_text
from bench.data.formats.options import Options
from bench.data.formats.records import dataset_of, field_for, grade_of, left_out_note, records
from bench.data.formats.unlabelled import unlabelled
from bench.errors import BenchError, unknown

# Of one thing in several forms the first is read.
SUFFIXES = (*ARROW, ".jsonl", ".jsonl.gz", ".json", ".tsv", ".csv")
TEXTS = ("corpus", "queries")
LABELS = ("qrels", "relevance", "default", "data")
USUAL_TEXT = ("text", "query")
TRECS = "corpus.tsv"  # beside TREC's topics
PART = re.compile(r"-\d{5}-of-\d{5}(-[0-9a-f]+)?$")
LAYOUT = "It must be in MTEB's or BEIR's layout: corpus, queries and qrels, as Parquet, Arrow or JSON lines."
DOCUMENT_ID = ("corpus_id", "docid", "doc_id", "document_id", "pid", "passage_id")
QUERY_ID = ("query_id", "qid")
ROLES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "corpus": {
        "id": ("_id", "id", *DOCUMENT_ID),
        "title": ("title",),
        "text": ("text", "contents", "content", "passage", "markdown"),
        "metadata": ("metadata",),
    },
    "queries": {"id": ("_id", "id", *QUERY_ID), "text": ("text", "query", "question"), "metadata": ("metadata",)},
    "qrels": {
        "query": QUERY_ID,
        "document": DOCUMENT_ID,
        "documents": ("positive_corpus_ids",),
        "grade": GRADE,
    },
}

Groups = Mapping[tuple[str, str], list[Path]]
Known = Mapping[str, Collection[str]]  # the ids of "query" and "document"


def claims(path: Path, options: Options) -> str | None:
    """A folder with tables in this layout, and not in BEIR's own, nor one of texts with tables beside them."""
    if not path.is_dir() or plain.claims(path, options):  # a table beside paragraphs is a copy of them, or of vectors
        return None
    if any(path.glob("corpus.jsonl*")) and any(any(path.glob(pattern)) for pattern in QRELS):
        return None
    files = {key: paths for key, paths in groups(path).items() if paths != [path / TRECS]}
    corpus, queries = ({file.name for key, paths in files.items() if role in key for file in paths} for role in TEXTS)
    labels = {file.suffix for (head, _), paths in files.items() if head in LABELS for file in paths}
    if corpus <= {*CORPUS} and (options.known_item or (not corpus and plain.labels(path))):
        return None
    # Without a corpus, tables at the top or in data/ may be of anything.
    own = (paths for (head, name), paths in files.items() if (head, name) != ("", "queries"))
    own = own if corpus else (paths for (head, _), paths in files.items() if head not in ("", "data"))
    arrow = any(file.suffix in ARROW for paths in own for file in paths)
    other = corpus and (labels & {".jsonl", ".json", ".gz"} or (queries and not corpus <= {*CORPUS}))
    return "it has tables in the hub's layout" if arrow or other else None


def load(source: str, options: Options = Options()) -> Dataset:  # noqa: B008 - frozen
    """Read a folder of the user's. Raises BenchError where it has another layout, or holds what cannot be used."""
    folder = Path(source).expanduser()
    card = read_card(folder / "dataset.toml")
    files = groups(folder)
    if options.unlabelled and not _splits(files):
        documents, _ = _texts(str(folder), files, "corpus", DEFAULT_SPLIT)
        return unlabelled(folder.resolve().name, documents, card, options)
    options.only("hub", "split")
    if not any("corpus" in key for key in files):
        raise _absent(str(folder), "corpus")
    return read(folder.resolve().name, str(folder), files, options.split, card)


def read(name: str, shown: str, files: Groups, wanted: str | None, card: Card) -> Dataset:
    """The set that these files make. shown: how messages call it. wanted: the split, if the user names one."""
    labels, split = _labels(shown, files, wanted)
    documents, on_documents = _texts(shown, files, "corpus", split)
    queries, on_queries = _texts(shown, files, "queries", split)
    known = {"query": set(queries["id"].to_pylist()), "document": set(documents["id"].to_pylist())}
    counts: Counter[str] = Counter()
    judged = (row for path in labels for row in read_judgements(path, known, counts))
    judgements, note = usable(judged, known["query"], known["document"], shown)
    return dataset_of(
        name,
        documents,
        queries,
        judgements,
        card=card,
        note=joined(
            "" if split == (wanted or DEFAULT_SPLIT) else f"judgements of the split {split!r}",
            "judgements have no grade: each is relevant" if counts["none"] else "",
            on_documents,
            on_queries,
            left_out_note(counts["null"], "judgement without a grade left out", "judgements without a grade left out"),
            note,
        ),
    )


def groups(folder: Path) -> Groups:
    """(folder, name without part numbers) -> files: corpus/test-00000-of-00002.parquet is of ("corpus", "test")."""
    files: dict[tuple[str, str], list[Path]] = {}
    inner = (path for head in (*TEXTS, *LABELS) for path in (folder / head).rglob("*"))
    for path in sorted([*folder.glob("*"), *inner]):
        head, *rest = path.relative_to(folder).parts
        if path.name.endswith(SUFFIXES) and path.is_file():
            name = rest[0] if rest else head
            for suffix in SUFFIXES:
                name = name.removesuffix(suffix)
            files.setdefault((head if rest else "", PART.sub("", name)), []).append(path)
    return {key: _first_form(paths) for key, paths in files.items()}


def _first_form(paths: list[Path]) -> list[Path]:
    forms = ([path for path in paths if path.name.endswith(suffix)] for suffix in SUFFIXES)
    return next(form for form in forms if form)


def _splits(files: Groups) -> dict[str, list[Path]]:
    """The judgements by split, each from the first place that has it; beside the corpus where no folder has any."""
    splits: dict[str, list[Path]] = {}
    for head in LABELS:
        for (at, name), paths in files.items():
            if at == head and name not in TEXTS:
                splits.setdefault(name, paths)
    return splits or {
        name: paths
        for (at, name), paths in files.items()
        if not at and name not in TEXTS and paths[0].suffix != ".json"
    }


def _labels(shown: str, files: Groups, wanted: str | None) -> tuple[list[Path], str]:
    """The judgements of the split that the user names, else of "test", else of the only one there is."""
    splits = _splits(files)
    split = wanted or (DEFAULT_SPLIT if DEFAULT_SPLIT in splits or len(splits) != 1 else next(iter(splits)))
    if split in splits:
        return splits[split], split
    if splits:
        raise unknown(f"split of {shown}:", split, sorted(splits))
    raise BenchError(f"{shown} has no judgements.", LAYOUT)


def _texts(shown: str, files: Groups, role: str, split: str) -> tuple[pa.Table, str]:
    """The table of "corpus" or "queries", and a note on its texts."""
    one, many = ("document", "documents") if role == "corpus" else ("query", "queries")
    counts: Counter[str] = Counter()
    read: dict[str, None] = {}

    def rows() -> Iterator[tuple[str, Record]]:
        for path in _files(shown, files, role, split):
            for where, record, field in _mapped(path, role):
                read[field] = None
                if record["text"] is None:
                    counts["skipped"] += 1
                else:
                    yield where, record

    if role == "corpus":
        table = document_table((*document_row(record, where), document_columns(record)) for where, record in rows())
    else:
        table = string_table((query_row(record, where) for where, record in rows()), "id", "text", "metadata")
    if pc.count_distinct(table["id"]).as_py() < len(table):
        raise BenchError(f"{shown} has {many} with the same id.", "Tell its owner; it cannot be evaluated.")
    other = ", ".join(name for name in read if name not in USUAL_TEXT)
    return table, joined(
        f"{many} are read from {other}" if other else "",
        left_out_note(counts["skipped"], f"{one} without text left out", f"{many} without text left out"),
    )


def _files(shown: str, files: Groups, role: str, split: str) -> list[Path]:
    """The files of "corpus" or "queries": of the split where they have splits."""
    own = [key for key in files if key[0] == role]
    for key in ((role, split), (role, role), ("", role), ("data", role), *(own if len(own) == 1 else ())):
        if key in files:
            return files[key]
    if own:
        raise unknown(f"split of the {role} of {shown}:", split, sorted(name for _, name in own))
    raise _absent(shown, role)


def _absent(shown: str, role: str) -> BenchError:
    return BenchError(f"{shown} has no {role}.", f"{LAYOUT} {ALONE}")


def _records(path: Path, role: str) -> Iterator[tuple[str, Record]]:
    """Of the columns of an Arrow file those that are used, since a set may carry vectors and pictures as well."""
    if path.suffix in ARROW:
        usual = [name for names in ROLES[role].values() for name in names]
        return arrow_records(path, LAYOUT, lambda name: field_for(role, [name], usual, Options()) is not None)
    if path.name.endswith((".jsonl.gz", ".json.gz")):
        return json_located(path, LAYOUT)
    return records(path, LAYOUT)


@cache
def _fields(names: tuple[str, ...], role: str) -> Mapping[str, str | None]:
    return {column: field_for(column, names, usual, Options()) for column, usual in ROLES[role].items()}


def _mapped(path: Path, role: str) -> Iterator[tuple[str, Record, str]]:
    """(place, record with the usual names: _id, title, text, metadata, and the others, field of the text).

    The text is null where there is none, and no title.
    """
    for where, record in _records(path, role):
        fields = _fields(tuple(record), role)
        identifier, text = fields["id"], fields["text"]
        if identifier is None or text is None:
            missing = "_id" if identifier is None else "'text'"
            raise BenchError(f"{where}: no {missing} among {_listed(path, record)}.", LAYOUT)
        title = record.get(fields.get("title") or "")
        words = record[text]
        # Without those that `dotted` puts beside the metadata.
        others = {name: value for name, value in record.items() if name not in fields.values() and "." not in name}
        yield (
            where,
            {
                **others,
                "_id": id_text(record[identifier]).strip(),
                "title": title,
                "text": "" if words is None and title else words,
                "metadata": record.get(fields["metadata"] or ""),
            },
            text,
        )


def _listed(path: Path, record: Record) -> str:
    """The columns of a file; those of an Arrow file that were not read as well."""
    if path.suffix not in ARROW:
        return ", ".join(record) or "none"
    return ", ".join(arrow_columns(path))


def read_judgements(path: Path, known: Known, counts: Counter[str]) -> Iterator[Judgement]:
    """Judgements; counts: how many have none, by its column ("none") or by themselves ("null")."""
    for where, record in _records(path, "qrels"):
        fields = _fields(tuple(record), "qrels")
        query, document, several, grade = (fields[role] for role in ("query", "document", "documents", "grade"))
        if query is None or (document is None and several is None):
            raise BenchError(f"{where}: no query-id and corpus-id among {_listed(path, record)}.", LAYOUT)
        if grade is None and not counts["none"]:
            _refuse_other_grade(path, fields)
        counts["none"] += grade is None
        value = 1 if grade is None else record[grade]
        if value is None:
            counts["null"] += 1
            continue
        ids = [record[document]] if document is not None else _ids(record[several or ""], where)
        for identifier in ids:
            pair = _known(record[query], known["query"]), _known(identifier, known["document"])
            whole = int(value) if isinstance(value, float) and value.is_integer() else value
            yield where, *pair, grade_of(whole, where)


def _refuse_other_grade(path: Path, fields: Mapping[str, str | None]) -> None:
    """Look at all columns of the first record, since those of no usual name were not read."""
    every = arrow_records(path, LAYOUT) if path.suffix in ARROW else _records(path, "qrels")
    where, record = next(every)
    known = {role for role, name in fields.items() if name is not None}
    refuse_other_grade(record, known, [name for names in ROLES["qrels"].values() for name in names], where)


def _ids(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise BenchError(f"{where}: a {type(value).__name__}, not a list of ids.", LAYOUT)
    return value


def _known(value: Any, known: Collection[str]) -> str:
    """An id as the other table writes it; where that has none like it, as it stands."""
    name = id_text(value).strip()
    return known_as(name, known) or name
