"""BEIR's layout, the native one: corpus.jsonl, queries.jsonl, qrels/<split>.tsv, and a card, dataset.toml.

corpus.jsonl: {"_id", "title"?, "text"}; queries.jsonl: {"_id", "text", "metadata"?}; qrels: query-id, corpus-id,
score, tab-separated, with or without a header. A document is title + " " + text. All but the card may be compressed
(.jsonl.gz, .tsv.gz; the plain one is read where both are there), and the whole folder may be a zip file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from bench.data.dataset import Card, Dataset, joined
from bench.data.formats import judgements
from bench.data.formats.archive import below, choose, opened, within
from bench.data.formats.arrow_columns import string_table
from bench.data.formats.arrow_files import arrow_tables
from bench.data.formats.document_columns import columns_of, document_table, without
from bench.data.formats.json_files import json_records
from bench.data.formats.known_item import asked_by, known_item
from bench.data.formats.lines import Source, checked_id, id_text, text_of
from bench.data.formats.options import Options
from bench.data.formats.pool_record import POOL, brought_alone, read_pool
from bench.data.formats.records import dataset_of, unjudged
from bench.data.formats.unlabelled import unlabelled
from bench.errors import BenchError, fit, unknown
from bench.evaluation.measure_names import canonical
from bench.evaluation.measures import resolve

DEFAULT_SPLIT = "test"
CORPUS = ("corpus.jsonl", "corpus.jsonl.gz")
LINE = frozenset(("_id", "title", "text", "metadata"))  # what a line of it holds
QRELS = ("qrels/*.tsv*", "qrels.tsv*", "qrels.txt*")  # files of the judgements
NEEDED = (
    "A set needs corpus.jsonl, queries.jsonl and qrels/test.tsv, or .md, .rst, .html or .txt files as its documents. "
    "Without labels, --known-item title asks for each document by its title."
)
ALONE = "Pairs or labelled texts are read from a table: name the file, not its folder."


def claims(path: Path, options: Options) -> str | None:
    """A folder with corpus.jsonl and judgements in this layout, or one that is to be asked by a field."""
    corpus = next((name for name in CORPUS if (path / name).is_file()), None)
    judged = options.known_item or any(any(path.glob(pattern)) for pattern in QRELS)
    return f"it has {corpus}" if corpus and judged else None


def load(source: str, options: Options = Options()) -> Dataset:  # noqa: B008 - frozen
    """Read and check a folder or a zip file. Raises BenchError with file and line."""
    path = Path(source).expanduser()
    if not path.is_dir() and (path.suffix.lower() == ".zip" or within(path)):
        zipped, inner = within(path) or (path, "")
        with opened(zipped, inner, CORPUS, NEEDED) as folder:
            return _read(folder, path.name if inner else zipped.stem, options)
    if path.is_dir() and not any((path / name).is_file() for name in CORPUS):
        names = [str(child.relative_to(path)) for child in below(path, CORPUS)]
        path = path / choose(path, names) if names else path
    return _read(path, path.resolve().name, options)


def _read(folder: Source, name: str, options: Options) -> Dataset:
    card = read_card(folder / "dataset.toml")
    if options.known_item:
        options.only("known-item", "known_item")
        return _known_item(folder, name, options.known_item, card)
    if options.unlabelled and not (folder / "qrels").is_dir():
        return unlabelled(name, _documents(_file(folder, "corpus.jsonl")), card, options)
    options.only("beir", "split", "unanswerable")
    if not _file(folder, CORPUS[0]).is_file():  # before the judgements, which may belong to another layout
        alone = f" {ALONE}" if isinstance(folder, Path) and arrow_tables(folder) else ""
        raise BenchError(f"There is no {folder / CORPUS[0]}.", f"{NEEDED}{alone}")
    qrels, note = _split(folder, options.split)
    documents = _documents(_file(folder, "corpus.jsonl"))
    queries = _queries(_file(folder, "queries.jsonl"))
    unanswerable = _unanswerable(folder, card, options, queries)
    asked = len(queries)
    queries, no_answer = pa.concat_tables([queries, unanswerable]), set(unanswerable["id"].to_pylist())
    grades, left_out = _judgements(qrels, documents["id"], queries["id"], no_answer)
    judged = {query for query, _ in grades} - no_answer
    note = joined(note, left_out, unjudged(asked, len(judged)))
    dataset = dataset_of(name, documents, queries, grades, card=card, unanswerable=no_answer, note=note)
    pool = read_pool(folder / POOL)
    return replace(dataset, brought_alone=brought_alone(pool, grades)) if pool else dataset


def _file(folder: Source, name: str) -> Source:
    plain, packed = folder / name, folder / f"{name}.gz"
    return packed if packed.is_file() and not plain.is_file() else plain


def _split(folder: Source, wanted: str | None) -> tuple[Source, str]:
    """The judgements to read, and what a reader must know of the choice. Raises BenchError where there are several."""
    qrels = folder / "qrels"
    files = [path.name for path in qrels.iterdir()] if qrels.is_dir() else []
    plain = (name.removesuffix(".gz") for name in files)
    splits = sorted({name.removesuffix(".tsv") for name in plain if name.endswith(".tsv")})
    if wanted is not None and splits and wanted not in splits:
        raise unknown(f"split in {qrels}:", wanted, splits)
    if wanted is None and DEFAULT_SPLIT not in splits and len(splits) > 1:
        raise BenchError(
            f"{qrels} has no split {DEFAULT_SPLIT!r}, but {', '.join(splits)}.", f"Choose one: --split {splits[0]}."
        )
    if not splits and (stray := _elsewhere(folder, files, wanted or DEFAULT_SPLIT)):
        return folder / stray, f"judgements from {stray}"
    split = wanted or (splits[0] if len(splits) == 1 else DEFAULT_SPLIT)
    return _file(qrels, f"{split}.tsv"), "" if split == DEFAULT_SPLIT else f"judgements of the split {split!r}"


def _elsewhere(folder: Source, files: Collection[str], split: str) -> str:
    """The one file of judgements under another name; "" for none. files: the names in the folder qrels.

    Raises BenchError where it could be several.
    """
    beside = (path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else ()
    stray = sorted([*(f"qrels/{name}" for name in files), *(name for name in beside if name.startswith("qrels"))])
    if len(stray) > 1:
        raise BenchError(
            f"{folder} has no qrels/{split}.tsv, but {', '.join(stray)}.",
            f"Write the judgements to qrels/{split}.tsv, a line each: query-id <tab> corpus-id <tab> score.",
        )
    return stray[0] if stray else ""


def _unanswerable(folder: Source, card: Card, options: Options, queries: pa.Table) -> pa.Table:
    """The queries known to have no answer: of the file that the user names, else the card, else none."""
    name = options.unanswerable or card.unanswerable
    if not name:
        return queries.slice(0, 0)
    if not options.unanswerable and (Path(name).is_absolute() or ".." in Path(name).parts):
        raise BenchError(f"{folder / 'dataset.toml'}: {name!r} lies outside the set.", "Name a file of the folder.")
    path = _file(folder, name)
    if options.unanswerable and not path.is_file():
        path = Path(name).expanduser()
    table = _queries(path)
    known = set(queries["id"].to_pylist())
    for query in table["id"].to_pylist():
        if query in known:
            raise BenchError(f"{path}: {query!r} is the id of a query already.", "Give the queries distinct ids.")
    return table


def read_card(path: Source) -> Card:
    """The card of a set; an absent one is an empty one."""
    if not path.is_file():
        return Card()
    try:
        content = tomllib.loads(text_of(path))
    except tomllib.TOMLDecodeError as error:
        raise BenchError(f"{path}: {error}.", "Mend the TOML.") from None
    known = [field.name for field in fields(Card)]
    content.pop("sha256", None)  # of the files; for who downloads them
    for key in content:
        if key not in known:
            raise unknown(f"key in {path}:", key, known)
    try:
        card = Card(**fit(Card, content))
    except BenchError as error:
        raise BenchError(f"{path}: {error.message}", "Mend the card.") from None
    try:
        resolve([card.measure])
    except BenchError as error:
        raise BenchError(f"{path}: {error.message}", error.hint) from None
    return replace(card, measure=canonical(card.measure))


def document_row(record: dict[str, Any], where: str) -> tuple[str, str]:
    """(id, text) of a line of corpus.jsonl."""
    title, text = _string(record, "title", where, default=""), _string(record, "text", where)
    return _id(record, where), f"{title} {text}".strip() if title else text


def document_columns(record: dict[str, Any]) -> dict[str, str]:
    """The title of a line of corpus.jsonl, and what else it and its metadata hold, as columns."""
    metadata = record.get("metadata")
    others = {} if record.keys() <= LINE else without(record, *LINE)
    return columns_of(record.get("title") or "", others, metadata if isinstance(metadata, dict) else {})


def query_row(record: dict[str, Any], where: str) -> tuple[str, str, str]:
    """(id, text, metadata as JSON text) of a line of queries.jsonl."""
    metadata = record.get("metadata")
    return _id(record, where), _string(record, "text", where), orjson.dumps(metadata or {}, default=str).decode()


def _documents(path: Source) -> pa.Table:
    return _table(path, lambda record, where: (*document_row(record, where), document_columns(record)), document_table)


def _queries(path: Source) -> pa.Table:
    return _table(path, query_row, lambda rows: string_table(rows, "id", "text", "metadata"))


def _known_item(folder: Source, name: str, field: str, card: Card) -> Dataset:
    """Without judgements: ask by a field of corpus.jsonl or of its metadata, which is then no part of the text."""
    if field in ("_id", "text"):
        raise BenchError(f"--known-item {field} would ask for a document by itself.", "Name another field, as title.")

    def row(record: dict[str, Any], where: str) -> tuple[str, str, str]:
        metadata = record.get("metadata")
        asked = asked_by(record, field) or (asked_by(metadata, field) if isinstance(metadata, dict) else "")
        return *document_row({**record, "title": ""} if field == "title" else record, where), asked

    documents = _table(_file(folder, "corpus.jsonl"), row, lambda rows: string_table(rows, "id", "text", "asked"))
    return known_item(name, field, documents, card)


def _table(path: Source, row: Any, table_of: Callable[[Iterator[Any]], pa.Table]) -> pa.Table:
    numbers: list[int] = []

    def rows() -> Iterator[Any]:
        for number, record in json_records(path, NEEDED):
            numbers.append(number)
            yield row(record, f"{path}:{number}")

    table = table_of(rows())
    if not len(table):
        raise BenchError(f"{path} is empty.", 'It needs lines like {"_id": "d1", "text": "…"}.')
    _refuse_duplicates(path, table["id"], numbers)
    return table


def _id(record: dict[str, Any], where: str) -> str:
    value = id_text(record.get("_id"))
    if not value:
        raise BenchError(f"{where}: no _id.", 'Give each line an "_id", a string without white space.')
    return checked_id(value, where)


def _string(record: dict[str, Any], key: str, where: str, default: str | None = None) -> str:
    value = record.get(key, default)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        problem = f"no {key!r}" if value is None else f"{key!r} is {type(value).__name__}, not a string"
        raise BenchError(f"{where}: {problem}.", f'Each line needs "{key}": "…".')
    return value


def _refuse_duplicates(path: Source, ids: pa.ChunkedArray, numbers: list[int]) -> None:
    if pc.count_distinct(ids).as_py() == len(ids):
        return
    first: dict[str, int] = {}
    for number, value in zip(numbers, ids.to_pylist(), strict=True):
        if value in first:
            raise BenchError(
                f"{path}:{number}: the id {value!r} stands already in line {first[value]}.", "Ids must be unique."
            )
        first[value] = number


def _judgements(
    path: Source, documents: pa.ChunkedArray, queries: pa.ChunkedArray, unanswerable: Collection[str]
) -> tuple[dict[tuple[str, str], int], str]:
    """Grades by pair, and a note on the judgements that were left out."""
    seen: set[tuple[str, str]] = set()

    def judged() -> Iterator[judgements.Judgement]:
        for where, query, document, value in judgements.read(path, NEEDED):
            if (query, document) in seen:
                raise BenchError(f"{where}: {query!r} and {document!r} are judged already.", "Keep one of the lines.")
            if value > 0 and query in unanswerable:
                raise BenchError(f"{where}: {query!r} has an answer here and none elsewhere.", "Keep one of the two.")
            seen.add((query, document))
            yield where, query, document, value

    return judgements.usable(judged(), set(queries.to_pylist()), set(documents.to_pylist()), path)
