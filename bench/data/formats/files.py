"""A folder of .md and .txt files, each of them a document, in folders of any depth.

A document's id is the file's path within the folder, with white space and % in it percent-encoded, since TREC's files
separate ids by white space. Its title is the first heading of a .md file, else the file's name without its ending;
title and the rest are the text. Hidden files and folders are passed over, empty files are left out and counted.

Labels are those of plain text: queries.csv (or .tsv, .jsonl), whose relevant documents are named by their path or,
where only one file is called so, by the file's name. Without labels there is --known-item title.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from unicodedata import normalize
from urllib.parse import quote

from bench.data.dataset import Dataset
from bench.data.formats.archive import below
from bench.data.formats.arrow_columns import string_table
from bench.data.formats.arrow_files import arrow_tables
from bench.data.formats.beir import CORPUS
from bench.data.formats.ids import Canonical
from bench.data.formats.lines import text_of
from bench.data.formats.options import Options
from bench.data.formats.plain import AMBIGUOUS, Corpus, labelled, labels
from bench.data.formats.records import Record, left_out_note
from bench.errors import BenchError

ENDINGS = (".md", ".txt")
OTHERS = ("corpus.jsonl*", "qrels*")  # what a folder in another layout has
HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*")
RUN = "run.json"  # what the folder of a run holds
FENCES = ("```", "~~~")


def claims(path: Path, options: Options) -> str | None:
    """A folder with text files and in no other layout; without labels for them, none that holds sets or tables."""
    if not path.is_dir() or any(any(path.glob(pattern)) for pattern in OTHERS) or not any(_paths(path)):
        return None
    wanted = options.known_item or options.unlabelled or labels(path)
    return "it has .md or .txt files" if wanted or not (below(path, CORPUS) or arrow_tables(path)) else None


def load(source: str, options: Options = Options()) -> Dataset:  # noqa: B008 - frozen
    """Read and check a folder. Raises BenchError with file and line, and where there are no labels."""
    folder = Path(source).expanduser()
    ids: dict[Path, str] = {}
    entries: list[Record] = []
    texts: list[str] = []
    empty = 0
    for path in sorted(_paths(folder)):
        content = text_of(path)
        if not content.strip():
            empty += 1
            continue
        title, text = _titled(path, content)
        ids[path] = _id(path.relative_to(folder))
        entries.append({"id": ids[path], "title": title})
        texts.append(text if options.known_item == "title" else f"{title} {text}".strip())
    if not ids:
        raise BenchError(f"{folder} has no .md or .txt file with text.", "Name the folder that holds the documents.")
    documents = string_table(zip(ids.values(), texts, strict=True), "id", "text")
    notes = ["each file is a document", left_out_note(empty, "empty file left out", "empty files left out")]
    return labelled("files", folder, Corpus(documents, entries, _names(folder, ids), notes), options)


def _paths(folder: Path) -> Iterator[Path]:
    """The text files of the folder and its folders, but for hidden ones and the reports of runs that are kept there."""
    for parent, folders, files in os.walk(folder):
        folders[:] = [
            inner for inner in folders if not inner.startswith(".") and not Path(parent, inner, RUN).is_file()
        ]
        for name in files:
            if name.lower().endswith(ENDINGS) and not name.startswith("."):
                yield Path(parent, name)


def _titled(path: Path, content: str) -> tuple[str, str]:
    """Title and text of a file; a line of code that begins with # is no heading."""
    lines, fenced = content.splitlines(), False
    for number, line in enumerate(lines if path.suffix.lower() == ".md" else ()):
        if line.lstrip().startswith(FENCES):
            fenced = not fenced
        elif not fenced and (heading := HEADING.fullmatch(line)) and heading[1]:
            return heading[1], "\n".join([*lines[:number], *lines[number + 1 :]]).strip()
    return path.stem, content.strip()


def _id(path: Path) -> str:
    name = path.as_posix()
    try:
        name.encode()
    except UnicodeEncodeError:
        raise BenchError(f"{name!a}: the name is not UTF-8.", "Rename the file.") from None
    return re.sub(r"[\s%]", lambda match: quote(match[0]), name)


def _names(folder: Path, ids: Mapping[Path, str]) -> Mapping[str, str]:
    """What labels may call a document -> its id, AMBIGUOUS for the name of several files."""
    names: dict[str, str] = {}
    for path, identifier in ids.items():
        name = normalize("NFC", path.name)
        names[name] = AMBIGUOUS if name in names else identifier
    paths = {path.relative_to(folder).as_posix(): identifier for path, identifier in ids.items()}
    return Canonical(names | {identifier: identifier for identifier in ids.values()} | paths)
