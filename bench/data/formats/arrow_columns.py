"""Arrow columns from rows, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

import pyarrow as pa

BATCH = 50_000
Row = TypeVar("Row")


def string_table(rows: Iterable[tuple[str, ...]], *names: str) -> pa.Table:
    """Rows of strings as a table with these columns; Python objects of a large corpus never stand all at once."""
    schema = pa.schema([(name, pa.large_string()) for name in names])
    return pa.Table.from_batches((_batch(part, schema) for part in parts(iter(rows))), schema)


def parts(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """The rows in lists of BATCH at most."""
    while part := list(islice(rows, BATCH)):
        yield part


def _batch(rows: list[tuple[str, ...]], schema: Any) -> Any:
    columns = [pa.array(column, pa.large_string()) for column in zip(*rows, strict=True)]
    return pa.record_batch(columns, schema=schema)
