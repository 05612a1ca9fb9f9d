"""Lines of user files, with their numbers, and the checks that every format makes of ids and grades."""

from __future__ import annotations

import codecs
import gzip
import io
import shlex
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from bench.errors import BenchError

MAX_GRADE = 1_000_000
MAX_LINE = 1 << 28  # bytes; a compressed file of a few megabytes can hold one line that fills the memory

Source = Path | zipfile.Path  # a file or folder on disk, or in an opened zip file
# What Python's readers raise for a damaged archive. zipfile: RuntimeError for an encrypted member, NotImplementedError
# for one packed in a way that it does not know, ValueError for a broken one.
BROKEN = (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


def lines(path: Source, needed: str) -> Iterator[tuple[int, bytes]]:
    """Numbered lines without line ends, byte order mark and blank lines, of a .gz unpacked as it is read.

    needed: told where the file is absent. Raises BenchError for what cannot be read to its end.
    """
    try:
        with _opened(path) as stream:
            for number, line in enumerate(iter(partial(stream.readline, MAX_LINE), b""), 1):
                if len(line) == MAX_LINE:
                    raise BenchError(f"{path}:{number}: longer than {MAX_LINE >> 20} MiB.", "Split the document.")
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                if line.strip():
                    yield number, line.rstrip(b"\r\n")
    except FileNotFoundError:
        raise BenchError(f"There is no {path}.", needed) from None
    except BROKEN as error:
        raise BenchError(f"{path} is damaged or cut off: {error}.", "Fetch or pack it again.") from None
    except OSError as error:
        raise BenchError(f"{path} cannot be read: {error.strerror or error}.", "Check the file.") from None


@contextmanager
def _opened(path: Source) -> Iterator[BinaryIO]:
    with path.open("rb") as stream:
        if path.name.endswith(".gz"):
            yield cast(BinaryIO, gzip.GzipFile(fileobj=stream))
        elif isinstance(path, Path):
            yield cast(BinaryIO, stream)
        else:  # a zip file's own readline with a limit is slow
            yield cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, stream)))


def decoded(line: bytes, where: str) -> str:
    """A line as text, else BenchError."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise _not_utf8(line, where) from None


def text_of(path: Source) -> str:
    """A whole small file as text, else BenchError."""
    try:
        content = path.read_bytes()
    except BROKEN as error:
        raise BenchError(f"{path} is damaged or cut off: {error}.", "Fetch or pack it again.") from None
    except OSError as error:
        raise BenchError(f"{path} cannot be read: {error.strerror or error}.", "Check the file.") from None
    if b"\0" in content[:100]:  # UTF-16 without a byte order mark may pass for UTF-8
        raise _not_utf8(content, f"{path}:1")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise _not_utf8(content, f"{path}:{number}") from None


def _not_utf8(content: bytes, where: str) -> BenchError:
    """What the bytes look like, and how to convert their file. content: from the beginning of the file or a line."""
    path = Path(where.rpartition(":")[0])
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    utf16 = marked or b"\0" in content[:100]
    encoding = "UTF-16" if marked else "UTF-16LE" if utf16 else "WINDOWS-1252"
    command = f"iconv -f {encoding} -t UTF-8 {shlex.quote(str(path))} > utf8{path.suffix}"
    if utf16:
        return BenchError(f"{where}: not UTF-8 but UTF-16.", f"Save it as UTF-8, or convert it: {command}")
    return BenchError(
        f"{where}: not UTF-8.", f"Save it as UTF-8. If it is Windows-1252, as of Excel in western Europe: {command}"
    )


def checked_id(value: str, where: str) -> str:
    """An id as TREC's files can hold it, else BenchError."""
    if value.split() != [value]:
        problem = "holds white space" if value else "is empty"
        raise BenchError(f"{where}: the id {value!r} {problem}.", "Replace it, since TREC's files separate ids by it.")
    return value


def grade(text: str, where: str) -> int:
    """A judgement's grade, else BenchError. 1.0 is 1, as trec_eval reads it and pandas writes it."""
    whole, _, rest = text.partition(".")
    try:
        value = int(whole if rest and not rest.strip("0") else text)
    except ValueError:
        value = MAX_GRADE + 1
    if abs(value) > MAX_GRADE:
        raise BenchError(
            f"{where}: the grade {text!r} is not a whole number.", "Use 0 for not relevant, 1 and up for relevant."
        )
    return value
