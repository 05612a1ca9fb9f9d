"""grow: whether the order of retrievers holds in a larger corpus."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bench.cli.shared import (
    CELL_FAILED,
    add_going_on,
    add_machine,
    add_place,
    add_reading,
    add_retrievers,
    add_sample,
    add_self,
    add_times,
    going_on,
    write_report,
)

if TYPE_CHECKING:
    from bench.cli.shared import Commands

RETRIEVERS = ("bm25", "tfidf")

_ABOUT = """\
The same queries and judgements in ever more documents: x1 is the set as it is, x3 has three times its documents, and so
on. Each size holds the smaller ones. With `self` the set grows by its own documents that nobody judged, and x1 is those
that are judged. What a distractor could hide, since it may be relevant, is said beside the figures.

examples:
  python -m bench grow my-set --distractors path/to/a-larger-corpus
  python -m bench grow my-set --distractors self -r bm25 -r minilm --no-latency
  python -m bench grow phenomena --distractors path/to/scifact --sizes 1,2,3 --name grown"""


def add(commands: Commands) -> None:
    """Add the command."""
    grow = commands.add_parser(
        "grow",
        help="whether the order of retrievers holds in a larger corpus",
        usage="python -m bench grow SET --distractors CORPUS|self [-r RETRIEVER] [options]",
        epilog=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    grow.add_argument("dataset", metavar="SET", help="a shipped set, a path, or scheme:name")
    compared = grow.add_argument_group("what is compared")
    compared.add_argument(
        "--distractors",
        required=True,
        metavar="CORPUS",
        help="documents that join the set: another one, labelled or not, or self: its own that nobody judged",
    )
    compared.add_argument(
        "--sizes",
        metavar="1,3,10",
        help="how many times as large (default: 1, 3, 10, 30 and so on, as far as there are distractors, and all)",
    )
    add_retrievers(compared, ", ".join(RETRIEVERS))
    compared.add_argument("-k", "--depth", type=int, help="hits a query is ranked to, whose recall is shown (100)")
    reading = grow.add_argument_group("how the set is read")
    add_reading(reading)
    add_self(reading)
    add_sample(reading)
    add_times(grow.add_argument_group("times"), "retriever and size")
    add_machine(grow.add_argument_group("the machine"))
    kept = grow.add_argument_group("where it is kept")
    add_place(kept)
    add_going_on(kept)
    grow.set_defaults(command=_grow)


def _grow(options: argparse.Namespace) -> int:
    from bench.cli import console
    from bench.config import RunConfig, load_config
    from bench.experiment.grow import run_growth
    from bench.report.run import growth as report

    flags = {key: value for key, value in vars(options).items() if key not in ("command", "dataset")}
    distractors, sizes = flags.pop("distractors"), flags.pop("sizes")
    again = going_on(flags)
    flags |= {key: tuple(flags[key]) if flags[key] else None for key in ("retrievers", "columns")}
    config = load_config(None, base=RunConfig(datasets=(options.dataset,), retrievers=RETRIEVERS), **flags)
    with console.Progress() as progress:
        run = run_growth(config, distractors, sizes, progress, **again)
    write_report(run)
    console.show(report.render(run))
    return CELL_FAILED if run.failures else 0
