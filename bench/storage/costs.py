"""What a cell costs: the quantities of latency.csv, each declared once, with what its readers need to know."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass

from retrievers.base import INDEX_BYTES, INDEX_FROM_CACHE, INDEX_NEEDS, TOKENS, USD, VECTORS_FROM_CACHE


@dataclass(frozen=True)
class Cost:
    """One quantity.

    unit: of its values. digits: shown after the point. gate: what it is called in a condition of CI, empty where it
    cannot be one. size: does it not depend on how busy a machine is? interval: is its interval shown? axis: what it is
    called as an axis of the Pareto set, empty where it is none. shortened: does the embedding cache or a saved index
    shorten it?
    taken: when a time is, INDEX or TIMING; empty of what does not depend on how fast the machine is.
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
    taken: str = ""
    recorded: str = ""
    scale: float = 1.0


MEGABYTE = 2**20
# When times are taken: while documents are indexed and ranked, and while single queries are timed.
INDEX, TIMING = "index", "timing"
# Of each, what the gauge (bench.machine.gauge) said: how much slower it was than at its quickest in the run, and for
# what share of its time it waited for a processor.
DRIFT = {INDEX: "drift_index", TIMING: "drift_timing"}
WAITED = {INDEX: "waited_index", TIMING: "waited_timing"}
# The share of vectors that came from the embedding cache.
FROM_CACHE = VECTORS_FROM_CACHE
# Where an index was opened that was built before: how many.
OPENED = INDEX_FROM_CACHE
# Where all documents were compared, since there were too few to train an index on: how many it asks for.
NEEDED = INDEX_NEEDS
# A time is marked where the gauge was slower by this share than at its quickest in the run, or waited for this share.
NOISY = 0.10
# And none is given where it waited for more than this: what takes several threads is then off by several times, what
# takes one by much less (docs/reading-the-figures.md has what was measured).
TOO_BUSY = 0.25

# In the order shown. All are the better the smaller, but for throughput.
_ALL = (
    Cost("load", "s", "load s", gate="load_s", taken=INDEX),
    Cost(
        *("index", "s", "index s"),
        digits=3,
        gate="index_s",
        interval=True,
        axis="index time",
        shortened=True,
        taken=INDEX,
    ),
    Cost("first_query", "ms", "first query ms", gate="first_query_ms", taken=INDEX),
    Cost("p50", "ms", "p50 ms", gate="p50_ms", interval=True, taken=TIMING),
    Cost("p90", "ms", "p90 ms", gate="p90_ms", taken=TIMING),
    Cost("p95", "ms", "p95 ms", gate="p95_ms", interval=True, axis="p95", taken=TIMING),
    Cost("p99", "ms", "p99 ms", gate="p99_ms", taken=TIMING),
    Cost("batch", "queries/s", "batch queries/s", digits=0, taken=TIMING),
    Cost(
        *("peak_memory", "MB", "peak memory MB"),
        digits=0,
        gate="peak_memory_mb",
        size=True,
        axis="peak memory",
        shortened=True,
    ),
    Cost("index_size", "MB", "index MB", gate="index_size_mb", size=True, recorded=INDEX_BYTES, scale=MEGABYTE),
    # Of a paid service, to index and to rank all queries.
    Cost("tokens", "tokens", "tokens", digits=0, gate="tokens", size=True, shortened=True, recorded=TOKENS),
    Cost("usd", "USD", "USD", digits=4, gate="usd", size=True, shortened=True, recorded=USD),
    # Of single queries, the median of each phase.
    Cost("encode_p50", "ms", "encode ms", taken=TIMING),
    Cost("score_p50", "ms", "score ms", taken=TIMING),
    Cost("select_p50", "ms", "select ms", taken=TIMING),
)
COSTS = {cost.quantity: cost for cost in _ALL}
# The costs that count beside quality, in this order.
PARETO = ("p95", "peak_memory", "index")
BY_GATE = {cost.gate: cost for cost in _ALL if cost.gate}
SHORTENED = tuple(cost.quantity for cost in _ALL if cost.shortened)


def is_shortened(quantities: Container[str]) -> bool:
    """Are those of SHORTENED less than they would be? quantities: of a cell."""
    return FROM_CACHE in quantities or OPENED in quantities


def is_noisy(values: Mapping[str, float], quantity: str) -> bool:
    """Is a time to be marked? values: of all quantities of its cell."""
    taken = COSTS[quantity].taken if quantity in COSTS else ""
    return bool(taken) and any(values.get(gauge[taken], 0.0) > NOISY for gauge in (DRIFT, WAITED))


def is_too_busy(values: Mapping[str, float], taken: str) -> bool:
    """Are times that were taken then to be left out? values: of all quantities of a cell.

    taken: INDEX or TIMING; empty of what is no time, which is never left out.
    """
    return bool(taken) and values.get(WAITED[taken], 0.0) > TOO_BUSY
