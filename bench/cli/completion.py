"""`completion`: what makes a shell complete commands and flags at the tab key."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.cli.shared import Commands

SHELLS = ("bash", "zsh", "tcsh")
_HOW = """\
put it where your shell looks, once:
  bash  bench completion bash > ~/.local/share/bash-completion/completions/bench
  zsh   bench completion zsh > a folder of $fpath, as _bench
  tcsh  bench completion tcsh >> ~/.tcshrc
It completes the installed command `bench`; a shell cannot complete python -m bench."""


def add(commands: Commands, whole: argparse.ArgumentParser) -> None:
    """Add the command. whole: the parser of all commands, which is what a shell is told of."""
    command = commands.add_parser(
        "completion",
        help="make a shell complete commands and flags",
        epilog=_HOW,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("shell", choices=SHELLS)
    command.set_defaults(command=partial(_completion, whole))


def _completion(whole: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    import shtab

    whole.prog = "bench"
    sys.stdout.write(shtab.complete(whole, options.shell, root_prefix="bench") + "\n")
    return 0
