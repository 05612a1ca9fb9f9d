"""Sweeps of parameters, `ef=16..512`, and the retrievers that they make of one: the points of a curve."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from bench.errors import BenchError
from bench.experiment.labels import split_label
from retrievers import Retriever, RetrieverError, create, names, parameters
from retrievers.approximate import Approximate
from retrievers.specification import Specification, parse, written

MOST_POINTS = 100  # of a curve: what is beyond takes hours, and nobody reads it
FORM = "Write NAME=[16..512] (doubled from 16 on), NAME=[10..50..10] (counted by 10) or NAME=[a,b,c]."
Point = TypeVar("Point")
_RANGE = re.compile(r"(\d+)\.\.(\d+)(?:\.\.(\d+))?")


@dataclass(frozen=True)
class Sweep:
    """A parameter, and the values that it takes, as a specification writes them."""

    parameter: str
    values: tuple[str, ...]


def parse_sweep(text: str) -> Sweep:
    """Read `name=[16..512]`, doubled; `name=[10..50..10]`, counted; `name=[a,b,c]`; the brackets may be left out.

    Raises BenchError.
    """
    name, sign, listed = (piece.strip() for piece in text.partition("="))
    if listed.startswith("[") and listed.endswith("]"):
        listed = listed[1:-1].strip()
    if not name or not sign or not listed:
        raise BenchError(f"The sweep {text!r} is not of the form NAME=VALUES.", FORM)
    steps = _RANGE.fullmatch(listed)
    if steps is None and ".." in listed:
        raise BenchError(f"The sweep {text!r} has no range of whole numbers.", FORM)
    values = [value.strip() for value in listed.split(",")] if steps is None else _in_range(text, *steps.groups())
    if not all(values) or len(set(values)) < len(values):
        raise BenchError(f"The sweep {text!r} has an empty value, or one twice.", FORM)
    return Sweep(name, tuple(values))


def _in_range(text: str, first: str, last: str, step: str | None) -> list[str]:
    start, end = int(first), int(last)
    if start > end:
        raise BenchError(f"The sweep {text!r} ends below its start.", f"Write {last}..{first}, the smaller one first.")
    if step is None and start:
        doubled = (start << doublings for doublings in range(MOST_POINTS))
        return [str(value) for value in doubled if value <= end]
    if step is None or not int(step):
        raise BenchError(f"The sweep {text!r} never comes to an end.", "Begin above 0, or give a step: 0..100..20.")
    return [str(value) for value in _bounded(range(start, end + 1, int(step)))]


def _bounded(points: Sequence[Point]) -> Sequence[Point]:
    if len(points) > MOST_POINTS:
        raise BenchError(
            f"The sweeps make {len(points):,} points, and a curve has {MOST_POINTS} at most.", "Give fewer values."
        )
    return points


@dataclass(frozen=True)
class CurvePoint:
    """A retriever with the values that sweeps give it.

    line: the label of the retriever that is swept. values: of the sweeps that it has. given: as -r names it. build:
    equal for those that one index serves. search: what that is searched with.
    """

    line: str
    values: Mapping[str, str]
    given: str
    build: str
    search: Mapping[str, int]


# Values of sweeps, and the retriever that has them.
_Variant = tuple[Mapping[str, str], Specification]


def curve_points(retrievers: Iterable[str], sweeps: Sequence[Sweep]) -> list[CurvePoint]:
    """All points, by retriever. A sweep is for those that have its parameter and give it no value of their own.

    Raises BenchError for a retriever that approximates nothing, and for a sweep that none of them has.
    """
    _refuse_same(sweeps)
    # The kind of an index says which parameters there are.
    in_order = sorted(sweeps, key=lambda sweep: sweep.parameter != "index")
    points = []
    try:
        for given in retrievers:
            label, text = split_label(given)
            _refuse_exact(label, create(text))
            variants = _variants(parse(text, names()), in_order)
            points += [_point(label, *variant, named=given != text) for variant in _bounded(variants)]
        for sweep in sweeps:
            if not any(sweep.parameter in point.values for point in points):
                _refuse_unknown(sweep, points[0])
    except RetrieverError as error:
        raise BenchError(error.message, error.hint) from None
    return list(_bounded(points))


def _refuse_same(sweeps: Sequence[Sweep]) -> None:
    swept = [sweep.parameter for sweep in sweeps]
    for name in swept:
        if swept.count(name) > 1:
            raise BenchError(f"{name} is swept twice.", "Give all its values in one --sweep.")


def _refuse_exact(label: str, retriever: Retriever) -> None:
    if not isinstance(retriever, Approximate):
        raise BenchError(
            f"{label} approximates no exact search, and has no curve.",
            'Give an index: -r "ann(minilm, index=hnsw)" (docs/indexes.md).',
        )


def _refuse_unknown(sweep: Sweep, point: CurvePoint) -> None:
    """Say why a retriever does not have it, and what each of its parameters would take."""
    parsed = parse(split_label(point.given)[1], names())
    if sweep.parameter in parsed.arguments:
        given = f"{sweep.parameter}={parsed.arguments[sweep.parameter]}"
        raise BenchError(f"Sweep of {sweep.parameter}: {point.line} gives {given}.", "Leave that out.")
    searched = ", ".join(point.search)
    try:
        create(written(_with(parsed, sweep.parameter, sweep.values[0])))
    except RetrieverError as error:
        takes = f"One build serves all values of what a search takes: {searched}. Each value of another takes a build."
        raise BenchError(f"Sweep of {sweep.parameter}: {error.message}", f"{error.hint} {takes}") from None


def _variants(specification: Specification, sweeps: Sequence[Sweep]) -> list[_Variant]:
    """The grid of the sweeps that it has and does not give itself."""
    variants: list[_Variant] = [({}, specification)]
    for sweep in sweeps:
        if sweep.parameter in specification.arguments:
            continue
        _bounded(range(len(variants) * len(sweep.values)))
        variants = [swept for variant in variants for swept in _swept(variant, sweep)]
    return variants


def _swept(variant: _Variant, sweep: Sweep) -> list[_Variant]:
    values, specification = variant
    try:
        create(written(_with(specification, sweep.parameter, sweep.values[0])))
    except RetrieverError:
        return [variant]
    return [
        ({**values, sweep.parameter: value}, _with(specification, sweep.parameter, value)) for value in sweep.values
    ]


def _with(specification: Specification, name: str, value: str) -> Specification:
    return replace(specification, arguments={**specification.arguments, name: value})


def _point(label: str, values: Mapping[str, str], specification: Specification, *, named: bool) -> CurvePoint:
    """named: has the label its own name? Then the point has that and its values, else its specification."""
    text = written(specification)
    retriever = create(text)
    assert isinstance(retriever, Approximate)
    its = parameters(retriever)
    search = {name: its.pop(name) for name in retriever.search_parameters if its.get(name) is not None}
    own = " ".join([label, *(f"{name} {value}" for name, value in values.items())])
    build = f"{type(retriever).__module__}.{type(retriever).__qualname__} {its}"
    return CurvePoint(label, values, f"{own}={text}" if named else text, build, search)
