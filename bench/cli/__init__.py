"""The command line. A module for each group of commands holds their flags and their short calls, and adds itself to
the parser; here they come together, and here alone the process exits.

Exit codes, the first that applies: 2 wrong usage or bad input; 5 a cell failed; 3 not comparable (a missing cell,
another fingerprint, an older schema); 1 a regression: a gate failed, `ab` found head slower, or a figure of
`calibrate` is not where others found it; 4 inconclusive under --strict; 0 fine. 70 is a fault of bench itself, and 130
an interrupt: 1 is never anything else than a regression.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bench.cli import (
    calibrate,
    compare,
    completion,
    context,
    curve,
    datasets,
    export,
    grow,
    installed,
    judge,
    maps,
    noise,
    plan,
    run,
    search,
    tune,
    versions,
)
from bench.cli.shared import BAD_INPUT, FAULT, INTERRUPTED
from bench.machine import interrupt

if TYPE_CHECKING:
    from bench.errors import BenchError

_NOT_THERE = (
    "a library cannot be imported. Install what bench needs (pip install -c constraints.txt -e .), and see that no "
    "folder or file beside you has its name."
)
_OUR_FAULT = "this is a fault of bench. Please report it with the lines above."


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse, run the command, exit with its code."""
    try:
        code = _outcome(arguments)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        sys.stderr.close()
        code = 0
    except Exception as error:  # noqa: BLE001 - Python would end with 1, which is a regression here
        traceback.print_exc()
        missing = isinstance(error, ImportError)
        sys.stderr.write(f"error: {_NOT_THERE if missing else _OUR_FAULT}\n")
        code = BAD_INPUT if missing else FAULT
    sys.exit(code)


def _outcome(arguments: Sequence[str] | None) -> int:
    """The exit code of a command; what a user can mend is said."""
    from bench.cli import console
    from bench.errors import BenchError

    console.replace_what_cannot_be_shown()
    interrupt.keep()
    whole = parser()
    options, surplus = whole.parse_known_args(arguments)
    try:
        if surplus:
            raise _surplus(whole, sys.argv[1:] if arguments is None else arguments, surplus[0])
        _refuse_surroundings()
        _refuse_bytes(options)
        code: int = options.command(options)
    except BenchError as error:
        console.error(error.message, error.hint)
        return BAD_INPUT
    return code


def _surplus(whole: argparse.ArgumentParser, arguments: Sequence[str], first: str) -> BenchError:
    """The error of an argument that its command does not take, with the flag that was meant."""
    from bench.errors import BenchError, nearest

    asked = whole
    for name in arguments:
        choices: Any = asked._subparsers._group_actions[0].choices if asked._subparsers else {}
        asked = choices.get(name, asked)
    flag = first.partition("=")[0]
    near = nearest(flag, asked._option_string_actions) if flag.startswith("-") else None
    listed = f"{asked.prog} --help lists what it takes."
    return BenchError(f"{asked.prog} does not take {first!r}.", f"Did you mean {near}? {listed}" if near else listed)


def _refuse_surroundings() -> None:
    """A folder that is gone, and another package `retrievers` that is found before bench's own."""
    import importlib.util
    from pathlib import Path

    from bench.errors import BenchError

    try:
        Path.cwd()
    except OSError:
        raise BenchError("The current folder does not exist any more.", "Change to one that does: cd") from None
    spec = importlib.util.find_spec("retrievers")
    place = spec and (spec.origin or next(iter(spec.submodule_search_locations or ()), None))
    ours = Path(__file__).resolve().parents[2]
    theirs = Path(place).resolve() if place else ours / "retrievers"
    theirs = theirs if spec and spec.origin is None else theirs.parent
    if theirs != ours / "retrievers":
        raise BenchError(
            f"{theirs} hides bench's own package of that name.",
            "Call it as python -P -m bench, which does not look into the current folder first.",
        )


def _refuse_bytes(options: argparse.Namespace) -> None:
    """What is no text cannot be stored with a run, nor be printed."""
    from bench.errors import BenchError

    for value in vars(options).values():
        for text in map(str, value if isinstance(value, list) else [value]):
            shown = text.encode("utf-8", "replace").decode()
            if shown != text:
                raise BenchError(f"{shown!r} is not UTF-8.", "Rename it, or give a link to it that has another name.")


def parser() -> argparse.ArgumentParser:
    """Of all commands; each sets `command`, a function of the options that gives the exit code."""
    made = argparse.ArgumentParser(
        prog="python -m bench", description="TF-IDF, BM25 or embeddings? An honest comparison on your labelled data."
    )
    made.set_defaults(command=lambda _: _help(made))
    made.add_argument("--version", action="store_const", const=_version, dest="command", help="show it and exit")
    commands = made.add_subparsers(metavar="command")
    judging, comparing = (judge, plan), (compare, versions)
    others = (search, context, export, datasets, calibrate, installed)
    for group in (run, tune, curve, grow, noise, maps, *judging, *comparing, *others):
        group.add(commands)
    completion.add(commands, made)
    return made


def _help(made: argparse.ArgumentParser) -> int:
    """Nothing was asked for."""
    made.print_help(sys.stderr)
    return BAD_INPUT


def _version(_: argparse.Namespace) -> int:
    from rich.text import Text

    from bench.cli import console
    from bench.machine import environment

    console.show([Text(f"bench {environment.version('bench') or '(not installed)'}")])
    return 0
