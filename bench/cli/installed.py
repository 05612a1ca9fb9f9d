"""doctor, cache, indexes, retrievers: what is here."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli.shared import BAD_INPUT

if TYPE_CHECKING:
    from rich.console import RenderableType

    from bench.cli.shared import Commands


def add(commands: Commands) -> None:
    """Add the commands."""
    _add_doctor(commands)
    _add_cache(commands)
    _add_indexes(commands)
    commands.add_parser("retrievers", help="list the retrievers with parameters and defaults").set_defaults(
        command=_retrievers
    )


def _add_doctor(commands: Commands) -> None:
    doctor = commands.add_parser("doctor", help="what is installed, and what to do for each thing missing")
    doctor.add_argument(
        "--results", type=Path, default=Path("results"), metavar="FOLDER", help="is it writable? (default: results)"
    )
    doctor.set_defaults(command=_doctor)


def _add_cache(commands: Commands) -> None:
    cache = commands.add_parser("cache", help="the embedding cache and saved indexes: info or clear")
    cache.add_argument("action", choices=("info", "clear"), help="their places and sizes, or empty them")
    cache.set_defaults(command=_cache)


def _add_indexes(commands: Commands) -> None:
    indexes = commands.add_parser("indexes", help="the saved indexes, one by one: info or clear")
    text = "what each is of, its size and last use (default), or remove all"
    indexes.add_argument("action", nargs="?", choices=("info", "clear"), default="info", help=text)
    indexes.set_defaults(command=_indexes)


def _doctor(options: argparse.Namespace) -> int:
    from bench.cli import console
    from bench.experiment.doctor import examine
    from bench.report.table import Table
    from bench.report.terminal_table import TerminalTable

    findings = list(examine(options.results))
    rows = tuple((finding.what, finding.state, finding.advice) for finding in findings)
    advice = {finding.advice: "bold yellow" for finding in findings if finding.advice}
    console.show([TerminalTable(Table("What is here", ("what", "state", "what to do"), rows, columns_left=3), advice)])
    return BAD_INPUT if any(finding.broken for finding in findings) else 0


def _cache(options: argparse.Namespace) -> int:
    from rich.text import Text

    from bench.cli import console
    from bench.errors import BenchError, counted
    from retrievers import RetrieverError
    from retrievers.dense import exported
    from retrievers.dense.vector_cache import SET_ASIDE, VectorCache, default_path
    from retrievers.saved_index import SavedIndexes

    cache = VectorCache(default_path())
    try:
        info = cache.info()
    except RetrieverError as error:
        raise BenchError(error.message, error.hint) from None
    if cache.unwritable:
        raise BenchError(f"The cache {info.path} cannot be used.", "Set BENCH_CACHE to a writable file.")
    held = f"{counted(info.vectors, 'vector')} of {counted(info.encoders, 'encoder')}"
    text = f"{info.path}: {held}, {info.megabytes:.1f} MB"
    if cache.rebuilt:
        text += f"; {SET_ASIDE}"
    indexes = SavedIndexes.beside(info.path)
    saved = indexes.info()
    models, megabytes = exported.stored()
    if options.action == "clear":
        cache.clear()
        indexes.clear()
        exported.clear()
    ends = [f" (bound {of.limit_mb:,} MB)" if options.action == "info" else "; cleared" for of in (info, saved)]
    lines = [
        text + ends[0],
        f"{saved.path}: {counted(saved.indexes, 'index', 'indexes')}, {saved.megabytes:.1f} MB{ends[1]}",
    ]
    if models:
        end = "; cleared" if options.action == "clear" else ""
        lines.append(f"{exported.store()}: {counted(models, 'exported model')}, {megabytes:.1f} MB{end}")
    console.show([Text("\n".join(lines))])
    return 0


def _indexes(options: argparse.Namespace) -> int:
    from datetime import datetime

    from rich.text import Text

    from bench.cli import console
    from bench.errors import BenchError, counted
    from bench.report.table import Table
    from bench.report.terminal_table import TerminalTable
    from retrievers.dense.vector_cache import default_path
    from retrievers.saved_index import SavedIndexes

    indexes = SavedIndexes.beside(default_path())
    saved = indexes.listed()
    if options.action == "clear":
        try:
            indexes.clear()
        except OSError as error:
            raise BenchError(f"{indexes.folder} cannot be cleared: {error.strerror}.", "Mend its rights.") from None
    total = f"{counted(len(saved), 'index', 'indexes')}, {sum(one.megabytes for one in saved):.1f} MB"
    summary = Text(f"{indexes.folder}: {total}{'; cleared' if options.action == 'clear' else ''}")
    if options.action == "clear" or not saved:
        console.show([summary])
        return 0
    rows = tuple(
        (
            one.about or "(it does not say)",
            f"{one.megabytes:.2f}",
            datetime.fromtimestamp(one.used).strftime("%Y-%m-%d %H:%M"),
            one.path.name[:12],
        )
        for one in saved
    )
    header = ("index", "MB", "last used", "file")
    console.show([TerminalTable(Table("Saved indexes", header, rows, columns_left=1)), summary])
    return 0


def _retrievers(_: argparse.Namespace) -> int:
    from bench.cli import console

    console.show([_retriever_list()])
    return 0


def _retriever_list() -> RenderableType:
    import retrievers
    from bench.report.table import Table
    from bench.report.terminal_table import TerminalTable

    rows = []
    for name in retrievers.names():
        try:
            retriever = retrievers.load(name)
        except retrievers.RetrieverError as error:  # of a package that is broken; the others are still there
            rows.append((name, f"cannot be used: {error.message}", ""))
            continue
        what = (retriever.__doc__ or "").strip().partition("\n")[0]
        defaults = ", ".join(f"{key}={value}" for key, value in retrievers.parameters(retriever).items())
        rows.append((name, what, defaults))
    header = ("name", "what it is", "parameters with defaults")
    return TerminalTable(Table("Retrievers", header, tuple(rows), columns_left=len(header)))
