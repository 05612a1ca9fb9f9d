"""Nested columns of queries.parquet as flat ones, and names as a page shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bench.report.page.addresses import LONGEST
from bench.report.table import head

Pair = tuple[int, str]  # a query's position, a document's id


def flat(queries: pa.Table, column: str) -> pa.Table:
    """The rows of a list column, each with the position of its "query"; none of a run of before it had the column."""
    if column not in queries.column_names:
        return pa.table({"query": pa.array([], pa.int64()), "document": pa.array([], pa.string())})
    lists = queries[column].combine_chunks()
    return pa.Table.from_struct_array(lists.flatten()).append_column("query", pc.list_parent_indices(lists))


def of_retriever(rows: pa.Table, name: str) -> pa.Table:
    """Those rows that are of one retriever."""
    return rows.filter(pc.equal(rows["retriever"], name))


def pairs(rows: pa.Table) -> list[Pair]:
    """Query and document of each row."""
    return list(zip(rows["query"].to_pylist(), rows["document"].to_pylist(), strict=True))


def ranks(rows: pa.Table, name: str) -> dict[Pair, int] | None:
    """The ranks that rows hold by a retriever, of those that it has among its hits; None where they hold no ranks."""
    if "ranks" not in rows.column_names:
        return None
    lists = rows["ranks"].combine_chunks()
    inner = pa.Table.from_struct_array(lists.flatten()).append_column("row", pc.list_parent_indices(lists))
    inner = of_retriever(inner, name)
    return dict(zip(pairs(rows.take(inner["row"])), inner["rank"].to_pylist(), strict=True))


def counts(rows: pa.Table, queries: int) -> NDArray[np.int64]:
    """[queries] How many rows each has; rows stand by query."""
    return np.bincount(rows["query"].to_numpy(), minlength=queries)


def distinct(names: Sequence[str]) -> list[str]:
    """Names as they are shown, with a number behind those that would be shown alike."""
    shown, seen = [], Counter[str]()
    for name in (head(name, LONGEST) for name in names):
        seen[name] += 1
        shown.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return shown
