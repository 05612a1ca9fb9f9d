"""ab: two versions of the code, timed in turns."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.cli.shared import CELL_FAILED, INCONCLUSIVE, REGRESSION, add_reading, add_retrievers

if TYPE_CHECKING:
    from bench.cli.console import Progress
    from bench.cli.shared import Commands
    from bench.versions.timed import Setting


def add(commands: Commands) -> None:
    """Add the command."""
    command = commands.add_parser("ab", help="two versions of the code timed in turns: is head slower than base?")
    version = "a git ref, a checkout, or a virtual environment"
    command.add_argument("--base", metavar="VERSION", help=f"{version}; needed but for --self-test")
    command.add_argument("--head", metavar="VERSION", default=".", help=f"{version} (default: the code in this folder)")
    command.add_argument(
        "-d", "--dataset", default="support-faq", help="a shipped set or a path (default: support-faq)"
    )
    add_retrievers(command, "tfidf, bm25; bm25 for --self-test", labels=False)
    command.add_argument("--max-rounds", type=int, default=80, metavar="N", help="when to give up (default 80)")
    command.add_argument("--seed", type=int, default=0, help="of the order of sides and queries (default 0)")
    command.add_argument("--threads", type=int, help="of every library (default: physical cores)")
    command.add_argument("--timeout", type=float, default=3600, metavar="S", help="for an index or a block (3600)")
    command.add_argument("--json", type=Path, metavar="FILE", help="the answers with every sample")
    command.add_argument("--strict", action="store_true", help="exit 4 where noise forbids an answer")
    command.add_argument("--self-test", action="store_true", help="what the rule is worth on this machine")
    command.add_argument("--seconds", type=float, default=300, metavar="S", help="of the self-test (default 300)")
    add_reading(command)
    command.set_defaults(command=_ab)


def _ab(options: argparse.Namespace) -> int:
    from bench.cli import console
    from bench.data.formats import load_dataset
    from bench.data.formats.options import Options
    from bench.errors import BenchError
    from bench.machine import environment
    from bench.versions.timed import Setting
    from retrievers import RetrieverError
    from retrievers.masking import refuse_secrets

    for name, least in (("threads", 1), ("seed", 0), ("timeout", 0.001), ("seconds", 0)):
        value = getattr(options, name)
        if value is not None and not value >= least:
            raise BenchError(f"--{name} is {value:g}.", f"Give at least {least:g}.")
    if options.json is not None and not options.json.absolute().parent.is_dir():
        raise BenchError(f"There is no folder for {options.json}.", "Make it first.")
    try:
        for specification in options.retrievers or ():
            refuse_secrets(specification)
    except RetrieverError as error:
        raise BenchError(error.message, error.hint) from None
    setting = Setting(
        load_dataset(options.dataset, Options.of(options)),
        options.seed,
        options.threads or environment.default_threads(),
        options.timeout,
    )
    with console.Progress() as progress:
        return (_self_test if options.self_test else _versions)(options, setting, progress)


def _versions(options: argparse.Namespace, setting: Setting, progress: Progress) -> int:
    from bench.cli import console
    from bench.errors import BenchError
    from bench.report import versions
    from bench.versions.rule import Rule
    from bench.versions.sides import opened
    from bench.versions.timed import time_versions

    if options.base is None:
        raise BenchError("--base is missing.", "Name the version to compare with, or give --self-test.")
    rule = Rule(options.max_rounds)
    retrievers = tuple(dict.fromkeys(options.retrievers or ("tfidf", "bm25")))
    with opened(options.base) as base, opened(options.head) as head:
        timing = time_versions(base, head, setting, retrievers, rule=rule, listener=_rounds(setting, progress))
    console.show(versions.render(timing))
    _write_json(options.json, timing.describe())
    inconclusive = INCONCLUSIVE if options.strict else 0
    return {"failed": CELL_FAILED, "slower": REGRESSION, "inconclusive (noisy)": inconclusive}.get(timing.answer, 0)


def _self_test(options: argparse.Namespace, setting: Setting, progress: Progress) -> int:
    from contextlib import nullcontext

    from bench.cli import console
    from bench.report import versions
    from bench.versions.process import SideError
    from bench.versions.rule import Rule
    from bench.versions.selftest import self_test
    from bench.versions.sides import opened, this_code

    rule, listener = Rule(options.max_rounds), _rounds(setting, progress)
    retriever = (options.retrievers or ("bm25",))[0]
    try:
        with opened(options.base) if options.base is not None else nullcontext(this_code()) as side:
            test = self_test(side, setting, retriever, rule=rule, seconds=options.seconds, listener=listener)
    except SideError as error:
        console.error(f"{retriever} failed: {error}", "")
        return CELL_FAILED
    console.show(versions.render_self_test(test))
    _write_json(options.json, test.describe())
    return 0


def _rounds(setting: Setting, progress: Progress) -> Callable[[str, int, int], None]:
    """Tells progress of the rounds taken."""
    from bench.experiment.events import Event

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
