"""calibrate: this harness against published figures."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bench.cli.shared import CELL_FAILED, DISAGREES, add_reading

if TYPE_CHECKING:
    from bench.cli.shared import Commands


def add(commands: Commands) -> None:
    """Add the command."""
    calibrate = commands.add_parser("calibrate", help="hold bm25 and minilm against published figures of a public set")
    calibrate.add_argument("dataset", metavar="DATASET", help="a folder or an address; scifact has most figures")
    calibrate.add_argument(
        "-r", "--retriever", action="append", dest="retrievers", metavar="NAME", help="default: bm25 and minilm"
    )
    add_reading(calibrate)
    calibrate.set_defaults(command=_calibrate)


def _calibrate(options: argparse.Namespace) -> int:
    from bench.cli import console
    from bench.data.formats import load_dataset
    from bench.data.formats.options import Options
    from bench.experiment.calibration import RETRIEVERS, calibrate
    from bench.report import calibration

    dataset = load_dataset(options.dataset, Options.of(options))
    with console.Progress() as progress:
        result = calibrate(dataset, tuple(options.retrievers or RETRIEVERS), progress)
    console.show(calibration.render(result))
    if result.failures:
        return CELL_FAILED
    return 0 if result.agrees else DISAGREES
