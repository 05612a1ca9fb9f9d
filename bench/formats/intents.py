"""Texts with labels (intents, categories): what has the same label is relevant.

A .csv, .tsv or .jsonl file with a text and a label on each line, or a folder with one for each split (train.csv,
test.csv). A text that stands on several lines is one, with all their labels (case, white space and compatibility forms
do not count); lines without text or label are left out and counted in the dataset's note.

With splits (a column `split`, or the folder): the training texts are the documents, those of the split test (or of
--split) the queries. A query whose labels no document has is one without an answer.

Without: each text is asked against all others. A query has the id of its own document, and the card drops it from the
hits. A text that is the only one of its label is a document and no query, which the note counts.

Ids are those of a column _id or id, else line numbers: u12 where all are asked against all, else d12 and q12.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.dataset import Card, Dataset, joined
from bench.errors import BenchError, unknown
from bench.formats.distinct import DistinctTexts
from bench.formats.options import Options
from bench.formats.records import (
    SUFFIXES,
    as_pairs,
    check_roles,
    columns_of,
    counted,
    dataset_of,
    headers,
    id_field,
    read_as,
    records,
    text_field,
)

ROLES: Mapping[str, tuple[str, ...]] = {
    "text": ("text", "utterance", "query", "question", "sentence"),
    "label": ("label", "intent", "category"),
    "split": ("split",),
    "id": ("_id", "id"),
}
TRAIN, TEST = "train", "test"
NEEDED = "Give a .csv, .tsv or .jsonl file with the columns text and label, or a folder with train.csv and test.csv."


@dataclass
class Labelled:
    """Distinct texts, the labels of each by its id, how many lines lack one of the two, and the columns by role."""

    columns: Mapping[str, str]
    texts: DistinctTexts = field(default_factory=DistinctTexts)
    labels: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    skipped: int = 0


def fits(names: Sequence[str], options: Options) -> bool:
    """Are these the columns of labelled texts, and the roles that the user names theirs?"""
    given = {role for role, _ in options.columns}
    return given <= ROLES.keys() and {"text", "label"} <= columns_of(names, ROLES, options).keys()


def recognises(path: Path, options: Options) -> bool:
    """Is this a file with a text and a label, or a folder with such files of training texts and others?"""
    if path.is_dir():
        train = _candidates(path, TRAIN)
        alone = {each.stem for each in path.iterdir() if each.suffix in SUFFIXES} <= {TRAIN}
        return bool(train) and not alone and not any(path.glob("corpus.jsonl*")) and fits(headers(train[0]), options)
    return path.suffix.lower() in SUFFIXES and path.is_file() and fits(headers(path), options)


def load(source: str, options: Options = Options()) -> Dataset:  # noqa: B008 - frozen
    """Read a file or folder of labelled texts by the rules above. Raises BenchError with file and line."""
    options.only("intents", "split", "columns")
    check_roles(options, ROLES)
    path, wanted = Path(source).expanduser(), options.split or TEST
    if wanted == TRAIN:
        raise BenchError("The training texts are the documents.", "Choose another --split for the queries.")
    if path.is_dir():
        parts = {split: _read(_file(path, split), options, split)[split] for split in (TRAIN, wanted)}
    else:
        parts = _read(path, options)
    if parts.keys() <= {""}:
        if options.split:
            raise BenchError(f"{path} has no column of splits.", "Leave --split out, or name it: --columns split=NAME.")
        return _among_themselves(path, parts[""])
    for split in (TRAIN, wanted):
        if split not in parts:
            raise unknown(f"split in {path}:", split, sorted(parts))
    return _against_training(path, parts[TRAIN], parts[wanted], "" if wanted == TEST else f"split {wanted!r}")


def _candidates(folder: Path, split: str) -> list[Path]:
    return [path for suffix in SUFFIXES if (path := folder / f"{split}{suffix}").is_file()]


def _file(folder: Path, split: str) -> Path:
    found = _candidates(folder, split)
    if len(found) > 1:
        raise BenchError(f"{folder} has {' and '.join(path.name for path in found)}.", "Keep one file of a split.")
    if not found:
        known = sorted(path.stem for path in folder.iterdir() if path.suffix in SUFFIXES) or ["no file of texts"]
        raise unknown(f"split in {folder}:", split, known)
    return found[0]


def _read(path: Path, options: Options, split: str = "") -> dict[str, Labelled]:
    """The texts of a file by split; split: the one that the whole file is of, none where it may have a column."""
    names = headers(path)
    columns = columns_of(names, ROLES, options)
    if not {"text", "label"} <= columns.keys():
        raise BenchError(
            f"{path} has no columns text and label; it has {', '.join(names) or 'no records'}.",
            f"{NEEDED} Or name them: --columns text=NAME --columns label=NAME.",
        )
    parts: dict[str, Labelled] = {split: Labelled(columns)} if split else {}
    for where, record in records(path, NEEDED):
        part = split or (text_field(record, columns["split"], where).casefold() if "split" in columns else "")
        found = parts.setdefault(part, Labelled(columns))
        text, label = text_field(record, columns["text"], where), _label(record.get(columns["label"]), where)
        if not (text and label):
            found.skipped += 1
            continue
        prefix = {"": "u{}", TRAIN: "d{}"}.get(part, "q{}")
        identifier = found.texts.add(text, id_field(record, columns.get("id"), where, prefix), where)
        if label not in found.labels[identifier]:
            found.labels[identifier].append(label)
    return parts


def _label(value: object, where: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, (str, int)):
        raise BenchError(f"{where}: the label is {type(value).__name__}, not a string.", "Write one label a line.")
    return str(value).strip()


def _among_themselves(path: Path, all_texts: Labelled) -> Dataset:
    judgements = _judgements(all_texts, all_texts)
    asked = {query for query, _ in judgements}
    if not asked:
        raise BenchError(
            f"{path}: no label has two texts.",
            f"A text is found by others of its label. To find the {all_texts.columns['label']} itself by the text: "
            + as_pairs(path, all_texts.columns["text"], all_texts.columns["label"]),
        )
    alone = len(all_texts.labels) - len(asked)
    return dataset_of(
        path.stem,
        all_texts.texts.texts,
        _queries(all_texts, asked),
        judgements,
        card=Card(drop_self=True),
        note=joined(
            read_as("labelled texts", all_texts.columns),
            counted(
                alone,
                "text is the only one of its label: a document, no query",
                "texts are the only ones of their label: documents, no queries",
            ),
            counted(all_texts.skipped, "line without text or label left out", "lines without text or label left out"),
        ),
    )


def _against_training(path: Path, documents: Labelled, queries: Labelled, note: str) -> Dataset:
    judgements = _judgements(queries, documents)
    if not judgements:
        raise BenchError(f"{path}: no query has a label of the training texts.", "Check the labels of both splits.")
    without = queries.labels.keys() - {query for query, _ in judgements}
    skipped = documents.skipped + queries.skipped
    return dataset_of(
        path.stem,
        documents.texts.texts,
        _queries(queries, queries.labels),
        judgements,
        unanswerable=without,
        note=joined(
            read_as("labelled texts", queries.columns),
            note,
            counted(
                len(without), "query has a label that no document has", "queries have a label that no document has"
            ),
            counted(skipped, "line without text or label left out", "lines without text or label left out"),
        ),
    )


def _judgements(queries: Labelled, documents: Labelled) -> dict[tuple[str, str], int]:
    """(query id, document id) -> 1 for every other text that shares a label."""
    by_label: dict[str, list[str]] = defaultdict(list)
    for document, labels in documents.labels.items():
        for label in labels:
            by_label[label].append(document)
    return {
        (query, document): 1
        for query, labels in queries.labels.items()
        for label in labels
        for document in by_label.get(label, ())
        if queries is not documents or query != document
    }


def _queries(found: Labelled, asked: Collection[str]) -> dict[str, tuple[str, dict[str, str]]]:
    texts = found.texts.texts
    return {query: (texts[query], {"label": ", ".join(found.labels[query])}) for query in texts if query in asked}
