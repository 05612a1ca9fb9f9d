"""What is recommended of several that keep the limits, and the sentences that tell of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.analysis.verdict import sentences
from bench.analysis.verdict.choices import BY_KIND, Cheapest, ChosenBy, RetrieverSummary
from bench.analysis.verdict.result import Basis
from bench.evaluation.pairs import PairedDifference


@dataclass(frozen=True)
class Recommendation:
    """cheap: the pick, and what made it the cheapest. other: whom the best is held against: the pick, or where that is
    the best, the next one. level, worse: those not shown worse than the best, with it, and the others. winner: the best
    where it is shown better than all. at_most: what the truly best one may have above the pick."""

    best: RetrieverSummary
    other: RetrieverSummary
    cheap: Cheapest
    winner: RetrieverSummary | None
    basis: Basis
    margin: float
    at_most: float
    level: Sequence[RetrieverSummary]
    worse: Sequence[RetrieverSummary]

    @property
    def pick(self) -> RetrieverSummary:
        """What is recommended."""
        return self.cheap.retriever

    @property
    def others(self) -> list[RetrieverSummary]:
        """All that the best was compared with."""
        return [*(candidate for candidate in self.level if candidate is not self.best), *self.worse]

    @property
    def beyond(self) -> str:
        """By how much one has to be better."""
        return f" by {self.margin:g} or more" if self.margin else ""

    def why(self) -> str:
        """How the sentence that recommends goes on."""
        if self.basis in ("better", "beyond margin"):
            return f": it is better than {self._better_than()}"
        within = f"no other one is better{self.beyond}" if self.basis == "within margin" else ""
        if self.pick is self.best:
            costs = _AND_BEST[self.cheap.by]
            return f": it has the highest mean{costs}, and {within or self._not_shown_worse()}"
        better = "is better, but not shown to be" if self.winner else "is not shown better"
        reason = within or f"{self.best.label}, which has the highest mean, {better}{self.beyond}"
        return f", {cheapest_of(self.cheap, len(self.level))}: {reason}"

    def _better_than(self) -> str:
        count = len(self.others)
        names = f"all {count} others" if count > 2 else " and ".join(other.label for other in self.others)
        is_open = f"; whether by the margin of {self.margin:g} is open" if self.margin else ""
        return names + (self.beyond if self.basis == "beyond margin" else is_open)

    def _not_shown_worse(self) -> str:
        if len(self.others) == 1:
            return f"{self.other.label} is not shown worse{self.beyond}"
        count = len(self.level) - 1
        return f"{count} of {len(self.others)} others {'is' if count == 1 else 'are'} not shown worse{self.beyond}"

    def level_with(self) -> tuple[str, ...]:
        """Who else might be used and who not, where more than two are compared and that is not said yet."""
        if len(self.level) == 1 or len(self.others) == 1:
            return ()
        alike = ", ".join(candidate.label for candidate in self.level if candidate is not self.best)
        worse = f"; shown worse: {', '.join(candidate.label for candidate in self.worse)}" if self.worse else ""
        return (f"Against {self.best.label}, not shown worse{self.beyond}: {alike}{worse}.",)

    def figures(self, row: PairedDifference) -> tuple[str, ...]:
        """The figures behind it; where others may be better, by at most how much. row: the best against the other."""
        chosen = self.basis in ("level", "within margin")
        compared = sorted([self.best, *self.others], key=lambda candidate: -candidate.mean)
        means = sentences.means(self.best, self.other, compared, row, interval=not chosen)
        if not chosen:
            return (means,)
        count = f"the {len(compared)}" if len(compared) > 2 else "both"
        return (
            means,
            f"{self.pick.label} is below the truly best of {count}, whichever that is, by at most "
            f"{sentences.least(self.at_most)} (95%, corrected for having chosen among them).",
        )

    def untimed(self) -> tuple[str, ...]:
        """By what the cheapest of several was chosen without times."""
        if self.cheap.timed or len(self.level) == 1:
            return ()
        order = ", ".join(BY_KIND)
        return (f"Without times of all of them the cheapest goes by kind ({order}), then by memory and the mean.",)

    def settled_by(self, more_queries: int | None, row: PairedDifference) -> str:
        """What would settle whether the best one is to be used and not the pick."""
        what = f"whether {self.best.label} is better{self.beyond},"
        return sentences.wanted(more_queries, row, self.at_most, what=what)


def cheapest_of(cheap: Cheapest, count: int) -> str:
    """What the one of so many is called that was chosen by its costs."""
    if count == 2:
        return _OF_TWO[cheap.by]
    return f"{_OF_SEVERAL[cheap.by]} of {count}"


# By what it was chosen: after that it has the highest mean; in place of the best.
_AND_BEST: dict[ChosenBy, str] = {
    "cost": " and costs least",
    "kind": " and is the simplest by its kind",
    "defaults": " and needs no tuning",
    "mean": "",
}
_OF_TWO: dict[ChosenBy, str] = {
    "cost": "the cheaper one",
    "kind": "the simpler one by its kind",
    "defaults": "the one that needs no tuning",
    "mean": "the one of the higher mean",
}
_OF_SEVERAL: dict[ChosenBy, str] = {
    "cost": "the cheapest",
    "kind": "the simplest by its kind",
    "defaults": "the best that needs no tuning",
    "mean": "the one of the highest mean",
}
