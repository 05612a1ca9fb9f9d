"""Vectors that were computed before, keyed by content: what encoded them, and the text.

One SQLite file in WAL mode, safe for several processes at once. Every vector carries a checksum that is verified
on reading; a damaged one counts as absent, a damaged file is set aside and begun anew. A cache that cannot be
written (a full disk) is left alone: it saves time and never decides whether a run succeeds. Only a file that is none,
where BENCH_CACHE names one by mistake, is an error: it is somebody's own, and not to be moved.

Which cache serves, if any, is a context variable: quality passes set it, timed searches never do.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from retrievers.base import CACHE_DAMAGED, CACHE_REBUILT, CACHE_UNWRITABLE, RetrieverError, record

DEFAULT_LIMIT_MB = 4096
# The time of last use is brought up to date at most so often, so that reading seldom writes.
TOUCH_SECONDS = 3600
# Eviction goes below the limit by this share, so that it is seldom.
EVICT_TO = 0.9
_LOOK_UP = 500
# How long another process that holds the file is waited for, and SQLite's codes for that.
BUSY_SECONDS = 60
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)

# Said of a file that was begun anew.
SET_ASIDE = "it was damaged or of another version, and was set aside (.damaged)"

# What an SQLite file begins with.
_MAGIC = b"SQLite format 3\0"
_COLUMNS = ["encoder", "text", "used", "checksum", "vector"]
_SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (
  encoder BLOB NOT NULL, text BLOB NOT NULL, used INTEGER NOT NULL, checksum BLOB NOT NULL, vector BLOB NOT NULL,
  PRIMARY KEY (encoder, text)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS vectors_used ON vectors (used);
"""

Result = TypeVar("Result")


@dataclass(frozen=True)
class Info:
    """What a cache holds. megabytes: of the file on disk."""

    path: Path
    vectors: int
    encoders: int
    megabytes: float
    limit_mb: int


class VectorCache:
    """Encoder key and text -> float32 vector.

    path: the file. limit_mb: its bound; the least recently used vectors go first. rebuild: what was stored before
    counts as absent, and is replaced by what is put here; only that is given back.
    Trouble is counted in `rebuilt` (the file was damaged), `damaged` (vectors) and `unwritable`, and told to the
    recorder as cache_rebuilt, cache_damaged and cache_unwritable.
    """

    def __init__(self, path: Path, limit_mb: int = DEFAULT_LIMIT_MB, rebuild: bool = False) -> None:
        self.path, self.limit_mb, self.rebuild = path, limit_mb, rebuild
        self._put: set[tuple[bytes, bytes]] = set()  # (encoder, key of a text); only where it rebuilds
        self.rebuilt = self.damaged = self.unwritable = 0
        self._connection: sqlite3.Connection | None = None
        # One connection has one transaction at a time, and parts that are searched side by side share it.
        self._lock = threading.Lock()

    def get(self, encoder: bytes, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The vectors that are there, by text."""
        return self._guarded(lambda connection: self._read(connection, encoder, texts), default={})

    def put(self, encoder: bytes, vectors: dict[str, NDArray[np.float32]]) -> None:
        """Store vectors, all or none of them."""
        self._guarded(lambda connection: self._write(connection, encoder, vectors), default=None)

    def info(self) -> Info:
        """Counts and size."""

        def look(connection: sqlite3.Connection) -> Info:
            vectors, encoders = connection.execute("SELECT COUNT(*), COUNT(DISTINCT encoder) FROM vectors").fetchone()
            return Info(self.path, vectors, encoders, self._size() / 2**20, self.limit_mb)

        return self._guarded(look, default=Info(self.path, 0, 0, 0.0, self.limit_mb))

    def clear(self) -> None:
        """Remove the file and all vectors in it."""
        self.close()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file; a later use opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # --- the file ---

    def _guarded(self, work: Callable[[sqlite3.Connection], Result], default: Result) -> Result:
        """Do `work`, one thread at a time; begin a damaged file anew once; give `default` where it cannot serve."""
        with self._lock:
            return self._tried(work, default)

    def _tried(self, work: Callable[[sqlite3.Connection], Result], default: Result) -> Result:
        for attempt in (1, 2):
            try:
                return work(self._open())
            except sqlite3.OperationalError:  # locked for long, disk full, read-only, no folder: not damage
                break
            except sqlite3.DatabaseError:
                if attempt == 2 or not self._set_aside():
                    break
            except OSError:
                break
        self.unwritable += 1
        record(CACHE_UNWRITABLE, self.unwritable)
        return default

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = self._connect_in_time()
        return self._connection

    def _connect_in_time(self) -> sqlite3.Connection:
        # SQLite itself does not wait where two processes turn a fresh file to WAL at once.
        end = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                return self._connect()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in _BUSY or time.monotonic() > end:
                    raise
                time.sleep(0.01)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            columns = [name for _, name, *_ in connection.execute("PRAGMA table_info(vectors)")]
            if columns not in ([], _COLUMNS):  # of another version of this code
                raise sqlite3.DatabaseError(f"its columns are {', '.join(columns)}")
            connection.executescript(_SCHEMA)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _set_aside(self) -> bool:
        """Make room for a new file. False where this folder cannot be written; RetrieverError for a file of others."""
        self.close()
        kept = next(path for number in count(1) if not (path := _damaged(self.path, number)).exists())
        try:
            if not self._was_a_cache():
                raise RetrieverError(f"{self.path} is no embedding cache.", "Set BENCH_CACHE to another file.")
            for suffix in ("-wal", "-shm"):
                Path(f"{self.path}{suffix}").unlink(missing_ok=True)
            self.path.rename(kept)
        except FileNotFoundError:  # another process was quicker
            pass
        except OSError:
            return False
        self.rebuilt += 1
        record(CACHE_REBUILT, self.rebuilt)
        return True

    def _was_a_cache(self) -> bool:
        with self.path.open("rb") as stream:
            return stream.read(len(_MAGIC)) in (_MAGIC, b"") or self.path == _usual_path()

    def _size(self) -> int:
        return sum(path.stat().st_size for suffix in ("", "-wal") if (path := Path(f"{self.path}{suffix}")).exists())

    # --- rows ---

    def _read(
        self, connection: sqlite3.Connection, encoder: bytes, texts: Sequence[str]
    ) -> dict[str, NDArray[np.float32]]:
        by_key = {text_key(text): text for text in texts}
        if self.rebuild:
            by_key = {key: text for key, text in by_key.items() if (encoder, key) in self._put}
        keys, now = list(by_key), _now()
        vectors: dict[str, NDArray[np.float32]] = {}
        stale: list[tuple[int, bytes, bytes]] = []
        for start in range(0, len(keys), _LOOK_UP):
            part = keys[start : start + _LOOK_UP]
            marks = ",".join("?" * len(part))
            rows = connection.execute(
                f"SELECT text, used, checksum, vector FROM vectors WHERE encoder = ? AND text IN ({marks})",  # noqa: S608
                [encoder, *part],
            )
            for key, used, checksum, vector in rows:
                if _checksum(encoder, key, vector) != checksum or len(vector) % 4:
                    self.damaged += 1
                    record(CACHE_DAMAGED, self.damaged)
                    continue
                vectors[by_key[key]] = np.frombuffer(vector, dtype="<f4")
                if used < now - TOUCH_SECONDS:
                    stale.append((now, encoder, key))
        if stale:
            self._touch(connection, stale)
        return vectors

    @staticmethod
    def _touch(connection: sqlite3.Connection, rows: list[tuple[int, bytes, bytes]]) -> None:
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("UPDATE vectors SET used = ? WHERE encoder = ? AND text = ?", rows)
            connection.execute("COMMIT")
        except sqlite3.OperationalError:  # a cache that can only be read still serves
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _write(self, connection: sqlite3.Connection, encoder: bytes, vectors: dict[str, NDArray[np.float32]]) -> None:
        now, rows = _now(), []
        for text, vector in vectors.items():
            key, data = text_key(text), np.ascontiguousarray(vector, dtype="<f4").tobytes()
            rows.append((encoder, key, now, _checksum(encoder, key, data), data))
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?, ?)", rows)
            connection.execute("COMMIT")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        if self.rebuild:
            self._put.update((encoder, key) for _, key, *_ in rows)
        self._evict(connection)

    def _evict(self, connection: sqlite3.Connection) -> None:
        limit = self.limit_mb * 2**20
        used = self._pages(connection)
        if used <= limit:
            return
        (count,) = connection.execute("SELECT COUNT(*) FROM vectors").fetchone()
        surplus = max(1, round(count * (1 - EVICT_TO * limit / used)))
        connection.execute(
            "DELETE FROM vectors WHERE (encoder, text) IN (SELECT encoder, text FROM vectors ORDER BY used LIMIT ?)",
            [surplus],
        )
        connection.execute("PRAGMA incremental_vacuum").fetchall()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @staticmethod
    def _pages(connection: sqlite3.Connection) -> int:
        pages, free, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)


def text_key(text: str) -> bytes:
    """sha256 of a text. Lone surrogates, which UTF-8 cannot hold, have a key of their own."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _damaged(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.damaged{f'-{number}' if number > 1 else ''}")


def _checksum(encoder: bytes, key: bytes, vector: bytes) -> bytes:
    # Over the keys too: a row that came to stand under another key is as wrong as a flipped bit.
    return hashlib.blake2b(encoder + key + vector, digest_size=8).digest()


def _now() -> int:
    """Seconds by the calendar, since the order of use must hold over processes and reboots."""
    return int(datetime.now(UTC).timestamp())


def default_path() -> Path:
    """BENCH_CACHE, else `bench/vectors.sqlite` in the user's cache folder."""
    chosen = os.environ.get("BENCH_CACHE")
    return Path(os.path.expanduser(chosen)) if chosen else _usual_path()  # noqa: PTH111 - Path's raises without a home


def _usual_path() -> Path:
    home = Path(os.path.expanduser("~"))  # noqa: PTH111
    if not home.is_absolute():  # a container's user that has none
        home = Path(tempfile.gettempdir()) / f"home-{os.getuid()}"
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home)
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "bench" / "vectors.sqlite"


_current: ContextVar[VectorCache | None] = ContextVar("vector_cache", default=None)


@contextmanager
def caching(cache: VectorCache | None) -> Iterator[None]:
    """Let encoders use `cache` within this block."""
    token = _current.set(cache)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> VectorCache | None:
    """The cache that serves here, None where none does."""
    return _current.get()
