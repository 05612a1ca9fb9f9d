"""Texts with labels (intents, categories): what has the same label is relevant.

A table of any kind with a text and a label on each line, or a folder with one for each split (train.csv,
test.csv). What has none of a query's labels is not relevant, so that nothing is unjudged. A text that stands on several
lines is one, with all their labels (case, white space and compatibility forms do not count); a field may hold a list of
texts or of labels. Lines without text or label are left out and counted in the dataset's note, and so are those that
repeat a text.

With splits (a column `split`, or the folder): the training texts are the documents, those of the split test (or of
--split) the queries. A query whose labels no document has is one without an answer.

Without: each text is asked against all others. A query has the id of its own document, and the card drops it from the
hits. A text that is the only one of its label is a document and no query, which the note counts.

Ids are those of a column _id or id, else line numbers: u12 where all are asked against all, else d12 and q12.
"""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.data.dataset import Card, Dataset, joined
from bench.data.formats import pairs
from bench.data.formats.cells import listed, one_or_several
from bench.data.formats.distinct_texts import DistinctTexts
from bench.data.formats.lines import id_text
from bench.data.formats.options import Options
from bench.data.formats.records import (
    KINDS,
    SUFFIXES,
    Record,
    as_pairs,
    check_roles,
    columns_of,
    dataset_of,
    field_for,
    given,
    headers,
    id_field,
    is_table,
    left_out_note,
    named_records,
    read_as,
    shown,
    text_field,
)
from bench.data.formats.spreadsheet import which_sheet
from bench.errors import BenchError, unknown

ROLES: Mapping[str, tuple[str, ...]] = {
    "text": ("text", "utterance", "query", "question", "sentence"),
    "label": ("label", "intent", "category"),
    "split": ("split",),
    "id": ("_id", "id"),
}
# Texts that a label may say to be relevant; whoever has such a column hardly means to sort the queries by 0 and 1.
DOCUMENT = ("document", "passage", "doc", "doc_text", "passage_text", "document_text", "product_title")
TRAIN, TEST = "train", "test"
PARTS = ("docs", "corpus", "queries", "topics", "qrels")  # tables of other forms, and no splits
MAX_JUDGEMENTS = 5_000_000  # they grow with the square of the texts of a label; a run of so many takes 6 GB
NEEDED = f"Give {KINDS} with the columns text and label, or a folder with train.csv and test.csv."


@dataclass
class Labelled:
    """Distinct texts, the labels of each by its id, the columns by role, and how many lines lack a text or a label, or
    repeat a text."""

    columns: Mapping[str, str]
    texts: DistinctTexts = field(default_factory=DistinctTexts)
    labels: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    skipped: int = 0
    repeated: int = 0


def fits(names: Sequence[str], options: Options) -> bool:
    """Are these the columns of labelled texts, and the roles that the user names theirs?"""
    given = {role for role, _ in options.columns}
    return given <= ROLES.keys() and {"text", "label"} <= columns_of(names, ROLES, options).keys()


def claims(path: Path, options: Options) -> str | None:
    """A file with a text and a label, or a folder with such files of training texts and others.

    A category beside two texts sorts them; a label or an intent may as well be what is asked for. Raises BenchError
    where the label could say how relevant one text is to another.
    """
    if path.is_dir():
        return _claims_folder(path, options)
    if not is_table(path):
        return None
    names = headers(path)
    as_relation = pairs.fits(names, options)
    if as_relation:
        names = [name for name in names if name.casefold() != "category"]
    if not fits(names, options):
        return None
    columns = columns_of(names, ROLES, options)
    reason = f"it has the columns of labelled texts ({shown(columns)})"
    if as_relation:
        return f"{reason}, unless the label says how relevant a text is: --columns grade={columns['label']}"
    document = field_for("relevant", names, DOCUMENT, Options())
    if document and not options.columns:
        raise BenchError(
            f"{path} has a label, and texts in {document!r} beside those that have it.",
            f"Where the label says how relevant the one is to the other: {as_pairs(path, columns['text'], document)} "
            f"--columns {shlex.quote('grade=' + columns['label'])}; where it sorts the texts: intents:{path}.",
        )
    return reason


def _claims_folder(path: Path, options: Options) -> str | None:
    train = _candidates(path, TRAIN)
    alone = {file.stem for file in path.iterdir() if file.suffix in SUFFIXES} <= {TRAIN, *PARTS}
    if not train or alone or any(path.glob("corpus.jsonl*")) or not fits(headers(train[0]), options):
        return None
    return f"{train[0].name} has the columns of labelled texts"


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
    files = _candidates(folder, split)
    if len(files) > 1:
        raise BenchError(f"{folder} has {' and '.join(path.name for path in files)}.", "Keep one file of a split.")
    if not files:
        known = sorted(path.stem for path in folder.iterdir() if path.suffix in SUFFIXES) or ["no file of texts"]
        raise unknown(f"split in {folder}:", split, known)
    return files[0]


def _read(path: Path, options: Options, split: str = "") -> dict[str, Labelled]:
    """The texts of a file by split; split: the one that the whole file is of, none where it may have a column."""
    names, rows = named_records(path)
    columns = columns_of(names, ROLES, options)
    if not {"text", "label"} <= columns.keys():
        raise BenchError(
            f"{path} has no columns text and label; it has {', '.join(names) or 'no records'}.",
            f"{NEEDED} Or name them: --columns text=NAME --columns label=NAME.",
        )
    parts: dict[str, Labelled] = {split: Labelled(columns)} if split else {}
    for where, record in rows:
        part = split or (text_field(record, columns["split"], where).casefold() if "split" in columns else "")
        labelled = parts.setdefault(part, Labelled(columns))
        texts = [text for text in _texts(record, columns["text"], where) if text]
        labels = _labels(record.get(columns["label"]), columns["label"], where)
        if not (texts and labels):
            labelled.skipped += 1
            continue
        labelled.repeated += any(labelled.texts.find(text) is not None for text in texts)
        prefix = {"": "u{}", TRAIN: "d{}"}.get(part, "q{}")
        for number, text in enumerate(texts, 1):
            made = prefix if len(texts) == 1 else f"{prefix}.{number}"
            identifier = labelled.texts.add(text, id_field(record, columns.get("id"), where, made), where)
            labelled.labels[identifier] += [label for label in labels if label not in labelled.labels[identifier]]
    return parts


def _texts(record: Record, name: str, where: str) -> list[str]:
    return one_or_several(given(record, name, where), name, where)


def _labels(value: Any, name: str, where: str) -> list[str]:
    """The distinct labels of a field: the one that it is, or those of a list."""
    values = value if isinstance(value, list) else listed(value, name, where) or [value]
    labels = []
    for entry in values:
        label = "" if entry is None else id_text(entry).strip()
        if entry is not None and not label and not isinstance(entry, str):
            raise BenchError(
                f"{where}: the label is {type(entry).__name__}, not a string.",
                'Write a label, or several as a list: ["one", "two"].',
            )
        labels.append(label)
    return list(dict.fromkeys(filter(None, labels)))


def _among_themselves(path: Path, all_texts: Labelled) -> Dataset:
    judgements = _judgements(path, all_texts, all_texts)
    asked = set(pc.unique(judgements["query"]).to_pylist())
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
        card=Card(complete=True),
        note=joined(
            read_as("labelled texts", all_texts.columns),
            which_sheet(path),
            left_out_note(
                alone,
                "text is the only one of its label: a document, no query",
                "texts are the only ones of their label: documents, no queries",
            ),
            _repeated(all_texts),
            left_out_note(
                all_texts.skipped, "line without text or label left out", "lines without text or label left out"
            ),
        ),
    )


def _repeated(*parts: Labelled) -> str:
    return left_out_note(
        sum(part.repeated for part in parts),
        "line with the text of an earlier one, merged with it",
        "lines with the text of an earlier one, merged with it",
    )


def _against_training(path: Path, documents: Labelled, queries: Labelled, note: str) -> Dataset:
    judgements = _judgements(path, queries, documents)
    if not len(judgements):
        raise BenchError(f"{path}: no query has a label of the training texts.", "Check the labels of both splits.")
    without = queries.labels.keys() - set(pc.unique(judgements["query"]).to_pylist())
    skipped = documents.skipped + queries.skipped
    return dataset_of(
        path.stem,
        documents.texts.texts,
        _queries(queries, queries.labels),
        judgements,
        card=Card(complete=True),
        unanswerable=without,
        note=joined(
            read_as("labelled texts", queries.columns),
            which_sheet(path),
            note,
            left_out_note(
                len(without), "query has a label that no document has", "queries have a label that no document has"
            ),
            _repeated(documents, queries),
            left_out_note(skipped, "line without text or label left out", "lines without text or label left out"),
        ),
    )


def _judgements(path: Path, queries: Labelled, documents: Labelled) -> pa.Table:
    """(query, document, grade 1) for every other text that shares a label. Raises BenchError for too many."""
    query_ids, document_ids = list(queries.labels), list(documents.labels)
    by_label: dict[str, list[int]] = defaultdict(list)
    for position, labels in enumerate(documents.labels.values()):
        for label in labels:
            by_label[label].append(position)
    of_label = {label: np.array(positions) for label, positions in by_label.items()}
    total = sum(len(by_label.get(label, ())) for labels in queries.labels.values() for label in labels)
    if total > MAX_JUDGEMENTS:
        raise BenchError(
            f"{path}: {len(query_ids):,} texts and {len(by_label):,} labels make {total:,} judgements, more than "
            f"{MAX_JUDGEMENTS:,}.",
            "What shares so broad a label is hardly an answer. Give finer labels, or a column split that leaves few "
            "texts to the test.",
        )
    none, relevant = np.zeros(0, dtype=np.int64), []
    for own, labels in enumerate(queries.labels.values()):
        positions = np.unique(np.concatenate([none, *(of_label.get(label, none) for label in labels)]))
        relevant.append(positions[positions != own] if queries is documents else positions)
    counts = [len(row) for row in relevant]
    strings = pa.large_string()
    return pa.table(
        {
            "query": pa.array(query_ids, strings).take(pa.array(np.repeat(np.arange(len(query_ids)), counts))),
            "document": pa.array(document_ids, strings).take(pa.array(np.concatenate([none, *relevant]))),
            "grade": pa.array(np.ones(sum(counts), dtype=np.int64)),
        }
    )


def _queries(labelled: Labelled, asked: Collection[str]) -> dict[str, tuple[str, dict[str, str]]]:
    texts = labelled.texts.texts
    return {query: (texts[query], {"label": ", ".join(labelled.labels[query])}) for query in texts if query in asked}
