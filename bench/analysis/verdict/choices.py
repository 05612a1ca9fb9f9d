"""Retrievers to choose from on one dataset: how good, what they cost, and which keep the limits of a user."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

# Seconds: an index that is built sooner is no cost that anybody chooses by.
LONG_INDEXING = 10

Kind = Literal["lexical", "static", "dense", "hybrid", "reranked", "approximate", "other"]


@dataclass(frozen=True)
class RetrieverSummary:
    """A retriever: kind, mean of the measure with its 95% interval, and costs where known.

    p95_ms: 95th percentile of the time of a single query. memory_mb: peak memory. p50_ms: median of the time, and
    p50_low_ms: the lower end of its interval (NaN where it has none); they stand in where there are too few samples for
    p95, which is not below them. index_s: time to build the index. noisy: which of "p95", "p50" and "indexing" were
    measured on a noisy machine. specification: what makes it, where it was named by one. A mean of NaN says it failed.
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


def best_pair(
    candidates: Sequence[RetrieverSummary], limits: Limits | None = None
) -> tuple[RetrieverSummary | None, RetrieverSummary | None]:
    """The lexical and the dense retriever of the highest mean within the limits, the first of equals."""
    allowed = [candidate for candidate in candidates if not (limits or Limits()).exceeded(candidate)]
    lexical, dense = (max(of_kind(allowed, kind), key=_mean, default=None) for kind in ("lexical", "dense"))
    return lexical, dense


def of_kind(candidates: Sequence[RetrieverSummary], kind: str) -> list[RetrieverSummary]:
    """Those of a kind that worked."""
    return [candidate for candidate in candidates if candidate.kind == kind and not math.isnan(candidate.mean)]


def by_mean(candidates: Sequence[RetrieverSummary]) -> list[RetrieverSummary]:
    """Those that worked, the highest mean first; of equals the first stays first."""
    return sorted((candidate for candidate in candidates if not math.isnan(candidate.mean)), key=_mean, reverse=True)


def cheaper(lexical: RetrieverSummary, dense: RetrieverSummary) -> tuple[RetrieverSummary, str]:
    """The cheaper of the two and what it is called: the dense one only where each cost known of both is lower.

    Where costs are unknown or point both ways it is the lexical one, which has no model to keep: the simpler.
    """
    known = known_costs(lexical, dense)
    if undercuts(dense, lexical):
        return dense, "the cheaper one"
    return lexical, "the cheaper one" if known and all(a <= b for *_, a, b in known) else "the simpler one"


def cheaper_of_kind(leader: RetrieverSummary, other: RetrieverSummary) -> tuple[RetrieverSummary, str]:
    """The same of two that no kind tells apart: where costs are unknown or point both ways, the one of the higher mean.

    leader: that one.
    """
    known = known_costs(leader, other)
    if undercuts(other, leader):
        return other, "the cheaper one"
    return leader, "the cheaper one" if known and all(a <= b for *_, a, b in known) else "the one of the higher mean"


def undercuts(one: RetrieverSummary, other: RetrieverSummary) -> bool:
    """Is each cost known of both lower for the one?"""
    known = known_costs(one, other)
    return bool(known) and all(a < b for *_, a, b in known)


def known_costs(one: RetrieverSummary, other: RetrieverSummary) -> list[tuple[str, str, float, float]]:
    """(name, unit, cost of one, cost of the other) of the costs known of both: p50 where p95 is not, and
    indexing where it takes long."""
    speed = ("p95", "ms", one.p95_ms, other.p95_ms)
    if one.p95_ms is None or other.p95_ms is None:
        speed = ("p50", "ms", one.p50_ms, other.p50_ms)
    pairs = [speed, ("memory", "MB", one.memory_mb, other.memory_mb)]
    if max(one.index_s or 0, other.index_s or 0) >= LONG_INDEXING:
        pairs.append(("indexing", "s", one.index_s, other.index_s))
    return [(name, unit, a, b) for name, unit, a, b in pairs if a is not None and b is not None]


def shown(cost: float) -> str:
    """A cost as people read it."""
    return f"{cost:,.0f}" if cost >= 100 else f"{cost:.3g}"


def _mean(candidate: RetrieverSummary) -> float:
    return candidate.mean
