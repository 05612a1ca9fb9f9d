"""Ranking + judgements -> a value per query, by ir_measures under its own names.

The providers behind ir_measures break ties in different ways, so they never see one: they are handed
strictly decreasing scores made from our ranks, which follow trec_eval's rule. A judged query without a hit
counts 0 and never disappears. Values stay per query; means are taken last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.evaluation.budget_measures import budget_of, is_answer, over_hits
from bench.evaluation.closed_form import ClosedForm
from bench.evaluation.measure_names import known, parse
from bench.evaluation.measure_registry import own_formula, registered
from retrievers.base import NO_HIT

if TYPE_CHECKING:
    import ir_measures

# A document that no ranking holds: judged wrong, it moves no figure.
_NOWHERE = "nowhere"


def resolve(names: Sequence[str]) -> dict[str, ir_measures.Measure]:
    """Parse names, and try each on two documents: ir_measures parses more than its providers can compute.

    Raises BenchError for one that is unknown or cannot be computed here.
    """
    resolved = {name: parse(name) for name in names}
    for name, measure in resolved.items():
        if is_answer(measure):
            continue
        plain = over_hits(measure, 2) if budget_of(measure) else measure
        try:
            values = evaluate_positions({name: plain}, [{0: 1, 1: 0}, {0: 1}], np.array([[1, 0], [0, -1]]))[name]
        except Exception as error:  # noqa: BLE001 - whatever its provider raises, the user learns that it does not work
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise BenchError(f"The measure {name!r} cannot be computed here: {reason}", known()) from None
        if not np.isfinite(values).all():
            raise BenchError(f"The measure {name!r} gives no number on a two-document example.", known())
    return resolved


def cutoff(name: str) -> int:
    """The rank that a measure looks down to; 0 where it has none. Compat's is part of its definition."""
    measure = parse(name)
    return registered(measure.NAME).cutoff or int(measure.params.get("cutoff", 0))


def uncut(names: Sequence[str]) -> list[str]:
    """Those that look down to the last hit: their figures depend on how deep a ranking was cut.

    One over a budget seldom does: which rankings ended before it is known when they are measured.
    """
    return [
        name
        for name in names
        if not cutoff(name) and not budget_of(parse(name)) and registered(parse(name).NAME).of_ranking
    ]


def counts(name: str) -> bool:
    """Does it count something, so that it has no highest value? All others lie between 0 and 1."""
    return registered(name.partition("@")[0].partition("(")[0]).most > 1


def closed_form(name: str, depth: int) -> ClosedForm | None:
    """The closed form of a measure, None where there is none here. depth: RR's without cutoff."""
    measure = parse(name)
    form, given = registered(measure.NAME).closed_form, dict(measure.params)
    if form is None or set(given) - {"cutoff", "rel"}:
        return None
    if "cutoff" not in given and form.linear:  # an uncut ideal ranking may be longer than what is stored
        return None
    return form(int(given.get("cutoff", depth)), int(given.get("rel", 1)))


def evaluate_positions(
    measures: dict[str, ir_measures.Measure], judgements: Sequence[dict[int, int]], documents: NDArray[np.int64]
) -> dict[str, NDArray[np.float64]]:
    """The same from plain data: for each query a dict of position -> grade, and its ranked positions, -1 for none."""
    import ir_measures

    ours = {name: formula for name, measure in measures.items() if (formula := own_formula(measure))}
    asked: dict[ir_measures.Measure, list[str]] = {}  # one measure may go by several names, as AP and MAP
    for name, measure in measures.items():
        if name not in ours:
            asked.setdefault(_uncut(measure), []).append(name)
    label = [str(position) for position in range(int(documents.max(initial=0)) + 1)]
    qrels = _qrels(judgements)
    descending = [float(score) for score in range(documents.shape[1], 0, -1)]
    run = {}
    for query, row in enumerate(documents.tolist()):
        hits = {  # below NO_HIT stands what the set does not have: a hit that nobody judged
            label[document] if document >= 0 else str(document): score
            for document, score in zip(row, descending, strict=True)
            if document != NO_HIT
        }
        if hits:  # some providers divide by the number of hits; a query left out gets the measure's zero
            run[str(query)] = hits
    values = {name: np.zeros(len(judgements)) for name in measures}
    # By identity, held so that none is given away: a measure's own hash writes its whole text each time.
    named: dict[int, tuple[ir_measures.Measure, list[str]]] = {}
    for together in _evaluator_sets(asked):
        for metric in ir_measures.evaluator(together, qrels).iter_calc(run):
            if id(metric.measure) not in named:
                named[id(metric.measure)] = metric.measure, asked[metric.measure]
            for name in named[id(metric.measure)][1]:
                values[name][int(metric.query_id)] = metric.value
    for name, measure in measures.items():
        if name in ours:
            values[name] = ours[name](measure, judgements, documents)
        elif _uncut(measure) is not measure:
            values[name][values[name] < 1 / measure["cutoff"]] = 0
    return values


def _qrels(judgements: Sequence[dict[int, int]]) -> dict[str, dict[str, int]]:
    qrels = {
        str(query): {str(document): grade for document, grade in grades.items()}
        for query, grades in enumerate(judgements)
    }
    for grades in qrels.values():
        # trec_eval counts documents by grade up to a query's highest, in memory that it does not have below 0.
        if grades and max(grades.values()) < 0:
            grades[_NOWHERE] = 0
    return qrels


def _uncut(measure: ir_measures.Measure) -> ir_measures.Measure:
    """RR for RR@k, which is RR where that is at least 1 / k, else 0: its own provider sorts every hit in Python."""
    if measure.NAME != "RR" or "cutoff" not in measure.params:
        return measure
    return type(measure)(**{key: value for key, value in measure.params.items() if key != "cutoff"})


def _evaluator_sets(measures: Iterable[ir_measures.Measure]) -> list[list[ir_measures.Measure]]:
    """The measures by what they change in judgements or rankings, each set for an evaluator of its own.

    ir_measures puts one that it believes needs no setting (nDCG, NumRet) beside the first of a set, in an order that
    differs by process: nDCG@10 beside nDCG with other gains then has those gains.
    """
    sets: dict[str, list[ir_measures.Measure]] = {}
    for measure in measures:
        changed = {key: measure.params[key] for key in ("gains", "judged_only") if key in measure.params}
        sets.setdefault(repr(changed), []).append(measure)
    return list(sets.values())
