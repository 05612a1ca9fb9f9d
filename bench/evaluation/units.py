"""What varies independently: queries, or groups of them.

Where queries come in groups (paraphrases of one question, questions on one document), they vary together, so the group
is what is drawn and what is flipped: `groups` gives each query's, int64 [queries], as
`bench.data.dataset.group_codes` makes them; None says that each stands alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Groups = NDArray[np.int64] | None

LEVEL = 0.95  # of intervals

# Two values of a measure closer than this are the same value, summed in another order.
TIE = 1e-9


def summed(values: Floats, groups: Groups) -> tuple[Floats, Floats]:
    """Sums [units, columns] and sizes [units] of the units that vary independently: groups, else queries."""
    if groups is None:
        return values, np.ones(len(values))
    codes, unit = np.unique(groups, return_inverse=True)
    sums = np.zeros((len(codes), values.shape[1]))
    np.add.at(sums, unit, values)
    return sums, np.bincount(unit, minlength=len(codes)).astype(np.float64)
