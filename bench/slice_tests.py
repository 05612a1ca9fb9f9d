"""Two retrievers by the values of a field: is one better on some kind of query, and do they differ alike on all?

All values of all fields of a set are one family of tests, exploratory beside the verdict's. A table of means by slice
shows many pairs of figures, of which some look far apart by chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Dataset
from bench.intervals import difference_interval
from bench.statistics import Floats, Groups, holm, randomisation_test
from bench.streams import Purpose, stream

# Of five queries (groups) no outcome has a p below .05.
FEWEST = 6
ALPHA = 0.05
SHUFFLES = 2_000


@dataclass(frozen=True)
class SliceTest:
    """a minus b on the answerable queries whose `field` is `value`: the mean with its 95% interval, and the test."""

    field: str
    value: str
    queries: int
    mean_a: float
    mean_b: float
    difference: float
    low: float
    high: float
    p: float
    p_holm: float = float("nan")

    @property
    def sign(self) -> int:
        """1 where a is shown better, -1 where b is, else 0."""
        if not self.p_holm < ALPHA:
            return 0
        return 1 if self.low > 0 else -1 if self.high < 0 else 0


@dataclass(frozen=True)
class Interaction:
    """p: of the test that a and b are as far apart on every value of the field; p_holm: corrected over the fields."""

    field: str
    p: float
    p_holm: float


@dataclass(frozen=True)
class BySlice:
    """a, b: the retrievers. slices: values with at least FEWEST queries (groups), in the order of the card's fields."""

    a: str
    b: str
    slices: tuple[SliceTest, ...]
    interactions: tuple[Interaction, ...]


def by_slice(dataset: Dataset, values: Mapping[str, Floats], seed: int) -> BySlice:
    """The tests of two retrievers. values: the labels of both, the first is a -> the measure, [queries]."""
    a, b = values
    differences = values[a] - values[b]
    slices: list[SliceTest] = []
    fields, spreads = [], []
    for name in dataset.card.slices:
        labels = np.array(dataset.field(name), dtype=object)
        found = [_test(dataset, name, value, mask, values, seed) for value, mask in _values(dataset, labels)]
        slices += found
        if len(found) > 1:
            known = dataset.answerable & np.isin(labels, [each.value for each in found])
            codes = np.unique(labels[known].astype(str), return_inverse=True)[1]
            groups = None if dataset.groups is None else dataset.groups[known]
            fields.append(name)
            spreads.append(_same_everywhere(differences[known], codes, groups, stream(seed, Purpose.SLICES)))
    corrected = holm(np.array([each.p for each in slices], dtype=np.float64)).tolist()
    together = holm(np.array(spreads, dtype=np.float64)).tolist()
    return BySlice(
        a,
        b,
        tuple(replace(each, p_holm=p) for each, p in zip(slices, corrected, strict=True)),
        tuple(Interaction(*each) for each in zip(fields, spreads, together, strict=True)),
    )


def _values(dataset: Dataset, labels: NDArray[np.object_]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """The values of a field with enough answerable queries (groups), and which those are."""
    for value in sorted(set(labels.tolist()) - {""}):
        mask = (labels == value) & dataset.answerable
        units = mask.sum() if dataset.groups is None else len(np.unique(dataset.groups[mask]))
        if units >= FEWEST:
            yield value, mask


def _test(  # noqa: PLR0917
    dataset: Dataset, field: str, value: str, mask: NDArray[np.bool_], values: Mapping[str, Floats], seed: int
) -> SliceTest:
    a, b = (each[mask] for each in values.values())
    groups = None if dataset.groups is None else dataset.groups[mask]
    differences = (a - b)[:, None]
    low, high, _ = difference_interval(differences, stream(seed, Purpose.DIFFERENCE), groups=groups)
    p = randomisation_test(differences, stream(seed, Purpose.SIGNS), groups)
    means = float(a.mean()), float(b.mean())
    interval = float(low[0]), float(high[0])
    return SliceTest(field, value, int(mask.sum()), *means, float(differences.mean()), *interval, float(p[0]))


def _same_everywhere(differences: Floats, labels: NDArray[np.intp], groups: Groups, rng: np.random.Generator) -> float:
    """P-value of a permutation test: how often shuffled labels part the mean differences as far as these do.

    What is shuffled: the labels of whole groups where each group has one, else those within each group, since its
    queries vary together; without groups those of queries.
    """
    differences = differences - differences.mean()

    def spread(shuffled: NDArray[np.intp]) -> float:
        sums, sizes = np.bincount(shuffled, differences), np.bincount(shuffled)
        return float((sums**2 / np.maximum(sizes, 1)).sum())

    reached = spread(labels) * (1 - 1e-9)
    shuffle = _shuffler(labels, groups, rng)
    return (1 + sum(spread(shuffle()) >= reached for _ in range(SHUFFLES))) / (1 + SHUFFLES)


def _shuffler(labels: NDArray[np.intp], groups: Groups, rng: np.random.Generator) -> Callable[[], NDArray[np.intp]]:
    if groups is None:
        return lambda: rng.permutation(labels)
    _, first, unit = np.unique(groups, return_index=True, return_inverse=True)
    if (labels == labels[first][unit]).all():
        return lambda: rng.permutation(labels[first])[unit]
    by_group = np.argsort(unit, kind="stable")

    def within() -> NDArray[np.intp]:
        # Sorted by group, then at random: the labels of each group in another order.
        order = np.lexsort((rng.random(len(labels)), unit))
        shuffled = np.empty_like(labels)
        shuffled[by_group] = labels[order]
        return shuffled

    return within


def sentences(found: BySlice, chosen: str | None) -> tuple[str, ...]:
    """Where the slices say other than the verdict, in at most one sentence a field. chosen: what it recommends."""
    return tuple(
        each for field in dict.fromkeys(s.field for s in found.slices) if (each := _said(found, field, chosen))
    )


def _said(found: BySlice, field: str, chosen: str | None) -> str:
    shown = [each for each in found.slices if each.field == field and each.sign]
    best = {label: [each for each in shown if each.sign == sign] for label, sign in ((found.a, 1), (found.b, -1))}
    against = {label: slices for label, slices in best.items() if slices and label != chosen}
    if against:
        parts = [f"{label} is better on {_listed(slices)}" for label, slices in best.items() if slices]
        corrected = f"paired tests, Holm over {len(found.slices)} slices"
        return f"By {field}: {'; '.join(parts)} ({corrected})."
    differs = next((each for each in found.interactions if each.field == field and each.p_holm < ALPHA), None)
    if differs and not shown:
        return (
            f"By {field} their difference is not the same everywhere (p {_p(differs.p_holm)}), though no value alone "
            "shows one better."
        )
    return ""


def _listed(slices: Sequence[SliceTest]) -> str:
    shown = sorted(slices, key=lambda each: each.p_holm)[:3]
    more = f" and {len(slices) - 3} more" if len(slices) > 3 else ""
    parts = []
    for each in shown:
        means = (each.mean_a, each.mean_b) if each.sign > 0 else (each.mean_b, each.mean_a)
        parts.append(f"{each.value} ({means[0]:.3f} against {means[1]:.3f}, p {_p(each.p_holm)})")
    return ", ".join(parts) + more


def _p(p: float) -> str:
    return "below .001" if p < 0.001 else f"{p:.3f}"
