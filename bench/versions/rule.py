"""When to stop timing two versions, and what to answer.

A round gives one number: the logarithm of head's time over base's. Which of the two orders a round had was decided by
a coin, so where the versions are alike each number could as well have had the other sign, whatever the machine did
meanwhile: drift, slow minutes and bursts included. Wilcoxon's signed-rank test is the sign-flip test on ranks; it is
exact here, needs no random draws, and one disturbed round weighs no more than another. Its interval (Hodges & Lehmann,
Estimates of location based on rank tests, 1963) is bounded by order statistics of the Walsh averages.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError

Floats = NDArray[np.float64]
Answer = Literal["slower", "faster", "no difference shown", "inconclusive (noisy)"]

MIN_ROUNDS = 10
# The exact distribution takes n^3 / 2 additions, and more rounds than these answer no question of a CI job.
MOST_ROUNDS = 320
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Decision:
    """What was answered after so many rounds.

    change, low, high: head's time over base's less one, with its 95% interval. p: two-sided, of no change at all.
    """

    answer: Answer
    rounds: int
    change: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Rule:
    """Looks after 10, 20, 40, … rounds and after the last, `max_rounds`.

    alpha: the chance that versions which are alike are called slower or faster, at any look; it is split evenly over
    looks and directions (Bonferroni: looks share rounds, so that the true chance is lower). The goal is 1%; most of it
    is left to processes that differ for as long as they live, which no coin can make alike. floor: a change that is not
    worth an alarm; the 95% interval must lie beyond it. margin: a change that must not be missed; while the interval
    reaches it, "no difference shown" would be a claim too many.
    """

    max_rounds: int = 80
    alpha: float = 0.002
    floor: float = 0.03
    margin: float = 0.10

    def __post_init__(self) -> None:
        if not MIN_ROUNDS <= self.max_rounds <= MOST_ROUNDS:
            raise BenchError(
                f"{self.max_rounds} rounds are asked for.", f"Give from {MIN_ROUNDS} to {MOST_ROUNDS}; 80 are usual."
            )
        if 2.0**-self.max_rounds > self.level:
            raise BenchError(
                f"{self.max_rounds} rounds can prove nothing at this level, whatever they show.",
                "Give more rounds, or fewer retrievers.",
            )

    @cached_property
    def looks(self) -> tuple[int, ...]:
        """Numbers of rounds after which the rule looks."""
        doublings = range(int(math.log2(self.max_rounds / MIN_ROUNDS)) + 1)
        return tuple(sorted({*(MIN_ROUNDS * 2**power for power in doublings), self.max_rounds}))

    @property
    def level(self) -> float:
        """The chance of a false alarm that one look may spend in one direction."""
        return self.alpha / 2 / len(self.looks)

    def decide(self, logs: Floats) -> Decision | None:
        """The answer after these rounds, log ratios [rounds]; None between looks and while it is still ambiguous."""
        if len(logs) not in self.looks:
            return None
        answer = self._answer(walsh_averages(logs), len(logs))
        return None if answer is None else self._decision(logs, answer)

    def run(self, logs: Floats) -> Decision:
        """What the rule answers on a recorded series [max_rounds]: the first decision at any look."""
        for look in self.looks:
            decision = self.decide(logs[:look])
            if decision is not None:
                return decision
        raise ValueError(f"{len(logs)} rounds do not reach the last look.")

    def _answer(self, averages: Floats, rounds: int) -> Answer | None:
        slower, faster = tails(averages, rounds)
        low, high = interval(averages, rounds)
        floor, margin = math.log1p(self.floor), math.log1p(self.margin)
        if slower <= self.level and low > floor:
            return "slower"
        if faster <= self.level and high < -floor:
            return "faster"
        small = -margin < low and high < margin
        if rounds < self.max_rounds:
            # A likely change that is not yet proven is what more rounds are for.
            return "no difference shown" if small and abs(middle(averages)) < floor else None
        return "no difference shown" if small else "inconclusive (noisy)"

    @staticmethod
    def _decision(logs: Floats, answer: Answer) -> Decision:
        averages = walsh_averages(logs)
        ends = interval(averages, len(logs))
        change, low, high = (math.expm1(log) for log in (middle(averages), *ends))
        return Decision(answer, len(logs), change, low, high, min(1.0, 2 * min(tails(averages, len(logs)))))


def walsh_averages(values: Floats) -> Floats:
    """Means of all pairs of values, each with itself too, ascending: [n (n + 1) / 2]."""
    first, second = _pairs(len(values))
    return np.sort((values[first] + values[second]) / 2)


@lru_cache(maxsize=64)
def _pairs(n: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    return np.triu_indices(n)


def middle(averages: Floats) -> float:
    """The median of what is sorted already: Hodges and Lehmann's estimate, of Walsh averages."""
    n = len(averages)
    return float(averages[(n - 1) // 2] + averages[n // 2]) / 2


def tails(averages: Floats, n: int) -> tuple[float, float]:
    """One-sided p-values of the signed-rank test: above zero, below zero. averages: Walsh averages of n values.

    The rank sum of the positive values is the number of positive Walsh averages (Tukey 1949). A zero counts against
    either side. Not scipy's wilcoxon: the interval is of the same averages, and the two never disagree.
    """
    null = signed_rank(n)
    at_most, below = np.searchsorted(averages, 0.0, "right"), np.searchsorted(averages, 0.0, "left")
    return float(null[at_most]), float(null[len(averages) - below])


def interval(averages: Floats, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The values that the signed-rank test does not refuse; infinite where n values cannot refuse any."""
    cut = int(np.searchsorted(signed_rank(n), (1 - confidence) / 2, "right")) - 1
    return (float(averages[cut]), float(averages[-1 - cut])) if cut >= 0 else (-math.inf, math.inf)


@lru_cache(maxsize=64)
def signed_rank(n: int) -> Floats:
    """P(T <= t) of the signed-rank sum of n values without ties, for t = 0 … n (n + 1) / 2."""
    chance = np.zeros(n * (n + 1) // 2 + 1)
    chance[0] = 1.0
    for rank in range(1, n + 1):
        chance[rank:] += chance[:-rank].copy()
        chance /= 2
    return np.minimum(np.cumsum(chance), 1.0)


def verdict(answers: Sequence[Answer]) -> Answer:
    """One answer for several retrievers: the one that asks for most attention."""
    order: tuple[Answer, ...] = ("slower", "inconclusive (noisy)", "no difference shown", "faster")
    return min(answers, key=order.index)
