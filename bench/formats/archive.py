"""A zipped folder, read where it lies: nothing is unpacked, so that no member can be written anywhere."""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath

from bench.errors import BenchError
from bench.formats.lines import BROKEN

MAX_TOTAL = 64 << 30  # bytes unpacked; the largest of BEIR's sets has about a third of it
MAX_RATIO = 200  # unpacked to packed; text has 3 to 10, judgements up to 30, a bomb 1,000
SMALL = 1 << 20  # bytes that any member may have
ENCRYPTED = 0x1 | 0x40 | 0x2000
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@contextmanager
def opened(path: Path, wanted: Collection[str], needed: str) -> Iterator[zipfile.Path]:
    """The folder in a zip file that holds one of the wanted files: its top, else the one folder below that does.

    needed: told where none does. Raises BenchError for a damaged file and for members that no packed folder has:
    paths that lead out of it, links, encrypted ones, one name twice, sizes of a bomb.
    """
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise BenchError(f"There is no {path}.", needed) from None
    except (*BROKEN, struct.error) as error:
        raise BenchError(f"{path} is no zip file, or a damaged one: {error}.", "Fetch or pack it again.") from None
    except OSError as error:
        raise BenchError(f"{path} cannot be read: {error.strerror or error}.", "Check the file.") from None
    with archive:
        _check(path, archive.infolist())
        yield _folder(path, zipfile.Path(archive), wanted, needed)


def _check(path: Path, members: list[zipfile.ZipInfo]) -> None:
    total = sum(member.file_size for member in members)
    if total > MAX_TOTAL:
        raise BenchError(f"{path} unpacks to {total:,} bytes.", f"The bound is {MAX_TOTAL:,}; unpack it yourself.")
    seen: set[str] = set()
    for member in members:
        problem = "stands in it twice" if member.filename in seen else _problem(member)
        if problem:
            raise BenchError(
                f"{path}: the member {member.orig_filename!r} {problem}.",
                "Do not trust the file, or unpack it yourself and pack it plainly.",
            )
        seen.add(member.filename)


def _problem(member: zipfile.ZipInfo) -> str:
    """What no member of a packed folder has, else an empty text."""
    # Not `filename`, which zipfile has cut at a NUL byte and cleaned: such tricks are to be seen.
    name, kind = member.orig_filename, stat.S_IFMT(member.external_attr >> 16)
    outside = name.startswith("/") or ".." in PurePosixPath(name).parts or PureWindowsPath(name).drive
    checks = {
        "leads out of the folder": outside,
        "has no plain path": "\\" in name or "\0" in name,
        "is a link or a device": kind not in (0, stat.S_IFREG, stat.S_IFDIR),
        "is encrypted": member.flag_bits & ENCRYPTED,
        "is compressed by a method other than deflate": member.compress_type not in METHODS,
        f"unpacks to more than {MAX_RATIO} times its size": member.file_size > SMALL + MAX_RATIO * member.compress_size,
    }
    return next((problem for problem, found in checks.items() if found), "")


def _folder(path: Path, top: zipfile.Path, wanted: Collection[str], needed: str) -> zipfile.Path:
    below = sorted((each for each in top.iterdir() if each.is_dir()), key=lambda each: each.name)
    for candidates in ([top], below):
        found = [each for each in candidates if any((each / name).is_file() for name in wanted)]
        if len(found) > 1:
            names = ", ".join(each.name for each in found)
            raise BenchError(f"{path} holds several sets: {names}.", "Pack one folder, or unpack it and name one.")
        if found:
            return found[0]
    raise BenchError(f"{path} holds no {next(iter(wanted))}, at its top or one folder below.", needed)
