"""The documents of a TREC folder: tabbed lines, JSON lines, or <DOC> in files of any number.

Tabbed: id, text; id, title, text; or MS MARCO's id, URL, title, body; under a header with usual names any columns in
any order. Tagged: <DOC> with <DOCNO>; the text is that of the tags that hold text in TREC's collections, else all.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from bench.data.formats.document_columns import columns_of, document_table
from bench.data.formats.header import folded, places, split
from bench.data.formats.json_files import json_records
from bench.data.formats.lines import checked_id, decoded, first_line, id_text, lines
from bench.data.formats.options import Options
from bench.data.formats.records import dotted, field_for, text_field
from bench.errors import BenchError, counted

USUAL = {
    "id": ("id", "_id", "docid", "doc_id", "docno", "id_", "pid", "passage_id", "document_id", "corpus_id"),
    "title": ("title", "headline"),
    "text": ("text", "contents", "content", "body", "page_content", "passage", "abstract"),
}
NEEDED = "A TREC folder needs documents (docs.tsv or docs.jsonl), topics (topics.tsv or topics.txt), and qrels."
WRITTEN = "A line is: id, text; or: id, title, text; or id, URL, title, text; or give the file a header."
OPENING, CLOSING = re.compile(r"(?i)<doc>"), re.compile(r"(?i)</doc>")
DOCNO = re.compile(r"(?is)<docno>(.*?)</docno>")
TEXTUAL = re.compile(r"(?is)<(title|headline|hl|head|ttl|text|body|lp|leadpara|summary)\b[^>]*>(.*?)</\1>")
APART = re.compile(r"(?is)<!--.*?-->|<(docno|dochdr|docid|docoldno)\b[^>]*>.*?</\1>")
TAG = re.compile(r"</?[A-Za-z][^<>]*>")

Located = Iterator[tuple[str, str, str, str]]  # (file:line, id, title, text that begins with it)


def read(path: Path, options: Options) -> pa.Table:
    """(id, text, title) of a file, or of a folder of tagged files. Raises BenchError with file and line."""
    first: dict[str, str] = {}

    def rows() -> Iterator[tuple[str, str, dict[str, str]]]:
        for where, document, title, text in _located(path, options):
            checked_id(document, where)
            if document in first:
                raise BenchError(
                    f"{where}: the id {document!r} stands already in line {first[document]}.", "Ids must be unique."
                )
            first[document] = where.rpartition(":")[2]
            yield document, text, columns_of(title)

    table = document_table(rows())
    if not len(table):
        raise BenchError(f"{path} is empty.", "It needs lines: id <tab> text.")
    return table


def is_tagged(path: Path) -> bool:
    """Does the file begin with <DOC>, or the first file of the folder?"""
    first = next(iter(files(path)), None) if path.is_dir() else path
    return first is not None and bool(OPENING.match(first_line(first).decode("utf-8", "replace")))


def files(folder: Path) -> list[Path]:
    """All of a folder's files, in order, but for hidden ones."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in paths if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def _located(path: Path, options: Options) -> Located:
    if path.is_dir():
        for file in files(path):
            yield from _tagged(file)
    elif ".jsonl" in path.suffixes:
        yield from _json(path, options)
    elif path.is_file() and is_tagged(path):
        yield from _tagged(path)
    else:
        yield from _tabbed(path, options)


def _tabbed(path: Path, options: Options) -> Located:
    columns: dict[str, int] | None = None
    width = 0
    for number, line in lines(path, NEEDED):
        where, text = f"{path}:{number}", decoded(line, f"{path}:{number}")
        fields = split(text, "\t") if width else text.split("\t")
        if columns is None:
            columns = _columns(split(text, "\t"), where, options) if _is_header(text) else {}
            width = len(columns) and len(fields)
            if columns:
                continue
        if width and len(fields) != width:
            raise BenchError(f"{where}: {counted(len(fields), 'column')}, not {width} as in the header.", WRITTEN)
        if columns:
            texts = [fields[columns[role]] for role in ("title", "text") if role in columns]
            yield where, fields[columns["id"]], _title(texts), " ".join(texts).strip()
        else:
            texts = _texts(fields, where)
            yield where, fields[0].strip(), _title(texts), " ".join(texts).strip()


def _title(texts: list[str]) -> str:
    """The first of two texts."""
    return texts[0] if len(texts) == 2 else ""


def _texts(fields: list[str], where: str) -> list[str]:
    """What is indexed of a line without a header."""
    if len(fields) == 4 and re.match(r"(?i)https?://", fields[1].strip()):
        return fields[2:]
    if len(fields) not in (2, 3):
        raise BenchError(f"{where}: {counted(len(fields), 'column')}, not 2 or 3.", WRITTEN)
    return fields[1:]


def _is_header(line: str) -> bool:
    names = [folded(name) for name in split(line, "\t")]
    known = [any(name in USUAL[role] for name in names) for role in ("id", "text")]
    return all(known) or names[0] in USUAL["id"]


def _columns(names: list[str], where: str, options: Options) -> dict[str, int]:
    columns = places(names, USUAL, where, options)
    for role in ("id", "text"):
        if role not in columns:
            raise BenchError(
                f"{where}: a header without a column known for the {role}: {', '.join(names)}.",
                f"Name it: --columns {role}=NAME.",
            )
    return columns


def _json(path: Path, options: Options) -> Located:
    for number, record in json_records(path, NEEDED):
        where, record = f"{path}:{number}", dotted(record)
        fields = {role: field_for(role, list(record), usual, options) for role, usual in USUAL.items()}
        for role in ("id", "text"):
            if fields[role] is None:
                raise BenchError(f"{where}: no field for the {role}.", f"Name it: --columns {role}=NAME.")
        name = str(fields["id"])
        record[name] = id_text(record[name])
        texts = [
            text_field(record, name, where)
            for role in ("title", "text")
            if (name := str(fields[role])) in record and (role == "text" or record[name] is not None)
        ]
        yield where, text_field(record, str(fields["id"]), where), _title(texts), " ".join(texts).strip()


def _tagged(path: Path) -> Located:
    """The <DOC> of a file; what stands between them is nothing."""
    start, parts = 0, list[str]()
    for number, line in lines(path, NEEDED):
        text = decoded(line, f"{path}:{number}")
        while text:
            match = (CLOSING if start else OPENING).search(text)
            if start:
                parts.append(text[: match.start()] if match else text)
            if match is None:
                break
            if start:
                yield _document("\n".join(parts), f"{path}:{start}")
            start, parts = (0 if start else number), []
            text = text[match.end() :]
    if start:
        raise BenchError(f"{path}:{start}: <DOC> is not closed.", "Close each <DOC> by </DOC>.")


def _document(content: str, where: str) -> tuple[str, str, str, str]:
    number = DOCNO.search(content)
    if number is None or OPENING.search(content):
        problem = "a <DOC> within another" if number else "a <DOC> without <DOCNO>"
        raise BenchError(f"{where}: {problem}.", "Give each document its <DOCNO>, and close it by </DOC>.")
    content = APART.sub(" ", content)
    text = " ".join(groups[1] for groups in TEXTUAL.findall(content)) or content
    return where, html.unescape(number[1]).strip(), "", " ".join(html.unescape(TAG.sub(" ", text)).split())
