"""map: documents and queries of a set in two dimensions, as a page and as a picture."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli.shared import CELL_FAILED, add_machine, add_map, add_place, add_reading, add_retrievers

if TYPE_CHECKING:
    from bench.cli.shared import Commands
    from bench.storage.run import Run

RETRIEVER = "minilm"

_EXAMPLES = """\
examples:
  python -m bench map my-set -r minilm -r bm25          where a text lies by meaning, and by its words
  python -m bench map my-set -r minilm --map tsne --out pictures
  python -m bench map results/my-run                    the maps that a run has stored"""


def add(commands: Commands) -> None:
    """Add the command."""
    made = commands.add_parser(
        "map",
        help="documents and queries of a set in two dimensions, as a page and as a picture",
        usage="python -m bench map (DATASET [-r RETRIEVER] | RUN) [--map METHOD] [--out FOLDER] [options]",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("source", metavar="DATASET", help="a shipped set, a path, scheme:name, or the folder of a run")
    made.add_argument("--out", type=Path, metavar="FOLDER", help="of map.html, .svg and .png (default: the run's)")
    shown = made.add_argument_group("what is shown")
    add_retrievers(shown, RETRIEVER)
    add_map(shown)
    shown.add_argument("--seed", type=int, help="of every random choice (default 0)")
    reading = made.add_argument_group("how the set is read")
    add_reading(reading)
    reading.add_argument("--limit", type=int, metavar="N", help="a seeded sample of N queries")
    add_machine(made.add_argument_group("the machine"))
    add_place(made.add_argument_group("where the run is kept"))
    made.set_defaults(command=_map)


def _map(options: argparse.Namespace) -> int:
    from rich.text import Text

    from bench.cli import console
    from bench.report.run import maps

    run = _stored(options) if (Path(options.source) / "run.json").is_file() else _made(options)
    folder = options.out or run.folder
    _write(run, folder)
    lines = [*maps.sentences(run), *run.warnings, f"Written: map.html, map.svg and map.png in {folder}"]
    console.show([Text(line) for line in lines])
    return CELL_FAILED if run.failures else 0


def _stored(options: argparse.Namespace) -> Run:
    """The run of a folder. Raises BenchError where it has no maps, or others are asked for."""
    from bench.errors import BenchError
    from bench.storage.run import load_run
    from bench.storage.schema import MAP

    run = load_run(options.source)
    if options.retrievers or options.map:
        raise BenchError(
            f"{run.folder} is a stored run, whose maps are what they are.",
            "Leave -r and --map out, or name a set in its place.",
        )
    if MAP not in run.info.get("checksums", ()):
        raise BenchError(f"{run.folder} has no maps.", "Name its set, to make some: python -m bench map SET -r minilm")
    return run


def _made(options: argparse.Namespace) -> Run:
    """A run of quality alone. Raises BenchError where no map came of it."""
    from bench.cli import console
    from bench.config import RunConfig, load_config
    from bench.errors import BenchError
    from bench.experiment import runner
    from bench.storage.schema import MAP

    flags = {key: value for key, value in vars(options).items() if key not in ("command", "source", "out")}
    flags |= {key: tuple(flags[key]) if flags[key] else None for key in ("retrievers", "columns")}
    base = RunConfig(datasets=(options.source,), retrievers=(RETRIEVER,), latency=False)
    config = load_config(None, base=base, **flags)
    if config.map == "none":
        raise BenchError("A map by --map none is no map.", "Give pca, tsne or umap.")
    with console.Progress() as progress:
        run = runner.run(config, listener=progress)
    if MAP not in run.info["checksums"]:
        reasons = [*(reason for _, _, reason in run.failures), *run.warnings]
        raise BenchError(
            f"No map was made: {reasons[0] if reasons else 'to these retrievers a text is not one vector.'}",
            "Name another one: minilm, lsa, static, tfidf and bm25 have maps.",
        )
    return run


def _write(run: Run, folder: Path) -> None:
    from functools import partial

    from bench.errors import BenchError
    from bench.report.run import charts, maps
    from bench.report.run.charts import map as map_chart
    from bench.storage.files import write_atomic

    try:
        write_atomic(folder / "map.html", maps.render(run).encode())
        for form, content in charts.in_forms(partial(map_chart.maps, run), ("svg", "png")).items():
            write_atomic(folder / f"map.{form}", content)
    except OSError as error:
        raise BenchError(f"The map cannot be written to {folder}: {error.strerror}.", "Give another --out.") from None
