"""What a run stores of its queries: values, groups, slices, shown hits; the same from a whole run and a reduced one."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.gates import ALL
from bench.regression.result import Hit, Pair
from bench.statistics import TIE, Groups, group_codes
from bench.store import Cell, Run, cell_folder, finished_cell

TOP = 10


class Queries:
    """The queries of one set in one run, in the run's order."""

    def __init__(self, run: Run, dataset: str) -> None:
        self.run, self.dataset = run, dataset

    @cached_property
    def table(self) -> pa.Table:
        return pq.read_table(self.run.folder / "queries.parquet", filters=[("dataset", "=", self.dataset)])

    @cached_property
    def ids(self) -> list[str]:
        found: list[str] = self.table["query"].to_pylist()
        return found

    @cached_property
    def texts(self) -> list[str]:
        found: list[str] = self.table["text"].to_pylist()
        return found

    @cached_property
    def answerable(self) -> NDArray[np.bool_]:
        return np.array(self.table["answerable"].to_pylist(), dtype=bool)

    @cached_property
    def relevant(self) -> list[tuple[str, ...]]:
        return [tuple(each["document"] for each in row) for row in self.table["relevant"].to_pylist()]

    @cached_property
    def _metadata(self) -> list[dict[str, Any]]:
        found = [json.loads(text) if text else {} for text in self.table["metadata"].to_pylist()]
        return [each if isinstance(each, dict) else {} for each in found]

    def field(self, name: str) -> list[str]:
        """A metadata field of each query as text, empty where it is absent or no scalar."""
        values = [each.get(name) for each in self._metadata]
        return ["" if value is None or isinstance(value, list | dict) else str(value) for value in values]

    def mask(self, where: str) -> NDArray[np.bool_]:
        """[queries]: the answerable ones of a slice, "all" or "field=value"."""
        if where == ALL:
            return self.answerable
        name, _, value = where.partition("=")
        found: NDArray[np.bool_] = self.answerable & np.array([each == value for each in self.field(name)], dtype=bool)
        return found

    @cached_property
    def groups(self) -> Groups:
        """What varies together, None where the set names no groups."""
        name = next(each["group"] for each in self.run.datasets if each["name"] == self.dataset)
        return group_codes(self.field(name)) if name else None

    def values(self, retriever: str) -> dict[str, NDArray[np.float64]]:
        """measure -> values, float64 [queries]."""
        table = pq.read_table(
            self.run.folder / "per_query.parquet",
            filters=[("dataset", "=", self.dataset), ("retriever", "=", retriever)],
        )
        order = pc.index_in(pa.array(self.ids), table["query"].combine_chunks())
        names = [name for name in table.column_names if name in self.run.info["measures"]]
        return {name: table[name].take(order).to_numpy().astype(np.float64) for name in names}

    @cached_property
    def _shown(self) -> list[list[dict[str, Any]]]:
        found: list[list[dict[str, Any]]] = self.table["hits"].to_pylist()
        return found

    def hits(self, retriever: str) -> list[tuple[Hit, ...]]:
        """The shown hits of each query, best first."""
        return [
            tuple(
                Hit(each["rank"], each["document"], each["grade"], each["text"])
                for each in row
                if each["retriever"] == retriever and each["rank"] <= TOP
            )
            for row in self._shown
        ]

    def cell(self, retriever: str) -> Cell | None:
        """The cell with the whole ranking, None where the run is reduced. Raises BenchError for a damaged one."""
        signature = next(each["signature"] for each in self.run.info["retrievers"] if each["label"] == retriever)
        folder = cell_folder(self.run.folder, self.dataset, retriever, signature)
        if self.run.info.get("reduced") or not folder.is_dir():
            return None
        found = finished_cell(folder)
        if found is None:
            raise BenchError(
                f"{folder} is damaged: a file is gone or does not have its checksum.",
                f"Make it again: python -m bench run --resume --name {self.run.folder.name}",
            )
        return found


def sameness(base: Queries, head: Queries, each: Pair) -> tuple[str, int]:
    """How far down the rankings agree: in words, and to which rank (0: they differ)."""
    before, after = base.cell(each.base_retriever), head.cell(each.retriever)
    if before is None or after is None:
        shown = zip(base.hits(each.base_retriever), head.hits(each.retriever), strict=True)
        alike = all([hit.document for hit in a] == [hit.document for hit in b] for a, b in shown)
        return (f"identical in the top {TOP}", TOP) if alike else ("", 0)
    one, other = before.ranking, after.ranking
    depth = min(one.documents.shape[1], other.documents.shape[1])
    if not np.array_equal(one.documents[:, :depth], other.documents[:, :depth]):
        return "", 0
    if one.documents.shape != other.documents.shape:
        return f"identical in the top {depth}", depth
    # Scores of another machine may differ in their last bit; measures see the order alone.
    return ("identical" if np.array_equal(one.scores, other.scores) else "same order"), 10**9


def unchanged(differences: NDArray[np.float64]) -> bool:
    """No query's value moved, but for the order of summing."""
    return bool(np.all(np.abs(differences) <= TIE))
