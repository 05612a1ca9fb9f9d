"""What the tie rule decides: a measure over all orders of equal scores.

Equal scores stand in descending order of document ids, which is trec_eval's rule and says nothing about relevance.
The best and the worst order put the relevant documents of each run of equal scores first and last. The expected value
over all orders, each as likely, is exact (McSherry & Najork, Computing information retrieval performance measures
efficiently in the presence of tied scores, ECIR 2008). Only stored hits are known: where equal scores reach down to the
stored depth, more may follow, which `cut` counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from bench.analysis.judged_hits import Hits
from bench.data.dataset import Dataset
from bench.evaluation.closed_form import ClosedForm, FirstRelevant, Values, mean


@dataclass(frozen=True)
class Ties:
    """One retriever; means over the answerable queries.

    tied: queries with equal scores within the cutoff or across it. straddling: those whose scores at the cutoff and
    below it are equal. cut: those whose equal scores may go on below the stored depth.
    """

    cutoff: int
    tied: int
    straddling: int
    cut: int
    value: float
    best: float
    worst: float
    expected: float


def ties(dataset: Dataset, hits: Mapping[str, Hits], form: ClosedForm) -> dict[str, Ties]:
    """By retriever."""
    return {label: _ties(dataset, ranked, form) for label, ranked in hits.items()}


def _ties(dataset: Dataset, hits: Hits, form: ClosedForm) -> Ties:
    worth = form.worth(dataset)
    group = runs(hits)
    k = min(form.cutoff, hits.depth)
    same = (group[:, 1:] == group[:, :-1]) & hits.real[:, 1:]  # [queries, depth - 1]: rank i ties with rank i + 1
    tied = same[:, :k].any(axis=1)
    straddling = same[:, k - 1] if k <= same.shape[1] else np.zeros(len(same), dtype=bool)
    last = group[:, -1]
    reaches = (group[np.arange(len(group)), k - 1] == last) & hits.real[:, -1] & tied
    gain = form.gain(hits.grade)
    asked = dataset.answerable
    best, worst = (form.values(reordered(gain, group, sign), worth) for sign in (-1, 1))
    return Ties(
        cutoff=form.cutoff,
        tied=int((tied & asked).sum()),
        straddling=int((straddling & asked).sum()),
        cut=int((reaches & (hits.depth < dataset.corpus_size) & asked).sum()),
        value=mean(form.values(gain, worth)[asked]),
        best=mean(best[asked]),
        worst=mean(worst[asked]),
        expected=mean(expected(form, gain, group, worth)[asked]),
    )


def runs(hits: Hits) -> NDArray[np.int64]:
    """[queries, depth]: a number for each run of equal scores, ascending by row; places without hit are one more."""
    new = hits.scores[:, 1:] != hits.scores[:, :-1]
    return np.concatenate([np.zeros((len(new), 1), np.int64), np.cumsum(new, axis=1)], axis=1)


def reordered(gain: Values, group: NDArray[np.int64], sign: int) -> Values:
    """The gains with each run sorted: -1 the highest first, 1 the lowest first."""
    rows = np.broadcast_to(np.arange(len(gain))[:, None], gain.shape)
    order = np.lexsort((sign * gain.ravel(), group.ravel(), rows.ravel()))
    return gain.ravel()[order].reshape(gain.shape)


def expected(form: ClosedForm, gain: Values, group: NDArray[np.int64], worth: Values) -> Values:
    """[queries]: the mean of the measure over all orders within the runs. gain, group: [queries, depth]."""
    if not isinstance(form, FirstRelevant):  # linear: the mean gain of its run stands at each rank
        number = (group + np.arange(len(group))[:, None] * group.shape[1]).ravel()
        total, size = np.bincount(number, gain.ravel()), np.maximum(np.bincount(number), 1)
        return form.values((total / size)[number].reshape(gain.shape), worth)
    values = form.values(gain, worth)
    for row in range(len(gain)):
        relevant_places = np.flatnonzero(gain[row] > 0)
        if not len(relevant_places):
            continue
        members = np.flatnonzero(group[row] == group[row, relevant_places[0]])  # the first run with a relevant document
        relevant = int((gain[row, members] > 0).sum())
        values[row] = by_first(form, len(members), relevant, int(members[0]))
    return values


def by_first(form: FirstRelevant, size: int, relevant: int, above: int) -> float:
    """The expected RR or Success of `size` documents in random order, `relevant` of them so, below `above` others.

    Sums over the place of the first relevant one. Big whole numbers, divided last: a run may hold thousands.
    """
    total = comb(size, relevant)
    places = range(1, min(size - relevant + 1, form.cutoff - above) + 1)
    return sum(comb(size - place, relevant - 1) / total * form.at(above + place) for place in places)
