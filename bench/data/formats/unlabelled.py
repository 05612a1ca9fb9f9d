"""Documents without queries and judgements: to search them, not to measure on them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from bench.data.dataset import Card, Dataset
from bench.data.formats.options import Options


def unlabelled(name: str, documents: pa.Table, card: Card, options: Options) -> Dataset:
    """A Dataset of documents alone. documents: (id, text)."""
    options.only("documents alone", "columns")
    nothing = pa.array([], pa.large_string())
    queries = pa.table({"id": nothing, "text": nothing, "metadata": nothing})
    none = np.zeros(0, dtype=np.int64)
    ordered = documents.sort_by([("id", "descending")])
    return Dataset(name, ordered, queries, none, none, none, card, "documents alone")
