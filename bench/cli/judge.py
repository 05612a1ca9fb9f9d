"""judge: from documents and queries without labels to a set that can be measured on."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli.shared import SHIPPED_RETRIEVERS, add_cache, add_reading, add_retrievers

if TYPE_CHECKING:
    from bench.cli.shared import Commands
    from bench.data.dataset import Dataset
    from bench.judging.judging_record import JudgedQuery, JudgingRecord
    from bench.judging.session import Session

# Written out, since what has them imports too much for --help. A test holds them together.
REPEAT_SHARE, SHARED_SHARE, MARGIN = 0.05, 0.1, 0.01
MADE = 50

_ABOUT = """\
A page on this machine shows one document at a time: keys 0 to 3 grade it, s skips, u takes back. Each grade is on disk
before the next document is shown. Ctrl-C ends it and writes FOLDER as a set; the same command goes on where it stopped,
with --judge NAME for another person. What to judge next is chosen so that few judgements decide (docs/judging.md).

examples:
  python -m bench judge docs/ --queries log.csv --to judged      begin, or go on
  python -m bench judge docs/ --to judged --judge ada            a second person
  python -m bench judge docs/ --to judged --export sheet.csv     in a spreadsheet, without a browser
  python -m bench judge docs/ --to judged --import sheet.csv --judge ada
  python -m bench run judged                                     the verdict"""


def add(commands: Commands) -> None:
    """Add the command."""
    judge = commands.add_parser(
        "judge",
        help="no labels yet: grade the documents that decide, on a page, in a sheet or here",
        usage="python -m bench judge SOURCE --to FOLDER [--queries LOG] [options]",
        epilog=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    judge.add_argument("source", metavar="SOURCE", help="documents, labelled or not: a path, a shipped set")
    judge.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="where grades and the set are kept")
    judge.add_argument("--judge", default="judge", metavar="NAME", help="who grades (default: judge)")
    asked = judge.add_argument_group("the queries, where the judging begins")
    asked.add_argument("--queries", type=Path, metavar="LOG", help="one a line, or a table with query and count")
    asked.add_argument(
        "--made", type=int, nargs="?", const=MADE, metavar="N", help=f"no log: N from the documents (default {MADE})"
    )
    asked.add_argument("--sample", type=int, metavar="N", help="of the log, frequent and rare ones by what they weigh")
    asked.add_argument("--keep-private", action="store_true", help="also queries that look like addresses or numbers")
    asked.add_argument("--seed", type=int, default=0, help="of the sample and of the order (default 0)")
    add_retrievers(asked, SHIPPED_RETRIEVERS)
    add_cache(asked)
    add_reading(asked)
    way = judge.add_argument_group("the way")
    either = way.add_mutually_exclusive_group()
    either.add_argument("--terminal", action="store_true", help="here, not on a page")
    either.add_argument("--export", type=Path, metavar="SHEET", help="what is next as a CSV file, then end")
    either.add_argument("--import", type=Path, dest="import_", metavar="SHEET", help="grades of such a file, then end")
    way.add_argument("--rows", type=int, default=100, metavar="N", help="of an exported sheet (default 100)")
    way.add_argument("--port", type=int, default=0, help="of the page (default: a free one)")
    way.add_argument("--repeat", type=float, default=REPEAT_SHARE, metavar="SHARE", help="asked again (default .05)")
    way.add_argument("--shared", type=float, default=SHARED_SHARE, metavar="SHARE", help="asked of all (default .1)")
    way.add_argument("--margin", type=float, default=MARGIN, metavar="X", help="a difference that does not matter")
    judge.set_defaults(command=_judge)


def _judge(options: argparse.Namespace) -> int:
    from dataclasses import replace

    from bench.cli.judging import judge_in_terminal, judge_on_page
    from bench.data.formats import load_dataset
    from bench.data.formats.options import Options
    from bench.judging.grades import checked_judge
    from bench.judging.session import Session

    checked_judge(options.judge, "--judge")
    documents = load_dataset(options.source, replace(Options.of(options), unlabelled=True))
    record = _record(options, documents)
    session = Session(
        options.to,
        record,
        documents,
        options.judge,
        repeat_share=options.repeat,
        shared_share=options.shared,
        margin=options.margin,
    )
    if options.export:
        return _export(session, options.export, options.rows)
    if options.import_:
        return _import(session, options.import_)
    (judge_in_terminal if options.terminal else judge_on_page)(session, options)
    return _end(session)


def _record(options: argparse.Namespace, documents: Dataset) -> JudgingRecord:
    """Of the folder; begun where there is none."""
    from bench.cli import console
    from bench.config import DEFAULT_RETRIEVERS
    from bench.errors import BenchError, counted
    from bench.experiment.judging import begin_judging
    from bench.judging.judging_record import read_record
    from retrievers.dense.vector_cache import VectorCache, default_path

    record = read_record(options.to)
    begins = [name for name in ("queries", "made", "sample", "retrievers") if getattr(options, name) is not None]
    if record is not None:
        if begins:
            flag = {"retrievers": "-r"}.get(begins[0], f"--{begins[0]}")
            raise BenchError(
                f"{options.to} was begun already, and {flag} says how to begin.",
                f"Leave {flag} out to go on, or name another folder.",
            )
        return record
    queries, notes = _queries(options, documents)
    console.notes(notes)
    record = begin_judging(
        options.to,
        options.source,
        documents,
        queries,
        options.retrievers or DEFAULT_RETRIEVERS,
        made_queries=options.made is not None,
        seed=options.seed,
        cache=VectorCache(default_path(), rebuild=bool(options.rebuild)) if options.cache else None,
    )
    pairs = len(record.pool())
    console.notes([f"{counted(len(queries), 'query', 'queries')}, {counted(pairs, 'document')} that could be judged."])
    return record


def _queries(options: argparse.Namespace, documents: Dataset) -> tuple[list[JudgedQuery], list[str]]:
    """What is asked, and what is to be told of it."""
    from bench.errors import BenchError
    from bench.judging.judging_record import JudgedQuery
    from bench.judging.made_queries import make_queries
    from bench.judging.query_log import read_log
    from bench.judging.query_sample import sample_log

    if options.queries and options.made is not None:
        raise BenchError("--queries and --made are both given.", "Keep one of them.")
    if options.made is not None:
        made = make_queries(documents, options.made, options.seed)
        note = "Nobody asked these queries: they were made from the documents, and no verdict says more than that."
        return [JudgedQuery(query.id, query.text, query.metadata) for query in made], [note]
    if options.queries:
        log = read_log(options.queries, keep_private=options.keep_private)
        drawn = sample_log(log.queries, options.sample or len(log.queries), options.seed)
        return [JudgedQuery(one.query.id, one.query.text, one.metadata) for one in drawn], list(log.sentences())
    if len(documents.query_ids):
        known = zip(documents.query_ids, documents.query_texts, documents.metadata, strict=True)
        return [JudgedQuery(*query) for query in known], [f"The queries of {documents.name} are judged."]
    raise BenchError(
        f"{options.source} has no queries.",
        "Give a log, --queries FILE, one a line; or make some of the documents: --made.",
    )


def _export(session: Session, path: Path, rows: int) -> int:
    from bench.cli import console
    from bench.errors import BenchError, counted
    from bench.judging.sheet import SheetRow, write_sheet

    if rows < 1:
        raise BenchError(f"--rows is {rows}.", "Give 1 or more.")
    shown = session.following(rows)
    write_sheet(path, [SheetRow(one.query_id, one.document_id, one.query, one.document) for one in shown])
    names = ", ".join(f"{grade} {name}" for grade, name in enumerate(session.record.settings.grade_names))
    documents = counted(len(shown), "document")
    console.notes([f"{documents} in {path}. Grades: {names}; s where you cannot tell. Then: --import {path}"])
    return 0


def _import(session: Session, path: Path) -> int:
    from bench.cli import console
    from bench.errors import counted
    from bench.judging.sheet import import_sheet

    names = session.record.settings.grade_names
    stored = import_sheet(path, session.folder, session.judge, set(session.pairs), highest=len(names) - 1, names=names)
    console.notes([f"{counted(stored, 'grade')} of {session.judge} stored."])
    session.refresh()
    return _end(session)


def _end(session: Session) -> int:
    """Write the set, and say what the grades say and how to go on."""
    from bench.cli import console
    from bench.judging.folder import write_set
    from bench.judging.sentences import progress_sentence, verdict_sentences

    progress = session.progress()
    console.notes([progress_sentence(progress)])
    if not progress.judged:
        return 0
    settings = session.record.settings
    console.notes(verdict_sentences(progress, settings.retrievers))
    write_set(
        session.folder,
        session.documents,
        session.record.asked,
        grade_names=settings.grade_names,
        made_queries=settings.made_queries,
        pool=session.brought(),
    )
    console.notes([f"The set is written. Its figures: python -m bench run {session.folder}"])
    return 0
