"""The maps of a set of a stored run as a script draws them: coordinates in 16 bits, and what can colour points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.report.page.columns import column
from bench.report.page.texts import NO_HEADS, Heads
from bench.report.table import inert
from bench.storage.run import Run
from bench.storage.schema import MAP

# Steps of a coordinate; groups that have a colour, the last for all others.
STEPS, COLOURS = 2**16 - 1, 8
# Characters of a document's head, fewer of each where there are many.
LONGEST_HEAD, SHORTEST_HEAD, CHARACTERS = 300, 40, 6_000_000
OTHER = "other"
DOCUMENT, QUERY = "document", "query"  # kinds of points


def map_table(run: Run, name: str) -> pa.Table:
    """A set's rows of map.parquet; none of a run without maps."""
    if MAP not in run.info.get("checksums", ()):
        return pa.table({"retriever": pa.array([], pa.string())})
    return pq.read_table(run.folder / MAP, filters=[("dataset", "=", name)])


def heads(table: pa.Table) -> Heads:
    """The documents of a set's maps, as they come there. table: of `map_table`."""
    if not len(table):
        return NO_HEADS
    documents = _of_first(table, DOCUMENT)
    characters = min(LONGEST_HEAD, max(SHORTEST_HEAD, CHARACTERS // max(len(documents), 1)))
    texts = [text[:characters] for text in documents["text"].to_pylist()]
    return Heads(documents["id"].to_pylist(), texts)


def map_data(run: Run, name: str, table: pa.Table, shown: Mapping[str, str], asked: Sequence[str]) -> dict[str, Any]:
    """The content of a data block: what the map shows beyond texts, which it names by their numbers.

    Args:
        run: Has the shares and the topics.
        name: Of the set.
        table: Of `map_table`; its documents are the first of the texts.
        shown: Label -> what it is shown as, of the retrievers in the order of their numbers.
        asked: Ids of the queries in the order of theirs.

    Returns:
        `documents`, how many; `queries`, the numbers of those that are drawn, null of all; `retrievers`: number,
        shares, and coordinates, documents first, columns x and y, with the size of a step; `groupings`: what
        can colour documents or queries, a column of codes; `without`: retrievers that have no map.
    """
    analyses = run.analysis["sets"].get(name, {})
    labels, numbers = pc.unique(table["retriever"]).to_pylist(), list(shown)
    documents, queries = _of_first(table, DOCUMENT), _of_first(table, QUERY)
    drawn = pc.index_in(queries["id"], pa.array(asked, pa.string())).to_pylist()
    return {
        "documents": len(documents),
        "queries": None if drawn == list(range(len(asked))) else drawn,
        "retrievers": [
            {"number": numbers.index(label), **analyses.get("maps", {}).get(label, {}), **_coordinates(table, label)}
            for label in labels
        ],
        "groupings": [
            *_topics(documents["topic"].to_pylist(), analyses.get("topics", [])),
            *_groupings("documents", _fields(documents)),
            *_groupings("queries", _fields(queries)),
        ],
        "without": [
            inert(shown.get(entry["label"], entry["label"]))
            for entry in run.info["retrievers"]
            if entry["label"] not in labels and entry["kind"] != "control"
        ],
    }


def _of_first(table: pa.Table, kind: str) -> pa.Table:
    """Its rows of a kind that hold texts, topics and fields: those of the set's first retriever."""
    return table.filter(pc.and_(pc.equal(table["retriever"], table["retriever"][0]), pc.equal(table["kind"], kind)))


def _fields(rows: pa.Table) -> list[dict[str, str]]:
    return [orjson.loads(text) for text in rows["fields"].to_pylist()]


def _coordinates(table: pa.Table, label: str) -> dict[str, Any]:
    """x and y as whole steps from the least of each, one size of step for both."""
    its = table.filter(pc.equal(table["retriever"], label))
    points = np.stack([its[axis].to_numpy().astype(np.float64) for axis in ("x", "y")])
    least = points.min(axis=1, keepdims=True)
    step = float((points - least).max()) / STEPS or 1.0
    x, y = np.round((points - least) / step)
    return {"x": column(x), "y": column(y), "step": step}


def _topics(topics: Sequence[int | None], names: Sequence[str]) -> Iterable[dict[str, Any]]:
    if names:
        codes = np.array([len(names) if topic is None else topic for topic in topics], dtype=np.uint8)
        yield {
            "of": "documents",
            "name": "topic",
            "groups": [inert(name) for name in (*names, OTHER)],
            "codes": column(codes),
        }


def _groupings(of: str, fields: Sequence[Mapping[str, str]]) -> Iterable[dict[str, Any]]:
    """One a field, the groups with most members first, and those beyond COLOURS with whoever has no value."""
    for name in dict.fromkeys(name for row in fields for name in row):
        counts = Counter(row[name] for row in fields if row.get(name))
        groups = [value for value, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))][:COLOURS]
        if len(counts) < 2 or counts[groups[0]] < 2:  # all alike, or all their own
            continue
        place = {value: code for code, value in enumerate(groups)}
        codes = np.array([place.get(row.get(name, ""), len(groups)) for row in fields], dtype=np.uint8)
        shown = [inert(group) for group in (*groups, OTHER)]
        yield {"of": of, "name": inert(name), "groups": shown, "codes": column(codes)}
