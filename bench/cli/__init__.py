"""The command line. A module for each group of commands holds their flags and their short calls, and adds itself to
the parser; here they come together, and here alone the process exits.

Exit codes, the first that applies: 2 wrong usage or bad input; 5 a cell failed; 3 not comparable (a missing cell,
another fingerprint, an older schema); 1 a regression: a gate failed, `ab` found head slower, or a figure of
`calibrate` is not where others found it; 4 inconclusive under --strict; 0 fine.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence

from bench.cli import ab, calibrate, compare, datasets, installed, run, search
from bench.cli.shared import BAD_INPUT, INTERRUPTED


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse, run the command, exit with its code."""
    from bench import console
    from bench.errors import BenchError

    console.replace_what_cannot_be_shown()
    _keep_interrupts()
    options = parser().parse_args(arguments)
    try:
        _refuse_namesake()
        code = options.command(options)
    except BenchError as error:
        console.error(error.message, error.hint)
        code = BAD_INPUT
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        sys.stderr.close()
        code = 0
    sys.exit(code)


def _keep_interrupts() -> None:
    """Hand on a Ctrl-C that Python would lose: one that comes in a callback, as at the end of every import."""
    usual = sys.unraisablehook

    def hook(unraisable: sys.UnraisableHookArgs) -> None:
        if unraisable.exc_type is not KeyboardInterrupt:
            usual(unraisable)
            return
        # In a while, when the callback is over: raised at once, it would be lost with this hook.
        again = threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGINT))
        again.daemon = True
        again.start()

    sys.unraisablehook = hook


def _refuse_namesake() -> None:
    """`python -m` looks into the current folder first, where a search engine's repository may have such a package."""
    import importlib.util
    from pathlib import Path

    import bench
    from bench.errors import BenchError

    found = importlib.util.find_spec("retrievers")
    where = [Path(each).resolve().parents[1] for each in (bench.__file__, found and found.origin) if each]
    if len(set(where)) > 1:
        raise BenchError(
            f"{where[1] / 'retrievers'} hides bench's own package of that name.",
            "Call it as python -P -m bench, which does not look into the current folder first.",
        )


def parser() -> argparse.ArgumentParser:
    """Of all commands; each sets `command`, a function of the options that gives the exit code."""
    made = argparse.ArgumentParser(
        prog="python -m bench", description="TF-IDF, BM25 or embeddings? An honest comparison on your labelled data."
    )
    made.set_defaults(command=lambda _: _help(made))
    made.add_argument("--version", action="store_const", const=_version, dest="command", help="show it and exit")
    commands = made.add_subparsers(metavar="command")
    for group in (run, compare, ab, search, datasets, calibrate, installed):
        group.add(commands)
    return made


def _help(made: argparse.ArgumentParser) -> int:
    """Nothing was asked for."""
    made.print_help(sys.stderr)
    return BAD_INPUT


def _version(_: argparse.Namespace) -> int:
    from rich.text import Text

    from bench import console, environment

    console.show([Text(f"bench {environment.version('bench') or '(not installed)'}")])
    return 0
