"""What several commands share: exit codes, and the flags of reading a dataset."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

REGRESSION = DISAGREES = 1
BAD_INPUT, NOT_COMPARABLE, INCONCLUSIVE, CELL_FAILED, INTERRUPTED = 2, 3, 4, 5, 130


def add_reading(command: argparse.ArgumentParser) -> None:
    """The flags of formats.Options."""
    command.add_argument("--split", metavar="NAME", help="of the judgements (default: test)")
    command.add_argument("--columns", action="append", metavar="ROLE=NAME", help="which column of a table is what")
    command.add_argument("--known-item", metavar="FIELD", help="no labels: ask for each document by this field")
    command.add_argument("--unanswerable", metavar="FILE", help="queries known to have no answer")
