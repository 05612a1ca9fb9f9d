"""Lines of user files, with their numbers, and the checks that every format makes of ids and grades."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from bench.errors import BenchError

MAX_GRADE = 1_000_000


def lines(path: Path, needed: str) -> Iterator[tuple[int, bytes]]:
    """Numbered lines without line ends, byte order mark and blank lines, unpacked where the name ends in .gz.

    needed: told where the file is absent.
    """
    try:
        with _opened(path) as stream:
            for number, line in enumerate(stream, 1):
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                if line.strip():
                    yield number, line.rstrip(b"\r\n")
    except FileNotFoundError:
        raise BenchError(f"There is no {path}.", needed) from None
    except (OSError, EOFError, zlib.error) as error:
        raise BenchError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.", "Check it.") from None


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def decoded(line: bytes, where: str) -> str:
    """A line as text, else BenchError."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise BenchError(f"{where}: not UTF-8.", "Save the file as UTF-8.") from None


def text_of(path: Path) -> str:
    """A whole small file as text, else BenchError."""
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BenchError(f"{path}: not UTF-8 at byte {error.start}.", "Save it as UTF-8.") from None
    except OSError as error:
        raise BenchError(f"{path} cannot be read: {error.strerror}.", "Check the file.") from None


def checked_id(value: str, where: str) -> str:
    """An id as TREC's files can hold it, else BenchError."""
    if value.split() != [value]:
        problem = "holds white space" if value else "is empty"
        raise BenchError(f"{where}: the id {value!r} {problem}.", "Replace it, since TREC's files separate ids by it.")
    return value


def grade(text: str, where: str) -> int:
    """A judgement's grade, else BenchError."""
    try:
        value = int(text)
    except ValueError:
        value = MAX_GRADE + 1
    if abs(value) > MAX_GRADE:
        raise BenchError(
            f"{where}: the grade {text!r} is not a whole number.", "Use 0 for not relevant, 1 and up for relevant."
        )
    return value
