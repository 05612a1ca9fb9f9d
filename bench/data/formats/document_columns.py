"""Documents with what is known of each beside its text, as columns that a retriever may read by their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain, islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bench.data.dataset import TEXT, TITLE
from bench.data.formats.arrow_columns import parts

METADATA = "metadata"
TAKEN = frozenset(("id", TEXT, TITLE))
PLAIN = (str, int, float)
MOST_COLUMNS = 64  # of a set; public ones may have a key of their own in each document


def columns_of(title: str, *fields: Mapping[str, Any]) -> dict[str, str]:
    """What one document has in columns.

    title: what its text begins with, as `title + " " + text`. fields: whatever else is known of it: texts, numbers and
    switches become strings, and what is empty or nested is left out. A title there is no part of the text, and so
    called metadata.title.
    """
    title = title.strip()
    columns = {TITLE: title} if title else {}
    for its in fields:
        for name, value in its.items():
            if value != "" and isinstance(value, PLAIN):
                columns[f"{METADATA}.{name}" if name in TAKEN else name] = str(value)
    return columns


def without(fields: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The fields but for those of these names."""
    return {name: value for name, value in fields.items() if name not in names}


def document_table(rows: Iterable[tuple[str, str, Mapping[str, str]]]) -> pa.Table:
    """(id, text, columns of it) of each document as a table (id, text, every column); "" where a document has none.

    Of more than MOST_COLUMNS the first are kept.
    """
    strings = pa.large_string()
    names: dict[str, None] = {}
    tables = [pa.table({"id": pa.array([], strings), TEXT: pa.array([], strings)})]
    for part in parts(iter(rows)):
        ids, texts, known = zip(*part, strict=True)
        names |= dict.fromkeys(chain.from_iterable(known))
        values = {name: [its.get(name) for its in known] for name in islice(names, MOST_COLUMNS)}
        columns = {"id": ids, TEXT: texts, **values}
        tables.append(pa.table({name: pa.array(column, strings) for name, column in columns.items()}))
    table = pa.concat_tables(tables, promote_options="default")
    filled = [pc.fill_null(column, "") if column.null_count else column for column in table.columns]
    return pa.table(filled, table.column_names)
