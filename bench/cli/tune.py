"""tune: which parameters are best here, and what choosing them is worth on queries that the choice has not seen."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bench.cli.shared import (
    CELL_FAILED,
    add_going_on,
    add_machine,
    add_measures,
    add_place,
    add_reading,
    add_sample,
    add_self,
    going_on,
    write_report,
)

if TYPE_CHECKING:
    from bench.cli.shared import Commands

# Written out, since what has them imports too much for --help. A test holds them together.
TRIALS, FOLDS, MARGIN = 50, 5, 0.01

_ABOUT = """\
What is in brackets is chosen: [0.4..2.4] is a range, [10..50..10] is counted, [a, b, c] is a list; quotes hold commas
and spaces. Every retriever with brackets gets the same number of trials, its defaults among them. Queries are dealt to
folds, groups of wordings whole, and each fold is scored by what the other folds choose. One without brackets stands
beside the others as it is.

examples:
  python -m bench tune my-set -r "bm25:k1=[0.4..2.4],b=[0.2..1.0]"
  python -m bench tune my-set -r "bm25:k1=[0.4..2.4],b=[0.2..1.0]" -r "hybrid(bm25, minilm, weights=[1, [0..3]])"
  python -m bench tune my-set -r 'minilm:document_prompt=["", "passage: "]' -r published=bm25:k1=0.9,b=0.4"""


def add(commands: Commands) -> None:
    """Add the command."""
    tune = commands.add_parser(
        "tune",
        help="choose parameters, and say what the choice is worth on queries that it has not seen",
        usage="python -m bench tune DATASET -r 'RETRIEVER:PARAMETER=[LOW..HIGH]' [options]",
        epilog=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    tune.add_argument("dataset", metavar="DATASET", help="a shipped set, a path, or scheme:name")
    tuned = tune.add_argument_group("what is tuned")
    tuned.add_argument(
        *("-r", "--retriever"),
        action="append",
        dest="retrievers",
        required=True,
        metavar="[LABEL=]NAME[:PARAMETER=[LOW..HIGH],…]",
        help="as often as you like; `python -m bench retrievers` lists them and their parameters",
    )
    tuned.add_argument("--trials", type=int, default=TRIALS, metavar="N", help=f"of each (default {TRIALS})")
    tuned.add_argument("--folds", type=int, default=FOLDS, metavar="N", help=f"of the queries (default {FOLDS})")
    add_measures(tuned)
    tuned.add_argument(
        "--margin",
        action="append",
        metavar="MEASURE=X",
        help=f"the smallest gain worth tuning for (default {MARGIN:g} of the measure that chooses, the set's main one, "
        "or the first -m)",
    )
    tuned.add_argument("-k", "--depth", type=int, help="hits a query is ranked to (default 100)")
    reading = tune.add_argument_group("how the set is read")
    add_reading(reading)
    add_self(reading)
    add_sample(reading)
    add_machine(tune.add_argument_group("the machine"))
    kept = tune.add_argument_group("where it is kept")
    add_place(kept)
    add_going_on(kept)
    tune.set_defaults(command=_tune)


def _tune(options: argparse.Namespace) -> int:
    from bench.cli import console
    from bench.config import RunConfig, load_config
    from bench.experiment.tuning import TuningPlan, tune
    from bench.report.run import terminal as report

    flags = {key: value for key, value in vars(options).items() if key not in ("command", "dataset")}
    plan = TuningPlan(flags.pop("trials"), flags.pop("folds"))
    again = going_on(flags)
    flags |= {key: tuple(flags[key]) if flags[key] else None for key in ("retrievers", "columns", "measures", "margin")}
    base = RunConfig(datasets=(options.dataset,))
    with console.Progress() as progress:
        run = tune(load_config(None, base=base, **flags), plan, progress, **again)
    write_report(run)
    console.show(report.render(run))
    return CELL_FAILED if run.failures else 0
