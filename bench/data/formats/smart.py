"""SMART's collections (Cranfield, CISI, MED, CACM): one file of documents, one of queries, one of judgements.

Documents and queries: .I with the number, then .T, .A, .B, .W … with the fields, of which title and text are read.
Judgements: query, document; the same and two zeros (CISI, CACM); TREC's four columns (MED); or with a code behind them
(Cranfield), whose order is told in two opposite ways: so each pair is relevant, but for those with 5, 0 or -1.
Cranfield's judgements number the queries in their order, and not as .I does: that is seen, and said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.data.dataset import Dataset, joined
from bench.data.formats import judgements
from bench.data.formats.beir import read_card
from bench.data.formats.document_columns import columns_of, document_table
from bench.data.formats.lines import decoded, entries, first_line, lines
from bench.data.formats.options import Options
from bench.data.formats.records import dataset_of, unjudged
from bench.errors import BenchError

DOCUMENTS = re.compile(r"(?i).*\.all(\.1400)?")
QUERIES = re.compile(r"(?i).*\.qry|query\.text")
QRELS = re.compile(r"(?i).*\.rel|[a-z]+qrels?(\.text)?|qrels\.text")
FIELD = re.compile(r"\.([A-Z])(?:\s+(.*))?")
NOT_RELEVANT = ("5", "0", "-1")
NEEDED = "A SMART collection needs a file of documents (.ALL), of queries (.QRY) and of judgements (.REL)."

SmartRecord = tuple[str, str, dict[str, str]]  # file:line, number, field -> text


def claims(path: Path, _: Options) -> str | None:
    """A folder with documents that begin with .I."""
    documents = _named(path, DOCUMENTS) if path.is_dir() else []
    return next((f"{file.name} begins with .I" for file in documents if _begins(file)), None)


def load(source: str, options: Options = Options()) -> Dataset:  # noqa: B008 - frozen
    """Read and check a folder. Raises BenchError with file and line."""
    options.only("smart")
    folder = Path(source).expanduser()
    documents = _texts(_one(folder, DOCUMENTS, "documents (.ALL)"))
    queries = _texts(_one(folder, QUERIES, "queries (.QRY)"))
    path = _one(folder, QRELS, "judgements (.REL)")
    judged = list(_judged(path))
    numbers = list(queries)
    note = ""
    asked = {query for _, query, _, _ in judged}
    in_order = {str(place): query for place, query in enumerate(numbers, 1)}
    if not asked <= set(numbers) and asked <= set(in_order):
        judged = [(where, in_order[query], document, value) for where, query, document, value in judged]
        note = "the judgements number the queries in their order, not by .I"
    grades, left_out = judgements.usable(judged, queries, documents, path)
    note = joined(note, left_out, unjudged(len(queries), len({query for query, _ in grades})))
    texts: Mapping[str, tuple[str, Mapping[str, str]]] = {number: (text, {}) for number, (_, text) in queries.items()}
    table = document_table((number, text, columns_of(title)) for number, (title, text) in documents.items())
    return dataset_of(folder.resolve().name, table, texts, grades, card=read_card(folder / "dataset.toml"), note=note)


def _named(folder: Path, pattern: re.Pattern[str]) -> list[Path]:
    return [path for path in entries(folder) if path.is_file() and pattern.fullmatch(path.name.removesuffix(".gz"))]


def _begins(path: Path) -> bool:
    return first_line(path).startswith(b".I")


def _one(folder: Path, pattern: re.Pattern[str], what: str) -> Path:
    files = _named(folder, pattern)
    if len(files) != 1:
        names = f" but {', '.join(path.name for path in files)}" if files else ""
        raise BenchError(f"{folder} has not one file of {what}{names}.", NEEDED)
    return files[0]


def _texts(path: Path) -> dict[str, tuple[str, str]]:
    """number -> title, and title and text."""
    texts: dict[str, tuple[str, str]] = {}
    for where, number, fields in _records(path):
        if number in texts:
            raise BenchError(f"{where}: the number {number} stands already.", "Numbers must be unique.")
        title, text = (" ".join(fields.get(name, "").split()) for name in "TW")
        texts[number] = title, f"{title} {text}".strip()
    if not texts:
        raise BenchError(f"{path} holds no record.", "Each begins with .I and its number.")
    return texts


def _records(path: Path) -> Iterator[SmartRecord]:
    where, identifier, field = "", "", ""
    fields: dict[str, str] = {}
    for number, line in lines(path, NEEDED):
        text = decoded(line, f"{path}:{number}")
        match = FIELD.fullmatch(text.rstrip())
        if match and match[1] == "I":
            if where:
                yield where, identifier, fields
            where, identifier, field, fields = f"{path}:{number}", (match[2] or "").strip(), "", {}
            if not identifier.isdecimal():
                raise BenchError(f"{where}: .I without a number.", "Write .I and the number of the record.")
            identifier = str(int(identifier))  # Cranfield's queries are 001, its judgements 1
        elif not where:
            raise BenchError(f"{path}:{number}: text before the first .I.", "Begin each record with .I and its number.")
        elif match and not match[2]:
            field = match[1]
        else:
            fields[field] = f"{fields.get(field, '')} {text}"
    if where:
        yield where, identifier, fields


def _judged(path: Path) -> Iterator[judgements.Judgement]:
    rows = []
    for number, line in lines(path, NEEDED):
        where = f"{path}:{number}"
        columns = decoded(line, where).split()
        if len(columns) not in (2, 3, 4) or not all(column.isdecimal() and column.isascii() for column in columns[:2]):
            raise BenchError(f"{where}: not two to four numbers.", "A line is: query, document, and what it is worth.")
        rows.append((where, columns))
    if len({len(columns) for _, columns in rows}) > 1:
        raise BenchError(f"{path}: lines differ in their number of columns.", "Write query and document alone.")
    trec = all(len(columns) == 4 and columns[1] == "0" for _, columns in rows)
    for where, columns in rows:
        document = columns[2] if trec else columns[1]
        if len(columns) == 4 and not trec and float(_zero(columns[3], where)) + float(_zero(columns[2], where)):
            raise BenchError(f"{where}: neither CISI's form nor TREC's.", "Write query and document alone.")
        code = columns[-1] if trec or len(columns) == 3 else "1"
        if not re.fullmatch(r"-?[0-9]+", code) or not document.isdecimal():
            raise BenchError(f"{where}: {code!r} is no code of relevance.", "Write query and document alone.")
        yield where, str(int(columns[0])), str(int(document)), int(code) if trec else int(code not in NOT_RELEVANT)


def _zero(text: str, where: str) -> str:
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        raise BenchError(f"{where}: {text!r} is no number.", "Write query and document alone.")
    return text
