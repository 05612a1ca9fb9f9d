"""curve: what an index finds against how fast it is, at the points of a sweep."""

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

RETRIEVER, HITS = "ann", 10

_ABOUT = """\
A sweep of what only a search takes (ef, probes, rescore) needs one build for all its points; of anything else each
value has a build of its own. Several sweeps make a grid. Each is for the retrievers that have its parameter and do not
give it themselves.

examples:
  python -m bench curve my-set -r "ann(lsa, index=hnsw)" --sweep "ef=[16..512]"
  python -m bench curve my-set -r "ann(lsa)" --sweep "index=[hnsw, ivf]" --sweep "ef=[16..256]" --sweep "probes=[1..64]"
  python -m bench curve my-set -r "ann(static, index=pq)" -r "ann(lsa, index=pq)" --sweep "rescore=[20..200..20]"
"""


def add(commands: Commands) -> None:
    """Add the command."""
    curve = commands.add_parser(
        "curve",
        help="recall and quality of an index against its speed, at each point of a sweep",
        usage="python -m bench curve DATASET [-r RETRIEVER] --sweep NAME=VALUES [options]",
        epilog=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    curve.add_argument("dataset", metavar="DATASET", help="a shipped set, a path, or scheme:name")
    compared = curve.add_argument_group("what is swept")
    add_retrievers(compared, RETRIEVER)
    compared.add_argument(
        "--sweep",
        action="append",
        required=True,
        metavar="NAME=VALUES",
        help="[16..512] doubles, [10..50..10] counts, [a,b,c] lists; as often as you like",
    )
    compared.add_argument("-k", "--depth", type=int, help=f"hits a query is ranked to (default {HITS})")
    reading = curve.add_argument_group("how the set is read")
    add_reading(reading)
    add_self(reading)
    add_sample(reading)
    add_times(curve.add_argument_group("times"), "point")
    add_machine(curve.add_argument_group("the machine"))
    kept = curve.add_argument_group("where it is kept")
    add_place(kept)
    add_going_on(kept)
    curve.set_defaults(command=_curve)


def _curve(options: argparse.Namespace) -> int:
    from bench.cli import console
    from bench.config import RunConfig, load_config
    from bench.experiment.curve import run_curve
    from bench.report.run import curve as report

    flags = {key: value for key, value in vars(options).items() if key not in ("command", "dataset")}
    sweeps, again = flags.pop("sweep"), going_on(flags)
    flags |= {key: tuple(flags[key]) if flags[key] else None for key in ("retrievers", "columns")}
    base = RunConfig(datasets=(options.dataset,), retrievers=(RETRIEVER,), depth=HITS)
    with console.Progress() as progress:
        run = run_curve(load_config(None, base=base, **flags), sweeps, progress, **again)
    write_report(run)
    console.show(report.render(run))
    return CELL_FAILED if run.failures else 0
