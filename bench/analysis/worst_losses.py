"""The queries on which one retriever loses most against another, with what it put in the answer's place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from bench.analysis.judged_hits import Hits, rank_or_none
from bench.analysis.terms import Terms
from bench.data.dataset import Dataset
from bench.data.passages import passage

SHOWN = 10  # queries of a pair
ABOVE = 3  # documents above the answer
PASSAGE = 300  # characters of a text


@dataclass(frozen=True)
class HitAbove:
    """A document that the loser ranks above every relevant one. grade: None where it is not judged."""

    document: str
    rank: int
    grade: int | None
    text: str
    matched: list[str]


@dataclass(frozen=True)
class Loss:
    """One query. ranks: of the first relevant document, None where none is stored.

    document: the answer, which is the winner's first relevant one (the best judged where it has none). matched and
    missing: the query's terms in it, the rarest first.
    """

    query: str
    text: str
    loss: float
    loser_value: float
    winner_value: float
    loser_rank: int | None
    winner_rank: int | None
    document: str
    document_text: str
    matched: list[str]
    missing: list[str]
    above: list[HitAbove]


@dataclass(frozen=True)
class WorstLosses:
    """lost: on how many answerable queries `loser` is below `winner`; worst: the greatest losses, descending."""

    loser: str
    winner: str
    lost: int
    worst: list[Loss]


def worst_losses(
    dataset: Dataset, terms: Terms, hits: Mapping[str, Hits], values: Mapping[str, NDArray[np.float64]]
) -> list[WorstLosses]:
    """Every ordered pair. values: label -> the main measure, [queries]."""
    losses = []
    for loser, winner in permutations(values, 2):
        loss = np.where(dataset.answerable, values[winner] - values[loser], 0.0)
        worst = np.argsort(-loss, kind="stable")[:SHOWN]
        shown = [
            _loss(dataset, terms, query, (hits[loser], hits[winner]), (values[loser][query], values[winner][query]))
            for query in worst[loss[worst] > 0].tolist()
        ]
        losses.append(WorstLosses(loser, winner, int((loss > 0).sum()), shown))
    return losses


def _loss(dataset: Dataset, terms: Terms, query: int, both: tuple[Hits, Hits], values: tuple[float, float]) -> Loss:
    loser_rank, winner_rank = (rank_or_none(hit_list.first_relevant[query]) for hit_list in both)
    if winner_rank is not None:
        answer = int(both[1].documents[query, winner_rank - 1])
    else:
        judged = dataset.judgements[query]
        answer = max(judged, key=lambda document: (judged[document], -document))
    return Loss(
        query=dataset.query_ids[query],
        text=dataset.query_texts[query],
        loss=float(values[1] - values[0]),
        loser_value=float(values[0]),
        winner_value=float(values[1]),
        loser_rank=loser_rank,
        winner_rank=winner_rank,
        document=_id(dataset, answer),
        document_text=_passage(dataset, terms, query, answer),
        matched=terms.matched(query, answer),
        missing=terms.missing(query, answer),
        above=_above(dataset, terms, query, both[0], loser_rank),
    )


def _above(dataset: Dataset, terms: Terms, query: int, loser: Hits, rank: int | None) -> list[HitAbove]:
    stop = ABOVE if rank is None else min(ABOVE, rank - 1)
    return [
        HitAbove(
            document=_id(dataset, document),
            rank=place,
            grade=dataset.grade_of(query, document),
            text=_passage(dataset, terms, query, document),
            matched=terms.matched(query, document),
        )
        for place, document in enumerate(loser.documents[query, :stop].tolist(), 1)
        if document >= 0
    ]


def _passage(dataset: Dataset, terms: Terms, query: int, document: int) -> str:
    return passage(dataset.texts[document], {term: terms.idf(term) for term in terms.queries[query]}, PASSAGE)


def _id(dataset: Dataset, position: int) -> str:
    return dataset.document_ids(np.array([position]))[0]
