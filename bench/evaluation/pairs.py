"""Pairs of retrievers on the same queries: how far apart, how sure, and how far apart they would have to be.

`compare` makes the rows of one dataset, `adjusted` corrects their p-values within the families that are named before
anybody looks, and `outcome` says what a row allows one to say: one side is better, or it is undecided, never that both
are equal. What was tested is thus the same whatever other sets and measures a report shows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.evaluation.intervals import DRAWS, bounds_with_best, difference_interval, within_margin
from bench.evaluation.power import detectable, effect_size, wins_ties_losses
from bench.evaluation.significance import FLIPS, holm_within, randomisation_test
from bench.evaluation.streams import Purpose, stream
from bench.evaluation.units import Groups

ALPHA = 0.05
# Families of tests, each of one set: all pairs that are compared by the main measure, by which the verdict decides; and
# all the rest.
VERDICT, EXPLORATORY = "verdict", "exploratory"
BOUNDED, BOOTSTRAP = "bounded", "bootstrap"


class PairedDifference(NamedTuple):
    """Retriever a against retriever b by one measure, over the answerable queries of one dataset.

    difference: mean_a - mean_b, with its 95% interval low to high, which is BOUNDED or a BOOTSTRAP. p: of the paired
    randomisation test; p_holm: adjusted for all rows of its family (VERDICT or EXPLORATORY) on its set, NaN until
    `adjusted`. wins, ties, losses: queries on which a is above, level with, below b. effect: difference in standard
    deviations of the differences. detectable: the smallest true difference that these queries show with 80% power.
    groups: how many vary independently (queries, where the set names no groups). margin: the smallest gain worth
    having, 0 where none was given; p_above: of the test that the difference is above -margin, p_below: that it is
    below margin (`intervals.within_margin`). NaN where there are too few queries to tell, or no margin. low_best,
    high_best: bounds of the difference for comparisons with the best (`intervals.bounds_with_best`), NaN for other than
    the main measure, and against a baseline. noise_floor: how far such a difference moves by what should not matter,
    NaN where nobody measured it (bench.analysis.noise_floors).
    """

    dataset: str
    measure: str
    a: str
    b: str
    mean_a: float
    mean_b: float
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    wins: int
    ties: int
    losses: int
    effect: float
    detectable: float
    queries: int
    groups: int
    family: str
    interval: str
    margin: float
    p_above: float
    p_below: float
    low_best: float
    high_best: float
    noise_floor: float = math.nan

    @property
    def below_noise(self) -> bool:
        """Is the difference smaller than what a noise floor says to be nothing?"""
        return abs(self.difference) < self.noise_floor

    def seen_from(self, retriever: str) -> PairedDifference:
        """The same with `retriever` as a. Raises ValueError where it is neither side."""
        if retriever == self.a:
            return self
        if retriever != self.b:
            raise ValueError(f"{retriever} is neither {self.a} nor {self.b}")
        return self._replace(
            a=self.b,
            b=self.a,
            mean_a=self.mean_b,
            mean_b=self.mean_a,
            difference=0 - self.difference,  # no -0.0, which would read as a loss
            low=0 - self.high,
            high=0 - self.low,
            wins=self.losses,
            losses=self.wins,
            effect=0 - self.effect,
            p_above=self.p_below,
            p_below=self.p_above,
            low_best=0 - self.high_best,
            high_best=0 - self.low_best,
        )


COLUMNS = PairedDifference._fields


def compare_pairs(
    dataset: str,
    values: Mapping[str, Mapping[str, NDArray[np.float64]]],
    answerable: NDArray[np.bool_],
    *,
    seed: int,
    main: str,
    groups: Groups = None,
    margins: Mapping[str, float] | None = None,
    against: str | None = None,
    flips: int = FLIPS,
    draws: int = DRAWS,
) -> list[PairedDifference]:
    """A row for each pair of retrievers and each measure, in the order given; p_holm is still NaN.

    values: retriever -> measure -> values, float64 [queries], every retriever with the same measures. answerable:
    [queries]; the others are left out. main: the measure by which the set is judged. groups: [queries], as
    `statistics.group_codes` makes them. margins: measure -> smallest gain worth having. against: the retriever that the
    others are compared with, as b, in place of each with each. Without an answerable query there is no row, nor without
    values of that retriever.
    """
    pairs = list(combinations(values, 2))
    if against is not None:
        pairs = [(label, against) for label in values if label != against and against in values]
    if not pairs or not answerable.any():
        return []
    measures = list(next(iter(values.values())))
    a, b = (
        np.column_stack([values[pair[side]][measure] for pair in pairs for measure in measures])[answerable]
        for side in (0, 1)
    )
    units = None if groups is None else groups[answerable]
    differences = a - b
    # Streams of their own: the flips stay the same whatever number of draws the interval takes.
    low, high, bounded = difference_interval(differences, stream(seed, Purpose.DIFFERENCE), draws, groups=units)
    margin = np.array([(margins or {}).get(measure, 0.0) for _, measure in product(pairs, measures)])
    above, below = within_margin(differences, margin, stream(seed, Purpose.MARGIN), draws=draws, groups=units)
    low_best, high_best = np.full((2, len(margin)), np.nan)
    if against is None and main in measures:
        mine = slice(measures.index(main), None, len(measures))
        low_best[mine], high_best[mine] = bounds_with_best(
            differences[:, mine], len(values) - 1, stream(seed, Purpose.BEST), draws=draws, groups=units
        )
    p = randomisation_test(differences, stream(seed, Purpose.SIGNS), units, flips)
    won, tied, lost = wins_ties_losses(differences).tolist()
    effect, least = effect_size(differences).tolist(), detectable(differences, units).tolist()
    n = len(differences)
    independent = n if units is None else len(np.unique(units))
    return [
        PairedDifference(
            dataset,
            measure,
            *pair,
            mean_a=float(a[:, column].mean()),
            mean_b=float(b[:, column].mean()),
            difference=float(differences[:, column].mean()),
            low=float(low[column]),
            high=float(high[column]),
            p=float(p[column]),
            p_holm=math.nan,
            wins=won[column],
            ties=tied[column],
            losses=lost[column],
            effect=effect[column],
            detectable=least[column],
            queries=n,
            groups=independent,
            family=VERDICT if measure == main else EXPLORATORY,
            interval=BOUNDED if bounded[column] else BOOTSTRAP,
            margin=float(margin[column]),
            p_above=float(above[column]),
            p_below=float(below[column]),
            low_best=float(low_best[column]),
            high_best=float(high_best[column]),
        )
        for column, (pair, measure) in enumerate(product(pairs, measures))
    ]


def adjusted(rows: Sequence[PairedDifference]) -> list[PairedDifference]:
    """The rows with p_holm: Holm's correction within each family of each dataset."""
    corrected = holm_within([(row.dataset, row.family) for row in rows], [row.p for row in rows])
    return [row._replace(p_holm=p) for row, p in zip(rows, corrected, strict=True)]


def untested(row: PairedDifference) -> PairedDifference:
    """The means and their difference alone: NaN for all that says how sure it is, and how far that goes."""
    return row._replace(
        low=math.nan,
        high=math.nan,
        p=math.nan,
        p_holm=math.nan,
        detectable=math.nan,
        p_above=math.nan,
        p_below=math.nan,
        low_best=math.nan,
        high_best=math.nan,
    )


def outcome(row: PairedDifference) -> Literal["a", "b", "undecided"]:
    """Which side is better: only where p_holm is below .05 and the interval leaves 0 out, on the same side.

    A difference below its noise floor decides nothing either. Needs `adjusted` rows: a NaN decides nothing.
    """
    if not row.p_holm < ALPHA or row.below_noise:
        return "undecided"
    if row.low > 0:
        return "a"
    return "b" if row.high < 0 else "undecided"


def not_shown_worse(
    rows: Sequence[PairedDifference], against: str | None = None
) -> dict[tuple[str, str], tuple[str, tuple[str, ...]]]:
    """(dataset, measure) -> the retriever of the highest mean, and those not shown worse.

    Of several of that mean it is the first by name. rows: `adjusted`. against: the retriever that all rows are against,
    which then stands in place of the best, with those not shown different from it. Not shown worse is not shown equal:
    a difference smaller than `detectable` goes unseen.
    """
    by_measure: dict[tuple[str, str], list[PairedDifference]] = {}
    for row in rows:
        by_measure.setdefault((row.dataset, row.measure), []).append(row)
    return {key: _level_with(against or _best(group), group) for key, group in by_measure.items()}


def _best(rows: list[PairedDifference]) -> str:
    means = {row.a: row.mean_a for row in rows} | {row.b: row.mean_b for row in rows}
    return max(sorted(means), key=lambda label: means[label])


def _level_with(best: str, rows: list[PairedDifference]) -> tuple[str, tuple[str, ...]]:
    against = [row.seen_from(best) for row in rows if best in (row.a, row.b)]
    return best, tuple(row.b for row in against if outcome(row) == "undecided")
