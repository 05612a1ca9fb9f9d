"""plan: how many queries and judgements a difference takes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.cli.shared import Commands
    from bench.storage.run import Run

_ABOUT = """\
Without SET the spreads are those of the shipped sets. A pilot of your own is better: thirty labelled queries, and
python -m bench run my-set --no-latency --name pilot.

examples:
  python -m bench plan --difference .03
  python -m bench plan results/pilot --difference .03 --power .9
  python -m bench plan my-set --difference .05"""


def add(commands: Commands) -> None:
    """Add the command."""
    plan = commands.add_parser(
        "plan",
        help="how many queries and judgements it takes to show a difference",
        usage="python -m bench plan [SET] --difference X [options]",
        epilog=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    plan.add_argument(
        "source", nargs="?", metavar="SET", help="a set that was run, by its name, or the folder of a run"
    )
    plan.add_argument("--difference", type=float, required=True, metavar="X", help="that matters, as .03 of nDCG@10")
    plan.add_argument("--power", type=float, default=0.8, metavar="P", help="how often it is to be shown (default .8)")
    plan.add_argument("--results", type=Path, default=Path("results"), metavar="FOLDER", help="where runs are kept")
    plan.set_defaults(command=_plan)


def _plan(options: argparse.Namespace) -> int:
    from bench.cli import console
    from bench.judging.plan import pilots_of, plan, shipped_pilots
    from bench.report import plan as report

    if options.source is None:
        pilots, source = shipped_pilots(), "on the shipped sets; your own set's may be another (give a run of it)"
    else:
        run = _pilot(options.source, options.results)
        pilots, source = pilots_of(run), f"in {run.folder}"
    planned = plan(pilots, options.difference, options.power)
    console.show(report.render(planned, options.difference, options.power, source))
    return 0


def _pilot(source: str, results: Path) -> Run:
    """The run in that folder, else the newest one of a set of that name, as if of this set alone."""
    from bench.errors import BenchError
    from bench.storage.run import load_run

    folder = Path(source)
    if (folder / "run.json").is_file():
        return load_run(folder)
    name = folder.name
    files = sorted(results.glob("*/run.json"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files:
        try:
            run = load_run(file.parent)
        except BenchError:  # damaged, or of another version: an older run may serve
            continue
        if run.complete and name in [entry["name"] for entry in run.datasets]:
            return run.only(name)
    raise BenchError(
        f"There is no run of {source!r} in {results}.",
        f"Make one (python -m bench run {source} --no-latency), or leave it out, for the shipped sets' figures.",
    )
