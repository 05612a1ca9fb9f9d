"""A TREC collection in a folder: documents, topics, and judgements; and rankings of runs in a set's positions.

Documents: docs.tsv, docs.jsonl, or tagged files (docs.trec, a folder docs/); MS MARCO's collection.tsv and
msmarco-docs.tsv. Topics: topics.tsv, topics.txt, topics.xml, MS MARCO's queries.dev.tsv. Judgements: qrels,
qrels.dev.tsv, qrels/dev.tsv. What stands in a name beside those words is the split. Every file may be packed (.gz).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.data.dataset import Dataset, joined
from bench.data.formats import judgements, trec_documents
from bench.data.formats.beir import read_card
from bench.data.formats.lines import entries
from bench.data.formats.options import Options
from bench.data.formats.records import dataset_of, unjudged
from bench.data.formats.trec_documents import NEEDED
from bench.data.formats.trec_topics import read_topics
from bench.data.formats.unlabelled import unlabelled
from bench.errors import BenchError, unknown

DOCUMENTS = ("docs.tsv", "docs.jsonl", "collection.tsv", "corpus.tsv", "msmarco-docs.tsv")
TAGGED = ("docs.trec", "docs.sgml", "docs.xml", "docs.txt", "docs", "documents")  # files, and folders of such
OTHERS = (".jsonl", ".json", ".md", ".py", ".parquet", ".zip", ".pdf", ".html")  # endings that no such file has


def _named(words: str) -> re.Pattern[str]:
    """A file's name: its split stands before or after the word, and an ending behind it."""
    return re.compile(
        rf"(.*?)[-_.]?(?:{words})(?:[-_.](.*?))??(?:\.(?:tsv|txt|csv|sgml|xml|topics|qrels))?", re.IGNORECASE
    )


TOPICS, QRELS = _named("topics|queries"), _named("qrels")


def claims(path: Path, _: Options) -> str | None:
    """A folder with TREC's documents, or with its topics and judgements."""
    if not path.is_dir() or any(path.glob("corpus.jsonl*")) or (path / "corpus.txt").exists():
        return None
    if documents := _candidates(path):
        return f"it has {documents[0].name}"
    other = any(path.glob("corpus.*")) or (path / "corpus").is_dir()  # the corpus of the hub's layout
    return "it has TREC's topics and judgements" if not other and _files(path, TOPICS) and _splits(path) else None


def load(source: str, options: Options = Options()) -> Dataset:  # noqa: B008 - frozen
    """Read and check a folder. Raises BenchError with file and line.

    The queries are the topics' titles; `--columns query=desc` asks by another of their tags.
    """
    options.only("trec", "split", "columns")
    folder = Path(source).expanduser()
    name, card = folder.resolve().name, read_card(folder / "dataset.toml")
    documents = trec_documents.read(_documents(folder), options)
    splits = _splits(folder)
    if options.unlabelled and not splits:
        return unlabelled(name, documents, card, options)
    split = _split(folder, splits, options.split)
    topics = read_topics(_topics(folder, split), dict(options.columns).get("query"))
    path = splits.get(split, folder / "qrels")
    grades, left_out = judgements.usable(_judgements(path), topics, set(documents["id"].to_pylist()), path)
    note = joined(left_out, unjudged(len(topics), len({query for query, _ in grades})))
    return dataset_of(name, documents, topics, grades, card=card, note=note)


def _one(folder: Path, files: list[Path], absent: str) -> Path:
    """The one file of several; the absent one where there is none, so that reading it says so."""
    if len(files) > 1:
        raise BenchError(f"{folder} has {' and '.join(path.name for path in files)}.", "Keep one of them.")
    return files[0] if files else folder / absent


def _candidates(folder: Path) -> list[Path]:
    def packed(names: tuple[str, ...]) -> list[Path]:
        return [folder / f"{name}{ending}" for name in names for ending in ("", ".gz")]

    files = [path for path in packed(DOCUMENTS) if path.is_file()]
    return [*files, *(path for path in packed(TAGGED) if path.exists() and trec_documents.is_tagged(path))]


def _documents(folder: Path) -> Path:
    return _one(folder, _candidates(folder), DOCUMENTS[0])


def _files(folder: Path, named: re.Pattern[str]) -> dict[str, list[Path]]:
    """split -> the files of the folder that are named so; "" where the name says no more."""
    files: dict[str, list[Path]] = {}
    for path in entries(folder):
        match = named.fullmatch(path.name.removesuffix(".gz"))
        if match and path.is_file() and not path.name.removesuffix(".gz").endswith(OTHERS):
            files.setdefault("-".join(filter(None, match.groups())), []).append(path)
    return files


def _splits(folder: Path) -> dict[str, Path]:
    """split -> its judgements: qrels.* of the folder, and the files in its folder qrels."""
    splits = {split: _one(folder, paths, "qrels") for split, paths in _files(folder, QRELS).items()}
    within: dict[str, list[Path]] = {}
    for path in entries(folder / "qrels"):
        if path.is_file() and not path.name.startswith("."):
            within.setdefault(re.sub(r"(\.(tsv|txt|csv|qrels))?(\.gz)?$", "", path.name), []).append(path)
    return {split: _one(folder / "qrels", paths, split) for split, paths in within.items()} | splits


def _split(folder: Path, splits: Mapping[str, Path], wanted: str | None) -> str:
    """The one that is asked for, else the judgements without a split, else test, else the only one."""
    if wanted and list(splits) == [""]:
        raise BenchError(f"{splits['']} has no splits.", f"Leave --split out, or move them to qrels/{wanted}.tsv.")
    if wanted and splits and wanted not in splits:
        raise unknown(f"split in {folder}:", wanted, splits)
    for split in (wanted, "", "test", *(splits if len(splits) == 1 else ())):
        if split is not None and split in splits:
            return str(split)
    if splits:
        raise BenchError(
            f"{folder} has no split 'test', but {', '.join(splits)}.", f"Choose one: --split {min(splits)}."
        )
    return ""


def _topics(folder: Path, split: str) -> Path:
    """The topics of the split, else those without a split, else the only ones."""
    files = _files(folder, TOPICS)
    for key in (split, "", *(files if len(files) == 1 else ())):
        if key in files:
            return _one(folder, files[key], "")
    if files:
        names = ", ".join(path.name for paths in files.values() for path in paths)
        raise BenchError(
            f"{folder} has several files of topics, and none for {split or 'qrels'}: {names}.",
            "Give the topics the split's name, as topics.dev.tsv beside qrels.dev.tsv.",
        )
    return folder / "topics.tsv"


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """query -> document -> grade. Raises BenchError with file and line, also for a pair that is judged twice."""
    judged: dict[str, dict[str, int]] = {}
    for _, query, document, value in _judgements(path):
        judged.setdefault(query, {})[document] = value
    return judged


def _judgements(path: Path) -> Iterable[judgements.Judgement]:
    """The judgements of a file, no pair twice."""
    seen: set[tuple[str, str]] = set()
    for where, query, document, value in judgements.read(path, NEEDED):
        if (query, document) in seen:
            raise BenchError(f"{where}: {query!r} and {document!r} are judged already.", "Keep one of the lines.")
        seen.add((query, document))
        yield where, query, document, value
