"""noise: how far figures move by what should not matter."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from bench.cli.shared import (
    CELL_FAILED,
    add_going_on,
    add_limits,
    add_measures,
    add_place,
    add_reading,
    add_retrievers,
    add_sample,
    add_self,
    going_on,
    write_report,
)

if TYPE_CHECKING:
    from bench.cli.shared import Commands

RETRIEVER = "minilm"
NONE = "none"

_ABOUT = """\
Each retriever runs as it is, then with one thing changed at a time: batch sizes and backends where it has them, threads
unless it is lexical, and the order in which its index is handed the documents. Every variant works anew, without the
cache. The floor of a measure is the largest difference between any two: differences below it say nothing
(bench run --noise results/RUN marks them).

examples:
  python -m bench noise my-set -r minilm
  python -m bench noise my-set -r bm25 -r lsa --orders 10
  python -m bench noise my-set -r minilm --batch-sizes 1,256 --backends none --threads none --documents 500"""


def add(commands: Commands) -> None:
    """Add the command."""
    noise = commands.add_parser(
        "noise",
        help="how far figures move by what should not matter: batch size, threads, backend, order of documents",
        usage="python -m bench noise DATASET [-r RETRIEVER] [options]",
        epilog=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    noise.add_argument("dataset", metavar="DATASET", help="a shipped set, a path, or scheme:name")
    compared = noise.add_argument_group("whose figures")
    add_retrievers(compared, RETRIEVER)
    add_measures(compared)
    compared.add_argument("-k", "--depth", type=int, help="hits a query is ranked to (default 100)")
    changed = noise.add_argument_group("what is changed")
    changed.add_argument("--batch-sizes", metavar="N,…", help=f"default 1,32,256; {NONE}: not varied")
    changed.add_argument("--threads", metavar="N,…", help=f"default 1,2; {NONE}: not varied")
    changed.add_argument("--backends", metavar="NAME,…", help=f"default torch,onnx,openvino; {NONE}: not varied")
    changed.add_argument("--orders", type=int, metavar="N", help="orders of the documents, drawn by chance (default 3)")
    reading = noise.add_argument_group("how the set is read")
    add_reading(reading)
    add_self(reading)
    add_sample(reading)
    text = "N of the documents, all judged ones among them, the others a seeded sample"
    reading.add_argument("--documents", type=int, metavar="N", help=text)
    add_limits(noise.add_argument_group("the machine"))
    kept = noise.add_argument_group("where it is kept")
    add_place(kept)
    add_going_on(kept)
    noise.set_defaults(command=_noise)


def _noise(options: argparse.Namespace) -> int:
    from bench.cli import console
    from bench.config import RunConfig, load_config
    from bench.experiment.noise import run_noise
    from bench.experiment.variants import Grid
    from bench.report.run import noise as report

    flags = {key: value for key, value in vars(options).items() if key not in ("command", "dataset")}
    again, documents = going_on(flags), flags.pop("documents")
    asked: dict[str, Any] = {"orders": flags.pop("orders"), "backends": _listed(flags.pop("backends"))}
    asked |= {key: _numbers(key, _listed(flags.pop(key))) for key in ("batch_sizes", "threads")}
    grid = Grid(**{key: value for key, value in asked.items() if value is not None})
    flags |= {key: tuple(flags[key]) if flags[key] else None for key in ("retrievers", "measures", "columns")}
    base = RunConfig(datasets=(options.dataset,), retrievers=(RETRIEVER,))
    config = load_config(None, base=base, **flags)
    with console.Progress() as progress:
        run = run_noise(config, grid, progress, documents=documents, **again)
    write_report(run)
    console.show(report.render(run))
    return CELL_FAILED if run.failures else 0


def _listed(text: str | None) -> tuple[str, ...] | None:
    """What stands between commas, nothing for NONE."""
    if text is None:
        return None
    return () if text == NONE else tuple(value.strip() for value in text.split(","))


def _numbers(key: str, values: tuple[str, ...] | None) -> tuple[int, ...] | None:
    from bench.errors import BenchError

    if values is not None and not all(map(str.isdecimal, values)):
        flag = f"--{key.replace('_', '-')}"
        listed = ",".join(values)
        raise BenchError(f"{flag} {listed} is no list of whole numbers.", f"Write {flag} 1,2 or {flag} {NONE}.")
    return None if values is None else tuple(map(int, values))
