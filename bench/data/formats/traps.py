"""Pairs of a query and a document that is wrong for it: judged so, or from a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.data.dataset import Dataset
from bench.data.formats.ids import UnknownIds
from bench.data.formats.lines import decoded, lines
from bench.errors import BenchError

HEADER = ("query-id", "corpus-id")
_HINT = "Each line is a query's id, a tab, and the id of a document that is wrong for it."


@dataclass(frozen=True)
class Traps:
    """Pairs of a query and a wrong document for it, int64 positions [pairs]."""

    query: NDArray[np.int64]
    document: NDArray[np.int64]


def judged_traps(dataset: Dataset) -> Traps:
    """Documents judged not relevant (grade 0 or below) of the queries that have a relevant one."""
    chosen = (dataset.grade <= 0) & dataset.answerable[dataset.judged_query]
    return Traps(dataset.judged_query[chosen], dataset.judged_document[chosen])


def read_traps(path: Path, dataset: Dataset) -> Traps:
    """Pairs from a tab-separated file: query id, document id, further columns ignored, a header line if there is one.

    Lines of queries outside of a sample are passed over. Raises BenchError, naming the line, for ids that the set
    does not have, a document that is relevant to the query, and a pair that stands there twice.
    """
    queries = {name: position for position, name in enumerate(dataset.query_ids)}
    documents = {name: position for position, name in enumerate(dataset.documents["id"].to_pylist())}
    pairs: dict[tuple[int, int], None] = {}
    unknown = UnknownIds({"query": queries, "document": documents})
    for number, line in lines(path, _HINT):
        where = f"{path}:{number}"
        fields = decoded(line, where).split("\t")
        if number == 1 and tuple(fields[:2]) == HEADER:
            continue
        if len(fields) < 2:
            raise BenchError(f"{where}: there is no tab.", _HINT)
        sampled_out = fields[0] in dataset.outside
        for kind, name, known in (("query", fields[0], queries), ("document", fields[1], documents)):
            if name not in known and not (sampled_out and kind == "query"):
                unknown.add(kind, name, where)
        if sampled_out or unknown:
            continue
        pair = queries[fields[0]], documents[fields[1]]
        if dataset.judgements[pair[0]].get(pair[1], 0) > 0:
            raise BenchError(f"{where}: {fields[1]!r} is judged relevant to {fields[0]!r}.", "Remove the line.")
        if pair in pairs:
            raise BenchError(f"{where}: this pair stands there twice.", "Remove the line.")
        pairs[pair] = None
    if unknown:
        raise unknown.error(path, f" in {dataset.name}")
    table = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
    return Traps(table[:, 0], table[:, 1])
