"""Retrievers to choose from on one dataset: how good, what they cost, and which keep the limits of a user."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["lexical", "dense", "other"]


@dataclass(frozen=True)
class Candidate:
    """A retriever: kind, mean of the measure with its 95% interval, and costs where known.

    p95_ms: 95th percentile of the time of a single query. memory_mb: peak memory. A mean of NaN says it failed.
    """

    label: str
    kind: Kind
    mean: float
    low: float
    high: float
    p95_ms: float | None = None
    memory_mb: float | None = None


@dataclass(frozen=True)
class Limits:
    """What a retriever may cost: p95 of a single query in ms, peak memory in MB; None sets no limit."""

    p95_ms: float | None = None
    memory_mb: float | None = None

    def exceeded(self, *together: Candidate) -> str:
        """The limit that these retrievers exceed, one run after the other, in words; empty where they keep all.

        A cost that was not measured exceeds nothing: see `unknown`.
        """
        for name, unit, limit, costs in (
            ("a p95 of", "ms", self.p95_ms, [each.p95_ms for each in together]),
            ("a memory of", "MB", self.memory_mb, [each.memory_mb for each in together]),
        ):
            known = sum(cost for cost in costs if cost is not None)
            if limit is not None and known > limit:
                return f"{name} {shown(known)} {unit} where {shown(limit)} {unit} are allowed"
        return ""

    def unknown(self, candidate: Candidate) -> bool:
        """Whether a limit is set on a cost that was not measured."""
        pairs = ((self.p95_ms, candidate.p95_ms), (self.memory_mb, candidate.memory_mb))
        return any(limit is not None and cost is None for limit, cost in pairs)


def best_pair(
    candidates: Sequence[Candidate], limits: Limits | None = None
) -> tuple[Candidate | None, Candidate | None]:
    """The lexical and the dense retriever of the highest mean within the limits, the first of equals."""
    allowed = [each for each in candidates if not (limits or Limits()).exceeded(each)]
    lexical, dense = (max(of_kind(allowed, kind), key=_mean, default=None) for kind in ("lexical", "dense"))
    return lexical, dense


def of_kind(candidates: Sequence[Candidate], kind: str) -> list[Candidate]:
    """Those of a kind that worked."""
    return [each for each in candidates if each.kind == kind and not math.isnan(each.mean)]


def by_mean(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those that worked, the highest mean first; of equals the first stays first."""
    return sorted((each for each in candidates if not math.isnan(each.mean)), key=_mean, reverse=True)


def cheaper(lexical: Candidate, dense: Candidate) -> tuple[Candidate, str]:
    """The cheaper of the two and what it is called: the dense one only where each cost known of both is lower.

    Where costs are unknown or point both ways it is the lexical one, which has no model to keep: the simpler.
    """
    known = _known(lexical, dense)
    if known and all(b < a for a, b in known):
        return dense, "the cheaper one"
    return lexical, "the cheaper one" if known and all(a <= b for a, b in known) else "the simpler one"


def cheaper_of_kind(leader: Candidate, other: Candidate) -> tuple[Candidate, str]:
    """The same of two that no kind tells apart: where costs are unknown or point both ways, the one of the higher mean.

    leader: that one.
    """
    known = _known(leader, other)
    if known and all(b < a for a, b in known):
        return other, "the cheaper one"
    return leader, "the cheaper one" if known and all(a <= b for a, b in known) else "the one of the higher mean"


def shown(cost: float) -> str:
    """A cost as people read it."""
    return f"{cost:,.0f}" if cost >= 100 else f"{cost:.3g}"


def _known(one: Candidate, other: Candidate) -> list[tuple[float, float]]:
    """The costs known of both."""
    pairs = ((one.p95_ms, other.p95_ms), (one.memory_mb, other.memory_mb))
    return [(a, b) for a, b in pairs if a is not None and b is not None]


def _mean(candidate: Candidate) -> float:
    return candidate.mean
