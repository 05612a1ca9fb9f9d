"""run, score, report: make a run, and show it."""

from __future__ import annotations

import argparse
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.cli.shared import (
    CELL_FAILED,
    SHIPPED_RETRIEVERS,
    add_machine,
    add_map,
    add_measures,
    add_place,
    add_reading,
    add_retrievers,
    add_self,
    add_times,
    write_report,
)

if TYPE_CHECKING:
    from bench.cli.shared import Commands, Flags
    from bench.config import RunConfig
    from bench.storage.run import Run


FORMS = ("latex", "csv")
PRINTED = "-"


def add(commands: Commands) -> None:
    """Add the commands."""
    _add_run(commands)
    _add_score(commands)
    _add_report(commands)


def _add_run(commands: Commands) -> None:
    run = commands.add_parser(
        "run",
        help="run retrievers on datasets; without arguments the shipped sets and retrievers",
        usage="python -m bench run [DATASET ...] [-r RETRIEVER] [-m MEASURE] [options]",
        epilog=_RUN_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run.add_argument(
        "datasets", nargs="*", metavar="DATASET", help="a shipped set, a path, or scheme:name (docs/bring-your-data.md)"
    )
    compared = run.add_argument_group("what is compared")
    add_retrievers(compared, SHIPPED_RETRIEVERS)
    add_measures(compared)
    _add_depth(compared, "ranked")
    _add_against(compared)
    compared.add_argument(
        "--controls", action="store_true", default=None, help="random and oracle rankings beside them"
    )
    compared.add_argument("--traps", metavar="FILE", help="query id, tab, document id that shares words and is wrong")
    judged = run.add_argument_group("what the verdict goes by")
    judged.add_argument("--margin", action="append", metavar="MEASURE=GAIN", help="smallest gain worth having")
    judged.add_argument("--max-p95-ms", type=float, metavar="MS", help="what a single query may take")
    judged.add_argument("--max-memory-mb", type=float, metavar="MB", help="what a retriever may hold")
    text = "a run of bench noise: a difference below its floor is marked and decides nothing; as often as you like"
    judged.add_argument("--noise", action="append", metavar="FOLDER", help=text)
    reading = run.add_argument_group("how the sets are read")
    add_reading(reading)
    reading.add_argument(
        "--by", action="append", metavar="FIELD", help="slice by this metadata field, not by the card's"
    )
    add_self(reading)
    reading.add_argument("--limit", type=int, metavar="N", help="a seeded sample of N queries a set")
    reading.add_argument("--seed", type=int, help="of every random choice (default 0)")
    times = run.add_argument_group("times")
    add_times(times, "retriever and set")
    times.add_argument(
        "--repeat-index", type=int, metavar="N", help="builds of each index, for their spread (default 1)"
    )
    shown = run.add_argument_group("what is shown")
    add_map(shown)
    add_machine(run.add_argument_group("the machine"))
    kept = run.add_argument_group("where it is kept")
    add_place(kept)
    kept.add_argument("--config", type=Path, metavar="bench.toml", help="the same settings from a file; flags win")
    either = kept.add_mutually_exclusive_group()
    either.add_argument("--resume", action="store_true", help="go on with the run of that --name, else the newest")
    either.add_argument("--fresh", action="store_true", help="begin the run of that --name anew")
    _add_verbose(run)
    run.set_defaults(command=_run)


_RUN_EXAMPLES = """\
examples:
  python -m bench run my-set -r bm25 -r minilm                    which of two, for your documents
  python -m bench run my-set -r tuned=bm25:k1=0.9,b=0.4 -r bm25 --against bm25 --no-latency
  python -m bench run docs/ --known-item title --limit 200        no labels: ask for each document by its title"""


def _add_score(commands: Commands) -> None:
    score = commands.add_parser(
        "score",
        help="measures of other systems' runs, beside retrievers where wanted",
        usage="python -m bench score RUN.trec [RUN.trec ...] (-d DATASET | --qrels FILE) [options]",
        epilog=_SCORE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    score.add_argument(
        "runs", nargs="+", metavar="RUN.trec", help="a run in TREC's form, MS MARCO's, JSON or CSV, gzipped or not"
    )
    judged = score.add_mutually_exclusive_group(required=True)
    judged.add_argument("-d", "--dataset", help="what the run was made on")
    judged.add_argument("--qrels", metavar="FILE", help="its judgements alone, without documents and query texts")
    compared = score.add_argument_group("what is compared")
    add_retrievers(compared, "none")
    add_measures(compared)
    _add_depth(compared, "looked at")
    _add_against(compared)
    reading = score.add_argument_group("how the set is read")
    add_reading(reading)
    reading.add_argument("--by", action="append", metavar="FIELD", help="slice by this metadata field")
    add_self(reading)
    add_place(score.add_argument_group("where it is kept"))
    _add_verbose(score)
    score.set_defaults(command=_score)


_SCORE_EXAMPLES = """\
examples:
  python -m bench score mine.run baseline.run --qrels qrels.txt --against baseline
  python -m bench score mine.run -d my-set -r bm25                beside a retriever that runs here
  python -m bench score mine.run -d irds:beir/scifact/test -m nDCG@10 -m AP"""


def _add_depth(group: Flags, what: str) -> None:
    group.add_argument("-k", "--depth", type=int, help=f"hits a query is {what} to (default 100)")


def _add_against(group: Flags) -> None:
    text = "compare all with this one alone, in place of each with each: fewer comparisons to correct for"
    group.add_argument("--against", metavar="LABEL", help=text)


def _add_report(commands: Commands) -> None:
    report = commands.add_parser(
        "report",
        help="figures, charts and report.md of a stored run, made again; its table for a paper",
        usage="python -m bench report [RUN] [--verbose] [--latex [FILE] [--intervals]] [--csv [FILE]]\n"
        "       python -m bench report --all [RESULTS]",
    )
    report.add_argument("folder", nargs="?", type=Path, metavar="RUN", help="default: the newest in results/")
    _add_verbose(report)
    text = "index.html of all runs in a folder (default: results): main measures over time, and where one took a step"
    report.add_argument("--all", action="store_true", help=text)
    others = report.add_argument_group("in another form, written to a file or else printed, and nothing else")
    text = "a table for a paper (booktabs): best bold, daggers, letters of groups"
    others.add_argument("--latex", nargs="?", const=PRINTED, metavar="FILE", help=text)
    others.add_argument("--intervals", action="store_true", help="with the intervals below its figures")
    text = "one tidy table of all measures and costs"
    others.add_argument("--csv", nargs="?", const=PRINTED, metavar="FILE", help=text)
    report.set_defaults(command=_report)


def _add_verbose(command: Flags) -> None:
    text = "print all tables, not the main figures alone"
    command.add_argument("-v", "--verbose", action="store_true", help=text)


def _run(options: argparse.Namespace) -> int:
    from bench.cli import console
    from bench.config import load_config
    from bench.experiment import runner
    from bench.experiment.events import Event
    from bench.report.run import charts

    flags = vars(options).copy()
    path, resume, fresh = flags.pop("config"), flags.pop("resume"), flags.pop("fresh")
    del flags["command"], flags["verbose"]
    for key in ("datasets", "retrievers", "measures", "margin", "by", "columns", "noise"):
        flags[key] = tuple(flags[key]) if flags[key] else None
    config = _continued(path, flags) if resume else load_config(path, **flags)
    importing = threading.Thread(target=charts.import_libraries, daemon=True)
    with console.Progress() as progress:

        def listener(event: Event) -> None:
            if event.kind == "begin":  # what was asked for is right; while retrievers load there is time for this
                importing.start()
            elif event.kind == "start" and importing.is_alive():  # and none while something is timed
                importing.join()
            progress(event)

        run = runner.run(config, listener=listener, resume=resume, fresh=fresh)
    _present(run, options.verbose)
    return CELL_FAILED if run.failures else 0


def _score(options: argparse.Namespace) -> int:
    from bench.cli import console
    from bench.config import RunConfig, load_config
    from bench.experiment import runner

    flags = {key: value for key, value in vars(options).items() if key not in ("command", "dataset", "verbose")}
    for key in ("runs", "retrievers", "measures", "by", "columns"):
        flags[key] = tuple(flags[key]) if flags[key] else None
    only_runs = RunConfig(datasets=(options.dataset,) if options.dataset else (), retrievers=(), latency=False)
    with console.Progress() as progress:
        run = runner.run(load_config(None, base=only_runs, **flags), listener=progress)
    _present(run, options.verbose)
    return CELL_FAILED if run.failures else 0


def _continued(path: Path | None, flags: dict[str, Any]) -> RunConfig:
    """The stored configuration of the run to go on with, under the file and the flags that are given now."""
    from bench.config import load_config, stored_config
    from bench.errors import unknown
    from bench.storage.folder import newest_run
    from bench.storage.run import read_info

    asked = load_config(path, results=flags["results"], name=flags["name"])
    results = Path(asked.results)
    folder = results / asked.name if asked.name else newest_run(results)
    if not (folder / "run.json").is_file():
        if not folder.exists() and path is None and not flags["datasets"]:  # nothing says what it was to be
            known = [file.parent.name for file in results.glob("*/run.json")]
            raise unknown(f"run in {results} called", folder.name, known)
        return load_config(path, **{**flags, "name": folder.name})  # it was ended before it stored anything
    stored = stored_config(read_info(folder)["config"])
    return load_config(path, base=stored, **{**flags, "name": folder.name, "results": str(results)})


def _report(options: argparse.Namespace) -> int:
    from bench.errors import BenchError
    from bench.storage.folder import newest_run
    from bench.storage.run import load_run

    if options.all:
        return _report_all(options)
    run = load_run(options.folder or newest_run(Path("results")))
    if not run.complete:
        raise BenchError(f"{run.folder} is not complete: it was interrupted.", "Run it again.")
    wanted = {form: place for form in FORMS if (place := getattr(options, form))}
    if options.intervals and "latex" not in wanted:
        raise BenchError("--intervals belongs to --latex.", "Give both; tables in the terminal have intervals.")
    if wanted:
        _write_forms(run, wanted, options.intervals)
    else:
        _present(run, options.verbose)
    return CELL_FAILED if run.failures else 0


def _report_all(options: argparse.Namespace) -> int:
    """The page of all runs."""
    from bench.cli import console
    from bench.errors import BenchError
    from bench.regression.history import history
    from bench.report.history.page import render
    from bench.storage.files import write_atomic

    results = options.folder or Path("results")
    if options.latex or options.csv or options.intervals:
        raise BenchError("--latex and --csv are of one run.", "Name it: python -m bench report RUN --csv")
    if (results / "run.json").is_file():
        raise BenchError(f"{results} is a run, not a folder of runs.", f"Give {results.parent}, or leave --all out.")
    past = history(results)
    try:
        write_atomic(results / "index.html", render(past).encode())
    except OSError as error:
        raise BenchError(f"{results} cannot be written: {error.strerror}.", "Give a writable folder of runs.") from None
    console.notes(f"{name} is left out: {why}" for name, why in past.unreadable)
    console.show_text(f"Open {results / 'index.html'}\n")
    return 0


def _write_forms(run: Run, places: dict[str, str], intervals: bool) -> None:
    """Print or write forms that were asked for. places: form -> file, or PRINTED."""
    from bench.cli import console
    from bench.errors import BenchError
    from bench.report.run import forms
    from bench.storage.files import write_atomic

    if len(set(places.values())) < len(places):
        raise BenchError("Two forms cannot be written to one place.", "Give each a file of its own: --csv FILE")
    for name, place in places.items():
        text = forms.asked(name, run, **({"intervals": intervals} if name == "latex" else {}))
        if place == PRINTED:
            console.show_text(text)
            continue
        hint = f"Give a file, behind the run: python -m bench report RUN --{name} FILE"
        if Path(place).is_dir():
            raise BenchError(f"{place} is a folder.", hint)
        try:
            write_atomic(Path(place), text.encode())
        except OSError as error:
            raise BenchError(f"{place} cannot be written: {error.strerror}.", hint) from None
        console.notes([f"Written: {place}"])


def _present(run: Run, verbose: bool) -> None:
    from bench.cli import console
    from bench.report.run import terminal, terminal_verbose

    write_report(run)
    console.show((terminal_verbose if verbose else terminal).render(run))
