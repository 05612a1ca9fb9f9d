"""pool.jsonl beside judgements: which retriever brought which document to the judges, and at which rank.

A line for each document that could be judged: {"query": "q1", "document": "d1", "ranks": {"bm25": 3}}, with no ranks
where none brought it, as one drawn at random.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import orjson

from bench.data.formats.json_files import json_records
from bench.data.formats.lines import Source
from bench.errors import BenchError

POOL = "pool.jsonl"

Pair = tuple[str, str]  # ids of query and document
PoolRecord = Mapping[Pair, Mapping[str, int]]  # -> retriever -> rank, from 1


def read_pool(path: Source) -> dict[Pair, dict[str, int]]:
    """The record, empty where there is none. Raises BenchError with the line that is malformed, or stands twice."""
    pool: dict[Pair, dict[str, int]] = {}
    if not path.is_file():
        return pool
    for number, record in json_records(path, ""):
        where = f"{path}:{number}"
        pair, ranks = (record.get("query"), record.get("document")), record.get("ranks")
        if not all(isinstance(name, str) and name for name in pair):
            raise BenchError(f"{where}: no query or no document.", 'Each line needs "query", "document" and "ranks".')
        if not isinstance(ranks, dict) or not all(type(rank) is int and rank >= 1 for rank in ranks.values()):
            raise BenchError(f"{where}: no ranks by retriever.", 'Write "ranks" as {"bm25": 3}, from 1.')
        if pair in pool:
            raise BenchError(f"{where}: {pair[0]!r} and {pair[1]!r} stand there already.", "Keep one of the lines.")
        pool[pair] = ranks  # type: ignore[index]
    return pool


def pool_lines(pool: PoolRecord) -> Iterator[bytes]:
    """pool.jsonl, a line each."""
    for (query, document), ranks in pool.items():
        yield orjson.dumps({"query": query, "document": document, "ranks": dict(ranks)}) + b"\n"


def brought_alone(pool: PoolRecord, judged: Collection[Pair]) -> dict[str, frozenset[Pair]]:
    """By retriever of the pool: the judged pairs that no other one brought; none for one that brought none alone."""
    alone: dict[str, set[Pair]] = {label: set() for ranks in pool.values() for label in ranks}
    for pair, ranks in pool.items():
        if len(ranks) == 1 and pair in judged:
            alone[next(iter(ranks))].add(pair)
    return {label: frozenset(pairs) for label, pairs in alone.items()}
