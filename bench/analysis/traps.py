"""Documents that share the words of a query and are wrong: how often each retriever puts one above the right one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bench.analysis.judged_hits import NOWHERE, Hits
from bench.analysis.mean_with_interval import Figure, figures
from bench.data.formats.traps import Traps
from bench.evaluation.units import Groups


@dataclass(frozen=True)
class Trapped:
    """One retriever: pairs by what stands higher, the wrong document or the first relevant one.

    undecided: neither is stored. rate: the mean over queries of the share of their decided pairs that went wrong.
    """

    pairs: int
    wrong: int
    right: int
    undecided: int
    rate: Figure


def trapped(
    hits: Mapping[str, Hits], traps: Traps, rng: np.random.Generator, groups: Groups = None
) -> dict[str, Trapped]:
    """By retriever; empty where there is no trap. groups: [queries], whose wordings vary together."""
    if not len(traps.query):
        return {}
    return {label: _trapped(hit_list, traps, rng, groups) for label, hit_list in hits.items()}


def _trapped(hits: Hits, traps: Traps, rng: np.random.Generator, groups: Groups) -> Trapped:
    wrong, right = hits.rank(traps.query, traps.document), hits.first_relevant[traps.query]
    fooled = (wrong != NOWHERE) & ((right == NOWHERE) | (wrong < right))
    safe = (right != NOWHERE) & ~fooled
    size = int(traps.query.max()) + 1
    bad, decided = (np.bincount(traps.query, mask, minlength=size) for mask in (fooled, fooled | safe))
    queries = np.flatnonzero(decided)
    shares = bad[queries] / decided[queries]
    return Trapped(
        len(wrong),
        int(fooled.sum()),
        int(safe.sum()),
        int((~fooled & ~safe).sum()),
        figures({"rate": shares}, rng, groups=None if groups is None else groups[queries])["rate"],
    )
