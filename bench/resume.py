"""Going on with an interrupted run: one runner a folder, and nothing mixed that does not belong together."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from bench.errors import BenchError
from bench.store import is_baseline

LOCK = ".lock"

# What a system says of a lock that another process holds.
_HELD = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)

# May differ between the parts of one run: they change no figure.
_FREE = {"name", "results", "timeout", "memory_mb", "cache", "cache_mb"}


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Hold the folder's lock. The system frees it when the process ends, however it ends.

    Raises BenchError where another runner holds it, or where files cannot be locked.
    """
    with (folder / LOCK).open("a+b") as stream:
        try:
            _lock(stream)
        except OSError as error:
            if error.errno in _HELD:
                raise BenchError(
                    f"{folder} is in use by another run.", "Wait for it to end, or give this one another --name."
                ) from None
            raise BenchError(
                f"{folder} cannot be locked: {error.strerror or error}.", "Give --results a folder on another disk."
            ) from error
        yield


def differences(stored: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What keeps a stored run from being continued, one line each; both are contents of run.json."""
    found = []
    for key in sorted((stored["config"].keys() | now["config"].keys()) - _FREE):
        found += _change(key, stored["config"].get(key), now["config"].get(key))
    for part, name, mark in (("datasets", "name", "fingerprint"), ("retrievers", "label", "signature")):
        before, after = ({each[name]: each for each in info[part]} for info in (stored, now))
        for each in sorted(before.keys() & after.keys()):
            if before[each][mark] != after[each][mark]:
                # Which parameter it was, where it was one: signatures are long and may differ at their end alone.
                old, new = (side[each].get("parameters", {}) for side in (before, after))
                parameters = [line for key in new for line in _change(f"{each}: {key}", old.get(key), new[key])]
                found += parameters or _change(f"{each} ({mark})", before[each][mark], after[each][mark])
        found += [f"{part[:-1]} {each} is no longer there" for each in sorted(before.keys() - after.keys())]
        found += [f"{part[:-1]} {each} is new" for each in sorted(after.keys() - before.keys())]
    for key in ("python", "threads", "bench"):
        found += _change(key, stored["environment"][key], now["environment"][key])
    libraries = now["environment"]["libraries"]
    for name, number in stored["environment"]["libraries"].items():
        found += _change(name, number, libraries.get(name))
    return found


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


def discard(folder: Path) -> None:
    """Empty the folder of a stored run, its lock apart."""
    for path in folder.iterdir():
        if path.name == LOCK:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def sweep(folder: Path) -> None:
    """Remove what a killed run left half-written."""
    for path in folder.rglob(".*.tmp"):
        path.unlink(missing_ok=True)


def _change(what: str, before: Any, after: Any) -> list[str]:
    return [] if before == after else [f"{what}: {_short(before)} is now {_short(after)}"]


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _lock(stream: IO[bytes]) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
    else:
        import fcntl

        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
