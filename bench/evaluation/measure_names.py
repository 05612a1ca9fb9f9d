"""What measures are called: ir_measures' names, one for each measure, and what others call them.

A name is read once, here, so that `NDCG@10` and `nDCG@10`, `AP(rel=2)` and `AP(rel=2.0)` are one measure wherever one
is named: in a configuration, on a set's card, in a margin and in a gate.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from bench.errors import BenchError, nearest
from bench.evaluation.budget_measures import ANSWER, BUDGETED, parse_budgeted
from bench.evaluation.measure_registry import register

if TYPE_CHECKING:
    import ir_measures

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
    "answer": ANSWER,
    "answers": ANSWER,
    "answerincontext": ANSWER,
    "hasanswer": ANSWER,
}
# How a name may go on: ndcg_cut_10, P_5, recall.100, ndcg_at_10, mrr@10, MRR 10; and how it may begin.
_ELSEWHERE = re.compile(
    r"(?:(?:cosine|cos_sim|cos|dot|euclidean|manhattan|mean)_)?(?P<kind>[a-z][a-z _-]*?)(?:_cut)?"
    r"(?:(?:_at_|[@._ ])(?P<depth>\d+|k))?"
)
# The same of a budget: recall@800t, R_at_800_tokens, Success@800T, R@800tc.
_BUDGET_ELSEWHERE = re.compile(
    r"(?P<kind>[a-z][a-z _-]*?)(?:_at_|[@._ ])(?P<pieces>\d+)[ _]?"
    r"(?:t|tok|toks|tokens?|wp|(?:word[ _-]?)?pieces?)[ _-]?(?P<cut>c|cut)?"
)

MOST_HITS = 1_000_000  # that a measure may look down to: more is a slip of the hand
_MOST = 2**31 - 1  # a grade that trec_eval can hold
# Parameter -> is a number right, and what is asked for. Other numbers have no bounds.
_RANGES = {
    "cutoff": (lambda value: 1 <= value <= MOST_HITS, f"a whole number from 1 to {MOST_HITS:,}"),
    "budget": (lambda value: 1 <= value <= MOST_HITS, f"a whole number from 1 to {MOST_HITS:,}"),
    "rel": (lambda value: 1 <= value <= _MOST, f"a whole number from 1 to {_MOST:,}, the least grade that is relevant"),
    "recall": (lambda value: 0 <= value <= 1, "a number from 0 to 1"),
    "p": (lambda value: 0 < value < 1, "a number between 0 and 1"),
    "beta": (lambda value: 0 <= value < math.inf, "a finite number from 0"),
}
_EXAMPLES = {"recall": "0.5"}
_ANY = (lambda value: True, "")

_SUBTOPICS = "it needs judgements by subtopic of a query, and judgements here are by query"
_CWL = "only the library cwl_eval computes it, which bench does not use"
# What ir_measures names and bench does not compute -> why not.
UNAVAILABLE = {
    **dict.fromkeys(("alpha_DCG", "alpha_nDCG", "ERR_IA", "nERR_IA", "NRBP", "nNRBP", "AP_IA", "P_IA"), _SUBTOPICS),
    "StRecall": _SUBTOPICS,
    **dict.fromkeys(("INST", "INSQ", "BPM", "SDCG", "NERR8", "NERR9", "NERR10", "NERR11"), _CWL),
    "Accuracy": "it has no value for a query whose hits are all relevant, or none of them",
}


@cache
def canonical(name: str) -> str:
    """ir_measures' own name of a measure: NDCG@10, nDCG(cutoff=10) and nDCG@10.0 are nDCG@10.

    Raises BenchError for one that is unknown, unavailable or has a wrong parameter.
    """
    return str(parse(name))


def same(name: str, among: Iterable[str]) -> str | None:
    """The one of some names that stands for the same measure, itself where it is there; None where none does."""
    names = list(among)
    if name in names:
        return name
    wanted = canonical_or_itself(name)
    return next((other for other in names if canonical_or_itself(other) == wanted), None)


def canonical_or_itself(name: str) -> str:
    """The same, where the name is a measure's: what else it may be is not decided here."""
    try:
        return canonical(name)
    except BenchError:
        return name


@cache
def parse(name: str) -> ir_measures.Measure:
    """The measure of a name, its parameters of the types that it wants, without those that are as by default.

    Raises BenchError for one that is unknown, unavailable or has a wrong parameter.
    """
    import ir_measures

    register()
    try:
        measure = parse_budgeted(name) or ir_measures.parse_measure(name)
    except BenchError:
        raise
    except Exception:  # noqa: BLE001 - NameError, ValueError, SyntaxError …: all mean that the name is not one
        raise _unknown(name) from None
    if measure.NAME in UNAVAILABLE:
        raise BenchError(f"The measure {name!r} is not available: {UNAVAILABLE[measure.NAME]}.", known())
    for key in measure.params:
        if key not in measure.SUPPORTED_PARAMS:
            takes = ", ".join(measure.SUPPORTED_PARAMS) or "none"
            raise BenchError(f"The measure {name!r} has no parameter {key!r}.", f"Its parameters: {takes}.")
    params = {}
    for key, info in measure.SUPPORTED_PARAMS.items():  # in this order, whatever the order that they were written in
        if key in measure.params:
            value = _value(name, key, measure.params[key], info)
            if value != info.default:
                params[key] = value
        elif info.required:
            raise BenchError(f"The measure {name!r} needs its {key}.", f"Write {name}@{_EXAMPLES.get(key, '10')}.")
    if params.get("dcg") == "exp-log2" and params.get("gains"):
        raise BenchError(
            f"The measure {name!r} has gains, and dcg='exp-log2', which is gains too.", "Keep one of them."
        )
    return type(measure)(**{key: value for key, value in params.items() if value != {}})


def _value(name: str, key: str, value: Any, info: ir_measures.ParamInfo) -> Any:
    """A parameter as its measure takes it: a whole number may be written 2.0, and another number 2."""
    right, wanted = _RANGES.get(key, _ANY)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if info.dtype in (int, float):
        if number and info.dtype is int and math.isfinite(value) and value == int(value):
            value = int(value)
        if number and info.dtype is float:
            value = float(value)
        if number and isinstance(value, info.dtype) and right(value):
            return value
    elif info.dtype is dict:
        if isinstance(value, dict) and all(map(_whole, [*value, *value.values()])):
            return {int(grade): int(gain) for grade, gain in value.items() if grade != gain}
        wanted = "whole numbers from 0 by whole numbers, as {1:1,2:3}"
    elif info.validate(value):
        return value
    else:
        wanted = "True or False" if info.dtype is bool else f"one of {', '.join(map(repr, info.choices))}"
    raise BenchError(f"The measure {name!r} has {key} {value!r}.", f"Give {wanted}.")


def _whole(value: Any) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST and value == int(value)
    )


def _unknown(name: str) -> BenchError:
    meant = _meant(name)
    return BenchError(f"There is no measure {name!r}.", f"Did you mean {meant!r}? {known()}" if meant else known())


def known() -> str:
    """A hint for who gave a name that is none."""
    examples = ", ".join((*DEFAULT_MEASURES, "Success@1", "P@5", "AP(rel=2)@100", "R@800t"))
    return f"Known are ir_measures' names, for example {examples}."


def _meant(name: str) -> str | None:
    """The measure that goes by this name elsewhere (map, mrr@10, ndcg_cut_10), else one that is spelt nearly so."""
    budgeted = _BUDGET_ELSEWHERE.fullmatch(name.strip().casefold())
    if budgeted and (usual := _usual(budgeted["kind"])) in BUDGETED and int(budgeted["pieces"]) > 0:
        return f"{usual}{'(cut=True)' if budgeted['cut'] else ''}@{int(budgeted['pieces'])}t"
    match = _ELSEWHERE.fullmatch(name.strip().casefold())
    usual = _usual(match["kind"]) if match else None
    if not match or not usual:
        return nearest(name, DEFAULT_MEASURES)
    depth = match["depth"] or ""
    if usual == ANSWER:
        return f"{ANSWER}@800t"
    if depth.isdecimal() and int(depth) > 0:
        return f"{usual}@{int(depth)}"
    return f"{usual}@10" if depth or usual in ("R", "P", "Success", "Judged") else usual  # those have no whole form


def _usual(kind: str) -> str | None:
    """ir_measures' name of what others call a measure."""
    return USUAL_NAMES.get(re.sub("[^a-z]", "", kind))
