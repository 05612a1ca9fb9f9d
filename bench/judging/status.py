"""Where a judging stands: how far it is, what it says of each retriever, and how far its judges and pool are trusted.

Estimates are of this moment, each with an interval of its own at 95%; the verdict is that of the looks
(`bench.judging.stopping`), whose intervals are wider, since several are looked at several times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from bench.evaluation.streams import Purpose, stream
from bench.evaluation.units import Floats
from bench.judging.agreement import Agreement, JudgeRepeats, agreement, own_repeats
from bench.judging.disagreement import JudgedDifference, difference_by_judge, disagreements
from bench.judging.estimate import Estimate, estimate
from bench.judging.grades import by_people, standing
from bench.judging.intervals import contrast_interval
from bench.judging.model_answers import ModelCost, costs, read_model_answers
from bench.judging.session import JudgingProgress, Session
from bench.judging.stopping import RunningVerdict
from bench.storage.files import json_ready
from retrievers.base import NO_HIT, Ranking


@dataclass(frozen=True)
class EstimatedValue:
    """A mean over queries with its 95% interval, NaN where too little is judged to have one."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class JudgingStatus:
    """Of a session at one moment.

    groups: how many groups of wordings the queries are, over which intervals are then; None where there are none.
    values: label -> estimate, the highest first. differences: (label, other label) -> the first less the second,
    of all pairs in that order. alone: label -> what of its value comes from documents that no other retriever brought,
    and that it would lose had it not been in the pool. judged_by: judge -> documents graded, people alone.
    repeats, agreement: of people. disagreements, settled: how many documents they graded differently, and of how many
    of these there is a decision. effect: on the difference of the best two; None with fewer than two judges or
    retrievers. models: the language models that judged, and what they cost.
    """

    measure: str
    retrievers: tuple[str, ...]
    made_queries: bool
    groups: int | None
    progress: JudgingProgress
    values: dict[str, EstimatedValue]
    differences: dict[tuple[str, str], EstimatedValue]
    alone: dict[str, float]
    judged_by: dict[str, int]
    repeats: dict[str, JudgeRepeats]
    agreement: Agreement
    disagreements: int
    settled: int
    effect: JudgedDifference | None
    models: tuple[ModelCost, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values, null in place of NaN; what is of two names is a list of objects."""
        progress, agreed, effect = self.progress, self.agreement, self.effect
        content: dict[str, Any] = json_ready(
            {
                "measure": self.measure,
                "retrievers": self.retrievers,
                "made_queries": self.made_queries,
                "groups": self.groups,
                "judged": progress.judged,
                "known": progress.known,
                "pairs": progress.pairs,
                "next_look": progress.next_look,
                "verdict": progress.verdict and _verdict(progress.verdict, self.retrievers),
                "values": self.values,
                "differences": _by_pair(self.differences),
                "alone": self.alone,
                "judged_by": self.judged_by,
                "repeats": self.repeats,
                "agreement": {
                    "nominal": agreed.nominal,
                    "ordinal": agreed.ordinal,
                    "kappa": _by_pair(agreed.kappa),
                },
                "disagreements": self.disagreements,
                "settled": self.settled,
                "models": self.models,
                "effect": effect and json_ready(replace(effect, moved={})) | {"moved": _by_pair(effect.moved)},
            }
        )
        return content


def _verdict(verdict: RunningVerdict, labels: Sequence[str]) -> dict[str, Any]:
    """With names in place of places."""
    against = [json_ready(one) | {"retriever": labels[one.retriever]} for one in verdict.standings]
    return {
        "kind": verdict.kind,
        "judged": verdict.judged,
        "leader": labels[verdict.leader],
        "judgements": verdict.judgements,
        "queries": verdict.queries,
        "against": against,
    }


def _by_pair(of_two: Mapping[tuple[str, str], Any]) -> list[dict[str, Any]]:
    """JSON has no names that are two."""
    return [{"a": a, "b": b, **json_ready(one)} for (a, b), one in of_two.items()]


def status_of(session: Session) -> JudgingStatus:
    """The status of a session's folder, whoever its judge is."""
    settings, lines = session.record.settings, session.lines
    gain, skipped = session.gains()
    seen = estimate(session.pool, session.order, gain, skipped)
    ranked = sorted(range(len(settings.retrievers)), key=lambda place: -seen.means[place])
    labels = [settings.retrievers[place] for place in ranked]
    differing = disagreements(lines)
    graded = {line.key for line in standing(by_people(lines)) if line.action == "grade"}
    judged_by = Counter(judge for judge, _, _ in graded)
    rng = stream(0, Purpose.JUDGING)
    repeats, agreed = own_repeats(lines, rng), agreement(lines, rng)
    return JudgingStatus(
        settings.measure,
        settings.retrievers,
        settings.made_queries,
        None if session.pool.groups is None else len(np.unique(session.pool.groups)),
        session.progress(),
        {label: _value(seen, {place: 1}) for place, label in zip(ranked, labels, strict=True)},
        {
            (settings.retrievers[one], settings.retrievers[other]): _value(seen, {one: 1, other: -1})
            for one, other in combinations(ranked, 2)
        },
        {label: float(_alone(seen)[place]) for place, label in zip(ranked, labels, strict=True)},
        dict(sorted(judged_by.items())),
        repeats,
        agreed,
        len(differing),
        sum(one.decision is not None for one in differing),
        _effect(session, labels, rng) if len(agreed.judges) > 1 and len(labels) > 1 else None,
        costs(read_model_answers(session.folder)),
    )


def _value(seen: Estimate, weights: dict[int, int]) -> EstimatedValue:
    """Of a contrast: retriever -> its weight."""
    contrast = np.zeros(len(seen.means))
    for place, weight in weights.items():
        contrast[place] = weight
    return EstimatedValue(float(seen.means @ contrast), *contrast_interval(seen, contrast))


def _alone(seen: Estimate) -> Floats:
    """What of each retriever's value is of documents that it alone brought, [retrievers]."""
    by_one = (seen.pool.rank > 0).sum(axis=1) == 1
    alone: Floats = seen.pool.values(seen.gain * by_one).mean(axis=0)
    return alone


def _effect(session: Session, labels: list[str], rng: np.random.Generator) -> JudgedDifference:
    """By whose grades the best two differ by how much."""
    rankings = {
        label: Ranking(hits, np.where(hits == NO_HIT, -np.inf, 0).astype(np.float32))
        for label, hits in zip(session.record.settings.retrievers, session.record.rankings, strict=True)
    }
    return difference_by_judge(
        session.lines,
        rankings,
        labels[0],
        labels[1],
        queries=[query.id for query in session.record.queries],
        documents=session.documents.documents["id"].to_pylist(),
        measure=session.record.settings.measure,
        rng=rng,
    )
