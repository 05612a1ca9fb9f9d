"""Two versions timed in turns, or the self-test of that -> terminal tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from bench.report.table import Table
from bench.report.terminal_table import TerminalTable

if TYPE_CHECKING:
    from bench.versions.selftest import SelfTest, Share
    from bench.versions.timed import Outcome, VersionTiming

_STYLES = {"slower": "bold red", "failed": "bold red", "faster": "green", "inconclusive (noisy)": "bold yellow"}
# A machine whose speed moves more than this is said to be noisy (bench.machine.gauge).
_NOISY = 0.10


def render(timing: VersionTiming) -> Iterator[RenderableType]:
    """What was compared, a row for each retriever, what failed, what noise means."""
    sides = [f"{name} {side['name']} ({side['what']})" for name, side in _sides(timing)]
    yield Text(f"{timing.setting.dataset.name}: {', '.join(sides)}")
    header = ("retriever", "answer", "base p50 ms", "head p50 ms", "head slower by [95%]", "p", "rounds")
    yield TerminalTable(Table("Versions", header, tuple(map(_row, timing.outcomes)), columns_left=2), _STYLES)
    for outcome in timing.outcomes:
        if outcome.error:
            yield Text(f"{outcome.retriever} failed: {outcome.error}", "bold red")
        elif outcome.drift > _NOISY:
            yield Text(f"{outcome.retriever}: the machine's speed moved by {outcome.drift:.0%} meanwhile.", "yellow")
    rule = timing.rule
    yield Text(
        f"slower, faster: p at most {2 * rule.level:.2g} at one of {len(rule.looks)} looks, and the interval beyond "
        f"{rule.floor:.0%}; no difference shown: the interval within {rule.margin:.0%}."
    )


def render_self_test(test: SelfTest) -> Iterator[RenderableType]:
    """What the rule does where nothing changed, and where head takes longer."""
    rounds = sum(map(len, test.pairs))
    yield Text(
        f"{test.retriever} on {test.setting.dataset.name} against itself: {rounds:,} rounds in "
        f"{test.seconds:,.0f} s, {len(test.pairs)} pairs of processes; {test.simulated.alarms.runs:,} runs drawn "
        f"from them, of {test.simulated.rounds:.0f} rounds on average."
    )
    rows = [
        ("false alarms, no change", *_share(test.simulated.alarms), "at most 1%"),
        ("inconclusive, no change", *_share(test.simulated.inconclusive), ""),
    ]
    for slowdown, share in test.simulated.detected.items():
        goal = "at least 80%" if slowdown == min(test.simulated.detected) else ""
        rows.append((f"{slowdown:+.0%} found", *_share(share), goal))
    yield TerminalTable(Table("Self-test", ("of the runs", "share", "95%", "goal"), tuple(rows)))
    if test.disjoint.runs:
        alarms, runs, high = test.disjoint.count, test.disjoint.runs, test.disjoint.high
        yield Text(f"As recorded, without drawing: {alarms} false alarms in {runs} runs (at most {high:.1%}).")
    offsets = ", ".join(f"{offset:+z.1%}" for offset in test.offsets)
    yield Text(f"Lasting difference of the pairs: {offsets}. The machine's speed moved by {test.drift:.0%}.")


def _sides(timing: VersionTiming) -> tuple[tuple[str, dict[str, str]], ...]:
    return ("base", timing.base.describe()), ("head", timing.head.describe())


def _row(outcome: Outcome) -> tuple[str, ...]:
    if outcome.decision is None:
        return (outcome.retriever, "failed", "n/a", "n/a", "n/a", "n/a", str(len(outcome.rounds)))
    decision, (base, head) = outcome.decision, outcome.medians
    change = f"{decision.change:+z.1%} [{decision.low:+z.1%}, {decision.high:+z.1%}]"
    return (
        outcome.retriever,
        decision.answer,
        f"{base / 1e6:.3f}",
        f"{head / 1e6:.3f}",
        change,
        f"{decision.p:.2g}",
        str(decision.rounds),
    )


def _share(share: Share) -> tuple[str, str]:
    return f"{share.value:.2%}", f"{share.low:.2%} to {share.high:.2%}"
