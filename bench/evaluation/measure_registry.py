"""What bench knows of measures beyond ir_measures: asked before it. To add a measure is one entry of _ALL."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from bench.evaluation import closed_form, formulas
from bench.evaluation.closed_form import ClosedForm
from bench.evaluation.formulas import Formula

if TYPE_CHECKING:
    import ir_measures


@dataclass(frozen=True)
class RegisteredMeasure:
    """A measure by ir_measures' name.

    formula: our own, whatever ir_measures' providers make of it; None where theirs is right. where: the parameter and
    its value of which alone that is the formula, None where it is of all. most: the highest value. cutoff: the rank
    that it looks down to by its definition, 0 where that is a parameter. highest_grade: that it is defined for.
    of_ranking: does it depend on the hits? closed_form: over arrays of grades, where there is one; for analyses.
    parameters: with their defaults, of a measure that ir_measures does not name; `cutoff` (0: none) is what stands
    after the @.
    """

    name: str
    formula: Formula | None = None
    where: tuple[str, Any] | None = None
    most: float = 1.0
    cutoff: int = 0
    highest_grade: int | None = None
    of_ranking: bool = True
    closed_form: type[ClosedForm] | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


_ALL = (
    RegisteredMeasure("Compat", formulas.compatibility, cutoff=formulas.COMPAT_DEPTH),
    RegisteredMeasure("ERR", formulas.expected_reciprocal_rank, highest_grade=formulas.HIGHEST_ERR_GRADE),
    RegisteredMeasure("IPrec", formulas.interpolated_precision),
    RegisteredMeasure(
        "nDCG", formulas.exponential_ndcg, where=("dcg", "exp-log2"), closed_form=closed_form.NormalisedGain
    ),
    RegisteredMeasure("NumQ", formulas.one_a_query, most=1, of_ranking=False),
    RegisteredMeasure("NumRel", formulas.relevant_documents, most=math.inf, of_ranking=False),
    RegisteredMeasure("NumRelRet", most=math.inf),
    RegisteredMeasure("NumRet", most=math.inf),
    RegisteredMeasure("P", closed_form=closed_form.PrecisionForm),
    RegisteredMeasure("R", closed_form=closed_form.RecallForm),
    RegisteredMeasure("RBP", formulas.rank_biased_precision),
    RegisteredMeasure("RR", closed_form=closed_form.FirstRelevant),
    RegisteredMeasure("SetF", formulas.set_f),
    RegisteredMeasure("Success", closed_form=closed_form.AnyRelevant),
)
REGISTRY = {measure.name: measure for measure in _ALL}


def registered(name: str) -> RegisteredMeasure:
    """What is known of a measure by ir_measures' name without parameters; in [0, 1] and all theirs where nothing is."""
    return REGISTRY.get(name) or RegisteredMeasure(name)


def own_formula(measure: ir_measures.Measure) -> Formula | None:
    """Our own formula of a measure, None where ir_measures' provider is right."""
    known = registered(str(measure.NAME))
    if known.where is not None and measure.params.get(known.where[0]) != known.where[1]:
        return None
    return known.formula


@cache
def register() -> None:
    """Make those that ir_measures does not name known to it, with their parameters."""
    from ir_measures import measures

    for known in REGISTRY.values():
        if known.name not in measures.registry:
            parameters = {
                name: measures.ParamInfo(dtype=type(default), default=default)
                for name, default in known.parameters.items()
            }
            names = {"__name__": known.name, "NAME": known.name, "SUPPORTED_PARAMS": parameters}
            measures.register(type(known.name, (measures.Measure,), names)())
