"""What the rule is worth on this machine: the same code on both sides, recorded and resampled."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.machine import environment
from bench.machine.gauge import drift
from bench.versions.rule import Rule
from bench.versions.sides import Side
from bench.versions.timed import SCHEMA, Listener, Setting, ready

# Two processes of the same code can differ for as long as they live (where their memory lies), so there are several.
PAIRS = 6
# Neighbouring rounds drawn together, so that slow minutes stay whole: about two seconds.
NEIGHBOURS = 8
RUNS = 10_000
SLOWDOWNS = (0.10, 0.20)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Share:
    """How often something happened: `count` of `runs`, with the 95% interval of Clopper & Pearson (Biometrika 1934)."""

    count: int
    runs: int

    @property
    def value(self) -> float:
        """The share, NaN of no runs."""
        return self.count / self.runs if self.runs else math.nan

    @property
    def low(self) -> float:
        """Lower end."""
        from scipy.special import betaincinv

        return float(betaincinv(self.count, self.runs - self.count + 1, 0.025)) if self.count else 0.0

    @property
    def high(self) -> float:
        """Upper end."""
        from scipy.special import betaincinv

        missed = self.runs - self.count
        return float(betaincinv(self.count + 1, missed, 0.975)) if missed else 1.0

    def describe(self) -> dict[str, float]:
        """As JSON; null for NaN."""
        return asdict(self) | {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class Simulated:
    """What the rule answered on resampled series.

    alarms: "slower" or "faster", where both sides are the same. inconclusive: of the same runs. detected: slowdown ->
    "slower". rounds: mean number taken where both sides are the same.
    """

    alarms: Share
    inconclusive: Share
    detected: dict[float, Share]
    rounds: float


@dataclass(frozen=True)
class SelfTest:
    """pairs: log ratios of each pair of processes. disjoint: alarms of runs that share no round, as they were taken.

    simulated: the rule on resampled series; its intervals are of the resampling alone, not of other hours or machines.
    """

    retriever: str
    setting: Setting
    rule: Rule
    pairs: tuple[Floats, ...]
    simulated: Simulated
    disjoint: Share
    drift: float
    seconds: float

    @property
    def offsets(self) -> list[float]:
        """How much each pair's second process was slower than its first, as a share: the median over its rounds."""
        return [math.expm1(float(np.median(pair))) for pair in self.pairs]

    def describe(self) -> dict[str, Any]:
        """As JSON."""
        simulated = self.simulated
        return {
            "schema": SCHEMA,
            "retriever": self.retriever,
            "dataset": self.setting.dataset.describe(),
            "seed": self.setting.seed,
            "seconds": self.seconds,
            "rule": asdict(self.rule) | {"looks": list(self.rule.looks)},
            "environment": environment.describe(self.setting.threads),
            "gauge_drift": self.drift,
            "neighbours": NEIGHBOURS,
            "false_alarms": simulated.alarms.describe(),
            "inconclusive": simulated.inconclusive.describe(),
            "found": {f"{slowdown:+.0%}": share.describe() for slowdown, share in simulated.detected.items()},
            "mean_rounds": simulated.rounds,
            "false_alarms_of_disjoint_runs": self.disjoint.describe() if self.disjoint.runs else None,
            "log_ratios": [pair.tolist() for pair in self.pairs],
        }


def self_test(
    side: Side, setting: Setting, retriever: str, *, rule: Rule, seconds: float, listener: Listener
) -> SelfTest:
    """Time one version against itself for so many seconds, then resample what was recorded. Raises SideError.

    Each pair of processes takes the rounds of one run at least, so a short time makes fewer pairs, and at least one.
    """
    rng = np.random.default_rng(setting.seed)
    pairs: list[Floats] = []
    gauge: list[float] = []
    start = time.monotonic()
    for number in range(1, PAIRS + 1):
        if pairs and time.monotonic() - start >= seconds:
            break
        with ready(side, replace(side), setting, retriever, rng) as series:
            until = start + seconds * number / PAIRS
            while len(series.rounds) < rule.max_rounds or time.monotonic() < until:
                series.take()
                listener(f"{retriever}, pair {number} of {PAIRS}", len(series.rounds), 0)
        pairs.append(series.logs)
        gauge += [round_.gauge for round_ in series.rounds]
    took = time.monotonic() - start
    return SelfTest(
        retriever,
        setting,
        rule,
        tuple(pairs),
        simulate(rule, pairs, rng, RUNS),
        disjoint(rule, pairs),
        drift(gauge, min(gauge)),
        took,
    )


def simulate(rule: Rule, pairs: Sequence[Floats], rng: np.random.Generator, runs: int = RUNS) -> Simulated:
    """The rule on series drawn from the recorded ones, log ratios [rounds] each.

    A run is of one pair of processes, as a real one is, so their lasting difference stays; which of the two is head is
    a coin. Its rounds are drawn as `NEIGHBOURS` in a row (circular block bootstrap, Politis & Romano 1992). A slowdown
    multiplies head's times, the same draws for each.
    """
    answers: dict[float, list[str]] = {slowdown: [] for slowdown in (0.0, *SLOWDOWNS)}
    rounds = 0
    for _ in range(runs):
        pair = pairs[int(rng.integers(len(pairs)))]
        starts = rng.integers(0, len(pair), -(-rule.max_rounds // NEIGHBOURS))
        drawn = ((starts[:, None] + np.arange(NEIGHBOURS)) % len(pair)).ravel()[: rule.max_rounds]
        logs = pair[drawn] * rng.choice((-1, 1))
        for slowdown, given in answers.items():
            decision = rule.run(logs + math.log1p(slowdown))
            given.append(decision.answer)
            rounds += decision.rounds if not slowdown else 0
    same = answers[0.0]
    return Simulated(
        alarms=Share(sum(answer in ("slower", "faster") for answer in same), runs),
        inconclusive=Share(same.count("inconclusive (noisy)"), runs),
        detected={slowdown: Share(answers[slowdown].count("slower"), runs) for slowdown in SLOWDOWNS},
        rounds=rounds / runs,
    )


def disjoint(rule: Rule, pairs: Sequence[Floats]) -> Share:
    """Alarms of whole runs, one after the other as recorded: few, but nothing was drawn twice."""
    size = rule.max_rounds
    runs = [pair[start : start + size] for pair in pairs for start in range(0, len(pair) - size + 1, size)]
    return Share(sum(rule.run(run).answer in ("slower", "faster") for run in runs), len(runs))
