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
    from bench.storage.run import Run

# Written out, since what has them imports too much for --help. A test holds them together.
REPEAT_SHARE, SHARED_SHARE, MARGIN, SECONDS = 0.05, 0.1, 0.01, 60.0
KEY_ENV = "OPENAI_API_KEY"
MADE = 50

_ABOUT = """\
A page on this machine shows one document at a time: keys 0 to 3 grade it, s skips, u takes back. Each grade is on disk
before the next document is shown. Ctrl-C ends it and writes FOLDER as a set; the same command goes on where it stopped,
with --judge NAME for another person. What to judge next is chosen so that few judgements decide (docs/judging.md).

examples:
  python -m bench judge docs/ --queries log.csv --to judged      begin, or go on
  python -m bench judge docs/ --to judged --judge ada            a second person
  python -m bench judge results/my-run --to judged               what that run returned and nobody judged
  python -m bench judge docs/ --to judged --export sheet.csv     in a spreadsheet, without a browser
  python -m bench judge docs/ --to judged --import sheet.csv --judge ada
  python -m bench judge docs/ --to judged --judge rules --program "python grade.py"
  python -m bench judge docs/ --to judged --endpoint http://localhost:11434/v1/chat/completions --model llama3.1
  python -m bench judge --to judged --status                     how far it is, and the verdict so far
  python -m bench judge --to judged --settle                     decide where judges disagree
  python -m bench run judged                                     all figures, once the pool is judged whole"""


def add(commands: Commands) -> None:
    """Add the command."""
    judge = commands.add_parser(
        "judge",
        help="no labels yet: grade the documents that decide, on a page, in a sheet or here",
        usage="python -m bench judge [SOURCE] --to FOLDER [--queries LOG] [options]",
        epilog=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    judge.add_argument(
        "source",
        nargs="?",
        metavar="SOURCE",
        help="documents, labelled or not: a path, a shipped set; or the folder of a run, whose unjudged hits are asked "
        "(default: what FOLDER was begun with)",
    )
    judge.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="where grades and the set are kept")
    judge.add_argument(
        "--judge", metavar="NAME", help="who grades (default: judge; of a language model the name that it has)"
    )
    asked = judge.add_argument_group("the queries, where the judging begins")
    asked.add_argument("--queries", type=Path, metavar="LOG", help="one a line, or a table with query and count")
    asked.add_argument(
        "--made",
        type=int,
        nargs="?",
        const=MADE,
        metavar="N",
        help=f"N from the documents (default {MADE}); with --queries they are held against those, and asked",
    )
    asked.add_argument("--sample", type=int, metavar="N", help="of the log, frequent and rare ones by what they weigh")
    asked.add_argument("--keep-private", action="store_true", help="also queries that look like addresses or numbers")
    asked.add_argument("--seed", type=int, default=0, help="of the sample and of the order (default 0)")
    asked.add_argument("-d", "--dataset", metavar="NAME", help="which set of a run that has several")
    add_retrievers(asked, SHIPPED_RETRIEVERS)
    add_cache(asked)
    add_reading(asked)
    way = judge.add_argument_group("the way")
    either = way.add_mutually_exclusive_group()
    way.add_argument("--terminal", action="store_true", help="here, not on a page")
    either.add_argument("--settle", action="store_true", help="decide on the documents that judges graded differently")
    either.add_argument("--export", type=Path, metavar="SHEET", help="what is next as a CSV file, then end")
    either.add_argument("--status", action="store_true", help="how far it is, what it says and how far to trust it")
    either.add_argument("--import", type=Path, dest="import_", metavar="SHEET", help="grades of such a file, then end")
    way.add_argument("--verbose", action="store_true", help="all of the status")
    way.add_argument("--json", action="store_true", help="the status for other programs")
    either.add_argument("--program", metavar="COMMAND", help="a program grades, by JSON lines, marked as one; then end")
    either.add_argument("--endpoint", metavar="URL", help="a language model grades, marked as a program; then end")
    way.add_argument(
        "--seconds",
        type=float,
        default=SECONDS,
        metavar="S",
        help="for an answer of these two (default %(default)g)",
    )
    way.add_argument("--rows", type=int, default=100, metavar="N", help="of an exported sheet (default 100)")
    way.add_argument("--port", type=int, default=0, help="of the page (default: a free one)")
    way.add_argument("--repeat", type=float, default=REPEAT_SHARE, metavar="SHARE", help="asked again (default .05)")
    way.add_argument("--shared", type=float, default=SHARED_SHARE, metavar="SHARE", help="asked of all (default .1)")
    way.add_argument("--margin", type=float, default=MARGIN, metavar="X", help="a difference that does not matter")
    model = judge.add_argument_group("a language model, with --endpoint http://localhost:11434/v1/chat/completions")
    model.add_argument("--model", metavar="NAME", help="as the service calls it")
    model.add_argument("--key-env", metavar="VARIABLE", help=f"that holds the key, if any (default {KEY_ENV})")
    model.add_argument("--usd-per-million", type=float, metavar="USD", help="the price of a million tokens")
    model.add_argument("--max-usd", type=float, metavar="USD", help="what the model may cost in FOLDER, ever")
    judge.set_defaults(command=_judge)


def _judge(options: argparse.Namespace) -> int:
    from bench.cli import console
    from bench.cli.judging import judge_in_terminal, judge_on_page
    from bench.cli.machine_judging import judged_by, machine_of
    from bench.judging.grades import checked_person
    from bench.judging.judging_record import read_record
    from bench.judging.session import Session
    from bench.judging.settling import Settling

    _refuse_terminal(options)
    machine = machine_of(options)
    options.judge = "judge" if options.judge is None else options.judge
    checked_person(options.judge, "--judge")
    record = read_record(options.to)
    options.source = _source(options, record)
    run, documents = _documents(options, record)
    if record is None:
        record = _begun(options, documents, run)
    else:
        _refuse_to_begin_again(options)
    session = Session(
        options.to,
        record,
        documents,
        options.judge,
        repeat_share=options.repeat,
        shared_share=options.shared,
        margin=options.margin,
    )
    if options.status:
        return _status(session, verbose=options.verbose, as_json=options.json)
    if options.export:
        return _export(session, options.export, options.rows)
    if options.import_:
        return _import(session, options.import_)
    if machine is not None:
        console.notes([judged_by(machine, session, options)])
        return _end(session)
    way = judge_in_terminal if options.terminal else judge_on_page
    if options.settle:
        settling = Settling(options.to, record, documents, options.judge)
        way(settling, options)
        console.notes([settling.sentence()])
        session.refresh()
    else:
        way(session, options)
    return _end(session)


def _refuse_terminal(options: argparse.Namespace) -> None:
    """--terminal beside what asks nobody would be passed over."""
    from bench.errors import BenchError

    ways = {"export": "--export", "import_": "--import", "program": "--program", "endpoint": "--endpoint"}
    way = next((flag for name, flag in ways.items() if getattr(options, name) is not None), "")
    way = "--status" if options.status else way
    if options.terminal and way:
        raise BenchError(
            f"--terminal is for a person who judges, and {way} asks nobody.", f"Leave out --terminal, or {way}."
        )


def _source(options: argparse.Namespace, record: JudgingRecord | None) -> str:
    """What the documents are read from. Raises BenchError where nobody says it."""
    from bench.errors import BenchError

    if options.source is not None:
        source: str = options.source
        return source
    if record is None:
        raise BenchError(
            f"No judging was begun in {options.to}.",
            f"Name the documents, or a run: python -m bench judge SOURCE --to {options.to}",
        )
    return record.settings.source


def _documents(options: argparse.Namespace, record: JudgingRecord | None) -> tuple[Run | None, Dataset]:
    """The run, where the source is one, and the documents."""
    from dataclasses import replace

    from bench.data.formats import load_dataset
    from bench.data.formats.options import Options
    from bench.experiment.stored_set import set_of_run
    from bench.storage.run import load_run

    if not (Path(options.source) / "run.json").is_file():
        return None, load_dataset(options.source, replace(Options.of(options), unlabelled=True))
    run = load_run(options.source)
    begun = record.settings.documents if record else ""
    name = next((entry["name"] for entry in run.datasets if entry["fingerprint"] == begun), options.dataset)
    return run, set_of_run(run, name)


def _begins(options: argparse.Namespace) -> str:
    """The first flag that says how to begin; empty where none does."""
    flags = {"queries": "--queries", "made": "--made", "sample": "--sample", "retrievers": "-r"}
    return next((flag for name, flag in flags.items() if getattr(options, name) is not None), "")


def _refuse_to_begin_again(options: argparse.Namespace) -> None:
    from bench.errors import BenchError

    if flag := _begins(options):
        raise BenchError(
            f"{options.to} was begun already, and {flag} says how to begin.",
            f"Leave {flag} out to go on, or name another folder.",
        )


def _begun(options: argparse.Namespace, documents: Dataset, run: Run | None) -> JudgingRecord:
    """A new record in the folder."""
    from bench.cli import console
    from bench.config import DEFAULT_RETRIEVERS
    from bench.errors import BenchError, counted
    from bench.experiment.judging import begin_from_run, begin_judging
    from retrievers.dense.vector_cache import VectorCache, default_path

    if (options.to / "qrels").exists():
        raise BenchError(
            f"{options.to} holds a set that was not judged here; its judgements would be replaced.",
            "Name a folder that does not exist yet.",
        )
    if run is not None:
        if flag := _begins(options):
            raise BenchError(
                f"{run.folder} is a stored run, whose queries and retrievers are what they are.", f"Leave {flag} out."
            )
        record = begin_from_run(options.to, run, documents, seed=options.seed)
    else:
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
    asked, pairs = counted(len(record.queries), "query", "queries"), counted(len(record.pool()), "document")
    console.notes([f"{asked}, {pairs} that could be judged."])
    return record


def _queries(options: argparse.Namespace, documents: Dataset) -> tuple[list[JudgedQuery], list[str]]:
    """What is asked, and what is to be told of it. With --made a log is what the made ones are held against."""
    import numpy as np

    from bench.errors import BenchError
    from bench.judging.judging_record import JudgedQuery
    from bench.judging.made_queries import make_queries
    from bench.judging.query_log import read_log
    from bench.judging.query_sample import sample_log
    from bench.judging.realism import realism

    log = read_log(options.queries, keep_private=options.keep_private) if options.queries else None
    if options.made is not None:
        made = make_queries(documents, options.made, options.seed)
        notes = ["Nobody asked these queries: they were made from the documents, and no verdict says more than that."]
        if log:
            real, rng = [query.text for query in log.queries], np.random.default_rng(options.seed)
            notes += log.sentences()
            notes.append(realism(documents, [query.text for query in made], real, rng).sentence())
        return [JudgedQuery(query.id, query.text, query.metadata) for query in made], notes
    if log:
        drawn = sample_log(log.queries, options.sample or len(log.queries), options.seed)
        return [JudgedQuery(one.query.id, one.query.text, one.metadata) for one in drawn], list(log.sentences())
    if len(documents.query_ids):
        known = zip(documents.query_ids, documents.query_texts, documents.metadata, strict=True)
        return [JudgedQuery(*query) for query in known], [f"The queries of {documents.name} are judged."]
    raise BenchError(
        f"{options.source} has no queries.",
        "Give a log, --queries FILE, one a line; or make some of the documents: --made.",
    )


def _status(session: Session, *, verbose: bool, as_json: bool) -> int:
    from rich.text import Text

    from bench.cli import console
    from bench.judging.status import status_of
    from bench.judging.status_sentences import status_sentences
    from bench.report.table import inert

    status = status_of(session)
    if as_json:
        console.show_json(status.as_json())
    else:
        console.show(Text(inert(line)) for line in status_sentences(status, verbose=verbose))
    return 0


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
    from bench.judging.sentences import machine_sentences, progress_sentence, verdict_sentences, written_sentence

    progress = session.progress()
    console.notes([progress_sentence(progress), *machine_sentences(progress)])
    if not progress.judged:
        return 0
    settings = session.record.settings
    console.notes(verdict_sentences(progress, settings.retrievers, made_queries=settings.made_queries))
    write_set(
        session.folder,
        session.documents,
        session.record.asked,
        grade_names=settings.grade_names,
        made_queries=settings.made_queries,
        sampled_judgements=progress.judged < progress.pairs,
        pool=session.brought(),
    )
    console.notes([written_sentence(session.folder, progress)])
    return 0
