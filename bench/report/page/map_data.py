"""The maps of a stored run as a script draws them: a block a set, coordinates in 16 bits, ids and texts once."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from markupsafe import Markup
from numpy.typing import NDArray

from bench.report.page.data_block import data_block
from bench.report.table import inert
from bench.storage.run import Run
from bench.storage.schema import MAP

# Steps of a coordinate; hits of a query that are drawn; groups that have a colour, the last for all others.
STEPS, HITS, COLOURS = 2**16 - 1, 10, 8
# Characters of a text, fewer of each where there are many.
LONGEST_TEXT, SHORTEST_TEXT, CHARACTERS = 90, 40, 4_000_000
OTHER = "other"


def map_blocks(run: Run) -> list[Markup]:
    """Data blocks: `map` says what sets there are, `map-0`, `map-1`, … are these. None of a run without maps."""
    if MAP not in run.info.get("checksums", ()):
        return []
    table = pq.read_table(run.folder / MAP)
    names = [dataset["name"] for dataset in run.datasets]
    drawn = [name for name in names if name in set(pc.unique(table["dataset"]).to_pylist())]
    blocks = [data_block("map", {"sets": [inert(name) for name in drawn]})] if drawn else []
    for place, name in enumerate(drawn):
        blocks.append(data_block(f"map-{place}", of_set(run, name, table.filter(pc.equal(table["dataset"], name)))))
    return blocks


def of_set(run: Run, name: str, table: pa.Table) -> dict[str, Any]:
    """What is drawn of a set.

    Args:
        run: Has its hits and shares.
        name: Of the set.
        table: Its rows of map.parquet.

    Returns:
        `documents` and `queries` (how many), `ids` and `texts` of both, documents first; `retrievers`: label, shares,
        and coordinates, uint16 x and y in base64, with the size of a step; `groupings`: what can colour documents or
        queries, a code each; `hits` by retriever, [queries, HITS], positions of documents from 1 on and 0 for none, as
        uint16 or, from STEPS documents on, uint32; `relevant`: of each query, positions of documents from 0 on;
        `without`: retrievers that have no map.
    """
    analyses = run.analysis["sets"].get(name, {})
    labels = pc.unique(table["retriever"]).to_pylist()
    first = table.filter(pc.equal(table["retriever"], labels[0]))
    is_document = np.array(first["kind"].to_pylist()) == "document"
    size, ids = int(is_document.sum()), first["id"].to_pylist()
    cut = min(LONGEST_TEXT, max(SHORTEST_TEXT, CHARACTERS // max(len(ids), 1)))
    fields = [orjson.loads(text) for text in first["fields"].to_pylist()]
    queries = pq.read_table(
        run.folder / "queries.parquet", columns=["query", "relevant", "hits"], filters=[("dataset", "=", name)]
    )
    return {
        "documents": size,
        "queries": len(ids) - size,
        "ids": [inert(identity) for identity in ids],
        "texts": [inert(text[:cut]) for text in first["text"].to_pylist()],
        "retrievers": [
            {"label": inert(label), **analyses.get("maps", {}).get(label, {}), **_coordinates(table, label)}
            for label in labels
        ],
        "groupings": [
            *_topics(first["topic"].to_pylist()[:size], analyses.get("topics", [])),
            *_groupings("documents", fields[:size]),
            *_groupings("queries", fields[size:]),
        ],
        **_judged(queries, ids, size, labels),
        "without": [
            inert(entry["label"])
            for entry in run.info["retrievers"]
            if entry["label"] not in labels and entry["kind"] != "control"
        ],
    }


def _coordinates(table: pa.Table, label: str) -> dict[str, Any]:
    """x and y as whole steps from the least of each, one size of step for both."""
    its = table.filter(pc.equal(table["retriever"], label))
    points = np.stack([its[axis].to_numpy().astype(np.float64) for axis in ("x", "y")])
    least = points.min(axis=1, keepdims=True)
    step = float((points - least).max()) / STEPS or 1.0
    x, y = np.round((points - least) / step).astype("<u2")
    return {"x": _packed(x), "y": _packed(y), "step": step}


def _packed(array: NDArray[Any]) -> str:
    return base64.b64encode(array.tobytes()).decode()


def _topics(topics: Sequence[int | None], names: Sequence[str]) -> Iterable[dict[str, Any]]:
    if names:
        codes = np.array([len(names) if topic is None else topic for topic in topics], dtype=np.uint8)
        yield {
            "of": "documents",
            "name": "topic",
            "groups": [inert(name) for name in (*names, OTHER)],
            "codes": _packed(codes),
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
        yield {"of": of, "name": inert(name), "groups": shown, "codes": _packed(codes)}


def _judged(queries: pa.Table, ids: Sequence[str], size: int, labels: Sequence[str]) -> dict[str, Any]:
    """Hits and relevant documents of the queries that are drawn, as positions among the documents that are."""
    shown = queries.take(pc.index_in(pa.array(ids[size:], pa.string()), queries["query"].combine_chunks()))
    documents = pa.array(ids[:size], pa.string())
    query, hit = _flat(shown["hits"])
    place, rank = _places(hit, documents), hit.field("rank").to_numpy(zero_copy_only=False)
    hits, width = [], "<u2" if size < STEPS else "<u4"
    for label in labels:
        its = pc.equal(hit.field("retriever"), label).to_numpy(zero_copy_only=False) & (rank <= HITS)
        positions = np.full((len(shown), HITS), -1, dtype="<i4")
        positions[query[its], rank[its] - 1] = place[its]
        # From 1 on, so that 0 is none, in as few bytes as are enough.
        hits.append((positions + 1).astype(width))
    query, judged = _flat(shown["relevant"])
    place = _places(judged, documents)
    ends = np.cumsum(np.bincount(query[place >= 0], minlength=len(shown)))
    relevant = np.split(place[place >= 0], ends[:-1]) if len(shown) else []
    return {"hits": [_packed(its) for its in hits], "relevant": [its.tolist() for its in relevant]}


def _flat(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], pa.StructArray]:
    """The members of all lists, and which list each is in."""
    lists = column.combine_chunks()
    return pc.list_parent_indices(lists).to_numpy(zero_copy_only=False), lists.flatten()


def _places(members: pa.StructArray, documents: pa.Array) -> NDArray[np.int64]:
    """Where among these each member's document stands; -1 of one that is not there."""
    places: NDArray[np.int64] = (
        pc.index_in(members.field("document"), documents).fill_null(-1).to_numpy(zero_copy_only=False)
    )
    return places
