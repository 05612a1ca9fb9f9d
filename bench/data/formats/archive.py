"""A zipped folder, read where it lies: nothing is unpacked, so that no member can be written anywhere."""

from __future__ import annotations

import shlex
import stat
import struct
import zipfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath

from bench.data.formats.lines import BROKEN
from bench.errors import BenchError

MAX_TOTAL = 64 << 30  # bytes unpacked; the largest of BEIR's sets has about a third of it
MAX_RATIO = 200  # unpacked to packed; text has 3 to 10, judgements up to 30, a bomb 1,000
SMALL = 1 << 20  # bytes that any member may have
ENCRYPTED = 0x1 | 0x40 | 0x2000
LEVELS = 4  # of folders that are looked into for sets
MOST = 1_000  # folders of a level
SHOWN = 10  # sets that an error lists
APPLES = "__MACOSX"  # what macOS puts beside the files
PACKED = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@contextmanager
def opened(path: Path, inner: str, wanted: Collection[str], needed: str) -> Iterator[zipfile.Path]:
    """The folder in a zip file that holds one of the wanted files, the only one at or below the folder `inner`.

    needed: told where none does. Raises BenchError for a damaged file, where several folders do, and for members that
    no packed folder has: paths that lead out of it, links, encrypted ones, one name twice, sizes of a bomb.
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
        yield zipfile.Path(archive, _folder(path, archive.namelist(), inner, wanted, needed))


def within(path: Path) -> tuple[Path, str] | None:
    """A zip file and the folder in it that the path names (sets.zip/inner/folder); None where it names no zip file."""
    for candidate in (path, *path.parents):
        if candidate.suffix.lower() == ".zip" and candidate.is_file():
            return candidate, "/".join(path.relative_to(candidate).parts)
    return None


def below(folder: Path, wanted: Collection[str]) -> list[Path]:
    """The folders below that hold one of the wanted files; none within another, or hidden, or four levels down."""
    folders: list[Path] = []
    level = [folder]
    for _ in range(LEVELS):
        level = sorted(path for parent in level for path in _folders(parent))[:MOST]
        folders += [path for path in level if any((path / name).is_file() for name in wanted)]
        level = [path for path in level if path not in folders]
    return folders


def choose(source: Path, names: Sequence[str]) -> str:
    """The one set in a source. Raises BenchError where there are several, and says how to name one."""
    if len(names) > 1:
        listed = ", ".join(names[:SHOWN]) + ", …" * (len(names) > SHOWN)
        raise BenchError(f"{source} holds several sets: {listed}.", f"Name one: {shlex.quote(str(source / names[0]))}.")
    return names[0]


def _folders(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    except OSError:  # one that may not be looked into holds no set for us
        return []


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
    return next((problem for problem, applies in checks.items() if applies), "")


def _folder(path: Path, members: Sequence[str], inner: str, wanted: Collection[str], needed: str) -> str:
    """The name of the folder, with a slash at its end but for the top."""
    start = f"{inner}/" if inner else ""
    holding = {name.rpartition("/")[0] for name in members if name.rpartition("/")[2] in wanted}
    holding = {
        name
        for name in holding
        if f"{name}/".startswith(start) and not name.startswith(APPLES) and "/." not in f"/{name.removeprefix(start)}"
    }
    folders = sorted(name for name in holding if not any(str(parent) in holding for parent in _parents(name)))
    if folders:
        chosen = choose(path, folders)
        return f"{chosen}/" if chosen else ""
    packed = [name for name in members if name.startswith(start) and name.lower().endswith(PACKED)]
    place = f"{path}/{inner}" if inner else f"{path}"
    if packed:
        raise BenchError(
            f"{place} holds no {next(iter(wanted))}, but {packed[0]}, which is packed itself.",
            "Unpack that, and name what is in it.",
        )
    raise BenchError(
        f"{place} holds no {next(iter(wanted))}, at its top or in a folder.", f"{needed} Unpack a set in another form."
    )


def _parents(name: str) -> list[str]:
    """The folders that hold a folder; "" is the top."""
    return ["" if path == PurePosixPath(".") else str(path) for path in PurePosixPath(name).parents] if name else []
