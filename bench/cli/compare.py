"""compare, baseline: two stored runs."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli.shared import CELL_FAILED, INCONCLUSIVE, NOT_COMPARABLE, REGRESSION
from bench.report.regression.forms import FORMS

if TYPE_CHECKING:
    from bench.cli.shared import Commands
    from bench.regression import Regression
    from bench.storage.run import Run


def add(commands: Commands) -> None:
    """Add the commands."""
    _add_compare(commands)
    _add_baseline(commands)


def _add_compare(commands: Commands) -> None:
    compare = commands.add_parser("compare", help="two stored runs: what moved, how sure that is, and do gates hold?")
    compare.add_argument("base", metavar="BASE", help="a folder of results/, or baseline (results/baseline)")
    compare.add_argument("head", metavar="HEAD", help="the same")
    compare.add_argument("--gate", action="append", dest="gates", metavar="GATE", help='such as "nDCG@10 >= -0.01"')
    compare.add_argument("--strict", action="store_true", help="exit with 4 where a gate is inconclusive")
    compare.add_argument("--config", type=Path, metavar="bench.toml", help="gates and strict of its table [compare]")
    for name, form in FORMS.items():
        compare.add_argument(f"--{name}", type=Path, metavar="FILE", help=form.help)
    compare.set_defaults(command=_compare)


def _add_baseline(commands: Commands) -> None:
    baseline = commands.add_parser("baseline", help="the committed reference run: update it")
    actions = baseline.add_subparsers(required=True, metavar="update")
    update = actions.add_parser("update", help="compare a run with results/baseline, then put it in its place")
    update.add_argument("run", metavar="RUN", help="a folder of results/")
    update.set_defaults(command=_update_baseline)


def _compare(options: argparse.Namespace) -> int:
    from bench.cli import console
    from bench.errors import BenchError, OtherSchemaError
    from bench.report.regression import markdown

    try:
        return _compared(options)
    except BenchError as error:
        if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
            markdown.append(Path(summary), markdown.refusal(error))
        if not isinstance(error, OtherSchemaError):
            raise
        console.error(error.message, error.hint)
        return NOT_COMPARABLE


def _compared(options: argparse.Namespace) -> int:
    from bench.cli import console
    from bench.config import GateConfig, load_gates
    from bench.regression import compare, stored
    from bench.report.regression import terminal

    config = load_gates(options.config) if options.config else GateConfig()
    base, head = stored(options.base), stored(options.head)
    comparison = compare(base, head, (*config.gates, *(options.gates or ())))
    _write_forms(options, comparison, base, head)
    console.show(terminal.render(comparison))
    codes = {"failed": CELL_FAILED, "not comparable": NOT_COMPARABLE, "regression": REGRESSION, "pass": 0}
    return codes.get(comparison.outcome, INCONCLUSIVE if config.strict or options.strict else 0)


def _write_forms(options: argparse.Namespace, comparison: Regression, base: Run, head: Run) -> None:
    """The files that were asked for, and the summary of a GitHub job where there is one."""
    from bench.errors import BenchError
    from bench.report.regression import forms, markdown
    from bench.storage.files import write_atomic

    for name in FORMS:
        path: Path | None = getattr(options, name.replace("-", "_"))
        if path is not None:
            try:
                write_atomic(path, forms.render(name, comparison, base, head))
            except OSError as error:
                raise BenchError(f"{path} cannot be written: {error.strerror}.", "Give a writable file.") from None
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        markdown.append(Path(summary), markdown.render(comparison))


def _update_baseline(options: argparse.Namespace) -> int:
    from rich.text import Text

    from bench.cli import console
    from bench.errors import BenchError
    from bench.regression import BASELINE, baseline, compare, stored
    from bench.report.regression import terminal

    run = stored(options.run)
    replaced = (BASELINE / "run.json").is_file()
    if replaced:
        try:
            console.show(terminal.render(compare("baseline", run)))
        except BenchError as error:  # an older or damaged baseline is a reason to replace it
            console.show([Text(f"{error.message} Nothing is compared.", style="yellow")])
    size = baseline.update(run)
    console.show([Text(f"{BASELINE} is now {run.folder} ({size / 1000:,.0f} kB). Commit it.")])
    if not replaced:
        console.show([Text(f"There was none here before: it is new in {BASELINE.resolve()}.")])
    if any(dataset["sampled"] for dataset in run.datasets):
        config = run.info["config"]
        note = f"It is of a sample: runs with --limit {config['limit']} --seed {config['seed']} alone compare with it."
        console.show([Text(note, style="yellow")])
    return 0
