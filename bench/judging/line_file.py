"""Files of JSON lines that are only ever added to, and of which no line that was reported as written is lost.

Each line is on disk (one write, fsync) before `append_lines` returns. Several processes may append at once: each holds
a lock of the system for its lines, which ends with the process, however it ends. A process or a machine that dies
within a line costs that line alone: the next append cuts the torn end off, and readers pass it by.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import orjson
from filelock import FileLock, Timeout

from bench.errors import BenchError

LOCK_SECONDS = 30.0  # a line is written within milliseconds; a disk that sleeps takes longer
TAIL = 1 << 16  # bytes that are read at once to find the last line's beginning


def lock_of(path: Path) -> Path:
    """The file that is locked while lines are added to another."""
    return path.with_name(f".{path.stem}.lock")


def append_lines(path: Path, content: bytes, is_line: Callable[[bytes], bool], what: str) -> None:
    """Put lines on disk. They are there when this returns.

    Args:
        path: Of the file, which is made with its folder where it is not there.
        content: Lines, each with its end.
        is_line: Is this a whole line that lacks only its end? It stays then.
        what: The lines are, as an error calls them.

    Raises:
        BenchError: Where the disk refuses: nothing of these lines is left then, and all that was there before is.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # No lock that only a file's being there stands for: it would outlive a process that is killed.
        with FileLock(lock_of(path), timeout=LOCK_SECONDS, fallback_to_soft=False):
            _append(path, content, is_line)
    except Timeout:
        raise BenchError(
            f"{path} is held by another process for {LOCK_SECONDS:g} s; {what} was not stored.",
            "Is that process stopped? End it or let it go on, then do the same again.",
        ) from None
    except OSError as error:
        raise BenchError(
            f"{path}: {what} was not stored: {error.strerror or error}.",
            "All that was stored before it is there. Make room or name another folder, then do the same again.",
        ) from None


def record_of(content: bytes, where: str, known: Iterable[str], needed: Iterable[str]) -> dict[str, Any]:
    """The object that a line is. Raises BenchError for any other line, a name not known, and one that is missing."""
    try:
        record = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BenchError(f"{where}: no JSON: {error}.", "Mend the line.") from None
    if not isinstance(record, dict):
        raise BenchError(f"{where}: not an object.", "Mend the line.")
    if strange := next((name for name in record if name not in known), None):
        raise BenchError(f"{where}: nothing is known of {strange!r}.", "Another version may have written it.")
    if missing := next((name for name in needed if name not in record), None):
        raise BenchError(f"{where}: no {missing!r}.", "Mend the line.")
    return record


def _append(path: Path, content: bytes, is_line: Callable[[bytes], bool]) -> None:
    is_new = not path.exists()
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
    try:
        content = _mend(file, is_line) + content
        end = os.fstat(file).st_size
        try:
            rest = memoryview(content)
            while rest:  # a disk that is nearly full takes a part
                rest = rest[os.write(file, rest) :]
            os.fsync(file)
        except OSError:
            os.ftruncate(file, end)
            raise
    finally:
        os.close(file)
    if is_new:
        _sync_folder(path.parent)


def _mend(file: int, is_line: Callable[[bytes], bool]) -> bytes:
    """Cut off what a dying process left of a line. A line that lacks only its end stays: b"\n" is to be added."""
    size = os.fstat(file).st_size
    start, tail = size, b""
    while start and b"\n" not in tail:
        step = min(TAIL, start)
        start -= step
        tail = _read(file, start, step) + tail
    torn = tail[tail.rfind(b"\n") + 1 :]
    if not torn:
        return b""
    if is_line(torn):
        return b"\n"
    os.ftruncate(file, size - len(torn))
    return b""


def _read(file: int, start: int, size: int) -> bytes:
    os.lseek(file, start, os.SEEK_SET)
    return os.read(file, size)


def _sync_folder(folder: Path) -> None:
    """So that the name of a new file outlives a crash of the machine as well."""
    if os.name == "nt":  # where folders cannot be opened
        return
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
