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

from bench.data.dataset import group_codes
from bench.evaluation.units import TIE, Groups
from bench.regression.gates import ALL
from bench.regression.result import CellPair, RankedHit
from bench.storage.cell import Cell
from bench.storage.run import Run

TOP = 10


class Queries:
    """The queries of one set in one run, in the run's order.

    table, values: the set's part of queries.parquet and of per_query.parquet.
    """

    def __init__(self, run: Run, dataset: str, table: pa.Table, values: pa.Table) -> None:
        self.run, self.dataset = run, dataset
        self.table, self._values = table, values

    @classmethod
    def of(cls, run: Run) -> dict[str, Queries]:
        """Set -> its queries."""
        tables = [pq.read_table(run.folder / name) for name in ("queries.parquet", "per_query.parquet")]
        names = [dataset["name"] for dataset in run.datasets]
        return {
            name: cls(run, name, *(table.filter(pc.equal(table["dataset"], name)) for table in tables))
            for name in names
        }

    @cached_property
    def card(self) -> dict[str, Any]:
        """What the run says of the set."""
        return next(dataset for dataset in self.run.datasets if dataset["name"] == self.dataset)

    @cached_property
    def ids(self) -> list[str]:
        ids: list[str] = self.table["query"].to_pylist()
        return ids

    @cached_property
    def texts(self) -> list[str]:
        texts: list[str] = self.table["text"].to_pylist()
        return texts

    @cached_property
    def answerable(self) -> NDArray[np.bool_]:
        return np.array(self.table["answerable"].to_pylist(), dtype=bool)

    @cached_property
    def relevant(self) -> list[tuple[str, ...]]:
        return [tuple(document["document"] for document in row) for row in self.table["relevant"].to_pylist()]

    @cached_property
    def _metadata(self) -> list[dict[str, Any]]:
        rows = [json.loads(text) if text else {} for text in self.table["metadata"].to_pylist()]
        return [row if isinstance(row, dict) else {} for row in rows]

    def field(self, name: str) -> list[str]:
        """A metadata field of each query as text, empty where it is absent or no scalar."""
        values = [row.get(name) for row in self._metadata]
        return ["" if value is None or isinstance(value, list | dict) else str(value) for value in values]

    def mask(self, where: str) -> NDArray[np.bool_]:
        """[queries]: the answerable ones of a slice, "all" or "field=value"."""
        if where == ALL:
            return self.answerable
        name, _, value = where.partition("=")
        mask: NDArray[np.bool_] = self.answerable & np.array([text == value for text in self.field(name)], dtype=bool)
        return mask

    @cached_property
    def groups(self) -> Groups:
        """What varies together, None where the set names no groups."""
        name = self.card["group"]
        return group_codes(self.field(name)) if name else None

    def values(self, retriever: str) -> dict[str, NDArray[np.float64]]:
        """measure -> values, float64 [queries]."""
        table = self._values.filter(pc.equal(self._values["retriever"], retriever))
        order = pc.index_in(pa.array(self.ids), table["query"].combine_chunks())
        names = [name for name in table.column_names if name in self.run.info["measures"]]
        return {name: table[name].take(order).to_numpy().astype(np.float64) for name in names}

    @cached_property
    def _top(self) -> dict[str, pa.Table]:
        """retriever -> its hits down to TOP: "query" (position), "rank", "document", "grade", "text"."""
        lists = self.table["hits"].combine_chunks()
        hits = pa.Table.from_struct_array(lists.flatten()).append_column("query", pc.list_parent_indices(lists))
        hits = hits.filter(pc.less_equal(hits["rank"], TOP))
        return {label: hits.filter(pc.equal(hits["retriever"], label)) for label in self.run.retrievers}

    def solved(self, retriever: str) -> NDArray[np.bool_]:
        """[queries]: is a relevant document among the top TOP?"""
        top = self._top[retriever]
        solved = np.zeros(len(self.ids), dtype=bool)
        solved[top.filter(pc.greater(top["grade"], 0))["query"].to_numpy()] = True
        return solved

    def hits(self, retriever: str, query: int) -> tuple[RankedHit, ...]:
        """The shown hits of the query at a position, best first."""
        top = self._top[retriever]
        first, end = np.searchsorted(top["query"].to_numpy(), [query, query + 1]).tolist()
        rows = top.slice(first, end - first).to_pylist()
        return tuple(RankedHit(row["rank"], row["document"], row["grade"], row["text"]) for row in rows)

    def same_top(self, retriever: str, other: Queries, theirs: str) -> bool:
        """Are the top TOP documents the same, in the same order, on every query?"""
        columns = ["query", "document"]
        alike: bool = self._top[retriever].select(columns).equals(other._top[theirs].select(columns))
        return alike

    def moved(self, retriever: str, other: Queries, theirs: str) -> NDArray[np.bool_]:
        """[queries]: does a value of a measure of both differ, or the top TOP documents or their order?"""
        one, two = self._top_documents(retriever), other._top_documents(theirs)
        moved = np.array([mine != its for mine, its in zip(one, two, strict=True)], dtype=bool)
        old, new = self.values(retriever), other.values(theirs)
        for measure in old.keys() & new.keys():
            moved |= np.abs(new[measure] - old[measure]) > TIE
        return moved

    def _top_documents(self, retriever: str) -> list[list[str]]:
        top = self._top[retriever]
        documents: list[list[str]] = [[] for _ in self.ids]
        for query, document in zip(top["query"].to_pylist(), top["document"].to_pylist(), strict=True):
            documents[query].append(document)
        return documents

    def cell(self, retriever: str) -> Cell | None:
        """The cell with the whole ranking, None where the run is reduced. Raises BenchError for a damaged one."""
        return None if self.run.info.get("reduced") else self.run.cell(self.dataset, retriever)


def sameness(base: Queries, head: Queries, cell: CellPair) -> tuple[str, int]:
    """How far down the rankings agree: in words, and to which rank (0: they differ)."""
    before, after = base.cell(cell.base_retriever), head.cell(cell.retriever)
    if before is None or after is None:
        alike = base.same_top(cell.base_retriever, head, cell.retriever)
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
