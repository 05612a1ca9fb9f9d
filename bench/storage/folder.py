"""The folder of a run: made, found, locked, emptied."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from bench.errors import BenchError

# What retrievers print and the tracebacks of failures, within a run's folder.
LOG = "log.txt"


def make_folder(folder: Path, may_exist: bool) -> None:
    """Make a run's folder. Raises BenchError where it exists and may not, or cannot be made."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BenchError(
            f"{folder.parent} cannot be made: {error.strerror}.", "Give a writable folder to --results."
        ) from None
    try:
        folder.mkdir(exist_ok=may_exist)
    except FileExistsError:
        raise BenchError(
            f"{folder} exists already.", "Give another --name, continue it with --resume, or redo it with --fresh."
        ) from None
    except OSError as error:
        raise BenchError(
            f"{folder} cannot be made: {error.strerror}.", "Give a writable folder to --results."
        ) from None


def new_folder(results: Path) -> Path:
    """Make a folder called by date and time, with a number where other runs begin within that second."""
    now = datetime.now().strftime("%Y%m%d-%H%M%S")
    names = chain([now], (f"{now}-{number}" for number in count(2)))
    while True:
        folder = results / next(names)
        try:
            make_folder(folder, may_exist=False)
        except BenchError:
            if not folder.is_dir():
                raise
        else:
            return folder


def is_baseline(folder: Path, info: dict[str, Any] | None = None) -> bool:
    """Is this the committed reference run? info: its run.json, where that can be read."""
    return folder.name == "baseline" or "reduced" in (info or {})


def resuming(folder: Path) -> str:
    """The command that goes on with a run."""
    elsewhere = [] if folder.parent == Path("results") else ["--results", str(folder.parent)]
    return shlex.join(["python", "-m", "bench", "run", "--resume", "--name", folder.name, *elsewhere])


def resuming_same_command(folder: Path) -> str:
    """What goes on with what does not store its whole command: a curve, a tuning, a noise floor, a set that grows."""
    return f"the same command with --name {shlex.quote(folder.name)} --resume"


def newest_run(results: Path) -> Path:
    """The run below `results` that was begun, continued or sealed last. Raises BenchError where there is none."""
    # A baseline that was just updated is no run to go on with.
    runs = [path.parent for path in results.glob("*/run.json") if path.parent.name != "baseline"]
    if not runs:
        raise BenchError(f"There is no run in {results}.", "Make one with: python -m bench run")
    return max(runs, key=lambda folder: (folder / "run.json").stat().st_mtime)


LOCK = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock. The system frees it when the process ends, however it ends.

    Raises BenchError where another runner holds it, or where files cannot be locked.
    """
    # No lock that only a file's being there stands for: it would outlive a process that is killed.
    lock = FileLock(folder / LOCK, timeout=0, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout:
        raise BenchError(
            f"{folder} is in use by another run.", "Wait for it to end, or give this one another --name."
        ) from None
    except OSError as error:
        raise BenchError(
            f"{folder} cannot be locked: {error.strerror or error}.", "Give --results a folder on another disk."
        ) from error
    try:
        yield
    finally:
        lock.release()


def refuse_strange(folder: Path) -> None:
    """Raise BenchError for a folder that holds something and is no run to go on with: what lies there is somebody's."""
    if is_baseline(folder):
        raise BenchError(
            f"{folder} is the reference run, which no run is made in.",
            "Give another --name; `python -m bench baseline update RUN` puts a run in its place.",
        )
    holds = folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir())
    if holds and not (folder / "run.json").is_file():
        raise BenchError(f"{folder} is not a stored run.", "Give another --name; it holds something else.")


def empty_run_folder(folder: Path) -> None:
    """Empty the folder of a stored run, its lock apart."""
    for path in folder.iterdir():
        if path.name == LOCK:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def remove_temporary_files(folder: Path) -> None:
    """Remove what a killed run left half-written."""
    for path in folder.rglob(".*.tmp"):
        path.unlink(missing_ok=True)
