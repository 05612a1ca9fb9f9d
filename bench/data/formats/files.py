"""A folder of texts (.md, .mdx, .rst, .html, .txt), each of them a document, in folders of any depth.

A document's id is the file's path within the folder, with white space and % in it percent-encoded, since TREC's files
separate ids by white space. Its title is what its kind has for one (front matter, the first heading, <title>: see the
module that reads it), else the file's name without its ending; title and the rest are the text. What else stands in
front matter can be asked by. Files that differ in their ending alone and have one title are one document in several
forms: the first is read, and labels may name any. Hidden files and folders are passed over; empty files are left out
and counted, and so are documents of other kinds.

Labels are those of plain text: queries.csv (or .tsv, .jsonl), whose relevant documents are named by their path or,
where only one file is called so, by the file's name. Without labels there is --known-item title.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from unicodedata import normalize
from urllib.parse import quote

from bench.data.dataset import Dataset
from bench.data.formats import html_text, markdown, restructured_text, underlined_title
from bench.data.formats.archive import below
from bench.data.formats.arrow_files import arrow_tables
from bench.data.formats.beir import CORPUS
from bench.data.formats.document_columns import columns_of, document_table, without
from bench.data.formats.ids import Canonical
from bench.data.formats.known_item import asked_by
from bench.data.formats.lines import storable
from bench.data.formats.options import Options
from bench.data.formats.plain import AMBIGUOUS, Corpus, labelled, labels
from bench.data.formats.records import Record, left_out_note
from bench.errors import BenchError, counted

READERS: Mapping[str, Callable[[Path], tuple[Record, str]]] = {
    **dict.fromkeys((".md", ".markdown", markdown.MDX), markdown.read),
    ".rst": restructured_text.read,
    **dict.fromkeys((".html", ".htm", ".xhtml"), html_text.read),
    ".txt": underlined_title.read,
}
# Documents that are not read.
UNREAD = frozenset(".adoc .asciidoc .doc .docx .epub .ipynb .odt .org .pdf .pptx .rtf .tex .textile".split())
CONVERT = "save them as .html, .md or .txt to have them read"
OTHERS = ("corpus.jsonl*", "qrels*")  # what a folder in another layout has
RUN = "run.json"  # what the folder of a run holds
# Of a site that Sphinx built, which has its inventory: copies of the pages' sources, and lists made of all pages.
INVENTORY, SOURCES = "objects.inv", "_sources"
LISTS = frozenset("genindex.html genindex-all.html modindex.html py-modindex.html search.html".split())


def claims(path: Path, options: Options) -> str | None:
    """A folder with documents and in no other layout; without labels for them, none that holds sets or tables."""
    if not path.is_dir() or any(any(path.glob(pattern)) for pattern in OTHERS):
        return None
    if not any(file.suffix.lower() in READERS or file.suffix.lower() in UNREAD for file in _files(path)):
        return None
    wanted = options.known_item or options.unlabelled or labels(path)
    return "it has documents as files" if wanted or not (below(path, CORPUS) or arrow_tables(path)) else None


def load(source: str, options: Options = Options()) -> Dataset:  # noqa: B008 - frozen
    """Read and check a folder. Raises BenchError with file and line, and where there are no labels."""
    folder = Path(source).expanduser()
    reading = _Reading(folder, asks_titles=options.known_item == "title")
    for path in sorted(_files(folder)):
        reading.add(path)
    if not reading.ids:
        others = f"; it has {_counted(reading.unread)}" if reading.unread else ""
        raise BenchError(
            f"{folder} has no file with text that is read ({', '.join(READERS)}){others}.",
            f"{CONVERT.capitalize()}." if reading.unread else "Name the folder that holds the documents.",
        )
    return labelled("files", folder, reading.corpus(), options)


@dataclass
class _Reading:
    """The documents of a folder, as its files come, in the order of their paths.

    ids: file -> its document. first: path without ending, and title -> the document of the first form. unread: endings
    of documents that are not read. The numbers are of files that are empty, made by Sphinx, a further form of a
    document, or titled by their name.
    """

    folder: Path
    asks_titles: bool
    ids: dict[Path, str] = field(default_factory=dict)
    entries: list[Record] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    first: dict[tuple[Path, str], str] = field(default_factory=dict)
    unread: Counter[str] = field(default_factory=Counter)
    empty: int = 0
    built: int = 0
    further: int = 0
    named: int = 0

    def add(self, path: Path) -> None:
        """Read a file, or count why it is no document of its own."""
        name, ending = _name_and_ending(path)
        if ending not in READERS:
            self.unread.update({ending} & UNREAD)
        elif _built_by_sphinx(path, self.folder):
            self.built += 1
        else:
            fields, text = READERS[ending](path)
            if not fields.get("title") and not text:
                self.empty += 1
            elif not self._is_further_form(path, name, asked_by(fields, "title")):
                self.named += not fields.get("title")
                self._add({"title": name, **fields, "id": self.ids[path]}, text)

    def _is_further_form(self, path: Path, name: str, title: str) -> bool:
        """Give the file its document, and say whether another file has been read for that."""
        own = _id(path.relative_to(self.folder))
        self.ids[path] = self.first.setdefault((path.with_name(name), title.casefold()), own) if title else own
        self.further += self.ids[path] != own
        return self.ids[path] != own

    def _add(self, fields: Record, text: str) -> None:
        entry = {key: storable(value) for key, value in fields.items()}
        self.entries.append(entry)
        self.texts.append(storable(text if self.asks_titles else f"{entry['title']} {text}".strip()))

    def corpus(self) -> Corpus:
        documents = document_table(
            (entry["id"], text, columns_of(entry["title"], without(entry, "id", "title")))
            for entry, text in zip(self.entries, self.texts, strict=True)
        )
        return Corpus(documents, self.entries, _names(self.folder, self.ids), self._notes())

    def _notes(self) -> list[str]:
        return [
            "each file is a document",
            left_out_note(self.empty, "empty file left out", "empty files left out"),
            f"{_counted(self.unread)} left out: {CONVERT}" if self.unread else "",
            left_out_note(
                self.built, "copied source or list of Sphinx left out", "copied sources and lists of Sphinx left out"
            ),
            left_out_note(self.further, "further form of a document left out", "further forms of documents left out"),
            f"{self.named:,} of {len(self.texts):,} titled by the file's name"
            if self.named and self.asks_titles
            else "",
        ]


def _files(folder: Path) -> Iterator[Path]:
    """The files of the folder and its folders, but for hidden ones and the reports of runs that are kept there."""
    for parent, folders, files in os.walk(folder):
        folders[:] = [
            inner for inner in folders if not inner.startswith(".") and not Path(parent, inner, RUN).is_file()
        ]
        for name in files:
            if not name.startswith(".") and (path := Path(parent, name)).is_file():  # no pipe, no link to nowhere
                yield path


def _name_and_ending(path: Path) -> tuple[str, str]:
    """A file's name without its ending, and that: of guide.rst.txt, as Sphinx copies a source, guide and .rst."""
    inner = Path(path.stem)
    if path.suffix.lower() == ".txt" and inner.suffix.lower() in READERS:
        path = inner
    return path.stem, path.suffix.lower()


def _built_by_sphinx(path: Path, folder: Path) -> bool:
    """Is it the copy of a source or a list of pages, beside the pages themselves?"""
    copied = any(
        parent.name == SOURCES and (folder / parent.parent / INVENTORY).is_file()
        for parent in path.relative_to(folder).parents
    )
    return copied or (path.name in LISTS and (path.parent / INVENTORY).is_file())


def _counted(endings: Counter[str]) -> str:
    """How many files there are of each ending: "12 .pdf files and 1 .docx file"."""
    return " and ".join(counted(number, f"{ending} file") for ending, number in endings.most_common())


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
