"""Before any judgement: how many queries show a difference, and how many judgements that is by the depth of the pool.

How many depends on how much two retrievers differ from query to query. That is measured: on a run of labelled queries
like those to come (a pilot), else on the sets that bench ships, whose figures are in measured.toml.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from bench.errors import BenchError
from bench.evaluation.power import POWER, queries_needed, spread
from bench.judging.pool import pool_hits
from bench.storage.run import Run
from bench.storage.schema import choose_measure

DEPTHS = (5, 10, 20)
_FILE = Path(__file__).with_name("measured.toml")


@dataclass(frozen=True)
class Pilot:
    """Two retrievers on a set of labelled queries.

    spread: standard deviation of their differences per query in the measure. pool: by depth, how many different
    documents a query has among the first hits of both; empty where that is not known.
    """

    dataset: str
    pair: tuple[str, str]
    measure: str
    queries: int
    spread: float
    pool: Mapping[int, float]


@dataclass(frozen=True)
class Planned:
    """What a pilot lets expect. judgements: by the depth of the pool, of all queries together."""

    pilot: Pilot
    queries: int
    judgements: Mapping[int, int]


def plan(pilots: Sequence[Pilot], difference: float, power: float = POWER) -> list[Planned]:
    """How many queries show a true difference of that size with that power, by each pilot.

    Raises BenchError for a difference or a power that is not between 0 and 1.
    """
    for name, value in (("--difference", difference), ("--power", power)):
        if not 0 < value < 1:
            raise BenchError(f"{name} is {value:g}.", "Give a number between 0 and 1, such as 0.03 or 0.8.")
    planned = []
    for pilot in pilots:
        queries = queries_needed(difference, pilot.spread, power)
        judgements = {depth: round(queries * documents) for depth, documents in pilot.pool.items()}
        planned.append(Planned(pilot, queries, judgements))
    return planned


def shipped_pilots() -> list[Pilot]:
    """The shipped sets by their main measures, as they were measured."""
    rows = tomllib.loads(_FILE.read_text("utf-8"))["pilot"]
    return [
        Pilot(
            row["dataset"],
            (row["a"], row["b"]),
            row["measure"],
            row["queries"],
            row["spread"],
            {int(depth): documents for depth, documents in row["pool"].items()},
        )
        for row in rows
    ]


def pilots_of(run: Run) -> list[Pilot]:
    """Every pair of a run's retrievers on each of its sets, by the set's main measure.

    Raises BenchError where the run is not complete, or has no two retrievers that a set has queries for.
    """
    if not run.complete:
        raise BenchError(f"{run.folder} is not complete: it was interrupted.", "Run it again.")
    if in_part := next((entry["name"] for entry in run.datasets if entry.get("sampled_judgements")), None):
        raise BenchError(
            f"{in_part} was judged in part when {run.folder} was made: its spread is not that of the queries.",
            "bench judge --to FOLDER --status says how many queries it takes.",
        )
    pilots = []
    for entry in run.datasets:
        name, measure = entry["name"], choose_measure(run.info["measures"], entry["measure"])
        rows = [row for row in run.rows("comparisons") if row["dataset"] == name and row["measure"] == measure]
        pools = _pools(run, name)
        pilots += [
            Pilot(
                name,
                (row["a"], row["b"]),
                measure,
                row["queries"],
                spread(row["detectable"], row["queries"], row["groups"]),
                pools.get(frozenset((row["a"], row["b"])), {}),
            )
            for row in rows
            if row["groups"] > 1
        ]
    if not pilots:
        raise BenchError(
            f"{run.folder} compares no two retrievers on two queries or more.",
            "Give a run of two retrievers, or none, for the shipped sets.",
        )
    return pilots


def _pools(run: Run, dataset: str) -> dict[frozenset[str], dict[int, float]]:
    """Documents a query in the pool of each two retrievers, by depth; of those whose rankings are stored."""
    if "reduced" in run.info:  # a baseline is kept without its rankings
        return {}
    cells = {label: cell for label in run.retrievers if (cell := run.cell(dataset, label))}
    depths = [depth for depth in DEPTHS if depth <= run.info["depth"]]
    pools = {}
    for a, b in combinations(cells, 2):
        rankings = [cells[a].ranking, cells[b].ranking]
        sizes = {depth: len(pool_hits(rankings, np.ones(depth))) for depth in depths}
        queries = len(rankings[0].documents)
        pools[frozenset((a, b))] = {depth: size / queries for depth, size in sizes.items()}
    return pools
