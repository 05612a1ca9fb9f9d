"""Retrievers to choose from on one dataset: how good, what they cost, and which keep the limits of a user."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

# Seconds: an index that is built sooner is no cost that anybody hears of.
LONG_INDEXING = 10
# Costs apart by no more than this factor are alike, and by the second where one of them was taken on a noisy machine.
ALIKE, ALIKE_IN_NOISE = 1.1, 2.0

Kind = Literal["lexical", "static", "dense", "approximate", "hybrid", "reranked", "other"]
# What takes which place where no times say what is cheaper.
BY_KIND: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class RetrieverSummary:
    """A retriever: kind, mean of the measure with its 95% interval, and costs where known.

    p95_ms: 95th percentile of the time of a single query. memory_mb: peak memory. p50_ms: median of the time, and
    p50_low_ms: the lower end of its interval (NaN where it has none); they stand in where there are too few samples for
    p95, which is not below them. index_s: time to build the index. noisy: which of "p95", "p50" and "indexing" were
    measured on a noisy machine. specification: what makes it, where it was named by one. ends: of the intervals of p95
    and p50, where they have one. fuses: does it fuse rankings, itself or in a part? tuned: were its parameters chosen
    on this set, so that they need to be kept up? A mean of NaN says it failed.
    """

    label: str
    kind: Kind
    mean: float
    low: float
    high: float
    p95_ms: float | None = None
    memory_mb: float | None = None
    p50_ms: float | None = None
    p50_low_ms: float | None = None
    index_s: float | None = None
    noisy: frozenset[str] = frozenset()
    specification: str = ""
    ends: Mapping[str, tuple[float, float]] = field(default_factory=dict, hash=False)
    fuses: bool = False
    tuned: bool = False

    def cost(self, name: str) -> float:
        """A cost by the name that `known_costs` has for it; NaN where it is not known."""
        value = {"p95": self.p95_ms, "p50": self.p50_ms, "memory": self.memory_mb, "indexing": self.index_s}[name]
        return math.nan if value is None else value

    def mark(self, cost: str) -> str:
        """What stands before one of its costs, by the name that `known_costs` has for it."""
        return "~" if cost in self.noisy else ""


@dataclass(frozen=True)
class Limits:
    """What a retriever may cost: p95 of a single query in ms, peak memory in MB; None sets no limit."""

    p95_ms: float | None = None
    memory_mb: float | None = None

    def exceeded(self, *together: RetrieverSummary) -> str:
        """The limit that these retrievers exceed, one run after the other, in words; empty where they keep all.

        A cost of which not even a lower bound was measured exceeds nothing: see `unknown`.
        """
        slow = [retriever.p50_low_ms if retriever.p95_ms is None else retriever.p95_ms for retriever in together]
        bounded = "at least " * any(retriever.p95_ms is None for retriever in together)
        mark = next(
            filter(None, (retriever.mark("p50" if retriever.p95_ms is None else "p95") for retriever in together)), ""
        )
        for name, unit, limit, costs in (
            (f"a p95 of {bounded}{mark}", "ms", self.p95_ms, slow),
            ("a memory of ", "MB", self.memory_mb, [retriever.memory_mb for retriever in together]),
        ):
            known = sum(cost for cost in costs if cost is not None and not math.isnan(cost))
            if limit is not None and known > limit:
                return f"{name}{shown(known)} {unit} where {shown(limit)} {unit} are allowed"
        return ""

    def unknown(self, candidate: RetrieverSummary) -> bool:
        """Whether a limit is set on a cost that was not measured."""
        pairs = ((self.p95_ms, candidate.p95_ms), (self.memory_mb, candidate.memory_mb))
        return any(limit is not None and cost is None for limit, cost in pairs)


def in_order(candidates: Sequence[RetrieverSummary]) -> list[RetrieverSummary]:
    """By label, whatever the order in which they were named: the first of equals is then always the same one."""
    return sorted(candidates, key=lambda candidate: candidate.label)


def by_mean(candidates: Sequence[RetrieverSummary]) -> list[RetrieverSummary]:
    """Those that worked, the highest mean first; of equals the first stays first."""
    return sorted((candidate for candidate in candidates if not math.isnan(candidate.mean)), key=_mean, reverse=True)


ChosenBy = Literal["cost", "kind", "defaults", "mean"]


class Cheapest(NamedTuple):
    """One of several. by: what told it from the last of the others; the mean, where all cost alike. timed: did times
    have a part in it?"""

    retriever: RetrieverSummary
    by: ChosenBy
    timed: bool


def cheapest(candidates: Sequence[RetrieverSummary]) -> Cheapest:
    """The cheapest of one or more that worked, whatever their order.

    Those whose time (p95 where it is known of all, else p50) is alike the least stay, of them those whose memory is
    alike the least, of them those that are not tuned, and of them the one of the highest mean: what may be noise
    decides nothing. Where neither time is known of all, those of the first kind BY_KIND stay in place of the quickest.
    """
    kept = by_mean(in_order(candidates))
    by: ChosenBy = "mean"
    time = next((name for name in ("p95", "p50") if _is_known(kept, name)), None)
    if time is None:
        first = min(BY_KIND.index(candidate.kind) for candidate in kept)
        simplest = [candidate for candidate in kept if BY_KIND.index(candidate.kind) == first]
        by, kept = ("kind" if len(simplest) < len(kept) else by), simplest
    for name in filter(None, (time, "memory")):
        if _is_known(kept, name):
            least = min(kept, key=operator.methodcaller("cost", name))
            alike = [candidate for candidate in kept if _is_alike(candidate, least, name)]
            by, kept = ("cost" if len(alike) < len(kept) else by), alike
    as_they_come = [candidate for candidate in kept if not candidate.tuned]
    if 0 < len(as_they_come) < len(kept):
        by, kept = "defaults", as_they_come
    return Cheapest(kept[0], by, time is not None)


def _is_known(candidates: Sequence[RetrieverSummary], name: str) -> bool:
    return not any(math.isnan(candidate.cost(name)) for candidate in candidates)


def _is_alike(candidate: RetrieverSummary, least: RetrieverSummary, name: str) -> bool:
    """May noise alone have made the cost of the candidate higher than the least?"""
    cost, lowest = candidate.cost(name), least.cost(name)
    factor = ALIKE_IN_NOISE if name in candidate.noisy | least.noisy else ALIKE
    low, high = candidate.ends.get(name, (cost, cost))[0], least.ends.get(name, (lowest, lowest))[1]
    return cost <= factor * lowest or low <= high


def known_costs(one: RetrieverSummary, other: RetrieverSummary) -> list[tuple[str, str, float, float]]:
    """(name, unit, cost of one, cost of the other) of the costs known of both: p50 where p95 is not, and
    indexing where it takes long."""
    time = "p95" if not math.isnan(one.cost("p95") + other.cost("p95")) else "p50"
    names = {time: "ms", "memory": "MB"}
    if max(one.index_s or 0, other.index_s or 0) >= LONG_INDEXING:
        names["indexing"] = "s"
    costs = [(name, unit, one.cost(name), other.cost(name)) for name, unit in names.items()]
    return [cost for cost in costs if not math.isnan(cost[2] + cost[3])]


def shown(cost: float) -> str:
    """A cost as people read it."""
    return f"{cost:,.0f}" if cost >= 100 else f"{cost:.3g}"


def _mean(candidate: RetrieverSummary) -> float:
    return candidate.mean
