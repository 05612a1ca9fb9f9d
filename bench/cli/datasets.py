"""datasets: list, check, import."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli.shared import BAD_INPUT, add_reading

if TYPE_CHECKING:
    from rich.console import RenderableType

    from bench.cli.shared import Commands


def add(commands: Commands) -> None:
    """Add the commands."""
    datasets = commands.add_parser("datasets", help="list the shipped sets; `check` one, `import` one of any form")
    datasets.set_defaults(command=_datasets)
    actions = datasets.add_subparsers(metavar="check|import")
    check = actions.add_parser("check", help="what a careful person looks for in a set")
    check.add_argument("dataset", metavar="NAME|PATH", help="a shipped set, a path, or scheme:name")
    check.add_argument("--json", action="store_true", help="all findings with all ids")
    add_reading(check)
    check.set_defaults(command=_check)
    imported = actions.add_parser("import", help="write a set of any form as a folder in BEIR's layout")
    imported.add_argument("dataset", metavar="SOURCE", help="a name, a path or scheme:name")
    imported.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="which must not be there yet")
    add_reading(imported)
    imported.set_defaults(command=_import)


def _datasets(_: argparse.Namespace) -> int:
    from bench.cli import console

    console.show([_dataset_list()])
    return 0


def _check(options: argparse.Namespace) -> int:
    from bench.cli import console
    from bench.data.check import lint
    from bench.data.formats import load_dataset
    from bench.data.formats.options import Options
    from bench.report import data_check

    dataset = load_dataset(options.dataset, Options.of(options))
    findings = lint(dataset)
    if options.json:
        console.show_json(data_check.to_json(findings))
    else:
        console.show(data_check.render(dataset.name, findings))
    return BAD_INPUT if any(finding.level == "error" for finding in findings) else 0


def _import(options: argparse.Namespace) -> int:
    from rich.text import Text

    from bench.cli import console
    from bench.data.formats import export, load_dataset
    from bench.data.formats.options import Options
    from bench.errors import counted

    dataset = load_dataset(options.dataset, Options.of(options))
    export.write(dataset, options.to, options.dataset)
    description = dataset.describe()
    names = (("document", "documents"), ("query", "queries"), ("judgement", "judgements"))
    numbers = ", ".join(counted(description[many], one, many) for one, many in names)
    notes = [f"{description['unanswerable']:,} of the queries without an answer"] if description["unanswerable"] else []
    notes += [description["note"]] if description["note"] else []
    console.show([Text(f"{options.to}: {numbers}"), *map(Text, notes)])
    return 0


def _dataset_list() -> RenderableType:
    from bench.data.formats import load_dataset, shipped
    from bench.report.table import Table
    from bench.report.terminal_table import TerminalTable

    rows = []
    for name in shipped():
        dataset = load_dataset(name)
        sizes = (f"{n:,}" for n in (len(dataset.documents), len(dataset.queries), len(dataset.grade)))
        rows.append((name, dataset.card.description, ", ".join(dataset.card.slices), *sizes))
    header = ("name", "description", "slices", "documents", "queries", "judgements")
    return TerminalTable(Table("Shipped sets", header, tuple(rows), columns_left=3))
