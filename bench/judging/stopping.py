"""The running verdict: a winner, no difference larger than a margin, or how much more it takes.

Whoever looks after each judgement and stops when it pleases finds a winner among equals in the end. Here the verdict
is taken at looks whose places are fixed before the first judgement, and the error is divided over them, and over the
retrievers that the leader is held against (Bonferroni). The leader of two equals is then named a winner, at any look
of all, with at most ALPHA; with several retrievers that are all equal too, since the one named has to be better than
each other one. The first look that decides stands.

What the interval is wide from has two parts: documents not judged, which judging makes smaller, and the choice of
queries, which it does not. Where the second alone is too wide, no number of judgements settles it: more queries do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.evaluation.power import standard_error
from bench.evaluation.units import Floats
from bench.judging.design import JudgingOrder
from bench.judging.estimate import Estimate, estimate, judged_so_far
from bench.judging.intervals import contrast_interval
from bench.judging.pool import Pool

ALPHA = 0.05
LOOKS = 8
# Each look has so many times the judgements of the one before; the last one is the whole pool.
STEP = 1.5
_Z_POWER = 0.84162  # a power of 80%

Outcome = Literal["worse", "within", "open"]
Kind = Literal["winner", "no difference", "judge more", "ask more"]


@dataclass(frozen=True)
class Standing:
    """A retriever held against the leader. difference: the leader's value less its own, low and high around it.

    outcome: worse than the leader, within the margin of it, or open. judgements: at the look that about settles it,
    None where none does; queries: about how many in all do, judged as these, None where that is not known.
    """

    retriever: int
    difference: float
    low: float
    high: float
    outcome: Outcome
    judgements: int | None
    queries: int | None


@dataclass(frozen=True)
class RunningVerdict:
    """At a look, after `judged` judgements. standings: of all retrievers but the leader.

    kind: "winner", the leader; "no difference", between the leader and those within the margin, all others being worse;
    "judge more", up to `judgements` in all; "ask more" queries, since judgements alone do not settle it.
    """

    judged: int
    leader: int
    means: Floats
    standings: tuple[Standing, ...]
    kind: Kind

    @property
    def decided(self) -> bool:
        return self.kind in ("winner", "no difference")

    @property
    def judgements(self) -> int | None:
        """At which look about it is settled; None where no number of judgements does."""
        wanted = [standing.judgements for standing in self.standings if standing.outcome == "open"]
        return None if None in wanted else max((count for count in wanted if count), default=self.judged)

    @property
    def queries(self) -> int | None:
        """About how many in all settle it, judged as these; None where that is not known."""
        wanted = [standing.queries for standing in self.standings if standing.outcome == "open"]
        return None if None in wanted else max((count for count in wanted if count), default=0)


def looks(pairs: int, known: int = 0) -> tuple[int, ...]:
    """After how many judgements the verdict is taken, of a pool of so many pairs: ascending, the last one is all.

    known: so many of them were judged before, and count as judgements.
    """
    counts = (known + math.ceil((pairs - known) / STEP**before) for before in range(LOOKS))
    return tuple(sorted(set(counts)))


def running_verdict(
    pool: Pool,
    order: JudgingOrder,
    gain: Floats,
    margin: float,
    skipped: NDArray[np.bool_] | None = None,
    *,
    predicted: Floats | None = None,
) -> RunningVerdict | None:
    """The verdict of the first look that decides, else of the last one that was reached; None before the first.

    gain, skipped, predicted: as `estimate` takes them. margin: a difference of values that does not matter, above 0.
    Raises BenchError for fewer than two retrievers.
    """
    if pool.retrievers < 2:
        raise BenchError("One retriever has nobody to be held against.", "Judge two or more.")
    judged, verdict = judged_so_far(order, gain, skipped), None
    for look in looks(len(pool), order.known):
        if look > judged or (verdict and verdict.decided):
            break
        known = np.full(len(pool), np.nan)
        known[order.order[:look]] = gain[order.order[:look]]
        verdict = verdict_of(estimate(pool, order, known, skipped, predicted), margin)
    return verdict


def verdict_of(seen: Estimate, margin: float) -> RunningVerdict:
    """The verdict of one look, at the error that one look has."""
    means = seen.means
    leader = int(np.argmax(means))
    others = [retriever for retriever in range(len(means)) if retriever != leader]
    error = ALPHA / len(looks(len(seen.pool), seen.known)) / len(others)
    standings = tuple(_standing(seen, leader, other, margin, error) for other in others)
    outcomes = {standing.outcome for standing in standings}
    kind: Kind
    if "open" not in outcomes:
        kind = "no difference" if "within" in outcomes else "winner"
    else:
        settled = all(standing.judgements for standing in standings if standing.outcome == "open")
        kind = "judge more" if settled else "ask more"
    return RunningVerdict(seen.judged, leader, means, standings, kind)


def _standing(seen: Estimate, leader: int, other: int, margin: float, error: float) -> Standing:
    contrast = np.zeros(len(seen.means))
    contrast[leader], contrast[other] = 1, -1
    difference = float(seen.means @ contrast)
    low, high = contrast_interval(seen, contrast, 1 - error)
    outcome: Outcome = "worse" if low > 0 else "within" if high < margin and low > -margin else "open"
    if outcome != "open":
        return Standing(other, difference, low, high, outcome, seen.judged, seen.pool.queries)
    if math.isnan(low):  # too little is judged to say how much it takes
        return Standing(other, difference, low, high, outcome, next(iter(_later_looks(seen)), None), None)
    judgements, queries = _needed(seen, contrast, difference, margin, error)
    return Standing(other, difference, low, high, outcome, judgements, queries)


def _later_looks(seen: Estimate) -> list[int]:
    return [look for look in looks(len(seen.pool), seen.known) if look > seen.judged]


def _needed(
    seen: Estimate, contrast: Floats, difference: float, margin: float, error: float
) -> tuple[int | None, int | None]:
    """At which look, and with how many queries in all, the difference is shown, or that it is within the margin.

    With 80% power, if difference and spread stay as estimated; whichever of the two takes fewer.
    """
    from scipy.special import ndtri

    room = max(abs(difference), margin - abs(difference))
    wanted = (room / (-float(ndtri(error / 2)) + _Z_POWER)) ** 2  # the variance that shows it
    total = float(standard_error((seen.values @ contrast)[:, None], seen.pool.groups)[0]) ** 2
    from_queries = max(0.0, total - seen.sampling_variance(contrast))
    queries = math.ceil(seen.pool.queries * total / wanted)
    enough = (look for look in _later_looks(seen) if from_queries + seen.sampling_variance(contrast, look) <= wanted)
    return next(enough, None), queries
