"""How far judges agree, with themselves and with each other: coefficients that take off what luck alone would give.

Krippendorff's alpha is of any number of judges, each of whom may have left out any document: 1 less the disagreement
within documents over that among all grades (Computing Krippendorff's Alpha-Reliability, University of Pennsylvania
2011). Cohen's kappa is of two: 1 less the disagreement over that of judges who grade as often so and by luck (A
coefficient of agreement for nominal scales, Educational and Psychological Measurement 1960; Weighted kappa,
Psychological Bulletin 1968). Both are sums over documents, so that a bootstrap over queries (documents of one query
share its difficulties) adds them up again; its percentiles are the interval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bench.evaluation.intervals import mean_interval
from bench.evaluation.units import LEVEL, Floats
from bench.judging.grades import GradeLine, Key, Pair, by_people, present, standing

DRAWS = 4_000

Weights = Literal["nominal", "linear", "quadratic"]
# For nominal and ordinal, as the metrics of Krippendorff's alpha are called.
Scale = Literal["nominal", "ordinal"]


@dataclass(frozen=True)
class Coefficient:
    """A coefficient with its 95% interval over queries; NaN where it is not defined: nothing was judged twice, or all
    grades are the same, which shows neither agreement nor luck. documents: judged by two or more; queries: of those.
    """

    value: float
    low: float
    high: float
    documents: int
    queries: int


@dataclass(frozen=True)
class JudgeRepeats:
    """A judge's grades of documents that were asked again. same: the share given the same grade."""

    same: float
    low: float
    high: float
    kappa: Coefficient


@dataclass(frozen=True)
class Agreement:
    """nominal, ordinal: alpha over all judges. kappa: of two judges, weighted by the square of the distance."""

    judges: tuple[str, ...]
    nominal: Coefficient
    ordinal: Coefficient
    kappa: dict[tuple[str, str], Coefficient]


def agreement(lines: Iterable[GradeLine], rng: np.random.Generator) -> Agreement:
    """How far the people who judged agree, by what each says now; skips are no grades.

    Programs, and what a set had before, are nobody's view (`machine_agreement` is of programs).
    """
    grades = {key: line.grade for key, line in present(by_people(lines)).items() if line.grade is not None}
    judges = sorted({judge for judge, _, _ in grades})
    ratings, queries = _table(grades, judges)
    pairs = {
        (one, other): kappa(ratings[first], ratings[second], queries, rng)
        for (first, one), (second, other) in combinations(enumerate(judges), 2)
    }
    return Agreement(
        tuple(judges), alpha(ratings, queries, "nominal", rng), alpha(ratings, queries, "ordinal", rng), pairs
    )


def own_repeats(lines: Iterable[GradeLine], rng: np.random.Generator) -> dict[str, JudgeRepeats]:
    """For each person who was asked again: the grade that stands against the last one given to a repeat."""
    given = by_people(lines)
    again = {line.key: line.grade for line in standing(given) if line.purpose == "repeat"}
    both = {
        key: (line.grade, again[key])
        for key, line in present(given).items()
        if line.grade is not None and again.get(key) is not None
    }
    return {judge: _repeats(judge, both, rng) for judge in sorted({judge for judge, _, _ in both})}


def _repeats(judge: str, both: dict[Key, tuple[int, int | None]], rng: np.random.Generator) -> JudgeRepeats:
    keys = [key for key in both if key[0] == judge]
    grades = np.array([both[key] for key in keys], dtype=np.float64).T
    queries = _codes([query for _, query, _ in keys])
    same = (grades[0] == grades[1]).astype(np.float64)[:, None]
    low, high, _ = mean_interval(same, rng, groups=queries)
    return JudgeRepeats(float(same.mean()), float(low[0]), float(high[0]), kappa(grades[0], grades[1], queries, rng))


def _table(grades: dict[Key, int], judges: list[str]) -> tuple[Floats, NDArray[np.int64]]:
    """[judges, documents] grades, NaN for none, and the number of each document's query."""
    pairs: dict[Pair, int] = {}
    for _, query, document in grades:
        pairs.setdefault((query, document), len(pairs))
    ratings = np.full((len(judges), len(pairs)), np.nan)
    for (judge, query, document), grade in grades.items():
        ratings[judges.index(judge), pairs[query, document]] = grade
    return ratings, _codes([query for query, _ in pairs])


def _codes(names: list[str]) -> NDArray[np.int64]:
    seen: dict[str, int] = {}
    return np.array([seen.setdefault(name, len(seen)) for name in names], dtype=np.int64)


def alpha(
    ratings: Floats, queries: NDArray[np.int64], scale: Scale, rng: np.random.Generator, *, draws: int = DRAWS
) -> Coefficient:
    """Krippendorff's alpha with its interval.

    ratings: [judges, documents], NaN where a judge gave none. queries: [documents], the number of each one's query.
    """
    levels = np.unique(ratings[~np.isnan(ratings)])
    counts = (ratings[:, :, None] == levels).sum(axis=0).astype(np.float64)  # [documents, levels]
    judged = counts.sum(axis=1)
    several = judged >= 2
    counts, judged = counts[several], judged[several]
    ordered_pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(len(levels))
    coincidences = ordered_pairs / (judged - 1)[:, None, None]
    return _over_queries(coincidences, queries[several], lambda sums: _alpha(sums, scale), rng, draws)


def _alpha(coincidences: Floats, scale: Scale) -> Floats:
    """[…] of coincidence matrices […, levels, levels]."""
    of_level = coincidences.sum(axis=-1)
    expected = of_level[..., :, None] * of_level[..., None, :]
    if scale == "nominal":
        distance = 1 - np.eye(coincidences.shape[-1])
    else:  # how many grades lie between the two, half of their own included
        middle = of_level.cumsum(axis=-1) - of_level / 2
        distance = (middle[..., :, None] - middle[..., None, :]) ** 2
    return _one_less((of_level.sum(axis=-1) - 1) * _sum(coincidences * distance), _sum(expected * distance))


def kappa(
    first: Floats,
    second: Floats,
    queries: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    weights: Weights = "quadratic",
    draws: int = DRAWS,
) -> Coefficient:
    """Cohen's kappa with its interval, a disagreement weighing as much as its distance, the square of that, or 1.

    first, second: [documents], the grades of two judges, NaN for none. queries: [documents], the number of each one's
    query.
    """
    both = ~(np.isnan(first) | np.isnan(second))
    first, second, queries = first[both], second[both], queries[both]
    levels = np.union1d(first, second)
    confusion = (first[:, None] == levels)[:, :, None] & (second[:, None] == levels)[:, None, :]
    distance = np.abs(levels[:, None] - levels[None, :])
    weigh: dict[Weights, Callable[[Floats], Floats]] = {
        "nominal": lambda apart: (apart > 0).astype(np.float64),
        "linear": lambda apart: apart,
        "quadratic": np.square,
    }
    weight = weigh[weights](distance)
    return _over_queries(confusion.astype(np.float64), queries, lambda sums: _kappa(sums, weight), rng, draws)


def _kappa(confusion: Floats, weight: Floats) -> Floats:
    """[…] of confusion matrices […, levels, levels], counts or shares. weight: of a disagreement, [levels, levels]."""
    by_luck = confusion.sum(axis=-1)[..., :, None] * confusion.sum(axis=-2)[..., None, :]
    return _one_less(_sum(confusion) * _sum(confusion * weight), _sum(by_luck * weight))


def _sum(matrices: Floats) -> Floats:
    total: Floats = matrices.sum(axis=(-2, -1))
    return total


def _one_less(part: Floats, whole: Floats) -> Floats:
    """1 - part / whole, NaN where the whole is 0."""
    whole = np.asarray(whole)
    ratio: Floats = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return 1 - ratio


def _over_queries(
    matrices: Floats,
    queries: NDArray[np.int64],
    coefficient: Callable[[Floats], Floats],
    rng: np.random.Generator,
    draws: int,
) -> Coefficient:
    """matrices: [documents, levels, levels]; their sums over queries that are drawn with replacement are judged."""
    codes, of_query = np.unique(queries, return_inverse=True)
    by_query = np.zeros((len(codes), *matrices.shape[1:]))
    np.add.at(by_query, of_query, matrices)
    value = float(coefficient(by_query.sum(axis=0)))
    low = high = np.nan
    if len(codes) >= 2:
        times = rng.multinomial(len(codes), np.full(len(codes), 1 / len(codes)), size=draws)
        drawn = coefficient(np.tensordot(times.astype(np.float64), by_query, axes=1))
        drawn = drawn[~np.isnan(drawn)]  # draws of one grade alone show nothing
        if len(drawn):
            low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Coefficient(value, float(low), float(high), len(matrices), len(codes))
