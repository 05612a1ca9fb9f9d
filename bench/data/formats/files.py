"""A folder of texts (.md, .mdx, .rst, .html, .txt), each of them a document, in folders of any depth.

A document's id is the file's path within the folder, with white space and % in it percent-encoded, since TREC's files
separate ids by white space. Its title is what its kind has for one (front matter, the first heading, <title>: see the
module that reads it), else the file's name without its ending; title and the rest are the text. What else stands in
front matter can be asked by. Hidden files and folders are passed over; empty files are left out and counted, and so are
documents of other kinds.

Labels are those of plain text: queries.csv (or .tsv, .jsonl), whose relevant documents are named by their path or,
where only one file is called so, by the file's name. Without labels there is --known-item title.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from unicodedata import normalize
from urllib.parse import quote

from bench.data.dataset import Dataset
from bench.data.formats import html_text, markdown, restructured_text, underlined_title
from bench.data.formats.archive import below
from bench.data.formats.arrow_columns import string_table
from bench.data.formats.arrow_files import arrow_tables
from bench.data.formats.beir import CORPUS
from bench.data.formats.ids import Canonical
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
    ids: dict[Path, str] = {}
    entries: list[Record] = []
    texts: list[str] = []
    empty = built = named = 0
    unread: Counter[str] = Counter()
    for path in sorted(_files(folder)):
        name, ending = _name_and_ending(path)
        if ending not in READERS:
            unread.update({ending} & UNREAD)
            continue
        if _built_by_sphinx(path, folder):
            built += 1
            continue
        fields, text = READERS[ending](path)
        if not fields.get("title") and not text:
            empty += 1
            continue
        named += not fields.get("title")
        ids[path] = _id(path.relative_to(folder))
        entry = {key: storable(value) for key, value in {"title": name, **fields, "id": ids[path]}.items()}
        entries.append(entry)
        texts.append(storable(text if options.known_item == "title" else f"{entry['title']} {text}".strip()))
    if not ids:
        others = f"; it has {_counted(unread)}" if unread else ""
        raise BenchError(
            f"{folder} has no file with text that is read ({', '.join(READERS)}){others}.",
            f"{CONVERT.capitalize()}." if unread else "Name the folder that holds the documents.",
        )
    documents = string_table(zip(ids.values(), texts, strict=True), "id", "text")
    notes = [
        "each file is a document",
        left_out_note(empty, "empty file left out", "empty files left out"),
        f"{_counted(unread)} left out: {CONVERT}" if unread else "",
        left_out_note(
            built, "copy of a source or list by Sphinx left out", "copies of sources and lists by Sphinx left out"
        ),
        f"{named:,} of {len(ids):,} titled by the file's name" if named and options.known_item == "title" else "",
    ]
    return labelled("files", folder, Corpus(documents, entries, _names(folder, ids), notes), options)


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
