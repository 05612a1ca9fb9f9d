"""Quality by lexical overlap, and where lexical and dense retrieval change places, if the data show that they do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bench.analysis.mean_with_interval import Figure, figures, grouped
from bench.analysis.terms import Terms
from bench.data.dataset import Dataset, is_relevant

BINS = 5
FEWEST = 20  # queries in a bin: an interval of fewer says next to nothing
LEVEL = 0.95

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Bin:
    """Queries whose overlap is from `low` to `high`, both included, and the mean of the measure by retriever."""

    low: float
    high: float
    queries: int
    quality: dict[str, Figure]


@dataclass(frozen=True)
class Contest:
    """A dense retriever against a lexical one: dense less lexical in each bin.

    The intervals hold together for all bins at 95% (Bonferroni). crossings: ranges of overlap within which the lead
    changes hands, each between two bins whose intervals lie on opposite sides of 0; empty: no crossing shown, which is
    not to say that there is none.
    """

    dense: str
    lexical: str
    difference: list[Figure]
    crossings: list[tuple[float, float]]


@dataclass(frozen=True)
class Crossover:
    """bins: by ascending overlap. left_out: answerable queries without any term, which have no overlap."""

    queries: int
    left_out: int
    bins: list[Bin]
    contests: list[Contest]


def overlap(dataset: Dataset, terms: Terms) -> Values:
    """[queries]: the share, weighted by idf, of a query's distinct terms that stand in its best relevant document.

    0 to 1; NaN where no document is relevant or the query has no term. The best of several, since one is enough for a
    keyword search to get a foot in the door; a mean would call a query hard that has one easy answer.
    """
    share = np.full(len(dataset.queries), np.nan)
    for query, judged in enumerate(dataset.judgements):
        relevant = [document for document, grade in judged.items() if is_relevant(grade)]
        asked = terms.queries[query]
        if relevant and asked:
            best = max(terms.weight(asked & terms.document(document)) for document in relevant)
            share[query] = best / terms.weight(asked)
    return share


def equal_bins(shares: Values, bins: int = BINS, fewest: int = FEWEST) -> list[tuple[float, float]]:
    """Ranges (low, high), both included, of about as many shares each; equal shares are never parted.

    Fewer bins come out where there are many ties, or less than `fewest` shares in one.
    """
    levels, counts = np.unique(shares, return_counts=True)
    least = max(fewest, -(-len(shares) // bins))
    edges: list[list[float]] = []
    held, start = 0, 0
    for place, count in enumerate(counts.tolist()):
        held += count
        if held >= least:
            edges.append([float(levels[start]), float(levels[place])])
            held, start = 0, place + 1
    if held >= fewest:
        edges.append([float(levels[start]), float(levels[-1])])
    elif held and edges:  # too few are left for a bin of their own
        edges[-1][1] = float(levels[-1])
    return [(low, high) for low, high in edges]


def crossover(
    dataset: Dataset,
    terms: Terms,
    values: Mapping[str, Values],
    kinds: Mapping[str, str],
    rng: np.random.Generator,
) -> Crossover:
    """Quality by overlap. values: label -> main measure, [queries]. kinds: label -> "lexical", "dense" or another."""
    shares = overlap(dataset, terms)
    inside = [(low, high, (shares >= low) & (shares <= high)) for low, high in equal_bins(shares[~np.isnan(shares)])]
    bins = [
        Bin(
            low,
            high,
            int(mask.sum()),
            figures(
                {label: per_query[mask] for label, per_query in values.items()}, rng, groups=grouped(dataset, mask)
            ),
        )
        for low, high, mask in inside
    ]
    pairs = [
        (dense, lexical)
        for dense in values
        for lexical in values
        if (kinds.get(dense), kinds.get(lexical)) == ("dense", "lexical")
    ]
    level = 1 - (1 - LEVEL) / max(1, len(bins))
    by_bin = [
        figures(
            {pair: values[pair[0]][mask] - values[pair[1]][mask] for pair in pairs},
            rng,
            level,
            groups=grouped(dataset, mask),
            differences=True,
        )
        for _, _, mask in inside
    ]
    contests = []
    for pair in pairs:
        differences = [by_pair[pair] for by_pair in by_bin]
        contests.append(Contest(*pair, differences, crossings(bins, differences)))
    counted = int((~np.isnan(shares)).sum())
    return Crossover(counted, int(dataset.answerable.sum()) - counted, bins, contests)


def crossings(bins: list[Bin], differences: list[Figure]) -> list[tuple[float, float]]:
    """(upper end of one bin, lower end of a later one): between them the sign of the difference changes for sure."""
    decided = [
        (span, 1 if difference.low > 0 else -1)
        for span, difference in zip(bins, differences, strict=True)
        if difference.low > 0 or difference.high < 0
    ]
    return [(one.high, other.low) for (one, sign), (other, sign_after) in pairwise(decided) if sign != sign_after]
