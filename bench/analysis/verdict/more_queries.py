"""About how many more queries would settle what is undecided: an estimate from the spread of the differences seen."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bench.evaluation.intervals import least_units
from bench.evaluation.pairs import ALPHA, PairedDifference

# Normal quantiles of a two-sided test at .05, and of a power of 80%.
_Z_TEST, _Z_POWER = 1.95996, 0.84162
# More than so many is no advice.
_MOST = 10_000_000


def more_queries(
    seen: PairedDifference,
    blocking: Sequence[PairedDifference],
    rows: Sequence[PairedDifference],
    margin: float,
    *,
    beyond: float = 0.0,
) -> int | None:
    """So many further queries show the difference, or that it is within the margin, whichever takes fewer.

    seen: the two that are compared. blocking: the rows that do not show the leader better, seen from it. rows: all of
    the set by that measure, for which Holm's correction counts. beyond: by so much it is to be shown better. None where
    no number helps.

    The interval shortens with the root of the number of queries, and `detectable` is what this many show:
    (detectable / wanted)^2 times as many show less. Holm's correction asks for a p so many times smaller as
    rows of the set have a p not below this one, and for so many queries that differ as make such a p possible.
    """
    to_show = (row.queries * max(_times(row, rows, beyond), _least_times(row, rows)) for row in blocking)
    wanted = min(max(to_show, default=math.inf), _within_margin(seen, margin)) - seen.queries
    if not wanted < _MOST:
        return None
    step = int(10 ** max(0, math.floor(math.log10(max(wanted, 1))) - 1))  # two digits: it is an estimate
    rounded: int = math.ceil(wanted / step) * step
    return max(1, rounded)


def holm_steps(rows: Sequence[PairedDifference], p: float) -> int:
    """What Holm's correction multiplies a p by: the rows of the set that are not below it."""
    return max(1, sum(row.p >= p for row in rows))


def _within_margin(seen: PairedDifference, margin: float) -> float:
    """How many queries show a difference of this size and spread to be within the margin."""
    room = margin - abs(seen.difference)
    if room <= 0:
        return math.inf
    # The test adds a query (group) of the greatest difference: spread / sqrt(n) + size / n leave the room.
    size, spread = seen.queries / seen.groups, seen.detectable * math.sqrt(seen.queries)
    root = (math.sqrt(spread**2 + 4 * room * size) - spread) / (2 * size)
    return max(1 / root**2, least_units(room) * size)


def _times(row: PairedDifference, rows: Sequence[PairedDifference], beyond: float) -> float:
    """So many times as many queries show the difference to be beyond that, by its spread."""
    from scipy.special import ndtri

    if row.difference <= beyond or row.below_noise:  # more queries do not lower the floor
        return math.inf
    stricter = (-float(ndtri(ALPHA / 2 / holm_steps(rows, row.p))) + _Z_POWER) / (_Z_TEST + _Z_POWER)
    return (row.detectable * stricter / (row.difference - beyond)) ** 2


def _least_times(row: PairedDifference, rows: Sequence[PairedDifference]) -> float:
    """However alike the signs, n queries (groups) that differ have a p of at least 2 / 2^n."""
    differing = min(row.wins + row.losses, row.groups)
    steps = holm_steps(rows, row.p)
    return (math.floor(math.log2(2 * steps / ALPHA)) + 1) / differing if differing else math.inf
