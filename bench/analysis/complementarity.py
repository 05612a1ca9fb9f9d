"""What two retrievers have to give each other: queries that only one solves, the best choice, and a fusion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from bench.analysis.judged_hits import Hits, within
from bench.analysis.mean_with_interval import NOT_STORED, Figure, figures, grouped
from bench.analysis.values import evaluate
from bench.data.dataset import Dataset
from bench.evaluation.measure_names import MOST_HITS
from bench.evaluation.measures import cutoff, resolve
from retrievers.base import Ranking
from retrievers.fusion import DEPTH, USUAL, fuse

SOLVED_AT = 10  # a query is solved where a relevant document is among so many hits

Values = NDArray[np.float64]
Labels = tuple[str, str]


@dataclass(frozen=True)
class Solved:
    """Answerable queries by who has a relevant document among the first SOLVED_AT hits; ids where one alone has."""

    both: int
    neither: int
    first_only: list[str]
    second_only: list[str]


@dataclass(frozen=True)
class RetrieverPair:
    """Two retrievers on the main measure, over the answerable queries.

    better: the label of the higher mean, of equals the first by name. oracle: the mean of the per-query maximum, which
    no choice between the two can exceed. fused: the usual hybrid of the two (retrievers.fusion.USUAL) from the stored
    rankings, an estimate where these end above its depth. The gains are over the better one alone, paired by query;
    that it was picked on the same queries makes them slightly too low. fused_values: [queries], for further tests.
    """

    first: str
    second: str
    better: str
    solved: Solved
    oracle: Figure
    oracle_gain: Figure
    fused: Figure
    fused_gain: Figure
    fused_values: Values = field(metadata=NOT_STORED, repr=False, compare=False)


def complementarity(
    dataset: Dataset,
    rankings: Mapping[str, Ranking],
    hits: Mapping[str, Hits],
    values: Mapping[str, Values],
    *,
    measure: str,
    rng: np.random.Generator,
) -> list[RetrieverPair]:
    """Every unordered pair. values: label -> the main measure, [queries]."""
    resolved = resolve([measure])
    depth = cutoff(measure) or MOST_HITS  # hits below the cutoff cannot matter
    asked = dataset.answerable
    pairs = list(combinations(rankings, 2))
    better = {pair: max(sorted(pair), key=lambda label: values[label][asked].sum()) for pair in pairs}
    by_query: dict[Labels, Values] = {}
    levels: dict[tuple[Labels, str], Values] = {}
    gains: dict[tuple[Labels, str], Values] = {}
    for pair in pairs:
        parts = [rankings[label] for label in pair]
        fused = fuse([part.to_depth(min(DEPTH, part.documents.shape[1])) for part in parts], USUAL)
        fused = fused.to_depth(min(depth, fused.documents.shape[1]))
        by_query[pair] = evaluate(dataset, fused, resolved)[measure]
        for name, per_query in (
            ("oracle", np.maximum(*(values[label] for label in pair))),
            ("fused", by_query[pair]),
        ):
            levels[pair, name] = per_query[asked]
            gains[pair, name] = per_query[asked] - values[better[pair]][asked]
    groups = grouped(dataset, asked)
    means = figures(levels, rng, groups=groups)
    # What the oracle adds is a difference that is never below 0, so a mean between 0 and 1.
    gained = {
        **figures({key: gain for key, gain in gains.items() if key[1] == "oracle"}, rng, groups=groups),
        **figures(
            {key: gain for key, gain in gains.items() if key[1] == "fused"}, rng, groups=groups, differences=True
        ),
    }
    return [
        RetrieverPair(
            first=pair[0],
            second=pair[1],
            better=better[pair],
            solved=_solved(dataset, hits, pair),
            oracle=means[pair, "oracle"],
            oracle_gain=gained[pair, "oracle"],
            fused=means[pair, "fused"],
            fused_gain=gained[pair, "fused"],
            fused_values=by_query[pair],
        )
        for pair in pairs
    ]


def _solved(dataset: Dataset, hits: Mapping[str, Hits], labels: Labels) -> Solved:
    one, other = (within(hits[label].first_relevant, SOLVED_AT) for label in labels)

    def ids(mask: NDArray[np.bool_]) -> list[str]:
        return [dataset.query_ids[query] for query in np.flatnonzero(mask).tolist()]

    neither = dataset.answerable & ~one & ~other
    return Solved(int((one & other).sum()), int(neither.sum()), ids(one & ~other), ids(other & ~one))
