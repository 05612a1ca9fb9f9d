"""Rows of Parquet and Arrow files (IPC files and streams, Feather 2), some at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bench.errors import BenchError

ARROW = (".parquet", ".arrow", ".feather", ".ipc")
ROWS = 10_000
MEND = "Write it anew. If it was fetched from the hub: remove it, so that it is fetched again."


def arrow_tables(folder: Path) -> list[Path]:
    """The Parquet and Arrow files of a folder and of its folder data, which is where fetched ones lie."""
    return sorted(path for place in (folder, folder / "data") for path in place.glob("*") if path.suffix in ARROW)


def arrow_records(
    path: Path, needed: str, wanted: Callable[[str], bool] = lambda name: True
) -> Iterator[tuple[str, dict[str, Any]]]:
    """("file, row 3", record) of the columns that are `wanted`, less pictures, vectors and other bytes.

    A date or a decimal number is text, NaN is null. Raises BenchError where the file cannot be read to its end.
    """
    if not path.is_file():
        raise BenchError(f"There is no {path}.", needed)
    number = 0
    try:
        for batch in _batches(path, wanted):
            for record in _as_text(batch).to_pylist():
                number += 1
                yield f"{path}, row {number}", record
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise BenchError(f"{path} cannot be read: {reason}.", MEND) from None


def _batches(path: Path, wanted: Callable[[str], bool]) -> Iterator[pa.RecordBatch]:
    if path.suffix.lower() == ".parquet":
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(ROWS, columns=_columns(file.schema_arrow, wanted))
        return
    with pa.memory_map(str(path)) as source:
        try:
            file = pa.ipc.open_file(source)
        except pa.ArrowInvalid:  # Hugging Face's datasets writes streams
            source.seek(0)
            stream = pa.ipc.open_stream(source)
            columns = _columns(stream.schema, wanted)
            yield from (part for batch in stream for part in _parts(batch.select(columns)))
        else:
            columns = _columns(file.schema, wanted)
            for position in range(file.num_record_batches):
                yield from _parts(file.get_batch(position).select(columns))


def arrow_columns(path: Path) -> list[str]:
    """The names of all columns of a file that can be read."""
    if path.suffix.lower() == ".parquet":
        import pyarrow.parquet as pq

        return list(pq.read_schema(path).names)
    with pa.memory_map(str(path)) as source:
        try:
            return list(pa.ipc.open_file(source).schema.names)
        except pa.ArrowInvalid:
            source.seek(0)
            return list(pa.ipc.open_stream(source).schema.names)


def _parts(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    batch.validate(full=True)  # Arrow trusts the offsets in a file, so that a damaged one would lead anywhere
    for start in range(0, len(batch), ROWS):
        yield batch.slice(start, ROWS)


def _columns(schema: pa.Schema, wanted: Callable[[str], bool]) -> list[str]:
    return [field.name for field in schema if wanted(field.name) and _holds_values(field.type)]


def _holds_values(kind: pa.DataType) -> bool:
    """Is it made of texts, numbers, truth values and times alone, and no vector?"""
    types = pa.types
    if types.is_struct(kind):
        return all(_holds_values(field.type) for field in kind)
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _holds_values(kind.value_type) and not types.is_floating(kind.value_type)
    if types.is_dictionary(kind):
        return _holds_values(kind.value_type)
    simple = (types.is_string, types.is_large_string, types.is_integer, types.is_floating, types.is_boolean)
    others = (types.is_null, types.is_temporal, types.is_decimal, types.is_string_view)
    return any(is_one(kind) for is_one in (*simple, *others))


def _as_text(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Times and decimal numbers as text, and null for NaN, since JSON has none of them."""
    for position, field in enumerate(batch.schema):
        if pa.types.is_floating(field.type):
            column = batch.column(position)
            batch = batch.set_column(position, field.name, pc.if_else(pc.is_nan(column), None, column))
        if pa.types.is_temporal(field.type) or pa.types.is_decimal(field.type):
            batch = batch.set_column(position, field.name, pc.cast(batch.column(position), pa.string()))
    return batch
