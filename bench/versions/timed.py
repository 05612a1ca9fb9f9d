"""Base against head, one retriever after the other, each until the rule has its answer."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data.dataset import Dataset
from bench.errors import BenchError
from bench.machine import environment
from bench.machine.gauge import SpeedGauge, drift
from bench.versions.process import SideError, SideProcess, write_texts
from bench.versions.rule import Decision, Rule, verdict
from bench.versions.series import Round, Series
from bench.versions.sides import Side

SCHEMA = 1
# Called after each round: retriever, rounds so far, rounds at most.
Listener = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Setting:
    """What both sides are timed on. timeout: seconds that an index or a block may take."""

    dataset: Dataset
    seed: int = 0
    threads: int = field(default_factory=environment.default_threads)
    timeout: float = 3600.0


@dataclass(frozen=True)
class Outcome:
    """One retriever: the decision and the rounds it rests on, or why a side failed."""

    retriever: str
    decision: Decision | None = None
    rounds: tuple[Round, ...] = ()
    error: str = ""

    @property
    def medians(self) -> tuple[float, float]:
        """Nanoseconds of base and head: the median of all samples. The change is not their ratio, but the rounds'."""
        base, head = (np.concatenate([blocks.ravel() for blocks in side]) for side in self._samples)
        return float(np.median(base.astype(np.float64))), float(np.median(head.astype(np.float64)))

    @property
    def _samples(self) -> tuple[list[NDArray[np.int64]], list[NDArray[np.int64]]]:
        return [round_.base for round_ in self.rounds], [round_.head for round_ in self.rounds]

    @property
    def drift(self) -> float:
        """How much slower the machine's slowest moment was than its quickest, by the gauge, as a share."""
        readings = [round_.gauge for round_ in self.rounds]
        return drift(readings, min(readings)) if readings else float("nan")

    def describe(self) -> dict[str, Any]:
        """As JSON, with every sample."""
        decision = asdict(self.decision) if self.decision is not None else None
        rounds = [
            {"base": r.base.tolist(), "head": r.head.tolist(), "base_first": r.base_first, "gauge_seconds": r.gauge}
            for r in self.rounds
        ]
        return {"retriever": self.retriever, "decision": decision, "error": self.error or None, "rounds": rounds}


@dataclass(frozen=True)
class VersionTiming:
    """All retrievers on one dataset."""

    base: Side
    head: Side
    setting: Setting
    rule: Rule
    outcomes: tuple[Outcome, ...]

    @property
    def answer(self) -> str:
        """The answer that asks for most attention; "failed" where a side failed."""
        decisions = [outcome.decision for outcome in self.outcomes if outcome.decision is not None]
        return (
            verdict([decision.answer for decision in decisions]) if len(decisions) == len(self.outcomes) else "failed"
        )

    def describe(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "schema": SCHEMA,
            "answer": self.answer,
            "base": self.base.describe(),
            "head": self.head.describe(),
            "dataset": self.setting.dataset.describe(),
            "seed": self.setting.seed,
            "rule": asdict(self.rule) | {"looks": list(self.rule.looks)},
            "environment": environment.describe(self.setting.threads),
            "retrievers": [outcome.describe() for outcome in self.outcomes],
        }


def time_versions(
    base: Side, head: Side, setting: Setting, retrievers: Sequence[str], *, rule: Rule, listener: Listener
) -> VersionTiming:
    """Time the sides until each retriever has an answer. A side that fails is that retriever's outcome.

    The chance of a false alarm is split over the retrievers, so that it holds for the whole comparison. BenchError is
    raised for two names of one version, which would be found alike.
    """
    if base.same_as(head):
        raise BenchError(f"{base.name} and {head.name} are one and the same version.", "Name two, or --self-test.")
    rule = replace(rule, alpha=rule.alpha / len(retrievers))
    outcomes = []
    for retriever in retrievers:
        try:
            with ready(base, head, setting, retriever, np.random.default_rng(setting.seed)) as series:
                outcomes.append(_decided(series, rule, retriever, listener))
        except SideError as error:
            outcomes.append(Outcome(retriever, error=str(error)))
    return VersionTiming(base, head, setting, rule, tuple(outcomes))


@contextmanager
def ready(base: Side, head: Side, setting: Setting, retriever: str, rng: np.random.Generator) -> Iterator[Series]:
    """A process a side, indexed and warm; both end with the block. Raises SideError."""
    with ExitStack() as stack:
        texts = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-ab-texts-")))
        write_texts(setting.dataset, texts)
        gauge = SpeedGauge(setting.threads)
        stack.callback(gauge.close)
        first, second = (
            stack.enter_context(closing(SideProcess(side, retriever, texts, setting.threads, setting.timeout)))
            for side in (base, head)
        )
        if first.code == second.code and not base.same_as(head):  # the self-test times one version against itself
            raise SideError(f"both sides took it from {first.code}, which would be compared with itself")
        series = Series(first, second, len(setting.dataset.queries), rng, gauge)
        series.warm_up()
        yield series


def _decided(series: Series, rule: Rule, retriever: str, listener: Listener) -> Outcome:
    decision = None
    while decision is None:  # the rule answers at its last look
        series.take()
        listener(retriever, len(series.rounds), rule.max_rounds)
        decision = rule.decide(series.logs)
    return Outcome(retriever, decision, tuple(series.rounds))
