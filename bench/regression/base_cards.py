"""What a set's card and metadata decide of a comparison: the main measure, the groups and the slices.

They are no part of the fingerprint, since no ranking depends on them. So that a change cannot move the bar by which it
is judged, base's hold, and head's are named where they differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bench.regression.queries import Queries
from bench.regression.result import Changed
from bench.storage.schema import choose_measure

# Set in head -> its queries in base and in head.
Both = Mapping[str, tuple[Queries, Queries]]


def main_measure(before: Queries, after: Queries) -> str:
    """The main measure of base's card, of the measures that both runs have where there are any."""
    names = before.run.info["measures"]
    common = [name for name in names if name in after.run.info["measures"]]
    return choose_measure(common or names, before.card["measure"])


def slice_of(before: Queries, after: Queries, where: str) -> NDArray[np.bool_]:
    """[queries]: the slice as base has it, as head has it where it is new."""
    mask = before.mask(where)
    return mask if mask.any() else after.mask(where)


def problems(both: Both, slices: Sequence[str]) -> Iterator[str]:
    """Slices that gates ask for and that hold other queries than in base."""
    for dataset, (before, after) in both.items():
        for where in dict.fromkeys(slices):
            old, new = before.mask(where), after.mask(where)
            if old.any() and not np.array_equal(old, new):
                yield (
                    f"The slice {where} of {dataset} is not the same in both runs: "
                    f"{old.sum():,} queries of base, {new.sum():,} of head, {(old & new).sum():,} of both."
                )


def changed(both: Both) -> Iterator[Changed]:
    """Main measures and groups of head's cards that do not hold."""
    for dataset, (before, after) in both.items():
        for key in ("measure", "group"):
            old, new = (str(side.card[key] or "none") for side in (before, after))
            if old != new:
                yield Changed(f"{dataset}: {key} of the card (base's holds)", old, new)
        a, b, field = before.groups, after.groups, after.card["group"]
        if a is not None and b is not None and field == before.card["group"] and not np.array_equal(a, b):
            counted = (f"{len(np.unique(groups)):,} by {field}" for groups in (a, b))
            yield Changed(f"{dataset}: groups (base's hold)", *counted)
