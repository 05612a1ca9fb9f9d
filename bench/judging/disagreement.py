"""On what judges disagree, and whether it matters: the difference of two retrievers by each judge's grades alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from bench.analysis.mean_with_interval import Figure, figures
from bench.data.dataset import is_relevant
from bench.evaluation.measures import evaluate_positions, resolve
from bench.judging.grades import GradeLine, Pair, by_people, combined, present, settled
from retrievers.base import Ranking

Judgements = list[dict[int, int]]  # by query: document position -> grade


@dataclass(frozen=True)
class Disagreement:
    """What judges gave to one document, judge -> grade. decision: where it was settled."""

    query: str
    document: str
    grades: dict[str, int]
    decision: int | None

    @property
    def distance(self) -> int:
        """From the lowest grade to the highest."""
        return max(self.grades.values()) - min(self.grades.values())

    @property
    def is_of_relevance(self) -> bool:
        """Does one call it relevant and another not?"""
        return len({is_relevant(grade) for grade in self.grades.values()}) > 1


def disagreements(lines: Iterable[GradeLine]) -> list[Disagreement]:
    """All documents that people graded differently: those not settled first, then the farthest apart, then those where
    relevance itself is in question, then those of more judges. Programs, and what a set had before, are no side in it.
    """
    given = by_people(lines)
    decided = settled(given)
    by_pair: dict[Pair, dict[str, int]] = {}
    for (judge, *_), line in present(given).items():
        if line.grade is not None:
            by_pair.setdefault(line.pair, {})[judge] = line.grade
    listed = [
        Disagreement(*pair, grades, decided.get(pair))
        for pair, grades in by_pair.items()
        if len(set(grades.values())) > 1
    ]

    def order(one: Disagreement) -> tuple[bool, int, bool, int, str, str]:
        worst = (-one.distance, not one.is_of_relevance, -len(one.grades))
        return (one.decision is not None, *worst, one.query, one.document)

    return sorted(listed, key=order)


@dataclass(frozen=True)
class JudgedDifference:
    """One retriever less another, by whose grades. combined: by all judges' together. alone: judge -> by theirs.

    moved: two judges -> by how much the difference moves from the second one's grades to the first one's, over the
    documents that both graded: what of it is their disagreement, and not that they judged other documents.
    """

    measure: str
    first: str
    second: str
    combined: Figure
    alone: dict[str, Figure]
    moved: dict[tuple[str, str], Figure]


def difference_by_judge(
    lines: Iterable[GradeLine],
    rankings: Mapping[str, Ranking],
    first: str,
    second: str,
    *,
    queries: Sequence[str],
    documents: Sequence[str],
    measure: str,
    rng: np.random.Generator,
) -> JudgedDifference:
    """The mean difference of two retrievers by each person's grades.

    rankings: label -> Ranking, [queries, k]. queries, documents: their ids, by position. A mean is over the queries to
    which those grades have a relevant document, of `moved` over those for which both judges graded one document or
    more; a document without a grade counts as not relevant, as in a run.
    """
    given = by_people(lines)
    of_judge: dict[str, dict[Pair, int]] = {}
    for (judge, *_), line in present(given).items():
        if line.grade is not None:
            of_judge.setdefault(judge, {})[line.pair] = line.grade
    query_position = {name: place for place, name in enumerate(queries)}
    document_position = {name: place for place, name in enumerate(documents)}

    def placed(grades: Mapping[Pair, int]) -> Judgements:
        table: Judgements = [{} for _ in queries]
        for (query, document), grade in grades.items():
            if query in query_position and document in document_position:
                table[query_position[query]][document_position[document]] = grade
        return table

    def difference(table: Judgements) -> NDArray[np.float64]:
        resolved = resolve([measure])
        values = (evaluate_positions(resolved, table, rankings[label].documents)[measure] for label in (first, second))
        one, other = values
        return one - other

    def mean(grades: Mapping[Pair, int]) -> Figure:
        table = placed(grades)
        answerable = np.array([any(map(is_relevant, judged.values())) for judged in table])
        return _figure(difference(table)[answerable], rng)

    def moves(one: str, other: str) -> Figure:
        shared = of_judge[one].keys() & of_judge[other].keys()
        tables = [placed({pair: of_judge[judge][pair] for pair in shared}) for judge in (one, other)]
        asked = np.array([bool(judged) for judged in tables[0]])
        return _figure((difference(tables[0]) - difference(tables[1]))[asked], rng)

    judges = sorted(of_judge)
    return JudgedDifference(
        measure,
        first,
        second,
        mean(combined(given)),
        {judge: mean(of_judge[judge]) for judge in judges},
        {(one, other): moves(one, other) for one, other in combinations(judges, 2)},
    )


def _figure(values: NDArray[np.float64], rng: np.random.Generator) -> Figure:
    return figures({"difference": values}, rng, differences=True)["difference"]
