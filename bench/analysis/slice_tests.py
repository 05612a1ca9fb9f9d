"""Two retrievers by the values of a field: is one better on some kind of query, and do they differ alike on all?

All values of all fields of a set are one family of tests, exploratory beside the verdict's. A table of means by slice
shows many pairs of figures, of which some look far apart by chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.data.dataset import Dataset
from bench.evaluation.pairs import PairedDifference, compare_pairs
from bench.evaluation.significance import holm
from bench.evaluation.streams import Purpose, stream
from bench.evaluation.units import Floats, Groups

# Of five queries (groups) no outcome has a p below .05.
FEWEST = 6
SHUFFLES = 2_000
_STORED = ("queries", "mean_a", "mean_b", "difference", "low", "high", "p", "p_holm")


class SliceTest(NamedTuple):
    """Both on the answerable queries whose `field` is `value`; p_holm: corrected over all slices of the set."""

    field: str
    value: str
    row: PairedDifference


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

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        slices = [
            {"field": test.field, "value": test.value} | {name: getattr(test.row, name) for name in _STORED}
            for test in self.slices
        ]
        return {
            "a": self.a,
            "b": self.b,
            "slices": slices,
            "interactions": [asdict(interaction) for interaction in self.interactions],
        }


def by_slice(dataset: Dataset, values: Mapping[str, Floats], measure: str, seed: int) -> BySlice:
    """The tests of two retrievers. values: the labels of both, the first is a -> the measure, [queries]."""
    a, b = values
    differences, columns = values[a] - values[b], {label: {measure: per_query} for label, per_query in values.items()}
    slices: list[SliceTest] = []
    fields, spreads = [], []
    for name in dataset.card.slices:
        labels = np.array(dataset.field(name), dtype=object)
        tests = []
        for value, mask in _values(dataset, labels):
            (row,) = compare_pairs(dataset.name, columns, mask, seed=seed, main=measure, groups=dataset.groups)
            tests.append(SliceTest(name, value, row))
        slices += tests
        if len(tests) > 1:
            known = dataset.answerable & np.isin(labels, [test.value for test in tests])
            codes = np.unique(labels[known].astype(str), return_inverse=True)[1]
            groups = None if dataset.groups is None else dataset.groups[known]
            fields.append(name)
            spreads.append(_same_everywhere(differences[known], codes, groups, stream(seed, Purpose.SLICES)))
    corrected = holm(np.array([test.row.p for test in slices], dtype=np.float64)).tolist()
    together = holm(np.array(spreads, dtype=np.float64)).tolist()
    return BySlice(
        a,
        b,
        tuple(test._replace(row=test.row._replace(p_holm=p)) for test, p in zip(slices, corrected, strict=True)),
        tuple(Interaction(*entry) for entry in zip(fields, spreads, together, strict=True)),
    )


def _values(dataset: Dataset, labels: NDArray[np.object_]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """The values of a field with enough answerable queries (groups), and which those are."""
    for value in sorted(set(labels.tolist()) - {""}):
        mask = (labels == value) & dataset.answerable
        units = mask.sum() if dataset.groups is None else len(np.unique(dataset.groups[mask]))
        if units >= FEWEST:
            yield value, mask


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
