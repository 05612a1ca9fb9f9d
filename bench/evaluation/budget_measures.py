"""Measures over what fits a prompt: R@800t is recall within the first 800 word pieces of the returned passages.

A passage is what a hit names: the characters that earned its place where the retriever says which, else the whole
document. Passages count in order of rank, by two rules. Whole (the default): those that fit entirely, up to the first
that does not. Cut, R(cut=True)@800t: the first that does not is cut to fit, and counts where one of its pieces is in.
What fits is then a ranking, of which R and Success are those of all its hits, and nDCG is without a cutoff. Answer is 1
where the text of one of the query's answers stands in a passage that fits.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from bench.errors import BenchError

if TYPE_CHECKING:
    import ir_measures

ANSWER = "Answer"
# Measure -> those of its parameters that it keeps.
BUDGETED: dict[str, tuple[str, ...]] = {"R": ("rel",), "Success": ("rel",), "nDCG": ("dcg", "gains"), ANSWER: ()}
_OWN = ("budget", "cut")
_FORM = re.compile(r"(?P<kind>\w+)(?P<parameters>\(.*\))?@(?P<pieces>[^@()]+)t")


def parse_budgeted(name: str) -> ir_measures.Measure | None:
    """The measure of a name that ends in a budget, with parameters as they were written; None for another name.

    Raises BenchError where that measure has no form over a budget, and as ir_measures does where there is none.
    """
    import ir_measures

    match = _FORM.fullmatch(name.strip())
    if match is None:
        return None
    kind, rest = match["kind"], f"{match['parameters'] or ''}@{match['pieces']}"
    # Answer is no measure of ir_measures; what is written after its name is read as for another.
    plain = ir_measures.parse_measure(f"{'Success' if kind == ANSWER else kind}{rest}")
    known = kind if kind == ANSWER else plain.NAME
    if known not in BUDGETED:
        raise BenchError(
            f"The measure {name!r} is not available: {known} has no form over a budget of word pieces.",
            f"Those that have one: {', '.join(f'{budgeted}@800t' for budgeted in BUDGETED)}.",
        )
    given = {key: value for key, value in plain.params.items() if key != plain.AT_PARAM}
    return _budgeted(known)(**given, budget=plain.params[plain.AT_PARAM])


@cache
def _budgeted(name: str) -> type[ir_measures.Measure]:
    """The class of a measure over a budget: another than the plain one, with a NAME of its own."""
    from ir_measures import measures

    parameters = {
        **{key: measures.registry[name].SUPPORTED_PARAMS[key] for key in BUDGETED[name]},
        "cut": measures.ParamInfo(dtype=bool, default=False),
        "budget": measures.ParamInfo(dtype=int, required=True),
    }
    shown = {"__name__": name, "NAME": f"{name}@t", "AT_PARAM": "budget", "SUPPORTED_PARAMS": parameters}
    return type(name, (measures.Measure,), {**shown, "__repr__": lambda self: f"{measures.Measure.__repr__(self)}t"})


def budget_of(measure: ir_measures.Measure) -> int:
    """The word pieces that a measure is over, 0 for one that counts hits."""
    return int(measure.params.get("budget", 0))


def is_answer(measure: ir_measures.Measure) -> bool:
    """Does it ask for the answer's text, and not for judgements?"""
    return bool(f"{ANSWER}@t" == measure.NAME)


def over_hits(measure: ir_measures.Measure, depth: int) -> ir_measures.Measure:
    """The plain measure that one over a budget is of the hits that fit, at most `depth` of them."""
    import ir_measures

    params = {key: value for key, value in measure.params.items() if key not in _OWN}
    plain = ir_measures.measures.registry[measure.NAME.removesuffix("@t")]
    if plain.SUPPORTED_PARAMS["cutoff"].required:
        params["cutoff"] = max(1, depth)
    return plain(**params)
