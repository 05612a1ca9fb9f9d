"""What a comparison of two runs must meet, as people write it: "nDCG@10 >= -0.01" -> Gate.

nDCG@10 >= -0.01                       the difference head - base, of every set and retriever
R@10[phenomenon=identifier] >= 0       the same on a slice
support-faq/minilm: RR@10 >= -0.02     of one set, one retriever, or one of both
minilm: nDCG@10 > 0.60                 a number above 0 without a sign: head's own mean
peak_memory_mb <= +10%                 a cost against base's; without a sign: head's own
p95_ms <= +10%                         a time: advice, since two runs are never measured alike
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from bench.errors import BenchError, unknown
from bench.evaluation.measure_names import same
from bench.evaluation.measures import counts
from bench.storage.costs import BY_GATE

ALL = "all"

Kind = Literal["drop", "difference", "floor", "growth", "limit"]

_FORM = re.compile(
    r"(?:(?P<scope>\S.*?):\s+)?"
    r"(?P<figure>[^\s<>\[\]]+)\s*(?:\[(?P<slice>.*)\])?"
    r"\s*(?P<relation>>=|<=|>|<)\s*"
    r"(?P<sign>[+-]?)(?P<number>\d+(?:\.\d*)?|\.\d+)\s*(?P<percent>%?)",
)


class GatedCell(Protocol):
    """One of two runs: its names in head and in base."""

    @property
    def dataset(self) -> str: ...
    @property
    def retriever(self) -> str: ...
    @property
    def base_dataset(self) -> str: ...
    @property
    def base_retriever(self) -> str: ...


@dataclass(frozen=True)
class Gate:
    """One condition. kind: what `value` bounds.

    "drop": no significant drop of a main measure; "difference": head - base of a measure; "floor": head's mean;
    "growth": head against base of a cost, a share where `relative`; "limit": head's cost. scope: a set, a retriever or
    "set/retriever", empty for all. advice: shown, and never an outcome of its own.
    """

    text: str
    kind: Kind
    figure: str = ""
    scope: str = ""
    slice: str = ALL
    relation: str = ">="
    value: float = 0.0
    relative: bool = False

    @property
    def advice(self) -> bool:
        """A time, which two runs never measured under the same conditions."""
        return self.figure in BY_GATE and not BY_GATE[self.figure].size

    @property
    def guards(self) -> bool:
        """Does it hold a measure over all queries to base's?"""
        return self.kind == "difference" and self.slice == ALL

    def covers(self, dataset: str, retriever: str) -> bool:
        """Does it speak of this cell?"""
        return self.scope in ("", dataset, retriever, f"{dataset}/{retriever}")

    def on(self, cell: GatedCell) -> bool:
        """Does it speak of this cell of two runs, by its names in head or in base?"""
        return self.covers(cell.dataset, cell.retriever) or self.covers(cell.base_dataset, cell.base_retriever)

    def met_by(self, value: float) -> bool:
        """Is the bound kept?"""
        kept = {
            ">=": value >= self.value,
            ">": value > self.value,
            "<=": value <= self.value,
            "<": value < self.value,
        }
        return kept[self.relation]


DEFAULT = Gate("no significant drop of a main measure", "drop")


@dataclass(frozen=True)
class GateNames:
    """What a gate may speak of: the measures, slices, sets and retrievers that two runs have in common."""

    measures: Sequence[str]
    slices: Sequence[str]
    scopes: Iterable[str]


def parse(text: str, names: GateNames) -> Gate:
    """A gate from its text. Raises BenchError for a malformed one and for a name that is not there."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise _malformed(text, "it is not of the form [NAME:] MEASURE[SLICE] >= NUMBER")
    figure, scope = match["figure"], match["scope"] or ""
    if scope and scope not in (scopes := list(names.scopes)):
        raise unknown(f"set or retriever of the gate {text!r}:", scope, scopes)
    if figure not in BY_GATE:
        measure = same(figure, names.measures)
        if measure is None:
            raise unknown(f"measure or cost of the gate {text!r}:", figure, [*names.measures, *BY_GATE])
        figure = measure
    where = (match["slice"] or "").strip() if match["slice"] is not None else ALL
    value = float(f"{match['sign']}{match['number']}")
    if figure in BY_GATE:
        if match["slice"] is not None:
            raise _malformed(text, "a cost has no slices")
        return _cost(text, match, scope, value)
    if where != ALL and where not in names.slices:
        raise unknown(f"slice of the gate {text!r}:", where, names.slices)
    if not match["relation"].startswith(">"):
        raise _malformed(text, "a measure is better where it is higher, so its bound is >= or >")
    if match["percent"]:
        raise _malformed(text, "the bound of a measure is a number; % is for costs")
    kind: Kind = "floor" if value > 0 and not match["sign"] else "difference"
    if kind == "difference" and value <= -1 and not counts(figure):
        raise _malformed(text, "a measure is between 0 and 1, so a drop of 1 or more is allowed to all; 1% is 0.01")
    return Gate(text.strip(), kind, figure, scope, where, match["relation"], value)


def _cost(text: str, match: re.Match[str], scope: str, value: float) -> Gate:
    if not match["relation"].startswith("<"):
        raise _malformed(text, "a cost is better where it is lower, so its bound is <= or <")
    relative = bool(match["percent"])
    if relative and not match["sign"]:
        raise _malformed(text, "a share of base's cost has a sign: +10%")
    kind: Kind = "growth" if match["sign"] else "limit"
    return Gate(
        text.strip(),
        kind,
        match["figure"],
        scope,
        relation=match["relation"],
        value=value / 100 if relative else value,
        relative=relative,
    )


def _malformed(text: str, why: str) -> BenchError:
    return BenchError(
        f"The gate {text!r} cannot be read: {why}.",
        "Write, for example, nDCG@10 >= -0.01, R@10[field=value] >= 0, minilm: nDCG@10 > 0.60 or "
        "peak_memory_mb <= +10%.",
    )
