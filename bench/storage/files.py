"""Files that are whole or not there: temporary name, fsync, rename."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq


def slug(name: str) -> str:
    """A name as a safe file name: unchanged where it is one already, else cleaned and with a hash.

    Capitals are not safe: on Windows and macOS two names that differ in case alone would be one file.
    """
    clean = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:60]
    return (
        clean
        if clean == name == name.lower()
        else f"{clean}-{hashlib.sha256(name.encode()).hexdigest()[:8]}".lstrip("-")
    )


def write_atomic(path: Path, data: bytes) -> None:
    """All of the file or nothing: temporary name, fsync, rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def json_ready(value: Any) -> Any:
    """A value as JSON holds it: null for NaN and infinities, no numpy type; dataclasses as objects, less the fields
    whose metadata say `stored: False`.
    """
    options = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    return orjson.loads(orjson.dumps(value, default=_plain, option=options))


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        stored = (field for field in dataclasses.fields(value) if field.metadata.get("stored", True))
        return {field.name: getattr(value, field.name) for field in stored}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):  # a named one
        return list(value)
    raise TypeError


def write_json(path: Path, content: Any) -> None:
    """JSON as people read it; NaN never occurs in it."""
    write_atomic(path, (json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode())


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """CSV with shortest round-trip floats; NaN is an empty field."""
    lines: list[str] = []
    # A writer quotes only the line ends that its own consists of, so it ends its lines in both; files have one.
    writer = csv.writer(SimpleNamespace(write=lambda line: lines.append(line.removesuffix("\r\n") + "\n")))
    writer.writerow(header)
    writer.writerows([["" if value != value else value for value in row] for row in rows])
    write_atomic(path, "".join(lines).encode())


def write_parquet(path: Path, table: pa.Table) -> None:
    """Parquet, compressed; the same bytes for the same table and library."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    write_atomic(path, sink.getvalue().to_pybytes())


def array_bytes(save: Any, *arrays: Any, **named: Any) -> bytes:
    """The bytes that numpy's save or savez writes."""
    buffer = io.BytesIO()
    save(buffer, *arrays, **named)
    return buffer.getvalue()
