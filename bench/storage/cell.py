"""One cell on disk: one retriever on one dataset."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.storage.files import array_bytes, slug, write_atomic, write_json
from bench.storage.schema import SCHEMA
from retrievers.base import NO_HIT, Ranking
from retrievers.stages import Stages

POINTS = "map.npy"


@dataclass(frozen=True)
class Cell:
    """One retriever on one dataset, as stored in `folder`.

    info is cell.json: label and parameters of the retriever, fingerprint of the dataset, digests of its columns where
    some were read, work done, timing (None until it was taken), error (None where it worked).
    """

    folder: Path
    info: dict[str, Any]

    @property
    def columns(self) -> dict[str, str]:
        """The columns of the documents that the retriever has read -> the digest of each."""
        return dict(self.info.get("columns", {}))

    @cached_property
    def ranking(self) -> Ranking:
        with np.load(self.folder / "ranking.npz", allow_pickle=False) as arrays:
            return Ranking(arrays["documents"].astype(np.int64), arrays["scores"], arrays.get("spans"))

    @cached_property
    def stages(self) -> Stages | None:
        """What the ranking was made of, where it was in two stages."""
        path = self.folder / "stages.npz"
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as arrays:
            first = Ranking(arrays["documents"].astype(np.int64), arrays["scores"])
            return Stages(self.ranking, first, arrays["rescored"])

    @cached_property
    def exact(self) -> Ranking | None:
        """What its search approximates, where it does."""
        path = self.folder / "exact.npz"
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as arrays:
            return Ranking(arrays["documents"].astype(np.int64), arrays["scores"])

    @cached_property
    def per_query(self) -> dict[str, NDArray[np.float64]]:
        """measure -> values, float64 [queries]."""
        table = pq.read_table(self.folder / "per_query.parquet")
        return {name: table[name].to_numpy() for name in table.column_names if name != "query"}

    @cached_property
    def ends(self) -> int:
        """Where its ranking was cut, as `ends_of` tells."""
        return ends_of(self.ranking)

    @cached_property
    def samples(self) -> NDArray[np.int64]:
        """Nanoseconds of the timed single queries, in the order taken; empty where none were."""
        path = self.folder / "samples.npy"
        return np.load(path, allow_pickle=False) if path.is_file() else np.zeros(0, dtype=np.int64)

    @cached_property
    def points(self) -> NDArray[np.float32] | None:
        """Where documents and queries lie on its map, float32 [documents + queries, 2]; None where it has none."""
        path = self.folder / POINTS
        return np.load(path, allow_pickle=False) if POINTS in self.info["checksums"] and path.is_file() else None


def ends_of(ranking: Ranking) -> int:
    """The most hits of a query where at least half of those with a hit have as many: there a ranking was cut.

    0 where lengths differ, as they do where a retriever found no more.
    """
    lengths = (ranking.documents != NO_HIT).sum(axis=1)
    longest = int(lengths.max(initial=0))
    return longest if 2 * (lengths == longest).sum() >= (lengths > 0).sum() else 0


def cell_folder(run: Path, dataset: str, retriever: str, signature: str) -> Path:
    """Where a cell lies; the hash keeps differing parameters under one label apart."""
    digest = hashlib.sha256(signature.encode()).hexdigest()[:8]
    return run / "cells" / slug(dataset) / f"{slug(retriever)}-{digest}"


def write_cell(folder: Path, info: dict[str, Any], files: dict[str, bytes]) -> Cell:
    """Commit files, then cell.json with the checksums of all files of the cell: that is the mark of completion."""
    checksums = dict(info.pop("checksums", {}))
    for name, data in sorted(files.items()):
        write_atomic(folder / name, data)
        checksums[name] = hashlib.sha256(data).hexdigest()
    info = {"schema": SCHEMA, **info, "checksums": checksums}
    write_json(folder / "cell.json", info)
    return Cell(folder, info)


def finished_cell(folder: Path) -> Cell | None:
    """The cell in a folder, where its mark of completion is there, it worked, and every checksum matches."""
    try:
        info = json.loads((folder / "cell.json").read_text("utf-8"))
        if info["schema"] != SCHEMA or info["error"] is not None:
            return None
        for name, digest in info["checksums"].items():
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
                return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return Cell(folder, info)


def has_failed(cell: Path) -> bool:
    """Does a cell.json say that the retriever failed?"""
    try:
        return json.loads(cell.read_text("utf-8"))["error"] is not None
    except (OSError, ValueError, KeyError, TypeError):
        return False


def stages_bytes(stages: Stages) -> bytes:
    """stages.npz of a cell: the first stage's ranking, and the new scores of its first hits."""
    first = stages.first
    return array_bytes(
        np.savez, documents=first.documents.astype(np.int32), scores=first.scores, rescored=stages.rescored
    )


def ranking_bytes(ranking: Ranking) -> bytes:
    """ranking.npz, or exact.npz, of a cell."""
    arrays = {"documents": ranking.documents.astype(np.int32), "scores": ranking.scores}
    if ranking.spans is not None:
        arrays["spans"] = ranking.spans
    return array_bytes(np.savez, **arrays)


def per_query_bytes(query_ids: Sequence[str], values: dict[str, NDArray[np.float64]]) -> bytes:
    """per_query.parquet of a cell: query, one column a measure."""
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"query": pa.array(query_ids, pa.string()), **values}), sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())
