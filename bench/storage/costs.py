"""What a cell costs: the quantities of latency.csv, each declared once, with what its readers need to know."""

from __future__ import annotations

from dataclasses import dataclass

from retrievers.base import INDEX_BYTES, VECTORS_FROM_CACHE


@dataclass(frozen=True)
class Cost:
    """One quantity.

    unit: of its values. digits: shown after the point. gate: what it is called in a condition of CI, empty where it
    cannot be one. size: does it not depend on how busy a machine is? interval: is its interval shown? axis: what it is
    called as an axis of the Pareto set, empty where it is none. shortened: does the embedding cache shorten it?
    drift: the quantity that says how much slower the machine was meanwhile, empty where that does not matter.
    recorded: what a retriever records of it while it indexes and ranks, in units of which `scale` are one of `unit`;
    empty where the harness measures it.
    """

    quantity: str
    unit: str
    heading: str
    digits: int = 2
    gate: str = ""
    size: bool = False
    interval: bool = False
    axis: str = ""
    shortened: bool = False
    drift: str = ""
    recorded: str = ""
    scale: float = 1.0


MEGABYTE = 2**20
DRIFT_INDEX, DRIFT_TIMING = "drift_index", "drift_timing"
# The share of vectors that came from the embedding cache.
FROM_CACHE = VECTORS_FROM_CACHE
# A time is marked where the gauge (bench.machine.gauge) was slower by this share than at its quickest in the run.
NOISY = 0.10

# In the order shown. All are the better the smaller, but for throughput.
_ALL = (
    Cost("load", "s", "load s", gate="load_s"),
    Cost(
        *("index", "s", "index s"),
        digits=3,
        gate="index_s",
        interval=True,
        axis="index time",
        shortened=True,
        drift=DRIFT_INDEX,
    ),
    Cost("first_query", "ms", "first query ms", gate="first_query_ms", drift=DRIFT_INDEX),
    Cost("p50", "ms", "p50 ms", gate="p50_ms", interval=True, drift=DRIFT_TIMING),
    Cost("p90", "ms", "p90 ms", gate="p90_ms", drift=DRIFT_TIMING),
    Cost("p95", "ms", "p95 ms", gate="p95_ms", interval=True, axis="p95", drift=DRIFT_TIMING),
    Cost("p99", "ms", "p99 ms", gate="p99_ms", drift=DRIFT_TIMING),
    Cost("batch", "queries/s", "batch queries/s", digits=0, drift=DRIFT_TIMING),
    Cost(
        *("peak_memory", "MB", "peak memory MB"),
        digits=0,
        gate="peak_memory_mb",
        size=True,
        axis="peak memory",
        shortened=True,
    ),
    Cost("index_size", "MB", "index MB", gate="index_size_mb", size=True, recorded=INDEX_BYTES, scale=MEGABYTE),
    # Of single queries, the median of each phase.
    Cost("encode_p50", "ms", "encode ms", drift=DRIFT_TIMING),
    Cost("score_p50", "ms", "score ms", drift=DRIFT_TIMING),
    Cost("select_p50", "ms", "select ms", drift=DRIFT_TIMING),
)
COSTS = {cost.quantity: cost for cost in _ALL}
# The costs that count beside quality, in this order.
PARETO = ("p95", "peak_memory", "index")
BY_GATE = {cost.gate: cost for cost in _ALL if cost.gate}
SHORTENED = tuple(cost.quantity for cost in _ALL if cost.shortened)
