"""Indexes that were built before, as arrays in files that are opened memory-mapped; keyed by what they were made of.

One file an index, in one folder: a header (JSON: of each array its type, shape and checksum) and the arrays' bytes.
A file is written whole under another name and then renamed, so that several processes may share the folder. All
checksums are verified on opening; what fails them is removed and counts as absent. Nothing is ever unpickled. A folder
that cannot be written (a full disk) is left alone: it saves time and never decides whether a run succeeds.

Which folder serves, if any, is a context variable: quality passes set it, timed builds never do.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import platform
import tempfile
import time
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrievers.base import INDEX_DAMAGED, INDEX_FROM_CACHE, INDEX_UNWRITABLE, record

DEFAULT_LIMIT_MB = 4096
SUFFIX = ".index"

# What a file begins with; the number is of this layout.
_MAGIC = b"bench index 1\n\0\0"
# Behind it: the header's length and checksum.
_FIXED, _DIGEST = 8 + 16, 16
# Where arrays begin, so that any type and vector instruction finds them aligned.
_ALIGNED = 64
# What a process that was killed left behind is removed after so long.
_LEFT_BEHIND_SECONDS = 24 * 3600


@dataclass(frozen=True)
class FolderInfo:
    """What a folder holds. megabytes: of its files."""

    path: Path
    indexes: int
    megabytes: float
    limit_mb: int


@dataclass(frozen=True)
class SavedIndex:
    """One file. about: what it is an index of, "" where it does not say; used: seconds since 1970, of the last use."""

    about: str
    megabytes: float
    used: float
    path: Path


class SavedIndexes:
    """Key -> the arrays of an index.

    folder: where the files lie. limit_mb: their bound; the least recently used indexes go first, and one that is
    larger alone is not saved. rebuild: none is opened, so that each is built and replaces what was saved.
    What is opened is told to the recorder as index_from_cache; trouble is counted in `damaged` (files) and
    `unwritable`, and told as index_damaged and index_unwritable.
    """

    def __init__(self, folder: Path, limit_mb: int = DEFAULT_LIMIT_MB, rebuild: bool = False) -> None:
        self.folder, self.limit_mb, self.rebuild = folder, limit_mb, rebuild
        self.damaged = self.unwritable = 0

    @classmethod
    def beside(cls, cache: Path, limit_mb: int = DEFAULT_LIMIT_MB, rebuild: bool = False) -> SavedIndexes:
        """The folder that belongs to an embedding cache.

        Args:
            cache: The cache's file.
            limit_mb: The folder's own bound.
            rebuild: Is none opened?
        """
        return cls(cache.with_suffix(".indexes"), limit_mb, rebuild)

    def load(self, key: bytes) -> dict[str, NDArray[np.generic]] | None:
        """The arrays that were saved under a key, read-only and memory-mapped; None where there are none.

        Args:
            key: What `content_key` gives.
        """
        if self.rebuild:
            return None
        path = self._path(key)
        try:
            with path.open("rb") as stream:
                arrays = _read(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ), key)
            with suppress(OSError):  # a folder that can only be read still serves
                os.utime(path)
        except FileNotFoundError:
            return None
        except OSError:
            self._cannot_serve()
            return None
        except (ValueError, TypeError, KeyError, AttributeError):  # whatever a damaged header makes of reading it
            self.damaged += 1
            record(INDEX_DAMAGED, self.damaged)
            with suppress(OSError):
                path.unlink()
            return None
        record(INDEX_FROM_CACHE, 1)
        return arrays

    def save(self, key: bytes, arrays: Mapping[str, NDArray[np.generic]], about: str = "") -> None:
        """Save the arrays of an index, all or none of them, in place of what stood under its key.

        Args:
            key: What `content_key` gives.
            arrays: Of any type but Python's objects.
            about: What it is an index of, for people.

        Raises:
            TypeError: For an array of Python's objects.
        """
        if named := [name for name, array in arrays.items() if array.dtype.hasobject]:
            raise TypeError(f"{', '.join(named)}: arrays of objects are not saved")
        if sum(array.nbytes for array in arrays.values()) > self.limit_mb * 2**20:
            return
        temporary = None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.folder, suffix=".tmp", delete=False) as stream:
                temporary = Path(stream.name)
                for data in _parts(key, arrays, about):
                    stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(self._path(key))
            self._evict()
        except OSError:
            self._cannot_serve()
        finally:
            if temporary is not None:
                with suppress(OSError):
                    temporary.unlink(missing_ok=True)

    def info(self) -> FolderInfo:
        """Count and size."""
        sizes = [size for _, size, _ in self._files()]
        return FolderInfo(self.folder, len(sizes), sum(sizes) / 2**20, self.limit_mb)

    def listed(self) -> list[SavedIndex]:
        """What is saved, the most recently used first; of a file that is damaged nothing is known but its size."""
        return [SavedIndex(_about(path), size / 2**20, used, path) for used, size, path in reversed(self._files())]

    def clear(self) -> None:
        """Remove all indexes, and the folder where nothing else lies in it."""
        for _, _, path in [*self._files(), *self._files(".tmp")]:
            path.unlink(missing_ok=True)
        with suppress(OSError):
            self.folder.rmdir()

    def _path(self, key: bytes) -> Path:
        return self.folder / f"{key.hex()}{SUFFIX}"

    def _cannot_serve(self) -> None:
        self.unwritable += 1
        record(INDEX_UNWRITABLE, self.unwritable)

    def _files(self, suffix: str = SUFFIX) -> list[tuple[float, int, Path]]:
        """(last use, bytes, path) of each, the least recently used first."""
        files = []
        for path in self.folder.glob(f"*{suffix}"):
            with suppress(OSError):  # another process was quicker
                status = path.stat()
                files.append((status.st_mtime, status.st_size, path))
        return sorted(files)

    def _evict(self) -> None:
        files = self._files()
        surplus = sum(size for _, size, _ in files) - self.limit_mb * 2**20
        for _, size, path in files:
            if surplus <= 0:
                break
            path.unlink(missing_ok=True)
            surplus -= size
        now = time.time()
        for used, _, path in self._files(".tmp"):
            if used < now - _LEFT_BEHIND_SECONDS:
                path.unlink(missing_ok=True)


def content_key(identity: object, texts: Iterable[str]) -> bytes:
    """The key of an index: a digest of all that decides it.

    Args:
        identity: What JSON can hold: which index, its parameters, the versions of the code that decides.
        texts: The documents, in their order.

    Returns:
        32 bytes.
    """
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode())
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(b"%d\n" % len(data))  # else the boundary of two texts could move
        digest.update(data)
    return digest.digest()


def versions(modules: Iterable[ModuleType], packages: Iterable[str]) -> dict[str, str]:
    """What an index is of beside its parameters: for `content_key`.

    Args:
        modules: Whose code decides: any change of it makes other indexes.
        packages: Whose versions decide.
    """
    code = hashlib.sha256(b"".join(Path(str(module.__file__)).read_bytes() for module in modules)).hexdigest()
    installed = {package: metadata.version(package) for package in packages}
    return {"code": code, "python": platform.python_version(), "unicode": unicodedata.unidata_version, **installed}


# --- the file ---


def _parts(key: bytes, arrays: Mapping[str, NDArray[np.generic]], about: str) -> Iterator[bytes | memoryview]:
    """The bytes of a file, in order."""
    whole = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    described = {
        name: {"type": array.dtype.str, "shape": array.shape, "checksum": _checksum(array).hex()}
        for name, array in whole.items()
    }
    # With its key: a file that came to stand under another key is as wrong as a flipped bit.
    header = json.dumps({"key": key.hex(), "about": about, "arrays": described}).encode()
    yield _MAGIC + len(header).to_bytes(8, "little") + _checksum(header) + header
    yield bytes(_padding(len(_MAGIC) + _FIXED + len(header)))
    for array in whole.values():
        yield _bytes(array)
        yield bytes(_padding(array.nbytes))


def _about(path: Path) -> str:
    """What a file says that it is of, "" where it does not."""
    try:
        with path.open("rb") as stream:
            content, _ = _header(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
        return str(content.get("about", ""))
    except (OSError, ValueError, AttributeError):
        return ""


def _header(data: mmap.mmap) -> tuple[Any, int]:
    """The header of a file, and where its arrays begin. Raises ValueError where it is not whole."""
    if data[: len(_MAGIC)] != _MAGIC:
        raise ValueError("of another kind")
    position = len(_MAGIC) + _FIXED
    size = int.from_bytes(data[len(_MAGIC) : len(_MAGIC) + 8], "little")
    header = data[position : position + size]
    if _checksum(header) != data[position - _DIGEST : position]:
        raise ValueError("damaged header")
    return json.loads(header), position + size + _padding(position + size)


def _read(data: mmap.mmap, key: bytes) -> dict[str, NDArray[np.generic]]:
    """The arrays of a file. Raises ValueError, TypeError, KeyError or AttributeError where it is not whole."""
    content, position = _header(data)
    if content["key"] != key.hex():
        raise ValueError("of another key")
    arrays = {}
    for name, described in content["arrays"].items():
        dtype, shape = np.dtype(described["type"]), tuple(described["shape"])
        count = int(np.prod(shape, dtype=np.int64))
        array = np.frombuffer(data, dtype, count, position) if count else np.zeros(0, dtype)
        if _checksum(array).hex() != described["checksum"]:
            raise ValueError("damaged array")
        arrays[name] = array.reshape(shape)
        position += array.nbytes + _padding(array.nbytes)
    if position != len(data):
        raise ValueError("of another length")
    return arrays


def _padding(size: int) -> int:
    return -size % _ALIGNED


def _checksum(data: bytes | NDArray[np.generic]) -> bytes:
    return hashlib.blake2b(data if isinstance(data, bytes) else _bytes(data), digest_size=_DIGEST).digest()


def _bytes(array: NDArray[np.generic]) -> memoryview:
    """Those of an array in C order, which are not copied."""
    return array.reshape(-1).view(np.uint8).data


_current: ContextVar[SavedIndexes | None] = ContextVar("saved_indexes", default=None)


@contextmanager
def saving(indexes: SavedIndexes | None) -> Iterator[None]:
    """Let retrievers open and save their indexes in `indexes` within this block.

    Args:
        indexes: The folder that serves; None: none does.
    """
    token = _current.set(indexes)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> SavedIndexes | None:
    """The folder that serves here, None where none does."""
    return _current.get()
