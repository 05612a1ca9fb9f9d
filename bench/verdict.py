"""Lexical, dense, a hybrid, or not yet known: what the intervals allow one to recommend, in sentences.

D and L are the dense and the lexical retriever of the highest mean within the limits on cost, [low, high] is the 95%
interval of D's mean minus L's, and m the margin below which a gain is not worth having. One side is *shown better*
where p after Holm's correction is below .05 and the interval leaves 0 out, against L (D) and every other retriever
of its kind: the best of several was chosen by the same queries. The first rule that applies:

| basis          | where                                                                     | choice              |
|----------------|---------------------------------------------------------------------------|---------------------|
| no pair        | the run has no lexical or no dense retriever, or too few queries          | undecided           |
| no one affords | both kinds exceed a limit                                                 | undecided           |
| cost           | one kind exceeds a limit                                                  | the other kind      |
| fusion         | fusion's interval over the better of D and L is above 0, not all below m, | hybrid worth trying |
|                | and the costs of both together keep the limits                            |                     |
| within margin  | -m < low and high < m, from 20 queries (groups) on                        | the cheaper of both |
| beyond margin  | one is shown better, by m or more at the near end of the interval         | the better kind     |
| better         | one is shown better, whether by m is open                                 | the better kind     |
| undecided      | otherwise                                                                 | undecided           |

Over all sets nothing is pooled: a choice is that of more than half of the sets with no set choosing the opposite.
Of two the cheaper is the dense one only where each cost known of both is lower; otherwise it is the lexical one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from bench.comparisons import Comparison, outcome

Kind = Literal["lexical", "dense", "other"]
Choice = Literal["lexical", "dense", "hybrid worth trying", "undecided"]
Basis = Literal["no pair", "no one affords", "cost", "fusion", "within margin", "beyond margin", "better", "undecided"]

# Intervals of fewer are too short to show two retrievers alike: no test stands beside them there.
FEWEST = 20
# Normal quantiles of a two-sided test at .05, and of a power of 80%.
_Z_TEST, _Z_POWER = 1.95996, 0.84162


@dataclass(frozen=True)
class Candidate:
    """A retriever on one dataset: kind, mean of the measure with its 95% interval, and costs where known."""

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
        """The limit that these retrievers exceed, one run after the other, in words; empty where they keep all."""
        for name, unit, limit, costs in (
            ("a p95 of", "ms", self.p95_ms, [each.p95_ms for each in together]),
            ("a memory of", "MB", self.memory_mb, [each.memory_mb for each in together]),
        ):
            known = sum(cost for cost in costs if cost is not None)
            if limit is not None and known > limit:
                return f"{name} {_round(known)} {unit} where {_round(limit)} {unit} are allowed"
        return ""

    def unknown(self, candidate: Candidate) -> bool:
        """Whether a limit is set on a cost that was not measured."""
        pairs = ((self.p95_ms, candidate.p95_ms), (self.memory_mb, candidate.memory_mb))
        return any(limit is not None and cost is None for limit, cost in pairs)


@dataclass(frozen=True)
class Verdict:
    """What to use on one dataset, and why.

    basis: the rule. retriever: what is recommended, None for a hybrid and where undecided. winner: the retriever
    shown better, None where none is, whatever is recommended. lexical, dense: the two compared; difference, low,
    high, p_holm: dense minus lexical. more_queries: about how many further judged queries would settle what is
    undecided, None where that is decided or cannot be told.
    """

    dataset: str
    measure: str
    margin: float
    choice: Choice
    basis: Basis
    sentences: tuple[str, ...]
    retriever: str | None = None
    winner: str | None = None
    lexical: str | None = None
    dense: str | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_holm: float | None = None
    more_queries: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values, without NaN."""
        return {name: _plain(value) for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Overall:
    """What to use over all datasets: the choice, and which sets say what (choice -> names of datasets)."""

    choice: Choice
    sets: dict[str, tuple[str, ...]]
    sentences: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {name: _plain(value) for name, value in asdict(self).items()}


def best_pair(
    candidates: Sequence[Candidate], limits: Limits | None = None
) -> tuple[Candidate | None, Candidate | None]:
    """The lexical and the dense retriever of the highest mean within the limits, the first of equals.

    This is the pair whose fusion `decide` asks for.
    """
    limits = limits or Limits()
    allowed = [each for each in candidates if not limits.exceeded(each) and not math.isnan(each.mean)]
    lexical, dense = ([each for each in allowed if each.kind == kind] for kind in ("lexical", "dense"))
    return max(lexical, key=_mean, default=None), max(dense, key=_mean, default=None)


def decide(
    dataset: str,
    measure: str,
    candidates: Sequence[Candidate],
    rows: Sequence[Comparison],
    *,
    margins: Mapping[str, float] | None = None,
    limits: Limits | None = None,
    fusion: Comparison | None = None,
) -> Verdict:
    """The verdict for one dataset by one measure.

    rows: `comparisons.adjusted` rows of the whole report (the number of queries that would settle it counts them).
    margins: measure -> smallest gain worth having, 0 where it names none. fusion: reciprocal-rank fusion of
    `best_pair` as a, the better of the two as b (of equals the lexical one); left aside where b is another.
    Raises ValueError for a margin below 0 and where a pair of lexical and dense retrievers has no row.
    """
    margin = (margins or {}).get(measure, 0.0)
    if not margin >= 0:
        raise ValueError(f"the margin of {measure} is {margin}, not 0 or more")
    case = _Case(dataset, measure, margin, candidates, rows, limits or Limits(), fusion)
    return case.verdict()


def overall(verdicts: Sequence[Verdict]) -> Overall:
    """The verdict over several datasets: counted, never pooled."""
    sets: dict[str, tuple[str, ...]] = {}
    for verdict in verdicts:
        sets[verdict.choice] = (*sets.get(verdict.choice, ()), verdict.dataset)
    where = "; ".join(f"{choice} on {', '.join(names)}" for choice, names in sets.items())
    opposed = "lexical" in sets and "dense" in sets
    majority = [choice for choice, names in sets.items() if 2 * len(names) > len(verdicts)]
    if opposed or not majority or majority == ["undecided"]:
        first = (
            "The sets disagree: no one retriever serves them all."
            if opposed
            else "Undecided over all sets: most of them do not show what to use."
            if majority
            else "Undecided over all sets: no choice is that of more than half of them."
        )
        return Overall("undecided", sets, (first, f"By set: {where}.") if where else ("No set was compared.",))
    choice: Choice = next(verdict.choice for verdict in verdicts if verdict.choice == majority[0])
    first = f"Over all sets: {choice}, on {len(sets[choice])} of {len(verdicts)}."
    return Overall(choice, sets, (first, f"By set: {where}.") if len(sets) > 1 else (first,))


@dataclass(frozen=True)
class _Case:
    dataset: str
    measure: str
    margin: float
    candidates: Sequence[Candidate]
    rows: Sequence[Comparison]
    limits: Limits
    fusion: Comparison | None

    def verdict(self) -> Verdict:
        best_lexical, best_dense = best_pair(self.candidates)
        undecided = f"Undecided on {self.dataset}:"
        if best_lexical is None or best_dense is None:
            kinds = {"lexical": best_lexical, "dense": best_dense}
            missing = " and no ".join(kind for kind, each in kinds.items() if each is None)
            return self._say("undecided", "no pair", f"{undecided} no {missing} retriever was compared.")
        row = self._row(best_dense.label, best_lexical.label)
        if math.isnan(row.low) or math.isnan(row.p_holm):
            return self._say("undecided", "no pair", f"{undecided} {row.queries} queries are too few to compare by.")
        lexical, dense = best_pair(self.candidates, self.limits)
        if lexical and dense:
            return self._by_quality(lexical, dense, self._row(dense.label, lexical.label))
        if lexical:
            return self._by_cost(lexical, best_dense)
        if dense:
            return self._by_cost(dense, best_lexical)
        costs = "; ".join(f"{each.label} has {self.limits.exceeded(each)}" for each in (best_lexical, best_dense))
        return self._say("undecided", "no one affords", f"{undecided} every retriever exceeds the limits.", f"{costs}.")

    def _by_cost(self, kept: Candidate, out: Candidate) -> Verdict:
        row = self._row(out.label, kept.label)
        leader, other = (out, kept) if row.difference > 0 else (kept, out)
        winner = None if self._not_beaten(leader, self._of(other.kind)) else leader.label
        better = {out.label: f"{out.label} is better, but too costly", kept.label: f"{kept.label} is better as well"}
        first = f"On {self.dataset} use {kept.label} ({kept.kind}): {out.label} has {self.limits.exceeded(out)}."
        known = better[winner] if winner else "Neither is shown better"
        second = f"{known}: {self._figures(row)}."
        row = row if out.kind == "dense" else row.seen_from(kept.label)
        return self._say(
            _choice(kept), "cost", first, second, *self._unmeasured(kept), row=row, pick=kept, winner=winner
        )

    def _by_quality(self, lexical: Candidate, dense: Candidate, row: Comparison) -> Verdict:
        leader, other = (dense, lexical) if row.difference > 0 else (lexical, dense)
        seen = row.seen_from(leader.label)
        allowed = [each for each in self._of(other.kind) if not self.limits.exceeded(each)]
        blocking = self._not_beaten(leader, allowed)
        winner = None if blocking else leader.label
        figures = (self._means(leader, other, seen), *self._unmeasured(lexical, dense))
        if self._hybrid(lexical, dense, leader):
            first = self._fused(lexical, dense)
            return self._say("hybrid worth trying", "fusion", first, *figures, row=row, winner=winner)
        costs = _costs(leader, other)
        if -self.margin < seen.low and seen.high < self.margin and seen.groups >= FEWEST:
            cheaper, first = self._within(lexical, dense, winner)
            return self._say(
                _choice(cheaper), "within margin", first, *figures, *costs, row=row, pick=cheaper, winner=winner
            )
        if winner:
            basis, first = self._better(leader, other, seen)
            return self._say(_choice(leader), basis, first, *figures, *costs, row=row, pick=leader, winner=winner)
        wanted = self._more_queries(seen, blocking)
        first, last = self._undecided(leader, other, blocking), _wanted(wanted, seen)
        return self._say("undecided", "undecided", first, *figures, last, row=row, wanted=wanted)

    def _better(self, leader: Candidate, other: Candidate, seen: Comparison) -> tuple[Basis, str]:
        first = f"On {self.dataset} use {leader.label} ({leader.kind}): it is better than {other.label}"
        if not self.margin:
            return "better", f"{first}."
        if seen.low >= self.margin:
            return "beyond margin", f"{first} by {self.margin:g} or more."
        return "better", f"{first}; whether by the margin of {self.margin:g} is open."

    def _within(self, lexical: Candidate, dense: Candidate, winner: str | None) -> tuple[Candidate, str]:
        cheaper, why = _cheaper(lexical, dense)
        dearer = dense if cheaper is lexical else lexical
        if winner is None:
            reason = f"{dearer.label} differs from it by less than {self.margin:g} either way"
        elif winner == dearer.label:
            reason = f"{dearer.label} is better by less than {self.margin:g}"
        else:
            reason = f"it is better than {dearer.label}, by less than {self.margin:g}"
        return cheaper, f"On {self.dataset} use {cheaper.label} ({cheaper.kind}), the {why} one: {reason}."

    def _undecided(self, leader: Candidate, other: Candidate, blocking: Sequence[Comparison]) -> str:
        open_against = [row.b for row in blocking]
        if other.label in open_against:
            return f"Undecided on {self.dataset}: neither {leader.label} nor {other.label} is shown better."
        return (
            f"Undecided on {self.dataset}: {leader.label} is shown better than {other.label}, "
            f"but not than {' and '.join(open_against)}."
        )

    def _hybrid(self, lexical: Candidate, dense: Candidate, leader: Candidate) -> bool:
        if self.fusion is None or self.fusion.b != leader.label or self.limits.exceeded(lexical, dense):
            return False
        return self.fusion.low > 0 and self.fusion.high >= self.margin

    def _fused(self, lexical: Candidate, dense: Candidate) -> str:
        assert self.fusion
        found = self.fusion
        return (
            f"On {self.dataset} a hybrid is worth trying: by an estimate from the stored rankings, fusing "
            f"{lexical.label} and {dense.label} gains {found.difference:+.3f} {self.measure} over {found.b} alone "
            f"(95% interval {found.low:+.3f} to {found.high:+.3f}); its speed was not measured."
        )

    def _not_beaten(self, leader: Candidate, rivals: Sequence[Candidate]) -> list[Comparison]:
        """The rows of the leader against rivals, seen from it, that do not show it better."""
        rows = [self._row(leader.label, each.label) for each in rivals]
        return [row for row in rows if outcome(row) != "a"]

    def _of(self, kind: Kind) -> list[Candidate]:
        return [each for each in self.candidates if each.kind == kind and not math.isnan(each.mean)]

    def _more_queries(self, seen: Comparison, blocking: Sequence[Comparison]) -> int | None:
        """About how many more queries show the difference, or that it is within the margin, whichever takes fewer.

        The interval shortens with the root of the number of queries, and `detectable` is what this many show:
        (detectable / wanted)^2 times as many show less. Holm's correction asks for a p so many times smaller as
        rows of the report have a p not below this one.
        """
        shown = max((row.queries * self._times(row) for row in blocking), default=math.inf)
        room = self.margin - abs(seen.difference)
        alike = seen.queries * (seen.detectable / room) ** 2 if room > 0 else math.inf
        # Too few groups for the rule of the margin: as many queries more as bring them to it.
        alike = max(alike, seen.queries * FEWEST / seen.groups)
        wanted = min(shown, alike) - seen.queries
        if not wanted < 10_000_000:
            return None
        step = int(10 ** max(0, math.floor(math.log10(max(wanted, 1))) - 1))  # two digits: it is an estimate
        rounded: int = math.ceil(wanted / step) * step
        return max(1, rounded)

    def _times(self, row: Comparison) -> float:
        from scipy.special import ndtri

        if row.difference <= 0:
            return math.inf
        steps = max(1, sum(each.p >= row.p for each in self.rows))
        stricter = (-float(ndtri(0.025 / steps)) + _Z_POWER) / (_Z_TEST + _Z_POWER)
        return (row.detectable * stricter / row.difference) ** 2

    def _row(self, a: str, b: str) -> Comparison:
        for row in self.rows:
            if (row.dataset, row.measure) == (self.dataset, self.measure) and {row.a, row.b} == {a, b}:
                return row.seen_from(a)
        raise ValueError(f"{a} and {b} were not compared by {self.measure} on {self.dataset}")

    def _means(self, first: Candidate, second: Candidate, row: Comparison) -> str:
        parts = []
        for each in (first, second):
            several = len(self._of(each.kind))
            chosen = f", the best of {several} {each.kind} ones," if several > 1 else ""
            parts.append(f"{each.label}{chosen} has {each.mean:.3f} ({each.low:.3f} to {each.high:.3f})")
        return (
            f"In {self.measure} {' and '.join(parts)}; {self._figures(row)}; "
            f"{row.queries:,} queries show differences from {row.detectable:.3f}."
        )

    def _figures(self, row: Comparison) -> str:
        p = "below .001" if row.p_holm < 0.001 else f"{row.p_holm:.3f}"
        return (
            f"the difference of {row.a} over {row.b} is {row.difference:+.3f} {self.measure}, 95% interval "
            f"{row.low:+.3f} to {row.high:+.3f}, p {p} after Holm's correction"
        )

    def _unmeasured(self, *used: Candidate) -> tuple[str, ...]:
        names = " and ".join(each.label for each in used if self.limits.unknown(each))
        return (f"Not every cost of {names} was measured: the limit could not be applied to it.",) if names else ()

    def _say(
        self,
        choice: Choice,
        basis: Basis,
        *sentences: str,
        row: Comparison | None = None,
        pick: Candidate | None = None,
        winner: str | None = None,
        wanted: int | None = None,
    ) -> Verdict:
        compared: dict[str, Any] = {}
        if row:
            compared = {"dense": row.a, "lexical": row.b, "difference": row.difference}
            compared |= {"low": row.low, "high": row.high, "p_holm": row.p_holm}
        picked = pick.label if pick else None
        return Verdict(
            self.dataset,
            self.measure,
            self.margin,
            choice,
            basis,
            sentences,
            retriever=picked,
            winner=winner,
            more_queries=wanted,
            **compared,
        )


def _mean(candidate: Candidate) -> float:
    return candidate.mean


def _choice(candidate: Candidate) -> Choice:
    return "lexical" if candidate.kind == "lexical" else "dense"


def _cheaper(lexical: Candidate, dense: Candidate) -> tuple[Candidate, str]:
    pairs = ((lexical.p95_ms, dense.p95_ms), (lexical.memory_mb, dense.memory_mb))
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    if known and all(b < a for a, b in known):
        return dense, "cheaper"
    return lexical, "cheaper" if known and all(a <= b for a, b in known) else "simpler"


def _costs(first: Candidate, second: Candidate) -> tuple[str, ...]:
    """What both cost, in a sentence; nothing where that is not known."""
    pairs = (("p95", "ms", first.p95_ms, second.p95_ms), ("memory", "MB", first.memory_mb, second.memory_mb))
    known = [
        f"{_round(a)} against {_round(b)} {unit} of {name}"
        for name, unit, a, b in pairs
        if a is not None and b is not None
    ]
    return (f"{first.label} costs {' and '.join(known)}.",) if known else ()


def _wanted(more_queries: int | None, row: Comparison) -> str:
    if more_queries is None:
        return "They differ too little to name a number of further queries that would settle it."
    unit = "judged queries" if row.groups == row.queries else "judged queries, in groups of their own,"
    return f"About {more_queries:,} more {unit} would settle it, if the difference stays as measured."


def _round(cost: float) -> str:
    return f"{cost:,.0f}" if cost >= 100 else f"{cost:.3g}"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
