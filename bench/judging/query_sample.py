"""A sample of a log's queries in which each search counts the same: frequent queries and rare ones by what they weigh.

Systematic sampling with probability proportional to size (Madow, On the theory of systematic sampling II, Annals of
Mathematical Statistics 1949; Särndal, Swensson & Wretman, Model Assisted Survey Sampling, 1992, 3.6): the searches
stand in a row, those of the most frequent query first, and every m-th is drawn, from a random start. A query that has m
searches or more is drawn for certain; the others are drawn anew among themselves. So the frequent and the rare have
their shares in every sample, and a mean over the drawn ones, weighted by `weight`, estimates that over all searches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.errors import BenchError, counted
from bench.evaluation.units import Floats
from bench.judging.query_log import LoggedQuery

FREQUENT, RARE = "frequent", "rare"


@dataclass(frozen=True)
class SampledQuery:
    """query: of the log. probability: with which it was drawn. weight: for how many searches it stands, relative to the
    mean over the sample. frequency: FREQUENT for those that make up the first half of all searches, else RARE."""

    query: LoggedQuery
    probability: float
    weight: float
    frequency: str

    @property
    def metadata(self) -> dict[str, Any]:
        """What stays with the query in a set, by which a report may slice (`frequency`)."""
        return {
            "count": self.query.count,
            "probability": round(self.probability, 6),
            "weight": round(self.weight, 6),
            "frequency": self.frequency,
            **({"wordings": list(self.query.wordings)} if self.query.wordings else {}),
        }


def sample_log(queries: Sequence[LoggedQuery], size: int, seed: int) -> list[SampledQuery]:
    """So many queries of a log, the most frequent first; all where it has no more. The same for the same seed.

    queries: the most frequent first. Raises BenchError for a size below 1.
    """
    if size < 1:
        raise BenchError(f"A sample of {size} queries was asked for.", "Ask for 1 or more.")
    counts = np.array([query.count for query in queries], dtype=np.float64)
    size = min(size, len(queries))
    chances = probabilities(counts, size)
    drawn = _systematic(chances, size, np.random.default_rng(seed))
    stands_for = counts[drawn] / chances[drawn]
    weights = stands_for / stands_for.mean()
    before = counts.cumsum() - counts
    return [
        SampledQuery(
            queries[place],
            float(chances[place]),
            float(weight),
            FREQUENT if before[place] < counts.sum() / 2 else RARE,
        )
        for place, weight in zip(drawn.tolist(), weights, strict=True)
    ]


def probabilities(counts: Floats, size: int) -> Floats:
    """[queries]: proportional to the counts, but none above 1; they add up to the size. counts: descending, above 0."""
    chances = np.ones(len(counts))
    for certain in range(min(size, len(counts))):
        rest = counts[certain:]
        if rest[0] * (size - certain) <= rest.sum():
            chances[certain:] = rest * (size - certain) / rest.sum()
            return chances
    return chances


def _systematic(chances: Floats, size: int, rng: np.random.Generator) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Positions, ascending: those in whose stretch one of start, start + 1, … falls."""
    ends = chances.cumsum()
    ends[-1] = size  # which rounding may miss
    return np.searchsorted(ends, rng.random() + np.arange(size), side="right").astype(np.int64)


def sampling_stated(drawn: Sequence[SampledQuery], of: Sequence[LoggedQuery], seed: int) -> str:
    """What is sampled and how, in a sentence."""
    if len(drawn) == len(of):
        return f"All {counted(len(of), 'distinct query', 'distinct queries')} of the log are taken."
    certain = sum(sampled.probability >= 1 for sampled in drawn)
    frequent = sum(sampled.frequency == FREQUENT for sampled in drawn)
    return (
        f"{len(drawn):,} of {len(of):,} distinct queries are drawn with probability proportional to their count (seed "
        f"{seed}), {certain:,} for certain; {frequent:,} are of those that make up the first half of all searches. "
        "Each stands for an equal share of the searches, but for those drawn for certain, which have their weights."
    )
