"""How often a verdict errs, over simulated reports of which the truth is known. make check-statistics prints the table.

Reciprocal ranks, as retrievers of one corpus have them: on most queries the same, and often 0 or 1.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pytest

from bench.analysis.verdict.choices import Limits, RetrieverSummary
from bench.analysis.verdict.fusion import best_fusion
from bench.analysis.verdict.rules import decide
from bench.evaluation.intervals import bounds_with_best
from bench.evaluation.pairs import VERDICT, adjusted, compare_pairs

RANKS = np.array([0, 1, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 10])
ODDS = np.array([20, 52, 12, 6, 4, 3, 3]) / 100
MEAN = float(RANKS @ ODDS)
ALIKE = 0.6  # of the queries on which all retrievers have the same value
BATCH = 20


def report_count(retrievers, queries):
    """As many as minutes allow."""
    return 1_000 if queries < 1_000 else 300 if retrievers < 12 else 100


def drawn(rng, losses, queries, reports):
    """[retrievers, queries, reports]. losses: of each retriever the share of its values that are lost, become 0."""
    shape = (queries, reports)
    common, shared = rng.choice(RANKS, shape, p=ODDS), rng.random(shape) < ALIKE
    own = rng.choice(RANKS, (len(losses), *shape), p=ODDS)
    return np.where(shared, common, own) * (rng.random(own.shape) >= np.reshape(losses, (-1, 1, 1)))


def verdicts(values, seed, margin=0.0):
    """Of each report, the verdict on r0, r1, …, each of which costs twice as much as the one before."""
    labels, (_, queries, reports) = [f"r{number}" for number in range(len(values))], values.shape
    columns = {label: {str(n): own[:, n] for n in range(reports)} for label, own in zip(labels, values, strict=True)}
    margins, asked = {str(n): margin for n in range(reports)}, np.ones(queries, bool)
    rows = compare_pairs("s", columns, asked, seed=seed, main="", margins=margins, flips=4_000, draws=2_000)
    differences = np.concatenate([values[a] - values[b] for a, b in combinations(range(len(values)), 2)], axis=1)
    bounds = bounds_with_best(differences, len(values) - 1, np.random.default_rng(seed), draws=4_000)
    rows = [
        row._replace(family=VERDICT, low_best=low, high_best=high)
        for row, low, high in zip(rows, *(end.tolist() for end in bounds), strict=True)
    ]
    for n in range(reports):
        mine = adjusted(rows[n::reports])
        candidates = [
            RetrieverSummary(label, "other", float(own[:, n].mean()), 0, 1, p95_ms=2.0**number, memory_mb=100)
            for number, (label, own) in enumerate(zip(labels, values, strict=True))
        ]
        yield decide("s", str(n), candidates, mine, margins=margins)


class Rates(NamedTuple):
    """Shares of reports. costlier: another one than the cheapest is recommended. better: anybody is called better, or
    worse. missed: a truly best one is not among those level with the best. exceeded: the truly best one is better than
    the recommended one by more than is said. within: "within the margin" is said of one that is not."""

    costlier: float
    better: float
    missed: float
    exceeded: float
    within: float


def simulated(losses, queries, reports, margin=0.0):
    rng = np.random.default_rng([len(losses), queries, int(1_000 * max(losses)), int(1_000 * margin)])
    truth = {f"r{number}": MEAN * (1 - loss) for number, loss in enumerate(losses)}
    best, errors = max(truth.values()), []
    for batch in range(reports // BATCH):
        for verdict in verdicts(drawn(rng, losses, queries, BATCH), batch, margin):
            regret = best - truth[verdict.retriever]
            errors.append(
                (
                    verdict.retriever != "r0",
                    verdict.winner is not None or bool(verdict.worse),
                    not any(truth[label] == best for label in verdict.level),
                    regret > verdict.at_most + 1e-9,
                    verdict.basis == "within margin" and regret > margin - 1e-9,
                )
            )
    return Rates(*np.mean(errors, axis=0).tolist())


def fusions_recommended(retrievers, queries, reports):
    """How often a hybrid is, where every fusion has the mean of the best retriever, and no other one comes near it."""
    rng = np.random.default_rng([retrievers, queries, 9])
    candidates = [RetrieverSummary(f"r{number}", "other", 0, 0, 1) for number in range(retrievers)]
    pairs = [frozenset((one.label, other.label)) for one, other in combinations(candidates, 2)]
    losses = np.concatenate([[0.0], np.full(retrievers - 1, 0.5), np.zeros(len(pairs))])
    values = drawn(rng, losses, queries, reports)
    recommended = 0
    for n in range(reports):
        own = {candidate.label: values[place, :, n] for place, candidate in enumerate(candidates)}
        ranked = [replace(candidate, mean=float(own[candidate.label].mean())) for candidate in candidates]
        fused = dict(zip(pairs, values[retrievers:, :, n], strict=True))
        recommended += best_fusion("RR@10", ranked, Limits(), fused, own, seed=n).low > 0
    return recommended / reports


def bound(reports):
    """.05, and what chance adds to it."""
    return 0.05 + 3.29 * np.sqrt(0.05 * 0.95 / reports)


def ladder(retrievers, spread):
    """The cheapest loses that share of its values, the costliest none."""
    return np.linspace(spread, 0, retrievers)


def test_a_few_reports_err_as_seldom_as_promised():
    rates = simulated(np.zeros(3), 50, 100)
    assert max(rates) <= bound(100)
    assert max(simulated(ladder(3, 0.2), 50, 100)[2:]) <= bound(100)
    assert fusions_recommended(3, 50, 40) <= bound(40)


def test_what_is_far_better_is_recommended():
    rates = simulated(ladder(3, 0.5), 200, 40)
    assert rates.costlier == rates.better == 1


@pytest.mark.statistics
@pytest.mark.parametrize("queries", [50, 200, 1_000])
@pytest.mark.parametrize("retrievers", [3, 6, 12])
def test_a_verdict_errs_as_seldom_as_promised(capsys, retrievers, queries):
    """One line of the table of docs/reading-the-figures.md."""
    reports = report_count(retrievers, queries)
    equal = simulated(np.zeros(retrievers), queries, reports)
    steps = [simulated(ladder(retrievers, spread), queries, reports) for spread in (0.05, 0.2)]
    apart = ladder(retrievers, 0.05) > 0.049  # the cheapest alone is worse, by exactly the margin
    within = simulated(0.05 * apart, queries, reports, margin=0.05 * MEAN).within
    hybrid = fusions_recommended(retrievers, queries, min(reports, 300))
    missed, exceeded = (max(getattr(rates, name) for rates in steps) for name in ("missed", "exceeded"))
    rates = (equal.costlier, equal.better, equal.exceeded, missed, exceeded, within, hybrid)
    with capsys.disabled():
        print(f"\n| {retrievers} | {queries:,} | {' | '.join(f'{rate:.3f}' for rate in rates)} |", end="")
    assert max(rates) <= bound(min(reports, 300))
