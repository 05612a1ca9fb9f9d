"""Commands and flags, each a short call; the only module that exits.

Exit codes, the first that applies: 2 wrong usage or bad input; 5 a cell failed; 3 not comparable (a missing cell,
another fingerprint, an older schema); 1 a regression: a gate failed, `ab` found head slower, or a figure of
`calibrate` is not where others found it; 4 inconclusive under --strict; 0 fine.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

    from rich.console import RenderableType

    from bench.ab.compare import Setting
    from bench.config import RunConfig
    from bench.console import Progress
    from bench.regression import Regression
    from bench.store import Run

REGRESSION = DISAGREES = 1
BAD_INPUT, NOT_COMPARABLE, INCONCLUSIVE, CELL_FAILED, INTERRUPTED = 2, 3, 4, 5, 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse, run the command, exit with its code."""
    from bench import console
    from bench.errors import BenchError

    console.replace_what_cannot_be_shown()
    options = _parser().parse_args(arguments)
    try:
        code = options.command(options)
    except BenchError as error:
        console.error(error.message, error.hint)
        code = BAD_INPUT
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        sys.stderr.close()
        code = 0
    sys.exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="TF-IDF, BM25 or embeddings? An honest comparison on your labelled data."
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    for add in (_add_run, _add_score, _add_report, _add_compare, _add_baseline, _add_ab, _add_search, _add_doctor):
        add(commands)
    for add in (_add_cache, _add_datasets, _add_calibrate):
        add(commands)
    commands.add_parser("retrievers", help="list the retrievers with parameters and defaults").set_defaults(
        command=_retrievers
    )
    return parser


def _add_run(commands: Commands) -> None:
    run = commands.add_parser(
        "run", help="run retrievers on datasets; without arguments the shipped sets and retrievers"
    )
    run.add_argument(
        "datasets", nargs="*", metavar="DATASET", help="a shipped set, a path, or scheme:name (docs/bring-your-data.md)"
    )
    run.add_argument("-r", "--retriever", action="append", dest="retrievers", metavar="NAME[:PARAMETER=VALUE,…]")
    run.add_argument("-m", "--measure", action="append", dest="measures", metavar="MEASURE", help="as in ir_measures")
    run.add_argument("--margin", action="append", metavar="MEASURE=GAIN", help="smallest gain worth having")
    run.add_argument("--max-p95-ms", type=float, metavar="MS", help="what a single query may take, for the verdict")
    run.add_argument("--max-memory-mb", type=float, metavar="MB", help="what a retriever may hold, for the verdict")
    run.add_argument("--controls", action="store_true", default=None, help="random and oracle rankings beside them")
    run.add_argument("--traps", metavar="FILE", help="query id, tab, document id that shares words and is wrong")
    run.add_argument("--by", action="append", metavar="FIELD", help="slice by this metadata field, not by the card's")
    run.add_argument("-k", "--depth", type=int, help="hits a query is ranked to (default 100)")
    run.add_argument("--config", type=Path, metavar="bench.toml", help="the same settings from a file; flags win")
    run.add_argument("--name", help="name of the run's folder (default: date and time)")
    run.add_argument("--results", metavar="FOLDER", help="where runs are kept (default: results)")
    run.add_argument("--no-latency", action="store_false", default=None, dest="latency", help="quality only")
    run.add_argument("--limit", type=int, metavar="N", help="a seeded sample of N judged queries a set")
    run.add_argument("--seed", type=int, help="of every random choice (default 0)")
    run.add_argument("--threads", type=int, help="of every library (default: physical cores)")
    run.add_argument("--repeat-index", type=int, metavar="N", help="builds of each index, for their spread (default 1)")
    run.add_argument("--samples", type=int, help="single queries timed per retriever and set (default 700)")
    run.add_argument("--seconds", type=float, help="time budget of those (default 2)")
    run.add_argument("--timeout", type=float, metavar="S", help="for an index, a ranking, a block of queries (3600)")
    run.add_argument("--memory-mb", type=int, metavar="MB", help="that a retriever may hold (default: 9/10 of all)")
    run.add_argument("--no-cache", action="store_false", default=None, dest="cache", help="encode everything anew")
    run.add_argument("--resume", action="store_true", help="go on with the run of that --name, else the newest")
    run.add_argument("--fresh", action="store_true", help="begin the run of that --name anew")
    _add_reading(run)
    run.set_defaults(command=_run)


def _add_score(commands: Commands) -> None:
    score = commands.add_parser("score", help="measures of other systems' TREC runs, beside retrievers where wanted")
    score.add_argument("runs", nargs="+", metavar="RUN.trec", help="a TREC run file, gzipped or not")
    score.add_argument("-d", "--dataset", required=True, help="what the run was made on")
    score.add_argument("-r", "--retriever", action="append", dest="retrievers", metavar="NAME[:PARAMETER=VALUE,…]")
    score.add_argument("-m", "--measure", action="append", dest="measures", metavar="MEASURE", help="as in ir_measures")
    score.add_argument("-k", "--depth", type=int, help="hits a query is looked at to (default 100)")
    score.add_argument("--by", action="append", metavar="FIELD", help="slice by this metadata field")
    score.add_argument("--name", help="name of the run's folder (default: date and time)")
    score.add_argument("--results", metavar="FOLDER", help="where runs are kept (default: results)")
    _add_reading(score)
    score.set_defaults(command=_score)


def _add_report(commands: Commands) -> None:
    report = commands.add_parser("report", help="tables, charts and report.md of a stored run, made again")
    report.add_argument("folder", nargs="?", type=Path, metavar="RUN", help="default: the newest in results/")
    report.set_defaults(command=_report)


def _add_compare(commands: Commands) -> None:
    compare = commands.add_parser("compare", help="two stored runs: what moved, how sure that is, and do gates hold?")
    compare.add_argument("base", metavar="BASE", help="a folder of results/, or baseline (results/baseline)")
    compare.add_argument("head", metavar="HEAD", help="the same")
    compare.add_argument("--gate", action="append", dest="gates", metavar="GATE", help='such as "nDCG@10 >= -0.01"')
    compare.add_argument("--strict", action="store_true", help="exit with 4 where a gate is inconclusive")
    compare.add_argument("--config", type=Path, metavar="bench.toml", help="gates and strict of its table [compare]")
    for form in ("json", "junit", "markdown"):
        compare.add_argument(f"--{form}", type=Path, metavar="FILE", help="write the comparison to a file")
    compare.add_argument("--benchmark-json", type=Path, metavar="FILE", help="HEAD's latencies for pytest-benchmark")
    compare.set_defaults(command=_compare)


def _add_baseline(commands: Commands) -> None:
    baseline = commands.add_parser("baseline", help="the committed reference run: update it")
    actions = baseline.add_subparsers(required=True, metavar="update")
    update = actions.add_parser("update", help="compare a run with results/baseline, then put it in its place")
    update.add_argument("run", metavar="RUN", help="a folder of results/")
    update.set_defaults(command=_update_baseline)


def _add_search(commands: Commands) -> None:
    search = commands.add_parser("search", help="one query through every retriever, side by side")
    search.add_argument("query")
    search.add_argument("-d", "--dataset", default="phenomena", help="a shipped set or a folder (default: phenomena)")
    search.add_argument("-r", "--retriever", action="append", dest="retrievers", metavar="NAME[:PARAMETER=VALUE,…]")
    search.add_argument("-k", type=int, default=5, help="hits of each (default 5)")
    search.add_argument("--min-score", type=float, metavar="S", help="leave out hits below (0.35 is common for cosine)")
    search.add_argument("--no-cache", action="store_false", dest="cache", help="encode everything anew")
    _add_reading(search)
    search.set_defaults(command=_search)


def _add_ab(commands: Commands) -> None:
    ab = commands.add_parser("ab", help="two versions of the code timed in turns: is head slower than base?")
    version = "a git ref, a checkout, or a virtual environment"
    ab.add_argument("--base", metavar="VERSION", help=f"{version}; needed but for --self-test")
    ab.add_argument("--head", metavar="VERSION", default=".", help=f"{version} (default: the code in this folder)")
    ab.add_argument("-d", "--dataset", default="support-faq", help="a shipped set or a path (default: support-faq)")
    ab.add_argument("-r", "--retriever", action="append", dest="retrievers", metavar="NAME[:PARAMETER=VALUE,…]")
    ab.add_argument("--max-rounds", type=int, default=80, metavar="N", help="when to give up (default 80)")
    ab.add_argument("--seed", type=int, default=0, help="of the order of sides and queries (default 0)")
    ab.add_argument("--threads", type=int, help="of every library (default: physical cores)")
    ab.add_argument("--timeout", type=float, default=3600, metavar="S", help="for an index or a block (3600)")
    ab.add_argument("--json", type=Path, metavar="FILE", help="the answers with every sample")
    ab.add_argument("--strict", action="store_true", help="exit 4 where noise forbids an answer")
    ab.add_argument("--self-test", action="store_true", help="what the rule is worth on this machine")
    ab.add_argument("--seconds", type=float, default=300, metavar="S", help="of the self-test (default 300)")
    _add_reading(ab)
    ab.set_defaults(command=_ab)


def _add_doctor(commands: Commands) -> None:
    doctor = commands.add_parser("doctor", help="what is installed, and what to do for each thing missing")
    doctor.add_argument("--results", type=Path, default=Path("results"), metavar="FOLDER")
    doctor.set_defaults(command=_doctor)


def _add_cache(commands: Commands) -> None:
    cache = commands.add_parser("cache", help="the embedding cache: info or clear")
    cache.add_argument("action", choices=("info", "clear"))
    cache.set_defaults(command=_cache)


def _add_datasets(commands: Commands) -> None:
    datasets = commands.add_parser("datasets", help="list the shipped sets; `check` one, `import` one of any form")
    datasets.set_defaults(command=_datasets)
    actions = datasets.add_subparsers(metavar="check|import")
    check = actions.add_parser("check", help="what a careful person looks for in a set")
    check.add_argument("dataset", metavar="NAME|PATH", help="a shipped set, a path, or scheme:name")
    check.add_argument("--json", action="store_true", help="all findings with all ids")
    _add_reading(check)
    check.set_defaults(command=_check)
    imported = actions.add_parser("import", help="write a set of any form as a folder in BEIR's layout")
    imported.add_argument("dataset", metavar="SOURCE", help="a name, a path or scheme:name")
    imported.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="which must not be there yet")
    _add_reading(imported)
    imported.set_defaults(command=_import)


def _add_calibrate(commands: Commands) -> None:
    calibrate = commands.add_parser("calibrate", help="hold bm25 and minilm against published figures of a public set")
    calibrate.add_argument("dataset", metavar="DATASET", help="a folder or an address; scifact has most figures")
    calibrate.add_argument(
        "-r", "--retriever", action="append", dest="retrievers", metavar="NAME", help="default: bm25 and minilm"
    )
    _add_reading(calibrate)
    calibrate.set_defaults(command=_calibrate)


def _add_reading(command: argparse.ArgumentParser) -> None:
    """The flags of formats.Options."""
    command.add_argument("--split", metavar="NAME", help="of the judgements (default: test)")
    command.add_argument("--columns", action="append", metavar="ROLE=NAME", help="which column of a table is what")
    command.add_argument("--known-item", metavar="FIELD", help="no labels: ask for each document by this field")
    command.add_argument("--unanswerable", metavar="FILE", help="queries known to have no answer")


def _run(options: argparse.Namespace) -> int:
    from bench import console, runner
    from bench.config import load_config
    from bench.report import charts

    flags = vars(options).copy()
    path, resume, fresh = flags.pop("config"), flags.pop("resume"), flags.pop("fresh")
    del flags["command"]
    for key in ("datasets", "retrievers", "measures", "margin", "by", "columns"):
        flags[key] = tuple(flags[key]) if flags[key] else None
    config = _continued(path, flags) if resume else load_config(path, **flags)
    with console.Progress() as progress:

        def listener(event: runner.Event) -> None:
            if event.kind == "begin":  # what was asked for is right; while retrievers load there is time for this
                threading.Thread(target=charts.import_libraries, daemon=True).start()
            progress(event)

        found = runner.run(config, listener=listener, resume=resume, fresh=fresh)
    _present(found)
    return CELL_FAILED if found.failures else 0


def _score(options: argparse.Namespace) -> int:
    from bench import console, runner
    from bench.config import RunConfig, load_config

    flags = {key: value for key, value in vars(options).items() if key not in ("command", "dataset")}
    for key in ("runs", "retrievers", "measures", "by", "columns"):
        flags[key] = tuple(flags[key]) if flags[key] else None
    only_runs = RunConfig(datasets=(options.dataset,), retrievers=(), latency=False)
    with console.Progress() as progress:
        found = runner.run(load_config(None, base=only_runs, **flags), listener=progress)
    _present(found)
    return CELL_FAILED if found.failures else 0


def _continued(path: Path | None, flags: dict[str, Any]) -> RunConfig:
    """The stored configuration of the run to go on with, under the file and the flags that are given now."""
    from bench.config import load_config, stored_config
    from bench.store import newest_run, read_info

    results = Path(flags["results"] or "results")
    folder = results / flags["name"] if flags["name"] else newest_run(results)
    if not (folder / "run.json").is_file():  # it was ended before it stored anything, or never begun
        return load_config(path, **{**flags, "name": folder.name})
    stored = stored_config(read_info(folder)["config"])
    return load_config(path, base=stored, **{**flags, "name": folder.name, "results": str(results)})


def _report(options: argparse.Namespace) -> int:
    from bench.errors import BenchError
    from bench.store import load_run, newest_run

    found = load_run(options.folder or newest_run(Path("results")))
    if not found.complete:
        raise BenchError(f"{found.folder} is not complete: it was interrupted.", "Run it again.")
    _present(found)
    return CELL_FAILED if found.failures else 0


def _compare(options: argparse.Namespace) -> int:
    from bench import console
    from bench.config import load_gates
    from bench.errors import OtherSchemaError
    from bench.regression import compare, stored
    from bench.report import comparison_terminal

    gates, strict = load_gates(options.config) if options.config else ((), False)
    try:
        base, head = stored(options.base), stored(options.head)
    except OtherSchemaError as error:
        console.error(error.message, error.hint)
        return NOT_COMPARABLE
    found = compare(base, head, (*gates, *(options.gates or ())))
    _write_forms(options, found, head)
    console.show(comparison_terminal.render(found))
    codes = {"failed": CELL_FAILED, "not comparable": NOT_COMPARABLE, "regression": REGRESSION, "pass": 0}
    return codes.get(found.outcome, INCONCLUSIVE if strict or options.strict else 0)


def _write_forms(options: argparse.Namespace, found: Regression, head: Run) -> None:
    """The files that were asked for, and the summary of a GitHub job where there is one."""
    from bench.errors import BenchError
    from bench.report import comparison_json, comparison_markdown, junit, pytest_benchmark
    from bench.store import write_atomic

    forms: tuple[tuple[Path | None, Callable[[], bytes]], ...] = (
        (options.json, lambda: comparison_json.render(found)),
        (options.junit, lambda: junit.render(found)),
        (options.markdown, lambda: comparison_markdown.render(found).encode()),
        (options.benchmark_json, lambda: pytest_benchmark.render(head)),
    )
    for path, render in forms:
        if path is not None:
            try:
                write_atomic(path, render())
            except OSError as error:
                raise BenchError(f"{path} cannot be written: {error.strerror}.", "Give a writable file.") from None
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        comparison_markdown.append(Path(summary), found)


def _update_baseline(options: argparse.Namespace) -> int:
    from rich.text import Text

    from bench import baseline, console
    from bench.errors import BenchError
    from bench.regression import BASELINE, compare, stored
    from bench.report import comparison_terminal

    run = stored(options.run)
    if (BASELINE / "run.json").is_file():
        try:
            console.show(comparison_terminal.render(compare("baseline", run)))
        except BenchError as error:  # an older or damaged baseline is a reason to replace it
            console.show([Text(f"{error.message} Nothing is compared.", style="yellow")])
    size = baseline.update(run)
    console.show([Text(f"{BASELINE} is now {run.folder} ({size / 1000:,.0f} kB). Commit it.")])
    return 0


def _present(found: Run) -> None:
    from bench import console
    from bench.report import charts, markdown, terminal

    charts.write(found)
    markdown.write(found)
    console.show(terminal.render(found))


def _search(options: argparse.Namespace) -> int:
    from bench import console
    from bench.config import DEFAULT_RETRIEVERS
    from bench.formats import load_dataset
    from bench.formats.options import Options
    from bench.report import hits
    from bench.search import search
    from retrievers.cache import VectorCache, default_path

    cache = VectorCache(default_path()) if options.cache else None
    chosen = options.retrievers or DEFAULT_RETRIEVERS
    found = search(
        options.query,
        load_dataset(options.dataset, Options.of(options)),
        chosen,
        k=options.k,
        min_score=options.min_score,
        cache=cache,
    )
    console.show(hits.render(found))
    return 0


def _ab(options: argparse.Namespace) -> int:
    from bench import console, environment
    from bench.ab.compare import Setting
    from bench.errors import BenchError
    from bench.formats import load_dataset
    from bench.formats.options import Options

    for name, least in (("threads", 1), ("seed", 0), ("timeout", 0.001), ("seconds", 0)):
        value = getattr(options, name)
        if value is not None and not value >= least:
            raise BenchError(f"--{name} is {value:g}.", f"Give at least {least:g}.")
    if options.json is not None and not options.json.absolute().parent.is_dir():
        raise BenchError(f"There is no folder for {options.json}.", "Make it first.")
    setting = Setting(
        load_dataset(options.dataset, Options.of(options)),
        options.seed,
        options.threads or environment.default_threads(),
        options.timeout,
    )
    with console.Progress() as progress:
        return (_self_test if options.self_test else _versions)(options, setting, progress)


def _versions(options: argparse.Namespace, setting: Setting, progress: Progress) -> int:
    from bench import console
    from bench.ab.compare import compare
    from bench.ab.rule import Rule
    from bench.ab.sides import opened
    from bench.errors import BenchError
    from bench.report import ab

    if options.base is None:
        raise BenchError("--base is missing.", "Name the version to compare with, or give --self-test.")
    rule = Rule(options.max_rounds)
    retrievers = tuple(dict.fromkeys(options.retrievers or ("tfidf", "bm25")))
    with opened(options.base) as base, opened(options.head) as head:
        found = compare(base, head, setting, retrievers, rule=rule, listener=_rounds(setting, progress))
    console.show(ab.render(found))
    _write_json(options.json, found.describe())
    inconclusive = INCONCLUSIVE if options.strict else 0
    return {"failed": CELL_FAILED, "slower": REGRESSION, "inconclusive (noisy)": inconclusive}.get(found.answer, 0)


def _self_test(options: argparse.Namespace, setting: Setting, progress: Progress) -> int:
    from contextlib import nullcontext

    from bench import console
    from bench.ab.process import SideError
    from bench.ab.rule import Rule
    from bench.ab.selftest import self_test
    from bench.ab.sides import opened, this_code
    from bench.report import ab

    rule, listener = Rule(options.max_rounds), _rounds(setting, progress)
    retriever = (options.retrievers or ("bm25",))[0]
    try:
        with opened(options.base) if options.base is not None else nullcontext(this_code()) as side:
            found = self_test(side, setting, retriever, rule=rule, seconds=options.seconds, listener=listener)
    except SideError as error:
        console.error(f"{retriever} failed: {error}", "")
        return CELL_FAILED
    console.show(ab.render_self_test(found))
    _write_json(options.json, found.describe())
    return 0


def _rounds(setting: Setting, progress: Progress) -> Callable[[str, int, int], None]:
    """Tells progress of the rounds taken."""
    from bench.runner import Event

    name = setting.dataset.name
    return lambda retriever, done, most: progress(Event("progress", name, retriever, "rounds", done, most or None))


def _write_json(path: Path | None, content: dict[str, Any]) -> None:
    import json

    from bench.errors import BenchError

    if path is None:
        return
    try:
        path.write_text(json.dumps(content) + "\n", "utf-8")
    except OSError as error:
        raise BenchError(f"{path} cannot be written: {error.strerror}.", "Name another file for --json.") from None


def _calibrate(options: argparse.Namespace) -> int:
    from bench import calibrate, console
    from bench.formats import load_dataset
    from bench.formats.options import Options
    from bench.report import calibration

    dataset = load_dataset(options.dataset, Options.of(options))
    with console.Progress() as progress:
        found = calibrate.calibrate(dataset, tuple(options.retrievers or calibrate.RETRIEVERS), progress)
    console.show(calibration.render(found))
    if found.failures:
        return CELL_FAILED
    return 0 if found.agrees else DISAGREES


def _doctor(options: argparse.Namespace) -> int:
    from rich.table import Table
    from rich.text import Text

    from bench import console
    from bench.doctor import examine

    table = Table("what", "state", "what to do")
    findings = list(examine(options.results))
    for each in findings:
        table.add_row(each.what, Text(each.state), Text(each.advice, style="bold yellow"))
    console.show([table])
    return BAD_INPUT if any(each.broken for each in findings) else 0


def _cache(options: argparse.Namespace) -> int:
    from rich.text import Text

    from bench import console
    from bench.errors import BenchError
    from retrievers.cache import VectorCache, default_path

    cache = VectorCache(default_path())
    info = cache.info()
    if cache.unwritable:
        raise BenchError(f"The cache {info.path} cannot be used.", "Set BENCH_CACHE to a writable file.")
    text = f"{info.path}: {info.vectors:,} vectors of {info.encoders} encoders, {info.megabytes:.1f} MB"
    if options.action == "clear":
        cache.clear()
        text += "; cleared"
    console.show([Text(f"{text} (bound {info.limit_mb:,} MB)" if options.action == "info" else text)])
    return 0


def _datasets(_: argparse.Namespace) -> int:
    from bench import console

    console.show(_dataset_list())
    return 0


def _check(options: argparse.Namespace) -> int:
    from bench import console
    from bench.formats import load_dataset
    from bench.formats.options import Options
    from bench.lint import lint
    from bench.report import findings

    dataset = load_dataset(options.dataset, Options.of(options))
    found = lint(dataset)
    if options.json:
        console.show_json(findings.to_json(found))
    else:
        console.show(findings.render(dataset.name, found))
    return BAD_INPUT if any(each.level == "error" for each in found) else 0


def _import(options: argparse.Namespace) -> int:
    from rich.text import Text

    from bench import console
    from bench.formats import export, load_dataset
    from bench.formats.options import Options

    dataset = load_dataset(options.dataset, Options.of(options))
    export.write(dataset, options.to, options.dataset)
    found = dataset.describe()
    numbers = ", ".join(f"{found[key]:,} {key}" for key in ("documents", "queries", "judgements"))
    notes = [f"{found['unanswerable']:,} of the queries without an answer"] if found["unanswerable"] else []
    notes += [found["note"]] if found["note"] else []
    console.show([Text(f"{options.to}: {numbers}"), *map(Text, notes)])
    return 0


def _dataset_list() -> Iterator[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    from bench.formats import load_dataset, shipped

    table = Table("name", "documents", "queries", "judgements", "slices", "description")
    for name in shipped():
        found = load_dataset(name)
        numbers = (f"{n:,}" for n in (len(found.documents), len(found.queries), len(found.grade)))
        cells = (name, *numbers, ", ".join(found.card.slices), found.card.description)
        table.add_row(*map(Text, cells))
    yield table


def _retrievers(_: argparse.Namespace) -> int:
    from bench import console

    console.show(_retriever_list())
    return 0


def _retriever_list() -> Iterator[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    import retrievers

    table = Table("name", "what it is", "parameters with defaults", show_lines=True)
    for name in retrievers.names():
        found = retrievers.load(name)
        what = (found.__doc__ or "").strip().splitlines()[0]
        defaults = ", ".join(f"{key}={value}" for key, value in retrievers.parameters(found).items())
        table.add_row(*map(Text, (name, what, defaults)))
    yield table
