"""Ranking + judgements -> a value per query, by ir_measures under its own names.

The providers behind ir_measures break ties in different ways, so they never see one: they are handed
strictly decreasing scores made from our ranks, which follow trec_eval's rule. A judged query without a hit
counts 0 and never disappears. Values stay per query; means are taken last.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Dataset
from bench.errors import BenchError, nearest
from retrievers.base import NO_HIT, Ranking

if TYPE_CHECKING:
    import ir_measures

# A document that no ranking holds: judged wrong, it moves no figure.
_NOWHERE = "nowhere"

_GDEVAL_HIGHEST = 4

DEFAULT_MEASURES = ("R@1", "R@5", "R@10", "R@100", "RR@10", "nDCG@10", "AP@100")
# What others call a measure, in lower case and of letters alone -> ir_measures' name.
USUAL_NAMES = {
    "ndcg": "nDCG",
    "dcg": "nDCG",
    "normalizeddiscountedcumulativegain": "nDCG",
    "r": "R",
    "recall": "R",
    "p": "P",
    "precision": "P",
    "rr": "RR",
    "mrr": "RR",
    "reciprank": "RR",
    "reciprocalrank": "RR",
    "meanreciprocalrank": "RR",
    "ap": "AP",
    "map": "AP",
    "averageprecision": "AP",
    "meanaverageprecision": "AP",
    "success": "Success",
    "accuracy": "Success",
    "hit": "Success",
    "hits": "Success",
    "hitrate": "Success",
    "hitratio": "Success",
    "rprecision": "Rprec",
    "rprec": "Rprec",
    "bpref": "Bpref",
    "infap": "infAP",
    "setrecall": "SetR",
    "setp": "SetP",
    "setprecision": "SetP",
    "setf": "SetF",
    "setmap": "SetAP",
    "numret": "NumRet",
    "numrel": "NumRel",
    "numrelret": "NumRelRet",
    "err": "ERR",
    "judged": "Judged",
}
# How a name may go on: ndcg_cut_10, P_5, recall.100, ndcg_at_10, mrr@10, MRR 10; and how it may begin.
_ELSEWHERE = re.compile(
    r"(?:(?:cosine|cos_sim|cos|dot|euclidean|manhattan|mean)_)?(?P<kind>[a-z][a-z _-]*?)(?:_cut)?"
    r"(?:(?:_at_|[@._ ])(?P<depth>\d+|k))?"
)


def resolve(names: Sequence[str]) -> dict[str, ir_measures.Measure]:
    """Parse names, and try each on two documents: ir_measures parses more than it can compute.

    The second query of the example has nothing but a right hit, by which Accuracy divides by zero.

    Raises BenchError for one that is unknown or cannot be computed here.
    """
    resolved = {name: _parse(name) for name in names}
    for name, measure in resolved.items():
        try:
            values = evaluate_positions({name: measure}, [{0: 1, 1: 0}, {0: 1}], np.array([[1, 0], [0, -1]]))[name]
        except Exception as error:  # noqa: BLE001 - whatever its provider raises, the user learns that it does not work
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise BenchError(f"The measure {name!r} cannot be computed here: {reason}", _known()) from None
        if not np.isfinite(values).all():
            raise BenchError(f"The measure {name!r} gives no number on a two-document example.", _known())
    return resolved


def check_grades(measures: dict[str, ir_measures.Measure], dataset: Dataset) -> None:
    """Raise BenchError for a measure that the set's grades are too high for.

    Exponential gains are computed by gdeval.pl, which ends at a grade above 4: its ERR divides by 2^4.
    """
    highest = int(dataset.grade.max(initial=0))
    for name, measure in measures.items():
        if highest > _GDEVAL_HIGHEST and (measure.NAME == "ERR" or measure.params.get("dcg") == "exp-log2"):
            raise BenchError(
                f"The measure {name!r} cannot be computed on {dataset.name}: it is defined for grades up to "
                f"{_GDEVAL_HIGHEST}, and the set has {highest}.",
                "Leave it out, or write the judgements with grades from 0 to 4.",
            )


def cutoff(name: str) -> int:
    """The rank that a measure looks down to; 0 where it has none."""
    try:
        return int(_parse(name)["cutoff"])
    except (KeyError, TypeError, ValueError):
        return 0


def uncut(names: Sequence[str]) -> list[str]:
    """Those that look down to the last hit: their figures depend on how deep a ranking was cut."""
    return [name for name in names if not cutoff(name) and _parse(name).NAME not in ("NumRel", "NumQ")]


def always_one(names: Sequence[str], dataset: Dataset) -> list[str]:
    """Those that are 1 for whoever returns all documents of so small a set, in any order.

    A measure that asks for a grade (rel=2) is 0 for a query whose documents all have lower ones.
    """
    best = np.zeros(len(dataset.queries), dtype=np.int64)
    np.maximum.at(best, dataset.judged_query, dataset.grade)
    least = int(best[dataset.answerable].min(initial=np.iinfo(np.int64).max))
    parsed = {name: _parse(name) for name in names}
    return [
        name
        for name, measure in parsed.items()
        if measure.NAME in ("R", "Success") and cutoff(name) >= len(dataset.documents) and least >= measure["rel"]
    ]


def evaluate(
    dataset: Dataset, ranking: Ranking, measures: dict[str, ir_measures.Measure]
) -> dict[str, NDArray[np.float64]]:
    """For each measure its values, float64 [queries], in the dataset's order of queries."""
    return evaluate_positions(measures, dataset.judgements, ranking.documents)


def evaluate_positions(
    measures: dict[str, ir_measures.Measure], judgements: Sequence[dict[int, int]], documents: NDArray[np.int64]
) -> dict[str, NDArray[np.float64]]:
    """The same from plain data: for each query a dict of position -> grade, and its ranked positions, -1 for none."""
    import ir_measures

    asked: dict[ir_measures.Measure, list[str]] = {}  # one measure may go by several names, as AP and MAP
    for name, measure in measures.items():
        if measure.NAME not in _OURS:
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
    for together in _apart(asked):
        for metric in ir_measures.evaluator(together, qrels).iter_calc(run):
            if id(metric.measure) not in named:
                named[id(metric.measure)] = metric.measure, asked[metric.measure]
            for name in named[id(metric.measure)][1]:
                values[name][int(metric.query_id)] = metric.value
    for name, measure in measures.items():
        if measure.NAME in _OURS:
            values[name] = _OURS[measure.NAME](measure, judgements, documents)
        elif _uncut(measure) is not measure:
            values[name][values[name] < 1 / measure["cutoff"]] = 0
    return values


def _qrels(judgements: Sequence[dict[int, int]]) -> dict[str, dict[str, int]]:
    found = {
        str(query): {str(document): grade for document, grade in grades.items()}
        for query, grades in enumerate(judgements)
    }
    for grades in found.values():
        # trec_eval counts documents by grade up to a query's highest, in memory that it does not have below 0.
        if grades and max(grades.values()) < 0:
            grades[_NOWHERE] = 0
    return found


def _uncut(measure: ir_measures.Measure) -> ir_measures.Measure:
    """RR for RR@k, which is RR where that is at least 1 / k, else 0: its own provider sorts every hit in Python."""
    if measure.NAME != "RR" or "cutoff" not in measure.params or measure["judged_only"]:
        return measure
    return type(measure)(**{key: value for key, value in measure.params.items() if key != "cutoff"})


def _apart(measures: Iterable[ir_measures.Measure]) -> list[list[ir_measures.Measure]]:
    """The measures by what they change in judgements or rankings, each set for an evaluator of its own.

    ir_measures puts one that it believes needs no setting (nDCG, NumRet) beside the first of a set, in an order that
    differs by process: nDCG@10 beside nDCG with other gains then has those gains.
    """
    found: dict[str, list[ir_measures.Measure]] = {}
    for measure in measures:
        changed = {key: measure.params[key] for key in ("gains", "judged_only") if key in measure.params}
        found.setdefault(repr(changed), []).append(measure)
    return list(found.values())


def _interpolated_precision(
    measure: ir_measures.Measure, judgements: Sequence[dict[int, int]], documents: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Highest precision at any rank by which a share of the relevant documents is found, float64 [queries].

    That share is rounded to whole documents, half upwards: trec_eval 10 does so where 9, the provider of ir_measures,
    added 0.9 and cut. judged_only leaves out what has no grade or one below 0, as trec_eval -J does.
    """
    values = np.zeros(len(judgements))
    for query, grades in enumerate(judgements):
        row = documents[query][documents[query] != NO_HIT]
        if measure["judged_only"]:
            row = row[[grades.get(document, -1) >= 0 for document in row.tolist()]]
        relevant = [document for document, grade in grades.items() if grade >= measure["rel"]]
        found = np.cumsum(np.isin(row, relevant))
        wanted = math.floor(measure["recall"] * len(relevant) + 0.5)
        precision = found / np.arange(1, len(row) + 1)
        if relevant:
            values[query] = precision[found >= wanted].max(initial=0)
    return values


def _relevant(
    measure: ir_measures.Measure,
    judgements: Sequence[dict[int, int]],
    documents: NDArray[np.int64],  # noqa: ARG001 (ours are all called alike)
) -> NDArray[np.float64]:
    """How many documents are relevant, float64 [queries]; the provider knows no query without a hit."""
    counts = [sum(grade >= measure["rel"] for grade in grades.values()) for grades in judgements]
    return np.array(counts, dtype=np.float64)


def _one(
    measure: ir_measures.Measure,  # noqa: ARG001
    judgements: Sequence[dict[int, int]],
    documents: NDArray[np.int64],  # noqa: ARG001
) -> NDArray[np.float64]:
    return np.ones(len(judgements))


# Measures that their provider computes by another version's rule, or not for a query without a hit.
_OURS = {"IPrec": _interpolated_precision, "NumRel": _relevant, "NumQ": _one}


def recall_curve(dataset: Dataset, ranking: Ranking) -> NDArray[np.float64]:
    """Mean recall@k over the answerable queries for k = 1..depth, float64 [depth]."""
    answerable = dataset.answerable
    if not answerable.any():
        return np.zeros(ranking.documents.shape[1])
    width = len(dataset.documents)
    wanted = dataset.grade > 0
    relevant = dataset.judged_query[wanted] * width + dataset.judged_document[wanted]
    rows = np.arange(len(ranking.documents))[:, None] * width
    found = np.isin(rows + ranking.documents, relevant) & (ranking.documents >= 0)
    total = np.bincount(dataset.judged_query[wanted], minlength=len(answerable))
    shares = found[answerable].cumsum(axis=1) / total[answerable, None]
    curve: NDArray[np.float64] = shares.mean(axis=0)
    return curve


def _parse(name: str) -> ir_measures.Measure:
    import ir_measures

    try:
        measure = ir_measures.parse_measure(name)
        measure.validate_params()
    except Exception:  # noqa: BLE001 - NameError, ValueError, SyntaxError …: all mean that the name is not one
        meant = _meant(name)
        raise BenchError(
            f"There is no measure {name!r}.", f"Did you mean {meant!r}? {_known()}" if meant else _known()
        ) from None
    at = measure.params.get("cutoff")
    if at is not None and at < 1:
        raise BenchError(f"The measure {name!r} has a cutoff below 1.", "Give a cutoff of at least 1.")
    return measure


def _meant(name: str) -> str | None:
    """The measure that goes by this name elsewhere (map, mrr@10, ndcg_cut_10), else one that is spelt nearly so."""
    found = _ELSEWHERE.fullmatch(name.strip().casefold())
    usual = USUAL_NAMES.get(re.sub("[^a-z]", "", found["kind"])) if found else None
    if not found or not usual:
        return nearest(name, DEFAULT_MEASURES)
    depth = found["depth"] or ""
    if depth.isdecimal() and int(depth) > 0:
        return f"{usual}@{int(depth)}"
    return f"{usual}@10" if depth or usual in ("R", "P", "Success", "Judged") else usual  # those have no whole form


def _known() -> str:
    return f"Known are ir_measures' names, for example {', '.join(DEFAULT_MEASURES)}, Success@1, P@5, AP(rel=2)@100."
