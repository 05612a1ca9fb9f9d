"""Are made queries like real ones? How much of a query's words the document has that has most of them.

Without judgements nobody knows which document answers a query, so this is of the best document for its words, for made
and real queries alike: the share, weighted by idf, of a query's distinct terms (as in `bench.analysis.overlap`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import hypot

import numpy as np
import pyarrow as pa

from bench.analysis.terms import Terms
from bench.data.dataset import Dataset
from bench.errors import BenchError
from bench.evaluation.intervals import mean_interval
from bench.evaluation.units import Floats
from retrievers.analyzer import Analyzer

ALIKE = 0.1  # a difference of less is called none
_BLOCK = 1_000  # documents at once


@dataclass(frozen=True)
class Realism:
    """Mean overlaps, and the made ones' less the real ones' with its 95% interval. Queries: those that have a term."""

    made: float
    real: float
    difference: float
    low: float
    high: float
    made_queries: int
    real_queries: int

    def sentence(self) -> str:
        """What a reader must know of it."""
        figures = (
            f"{self.made:.2f} against {self.real:.2f} of their words by weight, a difference of {self.difference:+.2f} "
            f"(95% interval {self.low:+.2f} to {self.high:+.2f}; {self.made_queries:,} made and {self.real_queries:,} "
            "real queries)"
        )
        if self.low > 0:
            return (
                f"Made queries share more of their words with a document than real ones do: {figures}. They make "
                "retrievers by words look better than they are."
            )
        if self.high < 0:
            return (
                f"Made queries share fewer of their words with a document than real ones do: {figures}. They make "
                "retrievers by words look worse than they are."
            )
        if max(-self.low, self.high) < ALIKE:
            return f"Made queries share about as many of their words with a document as real ones do: {figures}."
        return f"Whether made queries share more words with a document than real ones is open: {figures}."


def realism(documents: Dataset, made: Sequence[str], real: Sequence[str], rng: np.random.Generator) -> Realism:
    """Compare made queries with real ones. Raises BenchError where fewer than two of either have a term.

    The interval is made of those of the two means (Zou & Donner, Construction of confidence limits about effect
    measures, Statistics in Medicine 2008), which hold for few queries too.
    """
    overlaps = best_overlaps(documents, [*made, *real])
    sides = [side[~np.isnan(side)] for side in (overlaps[: len(made)], overlaps[len(made) :])]
    for side, name in zip(sides, ("made", "real"), strict=True):
        if len(side) < 2:
            raise BenchError(f"{len(side)} {name} queries have words; two are the least.", f"Give more {name} queries.")
    (one, one_low, one_high), (other, other_low, other_high) = (_mean(side, rng) for side in sides)
    difference = one - other
    low = difference - hypot(one - one_low, other_high - other)
    high = difference + hypot(one_high - one, other - other_low)
    return Realism(one, other, difference, low, high, len(sides[0]), len(sides[1]))


def _mean(side: Floats, rng: np.random.Generator) -> tuple[float, float, float]:
    low, high, _ = mean_interval(side[:, None], rng)
    return float(side.mean()), float(low[0]), float(high[0])


def best_overlaps(documents: Dataset, queries: Sequence[str]) -> Floats:
    """[queries]: the highest share of its terms that a document has, by idf, 0 to 1; NaN for a query without a term."""
    from scipy.sparse import csr_array

    strings = pa.large_string()
    columns = {
        "id": [str(place) for place in range(len(queries))],
        "text": list(queries),
        "metadata": ["{}"] * len(queries),
    }
    asked = pa.table({name: pa.array(values, strings) for name, values in columns.items()})
    terms = Terms(replace(documents, queries=asked))
    number = {term: place for place, term in enumerate(sorted(set().union(*terms.queries)))}
    entries = [
        (number[term], query, terms.idf(term) / terms.weight(own))
        for query, own in enumerate(terms.queries)
        for term in sorted(own)
    ]
    shares = np.full(len(queries), np.nan)
    if not entries:
        return shares
    row, column, weight = zip(*entries, strict=True)
    weights = csr_array((weight, (row, column)), shape=(len(number), len(queries)))
    has_terms = np.array([bool(own) for own in terms.queries])
    shares[has_terms] = 0.0
    analyzer = Analyzer()
    texts = documents.texts
    for start in range(0, len(texts), _BLOCK):
        held = [number.keys() & set(analyzer(text)) for text in texts[start : start + _BLOCK]]
        columns_held = [number[term] for own in held for term in own]
        ends = np.cumsum([0, *map(len, held)])
        block = csr_array((np.ones(len(columns_held)), columns_held, ends), shape=(len(held), len(number)))
        best = (block @ weights).max(axis=0).toarray().ravel()
        shares[has_terms] = np.maximum(shares, best)[has_terms]
    highest: Floats = np.minimum(shares, 1.0)  # rounding may exceed it
    return highest
