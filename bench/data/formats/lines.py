"""Lines of user files, with their numbers, and the checks that every format makes of ids and grades."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import shlex
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

from bench.errors import BenchError

MAX_GRADE = 1_000_000
MAX_LINE = 1 << 28  # bytes; a compressed file of a few megabytes can hold one line that fills the memory
MAX_TEXT = 1 << 32  # bytes of a file that is read whole

Source = Path | zipfile.Path  # a file or folder on disk, or in an opened zip file
# What Python's readers raise for a damaged archive. zipfile: RuntimeError for an encrypted member, NotImplementedError
# for one packed in a way that it does not know, ValueError for a broken one.
BROKEN = (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)

GZIP = b"\x1f\x8b"
# What files that are no text begin with, whatever they are called -> what they are, and what to do.
MAGIC = {
    b"PK\x03\x04": ("a zip file or an Excel workbook", "Name a zip file .zip; save a workbook as CSV."),
    b"PK\x05\x06": ("an empty zip file", "Pack it again."),
    b"PAR1": ("a Parquet file", "Name a set of texts .parquet; write all else as JSON lines."),
    b"ARROW1": ("an Arrow file", "Name it .arrow."),
    b"\x28\xb5\x2f\xfd": ("compressed by zstd", "Unpack it: zstd -d FILE."),
    b"BZh": ("compressed by bzip2", "Unpack it: bunzip2 FILE."),
    b"\xfd7zXZ\x00": ("compressed by xz", "Unpack it: unxz FILE."),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", "Unpack it."),
    b"\xd0\xcf\x11\xe0": ("an old Excel or Word file", "Save it as CSV or as text."),
    b"SQLite format 3": ("an SQLite database", "Write what is in it as CSV or JSON lines."),
    b"%PDF": ("a PDF", "Write its text as a file of its own."),
    b"version https://git-lfs": ("a Git LFS pointer, not the file itself", "Fetch the file: git lfs pull."),
}
_LONGEST = max(map(len, MAGIC))
_GRADE = re.compile(r"([+-]?[0-9]+)(?:\.0+)?")


def lines(path: Source, needed: str) -> Iterator[tuple[int, bytes]]:
    """Numbered lines without line ends, byte order mark and blank lines; what is gzipped is unpacked as it is read.

    needed: told where the file is absent. Raises BenchError for what cannot be read to its end, or is no text.
    """
    with _reading(path, needed), _opened(path) as stream:
        for number, line in enumerate(iter(partial(stream.readline, MAX_LINE), b""), 1):
            if len(line) == MAX_LINE:
                raise BenchError(f"{path}:{number}: longer than {MAX_LINE >> 20} MiB.", "Split the document.")
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if line.strip():
                yield number, line.rstrip(b"\r\n")


def first_line(path: Source) -> bytes:
    """The first line that is not blank, to see what a file is; empty where it cannot be read."""
    try:
        return next((line for _, line in lines(path, "Check the file.")), b"").lstrip()
    except BenchError:
        return b""


def entries(folder: Path) -> list[Path]:
    """What is in a folder, in order; nothing where there is none. Raises BenchError where it may not be read."""
    try:
        return sorted(folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise BenchError(f"{folder} cannot be read: {error.strerror or error}.", "Check the folder.") from None


@contextmanager
def _reading(path: Source, needed: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise BenchError(f"There is no {path}.", needed) from None
    except BROKEN as error:
        raise BenchError(f"{path} is damaged or cut off: {error}.", "Fetch or pack it again.") from None
    except OSError as error:
        raise BenchError(f"{path} cannot be read: {error.strerror or error}.", "Check the file.") from None


@contextmanager
def _opened(path: Source) -> Iterator[BinaryIO]:
    with path.open("rb") as raw:
        # A zip file's own readline with a limit is slow.
        stream = raw if isinstance(raw, io.BufferedReader) else io.BufferedReader(cast(io.RawIOBase, raw))
        start = stream.peek(_LONGEST)[:_LONGEST]
        for magic, (what, hint) in MAGIC.items():
            if start.startswith(magic):
                raise BenchError(f"{path} is no text: it is {what}.", hint)
        packed = start.startswith(GZIP) or path.name.endswith(".gz")
        yield cast(BinaryIO, gzip.GzipFile(fileobj=stream)) if packed else cast(BinaryIO, stream)


def decoded(line: bytes, where: str) -> str:
    """A line as text, else BenchError."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise _not_utf8(line, where) from None


def text_of(path: Source, needed: str = "Check its name.") -> str:
    """A whole file as text, of a gzipped one what is packed, else BenchError."""
    return as_text(content_of(path, needed), path)


def content_of(path: Source, needed: str = "Check its name.", longest: int = MAX_TEXT) -> bytes:
    """A whole file, of a gzipped one what is packed, else BenchError. longest: bytes."""
    with _reading(path, needed), _opened(path) as stream:
        content = stream.read(longest + 1)
    if len(content) <= longest:
        return content
    if longest < MAX_TEXT:
        raise BenchError(f"{path} is longer than {longest >> 20} MiB.", "Split it, or save its text as .txt.")
    raise BenchError(f"{path} is longer than {longest >> 30} GiB.", "Write it as JSON lines.")


def beginning_of(path: Source, size: int, needed: str = "Check its name.") -> tuple[str, bool]:
    """The lines that end within the first `size` bytes of a text, and whether they are all of it; else BenchError."""
    with _reading(path, needed), _opened(path) as stream:
        content = stream.read(size + 1)
    whole = len(content) <= size
    return as_text(content if whole else content[: content.rfind(b"\n") + 1], path), whole


def as_text(content: bytes, path: Source) -> str:
    """The content of a file as text, else BenchError."""
    if b"\0" in content[:100]:  # UTF-16 without a byte order mark may pass for UTF-8
        raise _not_utf8(content, f"{path}:1")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise _not_utf8(content, f"{path}:{number}") from None


def storable(text: str) -> str:
    """The text with a question mark for each half of a character, which an escape may write and UTF-8 cannot hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _not_utf8(content: bytes, where: str) -> BenchError:
    """What the bytes look like, and how to convert their file. content: from the beginning of the file or a line."""
    path = Path(where.rpartition(":")[0])
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    utf16 = marked or b"\0" in content[:100]
    encoding = "UTF-16" if marked else "UTF-16LE" if utf16 else "WINDOWS-1252"
    what = " but UTF-16" if utf16 else ""
    if path.is_file() and not _is_all(path, encoding):  # iconv would stop half-way, and leave half of a file
        what = ""
        hint = (
            f"Save it as UTF-8. It is not all {encoding} either: `file -i {shlex.quote(str(path))}` guesses what it is."
        )
    else:
        command = _conversion(path, encoding)
        guess = "or" if utf16 else "if it is Windows-1252, as of Excel in western Europe,"
        hint = f"Save it as UTF-8, {guess} convert it: {command}"
    return BenchError(f"{where}: not UTF-8{what}.", hint)


def _conversion(path: Path, encoding: str) -> str:
    source, name = shlex.quote(str(path)), Path(path.name.removesuffix(".gz"))
    if path.name.endswith(".gz"):
        return f"gunzip -c {source} | iconv -f {encoding} -t UTF-8 > utf8{name.suffix}"
    return f"iconv -f {encoding} -t UTF-8 {source} > utf8{name.suffix}"


def _is_all(path: Path, encoding: str) -> bool:
    """Can the whole file be read so?"""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with _opened(path) as stream:
            for part in iter(partial(stream.read, 1 << 20), b""):
                decoder.decode(part)
            decoder.decode(b"", final=True)
    except (UnicodeDecodeError, *BROKEN, OSError, BenchError):
        return False
    return True


def checked_id(value: str, where: str) -> str:
    """An id as TREC's files can hold it, else BenchError."""
    if value.split() != [value]:
        problem = "holds white space" if value else "is empty"
        raise BenchError(f"{where}: the id {value!r} {problem}.", "Replace it, since TREC's files separate ids by it.")
    return value


def id_text(value: Any) -> str:
    """An id as text, "" for what is none: a string, or a whole number. 6.0 is 6, since pandas makes fractions of whole
    numbers where one is missing."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def grade(text: str, where: str) -> int:
    """A judgement's grade, else BenchError. 1.0 is 1, as trec_eval reads it and pandas writes it."""
    whole = _GRADE.fullmatch(text.strip())
    value = int(whole[1]) if whole and len(whole[1]) < 10 else MAX_GRADE + 1
    if abs(value) > MAX_GRADE:
        raise BenchError(
            f"{where}: the grade {text!r} is not a whole number.", "Use 0 for not relevant, 1 and up for relevant."
        )
    return value
