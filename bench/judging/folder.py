"""A labelled set from grades: the folder in BEIR's layout that `bench run` takes, with who judged what beside it.

corpus.jsonl, queries.jsonl   all documents and queries, judged or not
qrels/test.tsv                one grade for each judged pair (`grades.combined`), a program's with enough people's
judgements.csv                every act that stands: who said what of which document, when and with which note
pool.jsonl                    which retriever brought which document to the judges, where that is known
dataset.toml                  the card, with the names of the grades
"""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
from filelock import FileLock, Timeout

from bench.data.dataset import Card, Dataset
from bench.data.formats.export import CARD, card_lines, corpus_lines, qrels_lines, write_lines
from bench.data.formats.pool_record import POOL, PoolRecord, pool_lines, read_pool
from bench.errors import BenchError, counted
from bench.judging.cells import guarded, marked
from bench.judging.grades import (
    GRADES,
    MACHINE,
    THE_SET,
    GradeLine,
    Pair,
    combined,
    read,
    standing,
    without_machines,
)
from bench.judging.line_file import LOCK_SECONDS
from bench.judging.machine_agreement import machine_agreement

GRADE_NAMES = ("not relevant", "related", "relevant", "perfect")
JUDGEMENTS, QRELS = "judgements.csv", "qrels/test.tsv"
LOCK, TEMPORARY = ".set.lock", ".set.tmp"
_HEADER = ("query_id", "document_id", "judge", "action", "grade", "purpose", "time", "note")

# Query id -> its text and metadata.
AskedQueries = Mapping[str, tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class WrittenSet:
    """judgements: pairs in qrels/test.tsv. left_out: judged pairs whose query or document is no longer there."""

    judgements: int
    left_out: int


def write_set(
    folder: Path,
    documents: Dataset,
    queries: AskedQueries,
    *,
    grade_names: Sequence[str] = GRADE_NAMES,
    made_queries: bool = False,
    sampled_judgements: bool = False,
    pool: PoolRecord | None = None,
) -> WrittenSet:
    """Write, or write anew, the set that the folder's grades make.

    Each file is replaced whole, the judgements last, after all could be written: a run that reads the folder meanwhile
    sees a right set. documents: of which the texts and the card count. made_queries: were any of them made from the
    documents? sampled_judgements: is a part of what was to be judged not judged yet? pool: is added to the record that
    is there. Raises BenchError where nothing is judged, or the disk refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # One at a time, since the record of the pool is read and written.
        with FileLock(folder / LOCK, timeout=LOCK_SECONDS, fallback_to_soft=False):
            return _write_set(
                folder,
                documents,
                queries,
                grade_names=grade_names,
                made_queries=made_queries,
                sampled_judgements=sampled_judgements,
                pool=pool or {},
            )
    except Timeout:
        raise BenchError(
            f"The set in {folder} is being written by another process.", "Do the same again later."
        ) from None
    except OSError as error:
        raise BenchError(
            f"The set in {folder} cannot be written: {error.strerror or error}.",
            f"Its grades are safe in {GRADES}. Make room, then do the same again.",
        ) from None


def _write_set(
    folder: Path,
    documents: Dataset,
    queries: AskedQueries,
    *,
    grade_names: Sequence[str],
    made_queries: bool,
    sampled_judgements: bool,
    pool: PoolRecord,
) -> WrittenSet:
    lines = read(folder)
    if not machine_agreement(lines).enough:  # what nobody knows the worth of makes no set
        lines = without_machines(lines)
    recorded = read_pool(folder / POOL)
    for pair, ranks in pool.items():
        recorded[pair] = {**recorded.get(pair, {}), **ranks}
    known = set(documents.documents["id"].to_pylist())
    grades = combined(lines)
    kept = {pair: grade for pair, grade in grades.items() if pair[0] in queries and pair[1] in known}
    if not kept:
        raise BenchError(f"{folder / GRADES} has no grade of these documents.", "Judge some first: bench judge.")
    card = replace(
        _card(documents.card, lines),
        machine_judged=bool(kept.keys() - combined(without_machines(lines)).keys()),
        grades=tuple(grade_names),
        made_queries=made_queries,
        sampled_judgements=sampled_judgements,
    )
    # The judgements last, by which the folder is known as a set.
    files = {
        "corpus.jsonl": corpus_lines(documents),
        "queries.jsonl": _queries(queries),
        JUDGEMENTS: _judgements(lines),
        **({POOL: pool_lines(recorded)} if recorded else {}),
        QRELS: _qrels(kept),
    }
    _write(folder, files, card)
    return WrittenSet(len(kept), len(grades) - len(kept))


def _write(folder: Path, files: Mapping[str, Iterable[bytes]], card: Card) -> None:
    temporary = folder / TEMPORARY
    shutil.rmtree(temporary, ignore_errors=True)  # of a process that was killed
    try:
        (temporary / "qrels").mkdir(parents=True)
        (folder / "qrels").mkdir(exist_ok=True)
        sums = {name: write_lines(temporary / name, lines) for name, lines in files.items()}
        write_lines(temporary / CARD, card_lines(card, sums))
        for name in (CARD, *files):
            (temporary / name).replace(folder / name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _card(card: Card, lines: Iterable[GradeLine]) -> Card:
    """The measure, slices and origin are the documents'; what was known of other judgements is not."""
    given = [line for line in lines if line.judge != THE_SET]
    judges = sorted({line.judge for line in standing(given)})
    programs = sum(judge.startswith(MACHINE) for judge in judges)
    machines = f", {counted(programs, 'program')} among them," if programs else ""
    days = sorted(line.time[:10] for line in given)
    judged = f"judged by {counted(len(judges), 'judge')}{machines} from {days[0]} to {days[-1]}" if days else ""
    return replace(
        card,
        description="; ".join(filter(None, (card.description, judged if card.description else judged.capitalize()))),
        complete=False,
        unanswerable="",
    )


def _queries(queries: AskedQueries) -> Iterator[bytes]:
    for query, (text, metadata) in queries.items():
        more = {"metadata": dict(metadata)} if metadata else {}
        yield orjson.dumps({"_id": query, "text": text, **more}) + b"\n"


def _judgements(lines: Iterable[GradeLine]) -> Iterator[bytes]:
    content = io.StringIO(newline="")
    writer = csv.writer(content, quoting=csv.QUOTE_ALL)
    writer.writerow(_HEADER)
    for line in standing(lines):
        grade = "" if line.grade is None else line.grade
        about = (guarded(line.judge), line.action, grade, line.purpose, line.time, guarded(line.note))
        writer.writerow((marked(line.query), marked(line.document), *about))
    yield content.getvalue().encode("utf-8-sig")


def _qrels(grades: Mapping[Pair, int]) -> Iterator[bytes]:
    return qrels_lines((*pair, grade) for pair, grade in sorted(grades.items()))
